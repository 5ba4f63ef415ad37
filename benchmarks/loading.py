"""How fast files are read: narrows beside pandas, polars, NumPy, and Pillow in a pool of two processes.

    cargo build --release
    python benchmarks/loading.py            # prints a Markdown table; needs NumPy, pandas, polars and Pillow

narrows is timed as a user meets it, `narrows data FILE`, a whole process that also checks every value, describes every column and
computes a checksum. The peers are timed within a running Python, without its start and imports, and only read. Everyone has two
threads or two processes. In each round everyone runs once; the table has the median of the rounds, and the median of the ratios within
a round.
"""

import os

THREADS = 2
os.environ["POLARS_MAX_THREADS"] = str(THREADS)

import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy
import pandas
import polars
from PIL import Image

PROGRAM = Path(__file__).resolve().parent.parent / "target/release/narrows"
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
BUSY = 1.0


def narrows(path, *flags):
    command = [PROGRAM, "data", path, "--threads", str(THREADS), "--quiet", *flags]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def pixels(paths):
    return [numpy.asarray(Image.open(path).convert("RGB").resize((64, 64), Image.BILINEAR)) for path in paths]


def with_pillow(folder, pool):
    paths = sorted(folder.glob("*/*.jpg"))
    parts = [paths[start::THREADS] for start in range(THREADS)]
    return numpy.stack([image for part in pool.map(pixels, parts) for image in part])


def write_files(folder):
    random = numpy.random.default_rng(0)
    table = random.normal(size=(200_000, 50)).astype("float32")
    names = [f"c{column}" for column in range(table.shape[1])]
    polars.DataFrame(table, schema=names).write_csv(folder / "table.csv", float_precision=6)
    numpy.save(folder / "array.npy", random.normal(size=(1_000_000, 64)).astype("float32"))
    for kind in ("a", "b"):
        (folder / "photos" / kind).mkdir(parents=True)
        for index in range(500):
            small = random.integers(0, 256, (12, 16, 3), dtype="uint8")
            photo = Image.fromarray(small).resize((320, 240), Image.BICUBIC)
            photo.save(folder / "photos" / kind / f"{index}.jpg", quality=90)


def seconds(read):
    begin = time.perf_counter()
    read()
    return time.perf_counter() - begin


def main():
    with tempfile.TemporaryDirectory() as name, ProcessPoolExecutor(THREADS) as pool:
        folder = Path(name)
        write_files(folder)
        csv, npy, photos = folder / "table.csv", folder / "array.npy", folder / "photos"
        work = {
            "CSV, 200,000 × 50": {
                "narrows": lambda: narrows(csv),
                "polars": lambda: polars.read_csv(csv).to_numpy(),
                "pandas": lambda: pandas.read_csv(csv).to_numpy("float32"),
            },
            "NPY, 1,000,000 × 64 float32": {
                "narrows": lambda: narrows(npy),
                "NumPy": lambda: numpy.load(npy),
                "NumPy, described": lambda: [f(numpy.load(npy), axis=0) for f in (numpy.min, numpy.max, numpy.mean, numpy.std)],
            },
            "1,000 JPEG of 240 × 320 to 64 × 64": {
                "narrows": lambda: narrows(photos, "--size", "64x64"),
                "Pillow, two processes": lambda: with_pillow(photos, pool),
            },
        }
        pool.map(int, range(THREADS))
        load = os.getloadavg()[0]
        print("| file | read by | seconds, median (least–greatest) | narrows ÷ this |\n|---|---|--:|--:|")
        for file, readers in work.items():
            rounds = [{who: seconds(read) for who, read in readers.items()} for _ in range(ROUNDS)]
            for who in readers:
                times = [times[who] for times in rounds]
                ratio = statistics.median(times["narrows"] / times[who] for times in rounds)
                shown = "–" if who == "narrows" else f"{ratio:.2f}"
                spread = f"{min(times):.2f}–{max(times):.2f}"
                print(f"| {file} | {who} | {statistics.median(times):.2f} ({spread}) | {shown} |", flush=True)
        busy = "; the machine was busy with other work, so this is no record" if load > BUSY else ""
        print(f"\n{os.cpu_count()} processors, load {load:.1f} before the first round{busy}. {ROUNDS} rounds.")


if __name__ == "__main__":
    main()
