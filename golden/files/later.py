"""Writes what a later narrows could write, from model-version-2.safetensors, without narrows; and what that model computes.

model-later.safetensors             its provenance says more than narrows 0.1 knows; the rest is the same
model-later-optimiser.safetensors   it was trained by an optimiser that narrows 0.1 does not know
model-later-refused.safetensors     its schema says something that narrows 0.1 does not know: to be refused
model-version-2.json                a row, its code and its reconstruction, computed here in double precision

Python 3, its standard library alone.
"""

import json
import math
import pathlib
import struct

FOLDER = pathlib.Path(__file__).parent
# The second is missing: the model fills it with its column's mean.
ROW = [23.5, None, 3.25]


def read(path):
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def write(name, header, data, change):
    metadata = json.loads(header["__metadata__"]["narrows"])
    change(metadata)
    header = {**header, "__metadata__": {"narrows": json.dumps(metadata)}}
    # safetensors pads its header to a multiple of 8 bytes, so that numbers are aligned.
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (FOLDER / name).write_bytes(struct.pack("<Q", len(text)) + text + data)


def says_more(metadata):
    provenance = metadata["provenance"]
    provenance["narrows"] = "9.1.0"
    provenance["licence"] = {"name": "CC-BY-4.0", "holder": "somebody"}
    provenance["training"]["averaging"] = 20
    provenance["training"]["optimiser"]["amsgrad"] = True
    provenance["source"]["sheet"] = "second"


def other_optimiser(metadata):
    metadata["provenance"]["narrows"] = "9.1.0"
    metadata["provenance"]["training"]["optimiser"] = {"kind": "muon", "learning_rate": 0.02}


def units(metadata):
    metadata["input"]["schema"]["units"] = ["°C", "l/min", "kW"]


def computed(header, data):
    def tensor(name):
        start, end = header[name]["data_offsets"]
        numbers = struct.unpack(f"<{(end - start) // 4}f", data[start:end])
        shape = header[name]["shape"]
        if len(shape) == 1:
            return numbers
        return [numbers[i * shape[1] : (i + 1) * shape[1]] for i in range(shape[0])]

    def linear(name, x):
        weight, bias = tensor(f"{name}.weight"), tensor(f"{name}.bias")
        return [sum(w * v for w, v in zip(row, x)) + b for row, b in zip(weight, bias)]

    def silu(x):
        return [z / (1 + math.exp(-z)) for z in x]

    metadata = json.loads(header["__metadata__"]["narrows"])
    assert metadata["architecture"]["activation"] == "silu" and metadata["architecture"]["output"] == "linear"
    fill = metadata["input"]["schema"]["missing"]["fill"]
    normalisation = metadata["input"]["normalisation"]
    raw = [mean if value is None else value for value, mean in zip(ROW, fill)]
    x = [v * s + o for v, s, o in zip(raw, normalisation["scale"], normalisation["offset"])]
    code = linear("encoder.2", silu(linear("encoder.0", x)))
    output = linear("decoder.2", silu(linear("decoder.0", code)))
    return {"row": ROW, "code": code, "reconstruction": output}


header, data = read(FOLDER / "model-version-2.safetensors")
write("model-later.safetensors", header, data, says_more)
write("model-later-optimiser.safetensors", header, data, other_optimiser)
write("model-later-refused.safetensors", header, data, units)
(FOLDER / "model-version-2.json").write_text(json.dumps(computed(header, data), indent=1) + "\n")
