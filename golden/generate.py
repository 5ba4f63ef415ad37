"""Writes the golden files: what PyTorch computes, for narrows' tests to compare with.

    python golden/generate.py            # into the folder that holds this program
    python golden/generate.py FOLDER     # elsewhere, to compare with what is committed

The same versions give the same bytes. README.md says what each file and each tensor is.
"""

import os

# PyTorch and its matrix library choose code by processor, and a drawn weight then differs in its last bit. This fixes
# the choice.
os.environ["ATEN_CPU_CAPABILITY"] = "default"
os.environ["MKL_CBWR"] = "COMPATIBLE"

import itertools
import json
import math
import sys
from dataclasses import dataclass, field
from pathlib import Path

import safetensors.torch
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import lr_scheduler

WRITTEN_BY = f"PyTorch {torch.__version__.split('+')[0]}"

INPUTS = 45
BATCH_ROWS = [13, 13, 13, 6]
HIDDEN = {"pca": [5], "two-layer": [19, 5], "three-layer": [19, 11, 5]}

ACTIVATIONS = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "identity": nn.Identity,
}
OUTPUTS = {"linear": None, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}

# A hidden unit nearer than this to the kink of a ReLU could fall on its other side in another float32 implementation,
# which would differ by far more than rounding. Float32 errors here are below 1e-6.
SMALLEST_DISTANCE_TO_A_KINK = 1e-5

# Adam divides a gradient by its own size, so where one is near zero a rounding error moves the parameter by a visible
# part of the learning rate. Of so many seeds, a case takes the one whose parameters move least when the gradients have
# errors of this size, as float32 makes them (mostly 2⁻²² to 2⁻¹⁸ of a unit's largest gradient).
SEEDS = 24
GRADIENT_NOISE = 2.0**-20
NOISY_RUNS = 8


# --- training steps ---------------------------------------------------------------------------------------------------


@dataclass
class Case:
    name: str
    kind: str
    optimiser: dict
    hidden_activation: str = "relu"
    output_activation: str = "tanh"
    schedule: dict | None = None


def adam(learning_rate, weight_decay=0.0, beta1=0.9, beta2=0.999, epsilon=1e-8, name="adam"):
    return {
        "name": name,
        "learning_rate": learning_rate,
        "beta1": beta1,
        "beta2": beta2,
        "epsilon": epsilon,
        "weight_decay": weight_decay,
    }


def sgd(learning_rate, momentum=0.0, nesterov=False, weight_decay=0.0):
    return {
        "name": "sgd",
        "learning_rate": learning_rate,
        "momentum": momentum,
        "nesterov": nesterov,
        "weight_decay": weight_decay,
    }


def muon(learning_rate, momentum=0.95, nesterov=True, weight_decay=0.0, ns_steps=5, **ns_coefficients):
    return {
        "name": "muon",
        "learning_rate": learning_rate,
        "momentum": momentum,
        "nesterov": nesterov,
        "weight_decay": weight_decay,
        "ns_steps": ns_steps,
        **ns_coefficients,
    }


OPTIMISERS = {
    "adam": adam(1e-2),
    "adam-decay": adam(1e-3, weight_decay=1e-5),
    "adamw": adam(1e-2, weight_decay=0.05, name="adamw"),
    "sgd": sgd(0.1),
    "sgd-momentum": sgd(0.1, momentum=0.9),
    "sgd-nesterov": sgd(0.1, momentum=0.9, nesterov=True, weight_decay=1e-3),
}


def step_cases():
    for kind, (label, optimiser) in itertools.product(HIDDEN, OPTIMISERS.items()):
        if kind == "pca":
            yield Case(f"step-{kind}-{label}", kind, optimiser, "identity", "linear")
        else:
            yield Case(f"step-{kind}-{label}", kind, optimiser)

    study = OPTIMISERS["adam-decay"]
    yield Case("step-pca-tanh", "pca", study, "identity", "tanh")
    for activation in ACTIVATIONS:
        if activation != "relu":
            name = f"step-three-layer-{activation.replace('_', '-')}-tanh"
            yield Case(name, "three-layer", study, activation, "tanh")
    for output in ["linear", "sigmoid"]:
        yield Case(f"step-three-layer-relu-{output}", "three-layer", study, "relu", output)

    # No value is a default here, so no default can stand in for one unnoticed.
    unusual = adam(2e-3, weight_decay=1e-2, beta1=0.8, beta2=0.95, epsilon=1e-3)
    yield Case("step-two-layer-adam-unusual", "two-layer", unusual)
    # Beta 1 moves from step to step, and the bias correction uses the present one alone.
    one_cycle = {"name": "one-cycle", "total_steps": len(BATCH_ROWS), "max_learning_rate": 1e-2}
    yield Case("step-two-layer-adam-one-cycle", "two-layer", adam(1e-3), schedule=one_cycle)

    # A batch of 13 rows leaves the matrices of deeper models nearly singular, and five rounds make any error in that a thousand times
    # larger; two make it thirty times larger.
    yield Case("step-pca-muon", "pca", muon(2e-2), "identity", "linear")
    yield Case("step-two-layer-muon", "two-layer", muon(2e-2, ns_steps=2), "silu", "tanh")
    yield Case("step-three-layer-muon", "three-layer", muon(2e-2, ns_steps=2), "silu", "tanh")
    pytorch = muon(1e-2, 0.8, False, 0.1, 3, ns_coefficients=[3.4445, -4.775, 2.0315])
    yield Case("step-two-layer-muon-unusual", "two-layer", pytorch, "silu", "tanh")


class Autoencoder(nn.Module):
    """encoder: inputs → hidden[0] → … → hidden[-1]; decoder: the mirror. Activations stand between Linear modules, and
    after the decoder's last one where the output has one."""

    def __init__(self, case: Case):
        super().__init__()
        sizes = [INPUTS, *HIDDEN[case.kind]]
        self.encoder = nn.Sequential(*self.stack(sizes, case.hidden_activation))
        self.decoder = nn.Sequential(*self.stack(sizes[::-1], case.hidden_activation))
        output = OUTPUTS[case.output_activation]
        if output is not None:
            self.decoder.append(output())

    @staticmethod
    def stack(sizes, activation):
        for layer, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
            if layer > 0:
                yield ACTIVATIONS[activation]()
            yield nn.Linear(inputs, outputs)

    def forward(self, rows):
        return self.decoder(self.encoder(rows))


def input_range(case: Case):
    return [0.0, 1.0] if case.output_activation == "sigmoid" else [-1.0, 1.0]


def draw_batches(case: Case, generator):
    """Rows that look like MNIST to an optimiser: 40 % of the pixels at the lower bound exactly, 10 % at the upper."""
    low, high = input_range(case)
    rows = sum(BATCH_ROWS)
    values = low + (high - low) * torch.rand(rows, INPUTS, generator=generator)
    which = torch.rand(rows, INPUTS, generator=generator)
    values[which < 0.4] = low
    values[which > 0.9] = high
    return values.split(BATCH_ROWS)


# What float32 makes of a sum of 45 products: 2⁻²⁴ for each rounding, which are of either sign: √45 · 2⁻²⁴.
GRAM_NOISE = 2.0**-21

# The rounds of Polar Express (Amsel et al. 2025), each made for singular values up to 1.01.
POLAR_EXPRESS = [
    [8.2872, -23.5959, 17.3004],
    [4.1071, -2.9478, 0.5448],
    [3.9487, -2.9089, 0.5518],
    [3.3184, -2.4885, 0.5100],
    [2.3007, -1.6689, 0.4188],
]


class Muon(torch.optim.Optimizer):
    """torch.optim.Muon with adjust_lr_fn="match_rms_adamw" for matrices, in the precision of the parameters instead of bfloat16, and
    torch.optim.Adam for the rest."""

    def __init__(self, parameters, settings, gram_noise=None):
        parameters = list(parameters)
        self.settings, self.gram_noise = settings, gram_noise
        self.adam = torch.optim.Adam([p for p in parameters if p.dim() == 1], lr=settings["learning_rate"], foreach=False)
        super().__init__(parameters, {"lr": settings["learning_rate"]})

    @torch.no_grad()
    def step(self):
        rate, momentum = self.settings["learning_rate"], self.settings["momentum"]
        self.adam.step()
        for weight in (p for p in self.param_groups[0]["params"] if p.dim() == 2):
            kept = self.state[weight].setdefault("momentum", torch.zeros_like(weight))
            kept.lerp_(weight.grad, 1 - momentum)
            direction = weight.grad.lerp(kept, momentum) if self.settings["nesterov"] else kept
            weight.mul_(1 - rate * self.settings["weight_decay"])
            length = rate * 0.2 * math.sqrt(max(weight.shape))
            weight.sub_(length * self.polar_factor(direction))

    def polar_factor(self, matrix):
        if self.gram_noise is not None:
            return self.polar_factor_by_gram(matrix)
        x = matrix / matrix.norm().clamp(min=1e-7)
        for a, b, c in self.rounds():
            gram = x @ x.T
            x = a * x + (b * gram + c * gram @ gram) @ x
        return x

    def rounds(self):
        for round in range(self.settings["ns_steps"]):
            safe = [c / 1.01**power for c, power in zip(POLAR_EXPRESS[round], (1, 3, 5))]
            yield self.settings.get("ns_coefficients", safe)

    def polar_factor_by_gram(self, matrix):
        """The same, by the products of the shorter side's vectors; they are wrong by up to GRAM_NOISE of both lengths, in each round."""
        tall = matrix.shape[0] > matrix.shape[1]
        x = (matrix.T if tall else matrix) / matrix.norm().clamp(min=1e-7)
        gram = x @ x.T
        factor = torch.eye(len(gram), dtype=gram.dtype)
        for a, b, c in self.rounds():
            error = 2 * torch.rand(gram.shape, generator=self.gram_noise, dtype=gram.dtype) - 1
            lengths = gram.diagonal().clamp(min=0).sqrt()
            gram = gram + GRAM_NOISE * torch.outer(lengths, lengths) * (error + error.T) / 2
            polynomial = a * torch.eye(len(gram), dtype=gram.dtype) + b * gram + c * gram @ gram
            factor, gram = factor @ polynomial, polynomial @ gram @ polynomial
        return (factor @ x).T if tall else factor @ x


def check_muon():
    """The program above, with PyTorch's coefficients, is PyTorch's but for its rounding to bfloat16: 8 bits, 5 times or so."""
    generator = torch.Generator().manual_seed(0)
    weights = [torch.randn(19, 45, generator=generator), torch.randn(45, 19, generator=generator)]
    settings = muon(1e-2, weight_decay=0.1, ns_coefficients=[3.4445, -4.775, 2.0315])
    ours, theirs = ([weight.clone().requires_grad_() for weight in weights] for _ in range(2))
    arguments = {"lr": 1e-2, "weight_decay": 0.1, "momentum": 0.95, "adjust_lr_fn": "match_rms_adamw"}
    pairs = [(ours, Muon(ours + [torch.zeros(1)], settings)), (theirs, torch.optim.Muon(theirs, **arguments))]
    for step in range(3):
        for index in range(len(weights)):
            gradient = torch.randn(weights[index].shape, generator=generator)
            ours[index].grad, theirs[index].grad = gradient, gradient.clone()
        for _, optimiser in pairs:
            optimiser.step()
    for before, our, their in zip(weights, ours, theirs):
        moved = (their - before).norm()
        assert (our - their).norm() < 0.03 * moved, (our - their).norm() / moved


def build_optimiser(settings: dict, parameters, gram_noise=None):
    if settings["name"] == "muon":
        return Muon(parameters, settings, gram_noise)
    arguments = {
        "lr": settings["learning_rate"],
        "weight_decay": settings["weight_decay"],
        "foreach": False,
        "fused": False,
    }
    if settings["name"] == "sgd":
        return torch.optim.SGD(parameters, momentum=settings["momentum"], nesterov=settings["nesterov"], **arguments)
    algorithm = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[settings["name"]]
    return algorithm(parameters, betas=(settings["beta1"], settings["beta2"]), eps=settings["epsilon"], **arguments)


@dataclass
class Training:
    tensors: dict = field(default_factory=dict)
    learning_rate: list = field(default_factory=list)
    beta1: list = field(default_factory=list)
    distance_to_a_kink: float = math.inf


def train(case: Case, seed: int, dtype: torch.dtype, noise: torch.Generator | None = None, gram_noise=None) -> Training:
    """One step on each batch. The start is drawn in float32 and then widened, so that both precisions begin alike.
    With `noise`, every gradient is slightly wrong; with `gram_noise`, what Muon makes of it."""
    torch.manual_seed(seed)
    model = Autoencoder(case).to(dtype)
    batches = [batch.to(dtype) for batch in draw_batches(case, torch.Generator().manual_seed(seed))]
    optimiser = build_optimiser(case.optimiser, model.parameters(), gram_noise)
    scheduler = None
    if case.schedule is not None:
        scheduler = lr_scheduler.OneCycleLR(
            optimiser, case.schedule["max_learning_rate"], total_steps=case.schedule["total_steps"]
        )

    training = Training()

    def watch_the_kink(_module, inputs):
        training.distance_to_a_kink = min(training.distance_to_a_kink, inputs[0].abs().min().item())

    for module in model.modules():
        if isinstance(module, (nn.ReLU, nn.LeakyReLU)):
            module.register_forward_pre_hook(watch_the_kink)

    tensors = training.tensors
    for name, parameter in model.named_parameters():
        tensors[f"before/{name}"] = parameter.detach().clone()
    for index, batch in enumerate(batches):
        tensors[f"batch/{index}"] = batch

    losses = []
    for index, batch in enumerate(batches):
        latent = model.encoder(batch)
        output = model.decoder(latent)
        loss = F.mse_loss(output, batch)
        optimiser.zero_grad()
        loss.backward()
        losses.append(loss.detach())
        if index == 0:
            tensors["latent"] = latent.detach()
            tensors["output"] = output.detach()
            for name, parameter in model.named_parameters():
                tensors[f"gradient/{name}"] = parameter.grad.clone()
        if noise is not None:
            disturb_gradients(model, noise)
        group = optimiser.param_groups[0]
        training.learning_rate.append(group["lr"])
        training.beta1.append(group["betas"][0] if "betas" in group else None)
        optimiser.step()
        if scheduler is not None and index + 1 < len(batches):
            scheduler.step()
    tensors["loss"] = torch.stack(losses)
    for name, parameter in model.named_parameters():
        tensors[f"after/{name}"] = parameter.detach().clone()
    return training


def disturb_gradients(model: nn.Module, noise: torch.Generator):
    """Makes each entry wrong by up to GRADIENT_NOISE of the largest one that belongs to its unit. A gradient of exactly
    zero, which a dead ReLU has, stays zero: every implementation adds up zeros there."""
    for linear in (module for module in model.modules() if isinstance(module, nn.Linear)):
        weight, bias = linear.weight.grad, linear.bias.grad
        largest = GRADIENT_NOISE * torch.maximum(weight.abs().amax(dim=1), bias.abs())
        for gradient, bound in [(weight, largest[:, None]), (bias, largest)]:
            error = 2 * torch.rand(gradient.shape, generator=noise, dtype=gradient.dtype) - 1
            gradient += bound * error * (gradient != 0)


def per_group(groups, measure):
    """The largest `measure(name)` over the tensors of each group: `gradient` is all of `gradient/…`."""
    largest = {}
    for name in groups:
        group = name.split("/")[0]
        if group not in ("before", "batch"):
            largest[group] = max(largest.get(group, 0.0), measure(name))
    return largest


def distances(exact: Training, other: Training):
    return per_group(
        exact.tensors, lambda name: (exact.tensors[name] - other.tensors[name].double()).abs().max().item()
    )


def movement_by_noise(train, case, seed: int, exact: Training):
    noisy = (train(case, seed, torch.float64, torch.Generator().manual_seed(run)) for run in range(NOISY_RUNS))
    return max(distances(exact, run)["after"] for run in noisy)


def best_conditioned(case, train=train):
    """The seed whose numbers a correct float32 implementation can reproduce most closely, with its exact run."""
    best = None
    for seed in range(SEEDS):
        exact = train(case, seed, torch.float64)
        if exact.distance_to_a_kink >= SMALLEST_DISTANCE_TO_A_KINK:
            movement = movement_by_noise(train, case, seed, exact)
            if best is None or movement < best[2]:
                best = (seed, exact, movement)
    return best


def write_step(case: Case, folder: Path):
    seed, exact, movement = best_conditioned(case)
    single = train(case, seed, torch.float32)

    for name, tensor in exact.tensors.items():
        if name.startswith(("before/", "batch/")):
            assert torch.equal(tensor, single.tensors[name].double()), f"{name} is not a float32 value"

    description = {
        "name": case.name,
        "written_by": WRITTEN_BY,
        "seed": seed,
        "kind": case.kind,
        "inputs": INPUTS,
        "hidden": HIDDEN[case.kind],
        "hidden_activation": case.hidden_activation,
        "output_activation": case.output_activation,
        "input_range": input_range(case),
        "batch_rows": BATCH_ROWS,
        "loss": "mean_squared_error",
        "optimiser": case.optimiser,
        "schedule": case.schedule,
        "learning_rate_per_step": exact.learning_rate,
        "beta1_per_step": exact.beta1,
        "float32_distance": distances(exact, single),
        "movement_by_gradient_noise": movement,
        "largest_magnitude": per_group(exact.tensors, lambda name: exact.tensors[name].abs().max().item()),
    }
    if case.optimiser["name"] == "muon":
        generators = (torch.Generator().manual_seed(run) for run in range(NOISY_RUNS))
        noisy = (train(case, seed, torch.float64, gram_noise=generator) for generator in generators)
        description["movement_by_gram_noise"] = max(distances(exact, run)["after"] for run in noisy)
    write_tensors(
        folder / f"{case.name}.safetensors",
        {name: tensor.float() for name, tensor in exact.tensors.items()},
        description,
    )


# --- a classifier -----------------------------------------------------------------------------------------------------

CLASSIFIER_SIZES = [INPUTS, 19, 10]


def train_classifier(optimiser_settings: dict, seed: int, dtype: torch.dtype, noise=None) -> Training:
    """As `train`, but a classifier: the loss is the mean cross-entropy of its logits."""
    torch.manual_seed(seed)
    inputs, hidden, classes = CLASSIFIER_SIZES
    model = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, classes)).to(dtype)
    generator = torch.Generator().manual_seed(seed)
    case = Case("classifier", "pca", optimiser_settings)
    batches = [batch.to(dtype) for batch in draw_batches(case, generator)]
    labels = torch.randint(classes, (sum(BATCH_ROWS),), generator=generator).split(BATCH_ROWS)
    optimiser = build_optimiser(optimiser_settings, model.parameters())

    training = Training()
    tensors = training.tensors
    for name, parameter in model.named_parameters():
        tensors[f"before/{name}"] = parameter.detach().clone()
    losses = []
    for index, (batch, label) in enumerate(zip(batches, labels)):
        tensors[f"batch/{index}"] = batch
        tensors[f"batch/label-{index}"] = label.to(dtype)
        sums = model[0](batch)
        training.distance_to_a_kink = min(training.distance_to_a_kink, sums.abs().min().item())
        logits = model(batch)
        loss = F.cross_entropy(logits, label)
        optimiser.zero_grad()
        loss.backward()
        losses.append(loss.detach())
        if index == 0:
            tensors["feature"] = model[:2](batch).detach()
            tensors["probability"] = logits.detach().softmax(dim=1)
            for name, parameter in model.named_parameters():
                tensors[f"gradient/{name}"] = parameter.grad.clone()
        if noise is not None:
            disturb_gradients(model, noise)
        optimiser.step()
    tensors["loss"] = torch.stack(losses)
    for name, parameter in model.named_parameters():
        tensors[f"after/{name}"] = parameter.detach().clone()
    return training


def write_classifier(folder: Path):
    settings = OPTIMISERS["adam-decay"]
    seed, exact, movement = best_conditioned(settings, train_classifier)
    single = train_classifier(settings, seed, torch.float32)
    description = {
        "written_by": WRITTEN_BY,
        "seed": seed,
        "sizes": CLASSIFIER_SIZES,
        "batch_rows": BATCH_ROWS,
        "optimiser": settings,
        "float32_distance": distances(exact, single),
        "movement_by_gradient_noise": movement,
        "largest_magnitude": per_group(exact.tensors, lambda name: exact.tensors[name].abs().max().item()),
    }
    tensors = {name: tensor.float() for name, tensor in exact.tensors.items()}
    write_tensors(folder / "classifier.safetensors", tensors, description)


# --- learning rates ---------------------------------------------------------------------------------------------------


def follow(scheduler, optimiser, total_steps):
    """The learning rate, and the momentum or beta 1, with which each step would be taken."""
    learning_rates, momentums = [], []
    for step in range(total_steps):
        group = optimiser.param_groups[0]
        learning_rates.append(group["lr"])
        momentums.append(group["betas"][0] if "betas" in group else group["momentum"])
        optimiser.step()
        if step + 1 < total_steps:
            scheduler.step()
    return torch.tensor(learning_rates, dtype=torch.float64), torch.tensor(momentums, dtype=torch.float64)


def one_cycle(total_steps, max_learning_rate, **options):
    def learning_rates_and_momentums(optimiser):
        scheduler = lr_scheduler.OneCycleLR(optimiser, max_learning_rate, total_steps=total_steps, **options)
        return follow(scheduler, optimiser, total_steps)

    parameter = nn.Parameter(torch.zeros(1))
    learning_rates, beta1 = learning_rates_and_momentums(torch.optim.Adam([parameter]))
    same_learning_rates, momentums = learning_rates_and_momentums(torch.optim.SGD([parameter], momentum=0.9))
    assert torch.equal(learning_rates, same_learning_rates) and torch.equal(beta1, momentums)
    return learning_rates, momentums


def warm_up_and_cosine(warm_up_steps, total_steps, learning_rate, start_factor, min_learning_rate):
    optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=learning_rate)
    cosine = lr_scheduler.CosineAnnealingLR(optimiser, T_max=total_steps - warm_up_steps, eta_min=min_learning_rate)
    scheduler = cosine
    if warm_up_steps > 0:
        linear = lr_scheduler.LinearLR(optimiser, start_factor=start_factor, total_iters=warm_up_steps)
        scheduler = lr_scheduler.SequentialLR(optimiser, [linear, cosine], milestones=[warm_up_steps])
    learning_rates, _ = follow(scheduler, optimiser, total_steps)

    def closed_form(step):
        if step < warm_up_steps:
            return learning_rate * (start_factor + (1 - start_factor) * step / warm_up_steps)
        progress = (step - warm_up_steps) / (total_steps - warm_up_steps)
        return min_learning_rate + (learning_rate - min_learning_rate) * (1 + math.cos(math.pi * progress)) / 2

    formula = torch.tensor([closed_form(step) for step in range(total_steps)], dtype=torch.float64)
    return learning_rates, (learning_rates - formula).abs().max().item()


def write_schedules(folder: Path):
    tensors, cases = {}, []

    one_cycles = [
        (1, 1e-3, {}),
        (2, 1e-3, {}),
        (3, 1e-2, {}),
        (4, 1e-2, {}),
        (10, 1e-3, {}),
        (100, 0.1, {}),
        (4690, 3e-3, {}),
    ]
    one_cycles.append(
        (
            37,
            1e-2,
            {"pct_start": 0.25, "div_factor": 10.0, "final_div_factor": 1e3, "base_momentum": 0.8, "max_momentum": 0.9},
        )
    )
    defaults = {
        "pct_start": 0.3,
        "div_factor": 25.0,
        "final_div_factor": 1e4,
        "base_momentum": 0.85,
        "max_momentum": 0.95,
    }
    for total_steps, max_learning_rate, options in one_cycles:
        name = f"one-cycle-{total_steps}"
        options = defaults | options
        learning_rates, momentums = one_cycle(total_steps, max_learning_rate, **options)
        tensors[f"{name}/learning_rate"] = learning_rates
        tensors[f"{name}/momentum"] = momentums
        cases.append(
            {"name": name, "schedule": "one-cycle", "total_steps": total_steps, "max_learning_rate": max_learning_rate}
            | options
        )

    # A start factor of 1/(warm-up + 1) climbs in equal steps from the first one and reaches the full rate once.
    cosines = [
        (warm_up, total, 1e-3, 1 / (warm_up + 1), 0.0) for warm_up, total in [(0, 10), (1, 10), (5, 50), (469, 4690)]
    ]
    cosines.append((7, 50, 1e-2, 1 / 3, 1e-5))
    for warm_up_steps, total_steps, learning_rate, start_factor, min_learning_rate in cosines:
        name = f"cosine-{warm_up_steps}-{total_steps}"
        learning_rates, distance = warm_up_and_cosine(
            warm_up_steps, total_steps, learning_rate, start_factor, min_learning_rate
        )
        tensors[f"{name}/learning_rate"] = learning_rates
        cases.append(
            {
                "name": name,
                "schedule": "warm-up-and-cosine",
                "warm_up_steps": warm_up_steps,
                "total_steps": total_steps,
                "learning_rate": learning_rate,
                "start_factor": start_factor,
                "min_learning_rate": min_learning_rate,
                "distance_to_the_formula": distance,
            }
        )
    write_tensors(folder / "schedules.safetensors", tensors, {"written_by": WRITTEN_BY, "cases": cases})


# --- activations ------------------------------------------------------------------------------------------------------


def activation_points(count=2000):
    """A grid over −12..12 and, with both signs, zero, subnormals, where exp overflows or vanishes in float32, huge
    values and infinity. Each is a float32 value."""
    largest, smallest_normal, smallest = 3.4028234663852886e38, 2.0**-126, 2.0**-149
    magnitudes = [0.0, smallest, 1e-40, smallest_normal, 1e-30, 1e-20, 1e-10, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3]
    magnitudes += [13, 14.5, 16, 16.7, 18, 20, 25, 30, 40, 50, 80, 87, 87.4, 88, 88.7, 88.8, 89]
    magnitudes += [100, 103, 104, 110, 200]
    magnitudes += [1e3, 1e4, 1e8, 1e20, 1e30, largest, math.inf]
    grid = torch.linspace(-12, 12, count - 2 * len(magnitudes), dtype=torch.float64)
    special = torch.tensor(magnitudes, dtype=torch.float64)
    return torch.cat([grid, special, -special]).float().double()


def write_activations(folder: Path):
    points = activation_points()
    tensors = {"x": points}
    for name, module in ACTIVATIONS.items():
        x = points.clone().requires_grad_()
        value = module()(x)
        (derivative,) = torch.autograd.grad(value.sum(), x)
        tensors[f"{name}/value"] = value.detach()
        tensors[f"{name}/derivative"] = derivative
    description = {"written_by": WRITTEN_BY, "activations": list(ACTIVATIONS), "leaky_relu_negative_slope": 0.01}
    write_tensors(folder / "activations.safetensors", tensors, description)


# --- initialisation ---------------------------------------------------------------------------------------------------


def write_initialisation(folder: Path):
    outputs, inputs = 19, 45
    fan_in, fan_out = nn.init._calculate_fan_in_and_fan_out(torch.empty(outputs, inputs))
    gain = nn.init.calculate_gain
    # nn.Linear draws its weight with kaiming_uniform_(a=√5), and its bias from U(−1/√fan_in, 1/√fan_in).
    default_bound = gain("leaky_relu", math.sqrt(5)) * math.sqrt(3 / fan_in)
    assert math.isclose(default_bound, 1 / math.sqrt(fan_in), rel_tol=1e-15)

    def uniform(bound, **more):
        return {"distribution": "uniform", "bound": bound, "standard_deviation": bound / math.sqrt(3)} | more

    def normal(standard_deviation):
        return {"distribution": "normal", "standard_deviation": standard_deviation}

    schemes = {
        "default": uniform(default_bound, bias_bound=1 / math.sqrt(fan_in)),
        "xavier_uniform": uniform(math.sqrt(6 / (fan_in + fan_out))),
        "xavier_normal": normal(math.sqrt(2 / (fan_in + fan_out))),
        "kaiming_uniform_relu": uniform(gain("relu") * math.sqrt(3 / fan_in)),
        "kaiming_normal_relu": normal(gain("relu") / math.sqrt(fan_in)),
    }
    draw = {
        "default": lambda: nn.Linear(inputs, outputs).weight.detach(),
        "xavier_uniform": lambda: nn.init.xavier_uniform_(torch.empty(outputs, inputs)),
        "xavier_normal": lambda: nn.init.xavier_normal_(torch.empty(outputs, inputs)),
        "kaiming_uniform_relu": lambda: nn.init.kaiming_uniform_(torch.empty(outputs, inputs), nonlinearity="relu"),
        "kaiming_normal_relu": lambda: nn.init.kaiming_normal_(torch.empty(outputs, inputs), nonlinearity="relu"),
    }
    torch.manual_seed(0)
    for name, scheme in schemes.items():
        verify_scheme(name, torch.cat([draw[name]().flatten() for _ in range(1000)]).double(), scheme)
    biases = torch.cat([nn.Linear(inputs, outputs).bias.detach() for _ in range(20_000)]).double()
    verify_scheme("default bias", biases, uniform(schemes["default"]["bias_bound"]))

    gains = {name: gain(name) for name in ["linear", "relu", "tanh", "sigmoid"]}
    gains["leaky_relu"] = gain("leaky_relu", 0.01)
    facts = {
        "written_by": WRITTEN_BY,
        "weight_shape": [outputs, inputs],
        "fan_in": fan_in,
        "fan_out": fan_out,
        "gains": gains,
        "schemes": schemes,
    }
    (folder / "initialisation.json").write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n")


def verify_scheme(name, draws, scheme):
    """Over n draws the standard deviation is off by less than 5 of its own standard errors, σ/√(2n) for a normal
    distribution and less for a uniform one; a uniform one fills its bounds and does not pass them."""
    sigma, count = scheme["standard_deviation"], len(draws)
    assert abs(draws.std().item() - sigma) < 5 * sigma / math.sqrt(2 * count), name
    assert abs(draws.mean().item()) < 5 * sigma / math.sqrt(count), name
    if "bound" in scheme:
        # Half a unit in float32's last place: the draws are float32, the bound is not.
        assert 0.9999 < draws.abs().max().item() / scheme["bound"] <= 1 + 2**-24, name


# --- files ------------------------------------------------------------------------------------------------------------


def write_tensors(path: Path, tensors: dict, description: dict):
    """One metadata key only: safetensors writes several in no fixed order, and then no two runs agree."""
    metadata = {"case": json.dumps(description, sort_keys=True)}
    contiguous = {name: tensor.contiguous() for name, tensor in tensors.items()}
    path.write_bytes(safetensors.torch.save(contiguous, metadata=metadata))


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    check_muon()
    for case in step_cases():
        write_step(case, folder)
    write_classifier(folder)
    write_schedules(folder)
    write_activations(folder)
    write_initialisation(folder)


if __name__ == "__main__":
    main()
