"""Writes splits.json: how many rows of each class scikit-learn's stratified split puts into the test set."""

import json
import pathlib

import numpy
from sklearn.model_selection import train_test_split

# Class sizes and test shares; no two classes have the same remainder where it decides, for there scikit-learn draws lots.
CASES = [
    ([50, 30, 20], 0.1),
    ([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949], 0.1),
    ([97, 41, 13], 0.25),
    ([1001, 3, 17, 250], 0.2),
    ([64, 33, 10, 3], 0.3),
    ([999, 7], 0.01),
]


def split(sizes, share):
    labels = numpy.repeat(numpy.arange(len(sizes)), sizes)
    rows = numpy.arange(len(labels))
    counts = {
        tuple(numpy.bincount(labels[train_test_split(rows, test_size=share, stratify=labels, random_state=seed)[1]],
                             minlength=len(sizes)).tolist())
        for seed in range(20)
    }
    assert len(counts) == 1, f"scikit-learn draws lots for {sizes}: {counts}"
    return {"sizes": sizes, "share": share, "test": list(counts.pop())}


folder = pathlib.Path(__file__).parent
(folder / "splits.json").write_text(json.dumps([split(*case) for case in CASES], indent=1) + "\n")
