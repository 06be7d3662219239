"""Whole checkpoints as their libraries write them, always the same bytes."""

import io
import re
from functools import cache
from unittest import mock

import torch
from safetensors.torch import save as safetensors_bytes
from torch import nn

from snnviz.tutorial.network import NetworkConfig, build_network
from tests.tutorial.layouts.networks import (
    CLASSES_OF_FILES,
    LAYOUTS,
    installed,
    renamed,
    weights,
    whole_network,
)

SMALL = NetworkConfig(T=4, channels=2, image_size=(8, 8))


def save(tree: object, *, legacy: bool = False) -> bytes:
    """What torch.save writes of `tree`, in its format since 1.6 or in the one before."""
    out = io.BytesIO()
    with installed(*CLASSES_OF_FILES):
        if not legacy:
            torch.save(tree, out)
            return out.getvalue()
        # The older format names storages after their addresses, and writes them in that order.
        with mock.patch("torch.serialization.sorted", list, create=True):
            torch.save(tree, out, _use_new_zipfile_serialization=False)
    names: dict[bytes, bytes] = {}
    return re.sub(
        rb"X[\x0d-\x0f]\0\0\0(\d{13,15})",
        lambda found: b"X\x0e\0\0\0%s" % names.setdefault(found[1], b"%014d" % (len(names) + 1)),
        out.getvalue(),
    )


def small_weights() -> dict[str, torch.Tensor]:
    """A state dict of the smallest network, under snnviz's names."""
    return weights(channels=2, sides=(8, 8))


def training(kind: str = "sgd") -> dict[str, object]:
    """What snnviz saves after an epoch: network, optimizer, schedule and settings."""
    net = build_network(SMALL, seed=1)
    options = {"lr": 0.1, "momentum": 0.9} if kind == "sgd" else {"lr": 0.001}
    optimizer = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[kind](
        net.parameters(), **options
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 64)
    for parameter in net.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    schedule.step()
    return {
        "net": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "lr_scheduler": schedule.state_dict(),
        "scaler": {},
        "epoch": 3,
        "max_test_acc": 0.5,
        "network": SMALL.as_dict(),
        "training": {"seed": 1, "lr": 0.1, "opt": kind},
    }


@cache
def bases() -> dict[str, bytes]:
    """Small checkpoints of many forms by what they are, all of which snnviz opens."""
    state = small_weights()
    return {
        "training, SGD": save(training()),
        "training, Adam": save(training("adam")),
        "training, legacy": save(training(), legacy=True),
        "state dict": save(state),
        "state dict, legacy": save({"net": state}, legacy=True),
        "encoder alone": save({k: v for k, v in state.items() if k.startswith("static_conv.")}),
        **{f"{name}, state dict": save({"net": renamed(state, name)}) for name in LAYOUTS},
        "DataParallel": save({"net": {f"module.{key}": value for key, value in state.items()}}),
        "half": save({k: v.half() if v.is_floating_point() else v for k, v in state.items()}),
        **{f"{name}, whole": save(whole_network(name, state)) for name in ("ours", "csnn")},
        "ours, whole": save({"net": build_network(SMALL, seed=1), "epoch": 3, "max_test_acc": 0.5}),
        "parameters": save({k: nn.Parameter(v, requires_grad=False) for k, v in state.items()}),
    }


@cache
def safetensors() -> bytes:
    """The smallest network as a safetensors file."""
    return safetensors_bytes(small_weights(), {"T": "6"})
