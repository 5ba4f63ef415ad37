"""Writes `latents.safetensors`: what scikit-learn and SciPy say of a small latent space, for narrows' tests to compare with.

    python golden/generate_latents.py            # into the folder that holds this program
    python golden/generate_latents.py FOLDER     # elsewhere, to compare with what is committed

README.md says what each tensor is. Everything is computed in float64 from float32 values.
"""

import os

# One thread: sums have one order.
for variable in ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"]:
    os.environ[variable] = "1"

import json
import sys
from pathlib import Path

import numpy as np
import scipy
import sklearn
from safetensors.numpy import save_file
from scipy.linalg import orth, subspace_angles
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import trustworthiness
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

FEATURES = 30
LATENT = 5
CLASSES = 4
TRAIN_ROWS = 300
TEST_ROWS = 150
VOTERS = 5
NEIGHBOURS = 12
COMPONENTS = 6


def data(random, rows, centres, loadings):
    """Classes that overlap, in a bent sheet of LATENT + 2 directions, with noise in all FEATURES."""
    labels = random.integers(CLASSES, size=rows)
    hidden = centres[labels] + random.normal(size=(rows, LATENT + 2))
    return (np.tanh(0.3 * hidden) @ loadings + 0.2 * random.normal(size=(rows, FEATURES))).astype(np.float32), labels


def codes(x, weights):
    """A code that bends the data and mixes it, so that neighbourhoods are partly lost; one number of it is constant."""
    return np.hstack([np.tanh(x @ weights), np.full((len(x), 1), 0.75)]).astype(np.float32)


def effective_rank(codes):
    shares = np.linalg.svd(codes - codes.mean(0), compute_uv=False)
    shares = shares[shares > 1e-9 * shares[0]] / shares.sum()
    return np.exp(-(shares * np.log(shares)).sum())


def main(folder):
    random = np.random.default_rng(20)
    centres = 1.2 * random.normal(size=(CLASSES, LATENT + 2))
    loadings = random.normal(size=(LATENT + 2, FEATURES)) / 2
    weights = random.normal(size=(FEATURES, LATENT)) / 6
    (train, train_labels), (test, test_labels) = (
        data(random, rows, centres, loadings) for rows in [TRAIN_ROWS, TEST_ROWS]
    )
    train_codes, test_codes = codes(train, weights), codes(test, weights)
    wide = lambda values: values.astype(np.float64)

    knn = KNeighborsClassifier(VOTERS, algorithm="brute").fit(wide(train_codes), train_labels)
    scaler = StandardScaler().fit(wide(train_codes))
    probe = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(
        scaler.transform(wide(train_codes)), train_labels
    )

    # A linear decoder near the principal subspace, but not in it: from angles of 1e-7 to a right one.
    pca = PCA(svd_solver="full").fit(wide(train))
    exact = pca.components_.T
    mixing = random.normal(size=(COMPONENTS, COMPONENTS))
    angles = np.array([1e-7, 1e-4, 0.05, 0.6, 1.2, np.pi / 2])
    turned = exact[:, :COMPONENTS] * np.cos(angles) + exact[:, COMPONENTS : 2 * COMPONENTS] * np.sin(angles)
    decoder = turned @ mixing
    span = orth(decoder)
    covariance = np.cov(wide(train).T, bias=True)

    tensors = {
        "train": train,
        "test": test,
        "train_codes": train_codes,
        "test_codes": test_codes,
        "train_labels": train_labels.astype(np.float32),
        "test_labels": test_labels.astype(np.float32),
        "decoder": decoder,
        "knn_prediction": knn.predict(wide(test_codes)).astype(np.float64),
        "probe_prediction": probe.predict(scaler.transform(wide(test_codes))).astype(np.float64),
        "trustworthiness": np.array([trustworthiness(wide(test), wide(test_codes), n_neighbors=NEIGHBOURS)]),
        "continuity": np.array([trustworthiness(wide(test_codes), wide(test), n_neighbors=NEIGHBOURS)]),
        "effective_rank": np.array([effective_rank(wide(train_codes))]),
        # scikit-learn divides by n − 1.
        "explained_variance": pca.explained_variance_ * (TRAIN_ROWS - 1) / TRAIN_ROWS,
        "explained_variance_ratio": pca.explained_variance_ratio_,
        "subspace_angles": subspace_angles(decoder, exact[:, :COMPONENTS])[::-1].copy(),
        "recovered_variances": np.linalg.eigvalsh(span.T @ covariance @ span)[::-1].copy(),
        "percentiles": np.percentile(wide(test_codes), [1, 99], axis=0),
    }
    case = {
        "voters": VOTERS,
        "neighbours": NEIGHBOURS,
        "written_by": f"scikit-learn {sklearn.__version__}, SciPy {scipy.__version__}, NumPy {np.__version__}",
    }
    save_file(tensors, folder / "latents.safetensors", {"case": json.dumps(case, sort_keys=True)})


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
