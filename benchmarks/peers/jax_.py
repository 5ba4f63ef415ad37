"""JAX: a whole epoch as one compiled program, its state donated, the data on the device.

    python benchmarks/peers/jax_.py epoch WORKLOAD THREADS ROWS FOLDER SEED
"""

import os
import sys
from pathlib import Path

from common import Task, task, timed_epochs


def hold_to(threads: int) -> None:
    """XLA takes as many threads as the process has processors, and has no setting for it."""
    if hasattr(os, "sched_setaffinity"):
        processors = sorted(os.sched_getaffinity(0))
        if threads < len(processors):
            os.sched_setaffinity(0, processors[:threads])
    elif threads != os.cpu_count():
        sys.exit(f"JAX cannot be held to {threads} threads on this system")


def use_wide_vectors() -> None:
    """XLA prefers vectors of 256 bits where the processor has 512; with them `three-layer` takes a tenth less."""
    information = Path("/proc/cpuinfo")
    if information.exists() and "avx512f" in information.read_text():
        os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_cpu_prefer_vector_width=512"


def train(task: Task) -> None:
    import jax
    import jax.numpy as jnp
    import numpy as np
    from jax.tree_util import tree_map

    batch = task.settings["batch_size"]
    learning_rate, weight_decay = task.settings["learning_rate"], task.settings["weight_decay"]
    beta1, beta2, epsilon = 0.9, 0.999, 1e-8
    pairs = list(zip(task.sizes, task.sizes[1:]))
    latent = len(pairs) // 2 - 1
    # Pixels as bytes: they are normalised while they are gathered.
    data = jax.device_put(task.raw())
    rows = len(data)
    whole = rows // batch * batch

    def initial(key):
        """`nn.Linear`'s: weights and biases uniform in ±1/√inputs."""
        layers = []
        for inputs, outputs in pairs:
            key, for_weight, for_bias = jax.random.split(key, 3)
            bound = inputs**-0.5
            weight = jax.random.uniform(for_weight, (inputs, outputs), minval=-bound, maxval=bound)
            layers.append((weight, jax.random.uniform(for_bias, (outputs,), minval=-bound, maxval=bound)))
        return layers

    def loss_of(layers, x):
        y = x
        for index, (weight, bias) in enumerate(layers):
            y = y @ weight + bias
            if index < len(layers) - 1 and index != latent:
                y = jnp.maximum(y, 0)
        if task.workload["output"] == "tanh":
            y = jnp.tanh(y)
        return jnp.mean((y - x) ** 2)

    def step(state, rows):
        layers, first, second, steps = state
        x = rows.astype(jnp.float32) * (2 / 255) - 1 if rows.dtype == jnp.uint8 else rows
        loss, gradients = jax.value_and_grad(loss_of)(layers, x)
        steps = steps + 1
        step_size = learning_rate / (1 - beta1**steps)
        root = jnp.sqrt(1 - beta2**steps)
        gradients = tree_map(lambda g, p: g + weight_decay * p, gradients, layers)
        first = tree_map(lambda m, g: beta1 * m + (1 - beta1) * g, first, gradients)
        second = tree_map(lambda v, g: beta2 * v + (1 - beta2) * g * g, second, gradients)
        layers = tree_map(lambda p, m, v: p - step_size * m / (jnp.sqrt(v) / root + epsilon), layers, first, second)
        return (layers, first, second, steps), loss

    def epoch(state, data, order):
        gathered = lambda state, indices: step(state, data[indices])
        state, losses = jax.lax.scan(gathered, state, order[:whole].reshape(-1, batch))
        total, batches = losses.sum(), len(losses)
        if whole < rows:
            state, loss = gathered(state, order[whole:])
            total, batches = total + loss, batches + 1
        return state, total / batches

    epoch = jax.jit(epoch, donate_argnums=0)
    layers = initial(jax.random.key(task.seed))
    zeros = lambda: tree_map(jnp.zeros_like, layers)
    state = (layers, zeros(), zeros(), jnp.float32(0))
    # numpy draws the order: jax.random.permutation sorts random keys, which takes longer.
    random = np.random.default_rng(task.seed)

    def run():
        nonlocal state
        state, loss = epoch(state, data, random.permutation(rows).astype(np.int32))
        return loss

    timed_epochs(task, run, {"JAX": jax.__version__})


if __name__ == "__main__":
    given = task(["epoch"])
    hold_to(given.threads)
    use_wide_vectors()
    train(given)
