"""PyTorch: training and inference, as someone who knows it well would write them.

    python benchmarks/peers/pytorch.py VARIANT WORKLOAD THREADS ROWS FOLDER SEED

All data lies in memory as one tensor: no DataLoader, and nothing waits for a number within an epoch.
"""

import time

import torch
from common import Task, task, timed_epochs, timed_passes
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value
from torch.nn import functional as F

VARIANTS = {
    "eager": "fused Adam",
    "eager-foreach": "Adam by foreach",
    "compile": "gather, forward and backward compiled; fused Adam",
    "compile-step": "the whole step compiled as one program, Adam written out in it",
}

# A second core, a cache's size and one call: what is best depends on the processor, so each process finds out.
INFERENCE_BATCHES = [256, 1024, 4096, 60_000]


def network(task: Task) -> nn.Sequential:
    """Linear layers with PyTorch's initialisation; ReLU between them, but not after the latent."""
    pairs = list(zip(task.sizes, task.sizes[1:]))
    latent = len(pairs) // 2 - 1
    modules = []
    for index, (inputs, outputs) in enumerate(pairs):
        modules.append(nn.Linear(inputs, outputs))
        if index < len(pairs) - 1 and index != latent:
            modules.append(nn.ReLU())
    if task.workload["output"] == "tanh":
        modules.append(nn.Tanh())
    return nn.Sequential(*modules)


def train(task: Task) -> None:
    torch.manual_seed(task.seed)
    # A compiled program normalises bytes while it gathers them; without one, float32 is faster.
    data = torch.from_numpy(task.numbers() if task.variant.startswith("eager") else task.raw())
    model = network(task)
    step = {
        "eager": eager_step,
        "eager-foreach": eager_step,
        "compile": compiled_loss_step,
        "compile-step": compiled_step,
    }[task.variant](task, model, data)

    def epoch() -> float:
        total = torch.zeros(())
        batches = torch.randperm(len(data)).split(task.settings["batch_size"])
        for indices in batches:
            total += step(indices)
        return total.item() / len(batches)

    timed_epochs(task, epoch, versions())


def eager_step(task: Task, model: nn.Module, data: Tensor):
    """`step(indices)` makes one step and returns the loss before it."""
    adam = optimiser(task, model, fused=task.variant == "eager", foreach=task.variant == "eager-foreach")

    def step(indices: Tensor) -> Tensor:
        rows = data.index_select(0, indices)
        loss = F.mse_loss(model(rows), rows)
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
        return loss.detach()

    return step


def compiled_loss_step(task: Task, model: nn.Module, data: Tensor):
    adam = optimiser(task, model, fused=True)

    # The last batch of an epoch is shorter: it is compiled for its own size.
    @torch.compile(dynamic=False)
    def loss_of(indices: Tensor) -> Tensor:
        rows = normalised(data[indices])
        return F.mse_loss(model(rows), rows)

    def step(indices: Tensor) -> Tensor:
        loss = loss_of(indices)
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
        return loss.detach()

    return step


def compiled_step(task: Task, model: nn.Module, data: Tensor):
    learning_rate, weight_decay = task.settings["learning_rate"], task.settings["weight_decay"]
    beta1, beta2, epsilon = 0.9, 0.999, 1e-8
    parameters = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    first = {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}
    second = {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}
    steps = torch.zeros(())

    def loss_of(parameters: dict[str, Tensor], rows: Tensor) -> Tensor:
        return F.mse_loss(functional_call(model, parameters, (rows,)), rows)

    @torch.compile(dynamic=False)
    def step(indices: Tensor) -> Tensor:
        gradients, loss = grad_and_value(loss_of)(parameters, normalised(data[indices]))
        steps.add_(1)
        step_size = learning_rate / (1 - beta1**steps)
        root = torch.sqrt(1 - beta2**steps)
        for name, parameter in parameters.items():
            gradient = gradients[name] + weight_decay * parameter
            first[name].mul_(beta1).add_(gradient, alpha=1 - beta1)
            second[name].mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
            parameter.sub_(step_size * first[name] / (second[name].sqrt() / root + epsilon))
        return loss

    return step


def optimiser(task: Task, model: nn.Module, **implementation: bool) -> torch.optim.Adam:
    settings = task.settings
    return torch.optim.Adam(
        model.parameters(), lr=settings["learning_rate"], weight_decay=settings["weight_decay"], **implementation
    )


def normalised(rows: Tensor) -> Tensor:
    """Bytes to [−1, 1]; numbers are normalised already."""
    return rows.float() * (2 / 255) - 1 if rows.dtype == torch.uint8 else rows


def infer(task: Task) -> None:
    """Codes and reconstructions of all rows, with the model that `measure export` wrote."""
    data = torch.from_numpy(task.numbers())
    model = saved_network(task).eval()
    depth = len(task.workload["hidden"])
    # The encoder ends with its last Linear: `depth` of them, with a ReLU between any two.
    encode, hidden, last = model[: 2 * depth - 1], model[2 * depth - 1 : -2], model[-2]
    assert isinstance(last, nn.Linear) and isinstance(model[-1], nn.Tanh)

    def block(rows: Tensor, code: Tensor, reconstruction: Tensor) -> None:
        code.copy_(encode(rows))
        torch.addmm(last.bias, hidden(code), last.weight.T, out=reconstruction).tanh_()

    if task.variant == "compile":
        torch._inductor.config.freezing = True
        block = torch.compile(block, dynamic=False)

    @torch.inference_mode()
    def passes(batch: int) -> tuple[Tensor, Tensor]:
        codes, reconstructions = torch.empty(len(data), last_hidden), torch.empty_like(data)
        for rows, code, reconstruction in zip(data.split(batch), codes.split(batch), reconstructions.split(batch)):
            block(rows, code, reconstruction)
        return codes, reconstructions

    def seconds(batch: int) -> float:
        passes(batch)
        start = time.perf_counter()
        passes(batch)
        return time.perf_counter() - start

    last_hidden = task.workload["hidden"][-1]
    best = min((batch for batch in INFERENCE_BATCHES if batch <= len(data)), key=seconds)
    timed_passes(
        task, lambda: passes(best), lambda result: F.mse_loss(result[1], data), versions(), f"batches of {best}"
    )


def saved_network(task: Task) -> nn.Sequential:
    """narrows names layers as the modules of `encoder` and `decoder`; here they are one `Sequential`."""
    from safetensors.torch import load_file

    model = network(task)
    encoder_modules = 2 * len(task.workload["hidden"]) - 1
    state = {}
    for name, tensor in load_file(task.folder / "model.safetensors").items():
        part, index, kind = name.split(".")
        state[f"{int(index) + (encoder_modules if part == 'decoder' else 0)}.{kind}"] = tensor
    model.load_state_dict(state)
    return model


def versions() -> dict[str, str]:
    return {"PyTorch": torch.__version__.split("+")[0]}


if __name__ == "__main__":
    given = task(list(VARIANTS))
    torch.set_num_threads(given.threads)
    {"training": train, "inference": infer}[given.workload["kind"]](given)
