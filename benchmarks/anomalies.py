"""Anomalies: narrows and exact PCA beside PyOD's AutoEncoder, PCA and IForest, on three labelled public sets.

    cargo build --release -p narrows-cli
    python benchmarks/anomalies.py          # prints Markdown tables; needs PyOD, PyTorch and scikit-learn

Everyone learns from normal rows alone and then scores rows of both kinds, with the settings that they have if nothing is said. Five
times, each with another split and seed. ROC AUC and average precision are scikit-learn's. Seconds are of fitting and scoring, without
importing, on one thread; narrows is timed as whole programs. Memory is the peak of the process.
"""

import json
import os

# One thread each: steps of 32 rows gain nothing from more, and on a machine that is shared they wait for one another.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy

PROGRAM = Path(os.environ.get("NARROWS", Path(__file__).resolve().parent.parent / "target/release/narrows"))
SEEDS = range(5)
PYOD = ["AutoEncoder", "PCA", "IForest"]


def mnist(seed, folder):
    """Fours are normal: 5,842 to learn from; the test set's 982 and all its other digits to score. Only the seeds differ."""
    archive = folder / "mnist.npz"
    if not archive.exists():
        subprocess.run([PROGRAM, "data", "convert", "mnist", "--out", archive, "-q"], check=True, stdout=subprocess.DEVNULL)
    data = numpy.load(archive)
    anomalies = data["y_test"] != "4"
    return data["x_train"][data["y_train"] == "4"], data["x_test"], anomalies


def of_scikit(load, normal):
    def split(seed, _):
        loaded = load()
        rows, is_normal = loaded.data.astype(numpy.float32), loaded.target == normal
        order = numpy.random.default_rng(seed).permutation(numpy.flatnonzero(is_normal))
        train = order[: len(order) // 2]
        test = numpy.setdiff1d(numpy.arange(len(rows)), train)
        return rows[train], rows[test], ~is_normal[test]

    return split


def sets():
    from sklearn.datasets import load_breast_cancer, load_digits

    # In breast_cancer 1 is benign.
    return {
        "MNIST, 4 is normal": mnist,
        "breast_cancer, benign is normal": of_scikit(load_breast_cancer, 1),
        "digits, 8 is normal": of_scikit(load_digits, 8),
    }


def narrows(train, test, seed, folder):
    """Scores by the autoencoder and by exact PCA; seconds and kilobytes of both programs."""
    model, out = folder / "model", folder / "scores.csv"
    numpy.save(folder / "train.npy", train)
    numpy.save(folder / "test.npy", test)
    trained = measured([PROGRAM, "train", "--data", folder / "train.npy", "--seed", str(seed), "--out", model, "-q", "--threads", "1"])
    scored = measured([PROGRAM, "score", model, "--data", folder / "test.npy", "--contamination", "0.01", "--out", out, "-q", "--threads", "1"])
    table = numpy.genfromtxt(out, delimiter=",", names=True)
    subprocess.run(["rm", "-r", model, out], check=True)
    return table["score"], table["pca_score"], trained[0] + scored[0], max(trained[1], scored[1])


def measured(command):
    """Seconds, and the peak of the memory in kilobytes."""
    # A process begins with the peak of the one that started it, so a small one starts it.
    starter = "import os, subprocess, sys\n_, status, usage = os.wait4(subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL).pid, 0)\n"
    starter += "print(usage.ru_maxrss)\nsys.exit(bool(status))"
    before = time.perf_counter()
    done = subprocess.run([sys.executable, "-IS", "-c", starter, *command], stdout=subprocess.PIPE, text=True, check=True)
    return time.perf_counter() - before, int(done.stdout)


def peak_of_this_process():
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def pyod(name, seed, folder):
    """In a process of its own, which prints its seconds and kilobytes."""
    command = [sys.executable, __file__, name, str(seed), folder]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    seconds, kilobytes = json.loads(done.stdout.splitlines()[-1])
    return numpy.load(folder / "scores.npy"), seconds, kilobytes


def one_of_pyod(name, seed, folder):
    module = {"AutoEncoder": "auto_encoder", "PCA": "pca", "IForest": "iforest"}[name]
    detector = getattr(__import__(f"pyod.models.{module}", fromlist=[name]), name)(random_state=seed)
    train, test = (numpy.load(folder / f"{part}.npy") for part in ["train", "test"])
    train, test = (rows.reshape(len(rows), -1).astype(numpy.float32) for rows in [train, test])
    before = time.perf_counter()
    detector.fit(train)
    scores = detector.decision_function(test)
    seconds = time.perf_counter() - before
    numpy.save(folder / "scores.npy", scores)
    print(json.dumps([seconds, peak_of_this_process()]))


def main():
    from sklearn.metrics import average_precision_score, roc_auc_score

    for name, load in sets().items():
        results = {}

        def add(method, scores, anomalies, seconds=None, kilobytes=None):
            figures = [roc_auc_score(anomalies, scores), average_precision_score(anomalies, scores), seconds, kilobytes]
            results.setdefault(method, []).append(figures)

        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            for seed in SEEDS:
                train, test, anomalies = load(seed, folder)
                scores, pca, seconds, kilobytes = narrows(train, test, seed, folder)
                add("narrows", scores, anomalies, seconds, kilobytes)
                add("exact PCA, as many components", pca, anomalies)
                for method in PYOD:
                    scores, seconds, kilobytes = pyod(method, seed, folder)
                    add(f"PyOD {method}", scores, anomalies, seconds, kilobytes)
        print(f"\n{name}: {len(train)} rows to learn from, {anomalies.sum()} anomalies among {len(test)} rows to score\n")
        print("| | ROC AUC | least – greatest | average precision | seconds | MB |\n|---|--:|--:|--:|--:|--:|")
        for method, runs in results.items():
            area, precision = [run[0] for run in runs], [run[1] for run in runs]
            cost = "– | –"
            if runs[0][2] is not None:
                cost = f"{numpy.median([run[2] for run in runs]):.1f} | {max(run[3] for run in runs) / 1000:.0f}"
            span = f"{min(area):.3f} – {max(area):.3f}"
            print(f"| {method} | {numpy.mean(area):.3f} | {span} | {numpy.mean(precision):.3f} | {cost} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        one_of_pyod(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
    else:
        main()
