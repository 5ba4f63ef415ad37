"""What all peers share: the task that they are given, the data, and the answer that they print."""

import argparse
import json
import math
import resource
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

WORKLOADS = json.loads((Path(__file__).parent.parent / "workloads.json").read_text())


@dataclass
class Task:
    """What one process measures; `settings` and `workload` are as in workloads.json."""

    settings: dict
    workload: dict
    variant: str
    threads: int
    seed: int
    rows: int
    folder: Path

    @property
    def sizes(self) -> list[int]:
        """Of all layers: [784, 64, 32, 16, 32, 64, 784]."""
        half = [WORKLOADS["data"][self.workload["data"]]["features"], *self.workload["hidden"]]
        return half + half[-2::-1]

    def raw(self) -> np.ndarray:
        """The rows as `measure export` wrote them: pixels as uint8, or normalised numbers as float32."""
        rows = np.load(self.folder / f"{self.workload['data']}.npy", mmap_mode="r")[: self.rows].copy()
        if len(rows) != self.rows:
            sys.exit(f"{self.folder} has {len(rows)} rows of {self.workload['data']}, not {self.rows}")
        return rows

    def numbers(self) -> np.ndarray:
        """The rows as float32, normalised."""
        raw = self.raw()
        return raw.astype(np.float32) * np.float32(2 / 255) - np.float32(1) if raw.dtype == np.uint8 else raw


def task(variants: list[str]) -> Task:
    """The task on the command line: VARIANT WORKLOAD THREADS ROWS FOLDER SEED."""
    parser = argparse.ArgumentParser()
    parser.add_argument("variant", choices=variants)
    parser.add_argument("workload", choices=[workload["name"] for workload in WORKLOADS["workloads"]])
    parser.add_argument("threads", type=int)
    parser.add_argument("rows", type=int, help="take the first so many rows of the data")
    parser.add_argument("folder", type=Path, help="where `measure export` wrote the data")
    parser.add_argument("seed", type=int)
    given = parser.parse_args()
    workload = next(workload for workload in WORKLOADS["workloads"] if workload["name"] == given.workload)
    return Task(
        WORKLOADS["settings"], workload, given.variant, given.threads, given.seed, given.rows, given.folder
    )


def timed_epochs(task: Task, epoch, versions: dict[str, str]) -> None:
    """Runs the first epoch, in which everything is compiled, then those that are timed, and prints the answer.

    `epoch()` returns the mean of its batch losses as a number, so it ends when its work has ended. The second epoch's
    is the loss that all are compared by.
    """
    seconds, losses = [], []
    for _ in range(1 + task.workload["timed"]):
        start = time.perf_counter()
        losses.append(float(epoch()))
        seconds.append(time.perf_counter() - start)
    answer(seconds[0], seconds[1:], losses[1], versions)


def timed_passes(task: Task, run, loss, versions: dict[str, str], note: str | None = None) -> None:
    """Runs `run()` once unmeasured, then as often as the workload says; `loss(result)` is not timed."""
    seconds = []
    result = None
    for _ in range(1 + task.workload["timed"]):
        # What was computed before is freed before more is asked for, as in a program that goes on.
        result = None
        start = time.perf_counter()
        result = run()
        seconds.append(time.perf_counter() - start)
    answer(seconds[0], seconds[1:], float(loss(result)), versions, note)


def answer(first: float, timed: list[float], loss: float, versions: dict[str, str], note: str | None = None) -> None:
    """Prints one line of JSON, as crates/narrows/examples/measure.rs does."""
    if not math.isfinite(loss):
        sys.exit(f"the loss is {loss}")
    found = {
        "seconds": statistics.median(timed),
        "first_seconds": first,
        "loss": loss,
        # Linux counts it in KiB.
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "versions": versions,
        "note": note,
    }
    print(json.dumps(found))
