"""Runs what docs/pytorch.md says, its commands and its Python, and keeps what PyTorch gives.

    python golden/pytorch.py NARROWS            # into the folder that holds this program
    python golden/pytorch.py NARROWS FOLDER     # elsewhere, to compare with what is committed

NARROWS is the program. README.md says what the files are.
"""

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# PyTorch and its matrix library choose code by processor; this fixes the choice.
os.environ["ATEN_CPU_CAPABILITY"] = "default"
os.environ["MKL_CBWR"] = "COMPATIBLE"

import safetensors.torch
import torch

MODEL = "runs/three-layer/models/three-layer/model.safetensors"
# Both sum 784 products in single precision, each in an order of its own.
TOLERANCE = 2e-5

golden = Path(__file__).resolve().parent
narrows = Path(sys.argv[1]).resolve()
out = Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else golden
document = (golden.parent / "docs/pytorch.md").read_text(encoding="utf-8")
commands = re.search(r"```\n(narrows .*?)```", document, re.S).group(1)
snippet = re.search(r"```python\n(.*?)```", document, re.S).group(1)


def call(arguments: str) -> str:
    """What a command of narrows prints."""
    return subprocess.run([narrows, *arguments.split()], check=True, capture_output=True, text=True).stdout


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    for line in commands.splitlines():
        arguments, _, file = line.removeprefix("narrows ").partition(" > ")
        printed = call(arguments)
        if file:
            Path(file).write_text(printed)
    names = {}
    exec(snippet, names)
    images = names["images"].contiguous()
    way = json.loads(call("interpolate runs/three-layer --from 1 --to 7 --json"))
    distance = (torch.tensor(way["models"][0]["images"]) - images).abs().max().item()
    assert distance < TOLERANCE, f"narrows and PyTorch differ by {distance}"
    shutil.copyfile(MODEL, out / "pytorch-model.safetensors")
    # The module that narrows writes, with weights loaded by its `strict=True`.
    call(f"export {MODEL} --out digits.py")
    sys.path.insert(0, folder)
    module = importlib.import_module("digits").load()
    codes = torch.stack([names["one"], names["seven"]])
    distance_of_module = (module.encode(names["pixels"]) - codes).abs().max().item()
    assert distance_of_module < TOLERANCE, f"the exported module and the document differ by {distance_of_module}"
    shutil.copyfile("digits.py", out / "pytorch_module.py")
    os.chdir(golden)

case = {
    "snippet": snippet,
    "tolerance": TOLERANCE,
    "distance": distance,
    "written_by": f"PyTorch {torch.__version__.split('+')[0]}",
}
safetensors.torch.save_file({"images": images}, out / "pytorch.safetensors", {"case": json.dumps(case)})
print(f"pytorch.safetensors: narrows and PyTorch differ by at most {distance:.1e}")
