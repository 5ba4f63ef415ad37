"""Writes objectives.safetensors: losses and gradients of PyTorch for every objective, over a batch of more than one chunk of rows.

    python golden/objectives.py            # into the folder that holds this program
    python golden/objectives.py FOLDER     # elsewhere, to compare with what is committed

The environment is that of generate.py. README.md says what each tensor is.
"""

import sys
from pathlib import Path

# First, for it fixes the code that PyTorch chooses.
import generate

import torch
from torch import nn
from torch.nn import functional as F

ROWS = 300
CLASSES = 10
SEED = 0
CASE = generate.Case("objectives", "two-layer", generate.OPTIMISERS["adam"], "silu", "sigmoid")


def draw():
    """Rows, other targets of which 30 % are missing (all of row 3), weights of which some are 0, and a class for each row."""
    generator = torch.Generator().manual_seed(SEED)
    rows = torch.rand(ROWS, generate.INPUTS, generator=generator)
    rows[rows < 0.3] = 0
    rows[rows > 0.9] = 1
    targets = torch.rand(ROWS, generate.INPUTS, generator=generator)
    targets[targets > 0.9] = 1
    targets[torch.rand(targets.shape, generator=generator) < 0.3] = torch.nan
    targets[3] = torch.nan
    weights = 2 * torch.rand(ROWS, generator=generator)
    weights[weights < 0.2] = 0
    labels = torch.randint(CLASSES, (ROWS,), generator=generator)
    return {"rows": rows, "targets": targets, "weights": weights, "labels": labels.float()}


def weighted_mean(losses, present, weights):
    counts = present * weights[:, None]
    return (losses * counts).sum() / counts.sum()


def objectives(dtype, data):
    """Of each case: the model, and its loss as a function."""
    torch.manual_seed(SEED)
    model = generate.Autoencoder(CASE).to(dtype)
    classifier = nn.Sequential(
        nn.Linear(generate.INPUTS, 19), nn.ReLU(), nn.Linear(19, CLASSES)
    ).to(dtype)
    rows, weights, labels = data["rows"].to(dtype), data["weights"].to(dtype), data["labels"].long()
    targets, present = data["targets"].nan_to_num(0.0).to(dtype), (~data["targets"].isnan()).to(dtype)

    def logits():
        return model.decoder[:-1](model.encoder(rows))

    def of_targets(loss):
        return lambda: weighted_mean(loss(), present, weights)

    return {
        "binary": (model, lambda: nn.BCEWithLogitsLoss()(logits(), rows)),
        "binary-targets-weights": (
            model,
            of_targets(lambda: F.binary_cross_entropy_with_logits(logits(), targets, reduction="none")),
        ),
        "squared-targets-weights": (model, of_targets(lambda: (model(rows) - targets) ** 2)),
        "classes-weights": (
            classifier,
            lambda: (F.cross_entropy(classifier(rows), labels, reduction="none") * weights).sum()
            / weights.sum(),
        ),
    }


def compute(dtype, data):
    tensors = {}
    for name, (model, loss) in objectives(dtype, data).items():
        group = "classifier" if name.startswith("classes") else "before"
        model.zero_grad()
        value = loss()
        value.backward()
        tensors[f"{name}/loss"] = value.detach().reshape(1)
        for parameter_name, parameter in model.named_parameters():
            tensors[f"{group}/{parameter_name}"] = parameter.detach().clone()
            tensors[f"{name}/gradient/{parameter_name}"] = parameter.grad.clone()
    return tensors


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    data = draw()
    exact, single = (compute(dtype, data) for dtype in (torch.float64, torch.float32))
    largest = lambda measure: {
        name.removesuffix("/loss"): max(
            measure(key) for key in exact if key.startswith(name.removesuffix("/loss") + "/")
        )
        for name in exact
        if name.endswith("/loss")
    }
    description = {
        "written_by": generate.WRITTEN_BY,
        "seed": SEED,
        "sizes": [generate.INPUTS, *generate.HIDDEN[CASE.kind]],
        "classes": CLASSES,
        "float32_distance": largest(lambda key: (exact[key] - single[key].double()).abs().max().item()),
        "largest_magnitude": largest(lambda key: exact[key].abs().max().item()),
    }
    tensors = {name: tensor.float() for name, tensor in (data | exact).items()}
    generate.write_tensors(folder / "objectives.safetensors", tensors, description)
