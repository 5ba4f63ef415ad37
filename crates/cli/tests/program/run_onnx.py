"""Runs an ONNX file on rows, and writes what comes out.

    python run_onnx.py MODEL.onnx ROWS.npy FOLDER

MODEL.onnx must satisfy onnx.checker. ROWS.npy has the raw rows (or the codes, for a decoder). FOLDER gets NAME.npy for each output.
Rows in batches of other sizes must give the same, up to the order in which a matrix product of another size is summed.
"""

import sys
from pathlib import Path

import numpy
import onnx
import onnxruntime

path, rows, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
onnx.checker.check_model(path, full_check=True)
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
(given,) = session.get_inputs()
rows = numpy.load(rows)
rows = rows.reshape(len(rows), -1).astype(numpy.float32)
assert given.shape == ["rows", rows.shape[1]], given.shape

names = [output.name for output in session.get_outputs()]
whole = session.run(None, {given.name: rows})
for name, output, values in zip(names, session.get_outputs(), whole):
    assert output.shape[0] == "rows" and values.shape == (len(rows), *output.shape[1:]), name
    numpy.save(folder / f"{name}.npy", values.astype(numpy.float32))

for size in [1, 2, 3, 7, 16, 100, 1000]:
    for start in range(0, len(rows), len(rows) // 10):
        batch = slice(start, start + size)
        for name, values, expected in zip(names, session.run(None, {given.name: rows[batch]}), whole):
            # In steps of what a column spreads over: raw values may be seconds since 1970.
            spread = numpy.nanmax(numpy.abs(expected), axis=0)
            close = numpy.isclose(values / spread, expected[batch] / spread, rtol=0, atol=1e-5, equal_nan=True)
            assert close.all(), f"{name}, {size} rows from {start}"
