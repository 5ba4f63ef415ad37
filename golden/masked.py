"""Writes masked-*.safetensors: training steps of PyTorch on rows of which values are missing.

    python golden/masked.py            # into the folder that holds this program
    python golden/masked.py FOLDER     # elsewhere, to compare with what is committed

The environment, the optimiser and the choice of a seed are those of generate.py. README.md says what each tensor is.
"""

import sys
from pathlib import Path

# First, for it fixes the code that PyTorch chooses.
import generate

import torch

CASES = [
    generate.Case("masked-pca", "pca", generate.OPTIMISERS["adam-decay"], "identity", "linear"),
    generate.Case("masked-two-layer", "two-layer", generate.OPTIMISERS["adam-decay"]),
    generate.Case("masked-three-layer", "three-layer", generate.OPTIMISERS["adam"], "relu", "linear"),
]
MISSING_SHARE = 0.3


def draw_batches(case, generator):
    """30 % of the values are missing; of batch 0 also all of row 3 and of column 7, of batch 1 all of column 44, of batch 2
    everything, and of batch 3 all of row 0."""
    batches = [batch.clone() for batch in generate.draw_batches(case, generator)]
    for batch in batches:
        batch[torch.rand(batch.shape, generator=generator) < MISSING_SHARE] = torch.nan
    batches[0][3] = torch.nan
    batches[0][:, 7] = torch.nan
    batches[1][:, 44] = torch.nan
    batches[2][:] = torch.nan
    batches[3][0] = torch.nan
    return batches


def train(case, seed, dtype, noise=None):
    """As generate.train, but a missing value is 0 in the input and left out of the loss."""
    torch.manual_seed(seed)
    model = generate.Autoencoder(case).to(dtype)
    batches = [batch.to(dtype) for batch in draw_batches(case, torch.Generator().manual_seed(seed))]
    optimiser = generate.build_optimiser(case.optimiser, model.parameters())
    training = generate.Training()

    def watch_the_kink(_module, inputs):
        training.distance_to_a_kink = min(training.distance_to_a_kink, inputs[0].abs().min().item())

    for module in model.modules():
        if isinstance(module, torch.nn.ReLU):
            module.register_forward_pre_hook(watch_the_kink)

    tensors, losses = training.tensors, []
    for name, parameter in model.named_parameters():
        tensors[f"before/{name}"] = parameter.detach().clone()
    for index, batch in enumerate(batches):
        tensors[f"batch/{index}"] = batch
        target, mask = batch.nan_to_num(0.0), (~batch.isnan()).to(dtype)
        latent = model.encoder(target)
        output = model.decoder(latent)
        squares = (output - target) ** 2 * mask
        loss = squares.sum() / mask.sum().clamp(min=1)
        optimiser.zero_grad()
        loss.backward()
        losses.append(loss.detach())
        if index == 0:
            tensors["latent"] = latent.detach()
            tensors["output"] = output.detach()
            tensors["row_error"] = squares.sum(dim=1).detach()
            for name, parameter in model.named_parameters():
                tensors[f"gradient/{name}"] = parameter.grad.clone()
        if noise is not None:
            generate.disturb_gradients(model, noise)
        optimiser.step()
    tensors["loss"] = torch.stack(losses)
    for name, parameter in model.named_parameters():
        tensors[f"after/{name}"] = parameter.detach().clone()
    return training


def write(case, folder):
    seed, exact, movement = generate.best_conditioned(case, train)
    single = train(case, seed, torch.float32)
    description = {
        "name": case.name,
        "written_by": generate.WRITTEN_BY,
        "seed": seed,
        "inputs": generate.INPUTS,
        "hidden": generate.HIDDEN[case.kind],
        "hidden_activation": case.hidden_activation,
        "output_activation": case.output_activation,
        "batch_rows": generate.BATCH_ROWS,
        "optimiser": case.optimiser,
        "float32_distance": generate.distances(exact, single),
        "movement_by_gradient_noise": movement,
        "largest_magnitude": generate.per_group(
            exact.tensors, lambda name: exact.tensors[name].abs().max().item()
        ),
    }
    tensors = {name: tensor.float() for name, tensor in exact.tensors.items()}
    generate.write_tensors(folder / f"{case.name}.safetensors", tensors, description)


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for case in CASES:
        write(case, folder)
