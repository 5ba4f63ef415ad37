"three-layer: 784 → 64 → 32 → 16 → 32 → 64 → 784, ReLU, tanh output"
# Written by narrows. It needs torch and safetensors.

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

WEIGHTS = Path(__file__).with_name("digits.safetensors")


class Autoencoder(nn.Module):
    """Raw rows in, raw rows out."""

    def __init__(self, scale, offset, missing):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(784, 64), nn.ReLU(),
            nn.Linear(64, 32), nn.ReLU(),
            nn.Linear(32, 16),
        )
        self.decoder = nn.Sequential(
            nn.Linear(16, 32), nn.ReLU(),
            nn.Linear(32, 64), nn.ReLU(),
            nn.Linear(64, 784), nn.Tanh(),
        )
        # What is no weight is no part of the state dict.
        self.register_buffer("scale", torch.tensor(scale), persistent=False)
        self.register_buffer("offset", torch.tensor(offset), persistent=False)
        fill = missing["fill"] if isinstance(missing, dict) else float("nan")
        self.register_buffer("fill", torch.tensor(fill), persistent=False)
        self.is_masked = missing == "mask"

    def encode(self, rows):
        """The code of each row; NaN is a missing value."""
        rows = torch.where(rows.isnan(), self.fill, rows)
        # In double precision, as narrows rounds: a timestamp's scaled value and its offset nearly cancel.
        read = (rows.double() * self.scale.double() + self.offset.double()).float()
        return self.encoder(torch.where(read.isnan(), 0.0, read) if self.is_masked else read)

    def decode(self, codes):
        """What the decoder makes of codes, in raw units."""
        written = self.decoder(codes).double()
        return ((written - self.offset.double()) / self.scale.double()).float()

    def forward(self, rows):
        return self.decode(self.encode(rows))


def load(path=WEIGHTS):
    """The trained model."""
    with safe_open(path, "pt") as file:
        told = json.loads(file.metadata()["narrows"])["input"]
    normalisation, missing = told["normalisation"], told["schema"]["missing"]
    model = Autoencoder(normalisation["scale"], normalisation["offset"], missing)
    model.load_state_dict(load_file(path), strict=True)
    return model.eval()
