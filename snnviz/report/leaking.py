"""How the potential of leaky neurons moves, for a page: their rule, held against their own code."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from spikingjelly.activation_based import functional, neuron
from torch import nn

from snnviz.adapters.chain import ChainEncoder
from snnviz.adapters.encoder import Encoder
from snnviz.adapters.network import NetworkEncoder
from snnviz.data import Sample
from snnviz.errors import SnnvizError
from snnviz.export.encoding import inputs
from snnviz.neurons.rule import IntegrateAndFire
from snnviz.records.spikes import SpikeRecord

Floats = NDArray[np.float32]
Step = tuple[Floats, NDArray[np.bool_], Floats]

# A rule holds where so many of the neurons, at most, spike otherwise: rounding, on a threshold.
_OTHERWISE = 1e-4
# Potentials are shown to three digits; so far they may lie from the neurons' own.
_NEAR = 1e-4


def leaky_rule(
    encoder: Encoder, samples: list[Sample], record: SpikeRecord, T: int
) -> dict[str, Any]:
    """What a page needs to compute potentials of leaky neurons of one variable; {} of others.

    The rule is that of SpikingJelly's LIF and PLIF and snnTorch's Leaky. It is given only where
    the neurons' own code, stepped on the drive of an image, has those potentials, and the record
    of that image those spikes.

    Args:
        encoder: The encoder.
        samples: Still images of one size.
        record: Theirs, as channels.
        T: Number of time steps.
    """
    if not isinstance(encoder, ChainEncoder | NetworkEncoder):
        return {}
    rule = _rule_of(encoder.node)
    if not rule:
        return {}
    try:
        drive = encoder.drive(inputs(samples[:1]))
    except SnnvizError:  # it changes with t
        return {}
    spikes = record.spikes()[:, :1].reshape(T, -1)
    if drive.numel() != spikes.shape[1]:
        return {}
    with suppress(Exception):  # of a user's code in the neurons
        if _holds(rule, encoder.node, drive, spikes):
            return rule
    return {}


def stepped_agreement(
    rule: Mapping[str, Any], drive: Floats, spikes: NDArray[np.bool_]
) -> tuple[int, int]:
    """How many neurons spike by a rule in the steps in which they do, and of how many.

    Args:
        rule: From `leaky_rule`, or `v_threshold` and `v_reset` of integrate-and-fire neurons.
        drive: As the page computes it, float32 [N, K, H, W].
        spikes: The record's, [T, N, K, H, W].
    """
    same = np.ones(drive.shape, np.bool_)
    for (_, fires, _), recorded in zip(_steps(rule, drive), spikes, strict=False):
        same &= fires == recorded
    return int(same.sum()), same.size


def _rule_of(node: nn.Module) -> dict[str, Any]:
    """The numbers of a rule, as float32 has them."""
    values: Any = node
    if type(node) in (neuron.LIFNode, neuron.ParametricLIFNode):
        learnt = type(node) is neuron.ParametricLIFNode
        tau = 1 / float(values.w.detach().sigmoid()) if learnt else values.tau
        reset = values.v_reset
        return {
            "v_threshold": _single(values.v_threshold),
            "v_reset": None if reset is None else _single(reset),
            "tau": _single(tau),
            "decay_input": bool(values.decay_input),
        }
    if _is_leaky(node) and values.beta.numel() == values.threshold.numel() == 1:
        return {
            "v_threshold": _single(values.threshold),
            "beta": _single(values.beta.clamp(0, 1)),
            "reset": str(values.reset_mechanism),
        }
    return {}


def _is_leaky(node: nn.Module) -> bool:
    """Whether it is snnTorch's Leaky, which need not be installed, as it is by default."""
    values: Any = node
    kind = type(node)
    return (
        (kind.__module__.split(".")[0], kind.__name__) == ("snntorch", "Leaky")
        and values.reset_delay
        and not values.state_quant
        and not values.inhibition
    )


def _single(value: Any) -> float:
    """The shortest number that float32 rounds to the same."""
    there = value.detach().cpu().reshape(()) if isinstance(value, torch.Tensor) else value
    return float(str(np.float32(there)))


def _holds(
    rule: Mapping[str, Any], node: nn.Module, drive: torch.Tensor, spikes: NDArray[np.bool_]
) -> bool:
    """Whether spikes and potentials are those of the neurons' own code, and of the record."""
    own = _own_steps(deepcopy(node), drive, rule)
    same = np.ones(spikes.shape[1], np.bool_)
    apart, largest = np.zeros(spikes.shape[1], np.float32), 1e-30
    steps = zip(_steps(rule, drive.cpu().numpy().reshape(-1)), own, spikes, strict=False)
    for (v, fires, after), potential, recorded in steps:
        same &= fires == recorded
        apart = np.maximum(apart, np.abs((v if "beta" in rule else after) - potential))
        largest = max(largest, float(np.abs(potential).max()), float(np.abs(v).max()))
    return bool(same.mean() >= 1 - _OTHERWISE and (apart[same] <= _NEAR * largest).all())


def _steps(rule: Mapping[str, Any], drive: Floats) -> Iterator[Step]:
    """At each step the potential, whether it spikes, and what is left, as the page has them."""
    if "beta" not in rule:
        leaks = IntegrateAndFire(**rule)
        kept = np.full_like(drive, leaks.start)
        while True:
            v = leaks.charge(kept, drive)
            fires = leaks.fires(v)
            kept = leaks.reset(v, fires.astype(np.float32))
            yield v, fires, kept
    beta, threshold = np.float32(rule["beta"]), np.float32(rule["v_threshold"])
    v, fires = np.zeros_like(drive), np.zeros(drive.shape, np.bool_)
    while True:
        kept = np.where(fires, np.float32(0), v) if rule["reset"] == "zero" else v
        v = beta * kept + drive
        if rule["reset"] == "subtract":
            v = v - fires * threshold
        fires = v - threshold > 0
        yield v, fires, v


@torch.inference_mode()
def _own_steps(node: nn.Module, drive: torch.Tensor, rule: Mapping[str, Any]) -> Iterator[Floats]:
    """What the neurons keep of each step."""
    values: Any = node
    if "beta" not in rule:
        functional.set_step_mode(node, "s")
        functional.reset_net(node)
        while True:
            node(drive)
            yield values.v.cpu().numpy().reshape(-1)
    values.mem = torch.zeros_like(drive)
    values.init_hidden = True
    while True:
        node(drive)
        yield values.mem.cpu().numpy().reshape(-1)
