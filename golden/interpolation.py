"""Writes `interpolation.safetensors`: measures of nearness to real points and the Fréchet distance, as the `prdc` package,
NumPy and SciPy compute them, for narrows' tests to compare with.

    python golden/interpolation.py            # into the folder that holds this program
    python golden/interpolation.py FOLDER     # elsewhere, to compare with what is committed

The same versions give the same bytes. README.md says what each tensor is.
"""

import contextlib
import io
import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import safetensors.numpy
from prdc import compute_prdc
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist

# More references than the 256 that are multiplied at a time, more points than the 64 of a piece of work, and features
# that fill no vector.
REFERENCES, POINTS, FEATURES = 300, 90, 21
PRECISION_NEIGHBOURS, DENSITY_NEIGHBOURS = 3, 5

# A point nearer than this to a sphere's surface, relative to the radius, could fall on its other side in float32.
SMALLEST_DISTANCE_TO_A_SURFACE = 1e-5


def clouds(generator):
    """Features as a ReLU gives them: three clusters of references, of unequal density, and points on the lines between
    references, some of them moved away."""
    centres = 2 * generator.random((3, FEATURES))
    which = generator.integers(3, size=REFERENCES)
    spread = np.array([0.3, 0.6, 1.2])[which, None]
    references = np.maximum(centres[which] + spread * generator.standard_normal((REFERENCES, FEATURES)), 0)
    ends = references[generator.integers(REFERENCES, size=(POINTS, 2))]
    weight = generator.random((POINTS, 1))
    points = weight * ends[:, 0] + (1 - weight) * ends[:, 1]
    points += 1.8 * generator.random((POINTS, 1)) * generator.standard_normal((POINTS, FEATURES))
    return references.astype(np.float32), np.maximum(points, 0).astype(np.float32)


def radii(references, neighbours):
    """The distance of each reference to its `neighbours`-th nearest, itself not counted."""
    return np.sort(cdist(references, references), axis=1)[:, neighbours]


def frechet(a, b):
    (mean_a, covariance_a), (mean_b, covariance_b) = ((x.mean(axis=0), np.cov(x, rowvar=False)) for x in (a, b))
    root = sqrtm(covariance_a @ covariance_b).real
    return ((mean_a - mean_b) ** 2).sum() + np.trace(covariance_a + covariance_b - 2 * root)


def prdc(references, points, neighbours):
    with contextlib.redirect_stdout(io.StringIO()):
        return compute_prdc(references, points, neighbours)


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(100):
        references, points = clouds(np.random.default_rng(seed))
        real, fake = references.astype(np.float64), points.astype(np.float64)
        distances = cdist(fake, real)
        precision_radii, density_radii = (radii(real, k) for k in (PRECISION_NEIGHBOURS, DENSITY_NEIGHBOURS))
        surfaces = [np.abs(distances / sphere - 1).min() for sphere in (precision_radii, density_radii)]
        if min(surfaces) > SMALLEST_DISTANCE_TO_A_SURFACE:
            break
    else:
        raise SystemExit("no seed keeps all points away from the spheres' surfaces")
    # Kynkäänniemi et al. 2019: only the spheres up to the median radius count for realism.
    small = np.where(precision_radii > np.median(precision_radii), 0, precision_radii)
    inside = (distances <= precision_radii).any(axis=1)
    density = (distances <= density_radii).sum(axis=1) / DENSITY_NEIGHBOURS
    numbers = {
        "precision": prdc(real, fake, PRECISION_NEIGHBOURS)["precision"],
        "density": prdc(real, fake, DENSITY_NEIGHBOURS)["density"],
        "frechet": frechet(fake, real),
    }
    assert np.isclose(inside.mean(), numbers["precision"]) and np.isclose(density.mean(), numbers["density"])
    assert 0.2 < numbers["precision"] < 0.8, numbers

    tensors = {
        "references": references,
        "points": points,
        "distance": cdist(fake, real, "cosine").min(axis=1),
        "inside": inside.astype(np.float64),
        "realism": (small / distances).max(axis=1),
        "density": density,
    }
    packages = ["numpy", "scipy", "prdc"]
    case = {"written_by": {name: version(name) for name in packages}} | {k: float(v) for k, v in numbers.items()}
    metadata = {"case": json.dumps(case, sort_keys=True)}
    (folder / "interpolation.safetensors").write_bytes(safetensors.numpy.save(tensors, metadata=metadata))


if __name__ == "__main__":
    main()
