"""The sides that `tests.benchmarks.gpu` compares, each of which is a process of its own.

Nothing of snnviz or SpikingJelly is imported before it is known which SpikingJelly is to be found.
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np
import torch

from tests.benchmarks.train import Block, answer, loop_blocks, our_blocks

AMP = "-amp"
NEWER, OLDER = "2.0", "0.14"
TITLES = {
    NEWER: "SpikingJelly 2.0's example, Triton",
    OLDER: "SpikingJelly 0.0.0.0.14's example, CuPy",
    "plain": "snnviz",
    "cupy": "snnviz, `-cupy`",
}
# Potentials take the type of the drive there, and its kernels float32 only.
NEWER_AMP = "SpikingJelly 2.0's example, plain PyTorch, `-amp`"
NAMES = [name + suffix for name in TITLES for suffix in ("", AMP)]
# Ours, the fastest first.
OURS = ["cupy-amp", "cupy", "plain-amp", "plain"]
# Iterations before the clock runs: they use up what loaders prepared in the pause.
UNTIMED = 20


def title(name: str) -> str:
    """What a table calls it."""
    if name == NEWER + AMP:
        return NEWER_AMP
    return TITLES[name.removesuffix(AMP)] + (", `-amp`" if name.endswith(AMP) else "")


def settings(name: str, device: str) -> dict[str, object]:
    """What one of ours is in a `TrainConfig`."""
    cupy = name.startswith("cupy")
    step_mode = "m" if cupy else "s"
    return {"amp": name.endswith(AMP), "cupy": cupy, "step_mode": step_mode, "device": device}


def example_blocks(options: argparse.Namespace, name: str) -> tuple[Block, Block]:
    """The example's multi-step network, and its loops on the GPU."""
    older, device = name.startswith(OLDER), torch.device(options.device)
    if older:
        np.int = int  # noqa: NPY001 - its CuPy kernels ask for it, and NumPy has it no more
        sys.path.insert(0, str(options.older.resolve()))
    elif not name.endswith(AMP):
        # It would fall back to plain PyTorch, and say so only in its log.
        os.environ.setdefault("SJ_IF_CUDA_IMPLEMENTATION", "triton")
    import spikingjelly
    from spikingjelly.activation_based import functional
    from spikingjelly.activation_based.examples.conv_fashion_mnist import CSNN

    found = Path(spikingjelly.__file__).resolve()
    if older and options.older.resolve() not in found.parents:
        sys.exit(f"the SpikingJelly that was found is {found}, not below {options.older}")
    if older:
        net = CSNN(T=4, channels=options.channels, use_cupy=device.type == "cuda")
    else:
        net = CSNN(T=4, channels=options.channels)
        chosen = functional.neuron_implementation("if", device)["implementation"]
        chosen = "torch-reference" if name.endswith(AMP) else chosen
        print(f"{title(name)}: its neurons are {chosen}", file=sys.stderr)
    return loop_blocks(
        net,
        functional.reset_net,
        options.data_dir,
        options.device,
        amp=name.endswith(AMP),
        batch=options.batch,
    )


def serve(options: argparse.Namespace) -> None:
    """Be one side."""
    if options.side in OURS:
        blocks = our_blocks(
            options.data_dir,
            batch=options.batch,
            channels=options.channels,
            **settings(options.side, options.device),
        )
    else:
        blocks = example_blocks(options, options.side)
    answer(blocks, untimed=min(UNTIMED, options.iterations))
