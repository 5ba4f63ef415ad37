"""How well missing values are filled in: narrows, scikit-learn and column means, on two tables.

    cargo build --release -p narrows --example fill_missing
    python benchmarks/missing.py            # prints a Markdown table; needs NumPy and scikit-learn

From each standardised table 20 % of the values are removed at random. The figure is the root mean squared error of the values
filled in, in standard deviations of their columns, so that column means have about 1. Settings are chosen without the removed
values: another tenth of the values that are left is removed, and what fills those best is taken.
"""

import os

# Small matrices: with more threads NumPy waits more than it computes.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import subprocess
import warnings
from pathlib import Path

import numpy
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer

PROGRAM = Path(__file__).resolve().parent.parent / "target/release/examples/fill_missing"
SEEDS = range(3)
MISSING_SHARE = 0.2
HELD_OUT_SHARE = 0.1

HIDDEN = [(8,), (64, 4), (64, 8), (128, 64, 2), (128, 64, 4), (128, 64, 8)]
EPOCHS = [100, 300]


def breast_cancer():
    return load_breast_cancer().data


def curved_sheet():
    """2,000 rows in 20 columns, each a sine of two hidden numbers, with noise of a twentieth of its spread."""
    random = numpy.random.default_rng(0)
    hidden = random.uniform(-1, 1, (2000, 2))
    table = numpy.sin(hidden @ random.normal(0, 2, (2, 20)) + random.uniform(0, 2 * numpy.pi, 20))
    return table + 0.05 * table.std(axis=0) * random.normal(size=table.shape)


def narrows(table, hidden, epochs, seed):
    activation = "identity" if len(hidden) == 1 else "silu"
    cells = [",".join("" if numpy.isnan(x) else repr(float(x)) for x in row) for row in table]
    command = [PROGRAM, ",".join(map(str, hidden)), activation, str(epochs), str(seed)]
    done = subprocess.run(command, input="\n".join(cells), capture_output=True, text=True, check=True)
    return numpy.array([line.split(",") for line in done.stdout.splitlines()], dtype=float)


def narrows_candidates():
    for hidden in HIDDEN:
        for epochs in EPOCHS:
            name = f"{'-'.join(map(str, hidden))}, {epochs} epochs"
            yield name, lambda table, seed, hidden=hidden, epochs=epochs: narrows(table, hidden, epochs, seed)


def trees(table, seed):
    estimator = ExtraTreesRegressor(n_estimators=30, min_samples_leaf=3, random_state=seed)
    return IterativeImputer(estimator, max_iter=5, tol=1e-2, random_state=seed).fit_transform(table)


METHODS = {
    "column means": [("", lambda table, seed: numpy.where(numpy.isnan(table), numpy.nanmean(table, axis=0), table))],
    "`IterativeImputer`, as it comes": [("", lambda table, seed: IterativeImputer(random_state=seed).fit_transform(table))],
    "`IterativeImputer` with `ExtraTreesRegressor`": [("", trees)],
    "narrows, missing values masked": list(narrows_candidates()),
}


def remove(table, share, random):
    """The table without `share` of the values that it has, and where those were."""
    removed = (random.random(table.shape) < share) & ~numpy.isnan(table)
    return numpy.where(removed, numpy.nan, table), removed


def error(filled, whole, where):
    return numpy.sqrt(((filled - whole)[where] ** 2).mean())


def measure(whole, seed, candidates):
    """The error on the removed values, and the settings that were chosen."""
    random = numpy.random.default_rng(seed)
    table, removed = remove(whole, MISSING_SHARE, random)
    chosen = candidates[0]
    if len(candidates) > 1:
        less, held_out = remove(table, HELD_OUT_SHARE, random)
        chosen = min(candidates, key=lambda candidate: error(candidate[1](less, seed), whole, held_out))
    return error(chosen[1](table, seed), whole, removed), chosen[0]


def main():
    # Ten rounds, scikit-learn's default, do not always reach its tolerance.
    warnings.simplefilter("ignore", ConvergenceWarning)
    print("| table | filled in by | error | chosen |\n|---|---|--:|---|")
    for name, table in [("breast cancer, 569 × 30", breast_cancer()), ("curved sheet, 2,000 × 20", curved_sheet())]:
        whole = (table - table.mean(axis=0)) / table.std(axis=0)
        for method, candidates in METHODS.items():
            runs = [measure(whole, seed, candidates) for seed in SEEDS]
            errors = [run[0] for run in runs]
            chosen = "; ".join(dict.fromkeys(run[1] for run in runs)) or "–"
            spread = f"{numpy.mean(errors):.3f} ({min(errors):.3f}–{max(errors):.3f})"
            print(f"| {name} | {method} | {spread} | {chosen} |", flush=True)


if __name__ == "__main__":
    main()
