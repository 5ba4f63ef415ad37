"""What a PyTorch program does before it can say anything about a model: imports, and reading the file."""

import sys

import torch
from safetensors.torch import load_file

assert all(isinstance(tensor, torch.Tensor) for tensor in load_file(sys.argv[1]).values())
