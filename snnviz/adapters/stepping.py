"""A first layer of neurons without its network: its drive once, then the neurons alone."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from math import prod
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from snnviz.adapters.calls import Call, Stop, run, stopping
from snnviz.adapters.emitting import Emissions, check_sizes, compact
from snnviz.adapters.feeding import Source, by_step, in_axes
from snnviz.adapters.listening import Probe, Site, listen
from snnviz.adapters.state import Start
from snnviz.adapters.stems import Watch
from snnviz.errors import ConfigError, ShapeError
from snnviz.neurons import fused
from snnviz.neurons.first_spike import first_spike
from snnviz.neurons.repeating import FirstSpikes, first_spikes, integrating
from snnviz.records.spikes import SpikeRecord

# Values of a layer of all steps that are computed together, where it keeps its state in between:
# 64 MB of float32.
_VALUES = 1 << 24
_BLOCK = 8
# Neurons times steps of a chunk from which on exact times are worth finding, and about how many
# neurons are stepped at once for that.
_WORTH, _PROBED = 1 << 21, 1 << 17
_BYTE = np.iinfo(np.uint8).max
# What was found for each layer of neurons, by its rule, number of steps and place.
_FOUND: WeakKeyDictionary[nn.Module, dict[tuple[Any, ...], FirstSpikes | None]] = (
    WeakKeyDictionary()
)


@dataclass(frozen=True, eq=False)
class Known:
    """What was found of a network for images of one shape.

    Attributes:
        found: How it takes them.
        site: The layer of neurons that is recorded.
        proven: Whether the network's own run was looked at with images of another shape, since it
            takes none of this one.
    """

    found: Probe
    site: Site
    proven: bool = False

    @property
    def steps(self) -> int | None:
        """Over how many steps the network loops, or the only number that it takes; else None."""
        return None if self.found.way.timers else self.found.way.steps

    @property
    def is_still(self) -> bool:
        """Whether the layer's drive is the same at each step, for a still image."""
        return self.site.layer is self.found.first and self.site.place == 0 and self.found.still

    @property
    def takes_all_steps(self) -> bool:
        """Whether the network takes all steps, of any number, in one call."""
        way = self.found.way
        return self.steps is None and (way.feed != "image" or way.loops)

    def is_large(self, T: int, images: int) -> bool:
        """Whether all steps of the layer are too many to be computed in one call."""
        return self.takes_all_steps and T * images * prod(self.site.shape) > _VALUES


class Stepping:
    """Records a layer whose drive is the same at each step, without the network's own run.

    Args:
        net: The network.
        known: What was found of it.
        start: Puts it at its start.
    """

    def __init__(self, net: nn.Module, known: Known, start: Start) -> None:
        self._net, self._known, self._start = net, known, start
        self._layer = known.site.layer
        self._sizes: set[float] = set()

    def reach(self, source: Source, watch: Watch | None = None) -> Call:
        """The call of the layer, when the network first comes to it.

        Args:
            source: The images.
            watch: Notes what is made of them.

        Raises:
            ConfigError: It does not, or raises an error before.
        """
        way = self._known.found.way
        self._start.begin()
        feed = source.flat() if way.flat else source
        once = self._known.steps or 1
        given = feed.step(0) if way.feed == "image" else feed.all_steps(once, way.feed)
        with stopping(self._layer), nullcontext() if watch is None else watch.over(given):
            try:
                run(self._net, given, told=way.told(once))
            except Stop as stop:
                return stop.call
        raise ConfigError(f"{self._known.site.name} is not reached with these images")

    def drive(self, chunk: Source, watch: Watch | None = None) -> tuple[Tensor, Call]:
        """The drive of a chunk, [N, ...], and the call in which it entered the neurons.

        Raises:
            ConfigError: As `reach`.
            ShapeError: It is not finite.
        """
        call = self.reach(chunk, watch)
        layer = self._layer
        axes = layer.framework.axes(layer.module, call.drive)
        drive = by_step(call.drive, axes, len(chunk), layer.framework.steps(layer.module))[0]
        # Not a number would compare as larger than every threshold and pass for a spike.
        if not np.isfinite(drive.cpu().float().numpy()).all():
            raise ShapeError("the drive is not finite; check the network's weights")
        return drive, call

    def recording(self, T: int) -> Callable[[Source], SpikeRecord]:
        """What records a chunk of images over T steps, see `record`."""
        return lambda chunk: self.record(*self.drive(chunk), T)

    def record(self, drive: Tensor, call: Call, T: int) -> SpikeRecord:
        """The record of a drive that is the same at each of T steps.

        By the exact thresholds where neurons integrate, fire and reset to one value, or leak and
        do so, and otherwise by stepping them.

        Args:
            drive: [N, ...].
            call: One of the layer with as many images.
            T: Number of time steps.

        Raises:
            ConfigError: The neurons cannot be stepped alone, or emit no spikes.
        """
        found = self.first_spikes(drive, call, T)
        if found is None:
            return self._step(drive, call, T)
        values = np.ascontiguousarray(drive.cpu().numpy())
        times, each, unknown = found.read(_compare(values, found.cuts))
        record = SpikeRecord.from_repeating(times, T, each)
        if not len(unknown):
            return record
        trains = self._trains(values.reshape(-1)[unknown], drive, call, T)
        return record.with_trains(unknown, trains)

    def agrees(self, chunk: Source, T: int) -> bool:
        """Whether that gives what the network itself emits, for a chunk of images.

        Where the network takes all steps of a large layer at once, the first few of them count:
        more take memory for each, in every layer up to that one.

        Raises:
            ConfigError: The neurons cannot be stepped alone, nor can the network make T steps.
        """
        known = self._known
        steps = min(T, known.steps or T)
        if known.takes_all_steps:
            neurons = prod(known.site.shape) * len(chunk)
            steps = min(T, max(_BLOCK // 2, _VALUES // 4 // max(1, neurons)))
        heard = listen(
            self._net, [self._layer], known.found.way, chunk, known.steps or steps,
            start=self._start, until=known.found.called_once([self._layer]),
        )  # fmt: skip
        own = heard[self._layer.name, 0].emissions
        try:
            return _agree(self.recording(T)(chunk), own, steps)
        except ConfigError:
            if known.steps not in (None, T):
                raise
            return False

    def first_spikes(self, drive: Tensor, call: Call, T: int) -> FirstSpikes | None:
        """Exact first-spike times of the layer's neurons; None where there are none for it.

        They are found once for a layer.

        Args:
            drive: A drive of the layer, [N, ...].
            call: In which it entered.
            T: Number of time steps.
        """
        if drive.dtype != torch.float32:  # under autocast, for example
            return None
        module, framework = self._layer.module, self._layer.framework
        if (parameters := framework.integrates(module)) is not None:
            v_threshold, v_reset = parameters
            return None if v_reset is None else integrating(v_threshold, v_reset, T)
        rule = framework.resets(module) if T <= _BYTE else None
        if rule is None or drive.numel() * T < _WORTH or module.training:
            return None
        known = _FOUND.setdefault(module, {})
        asked = rule, T, drive.device, torch.get_num_threads()
        if asked not in known:
            known[asked] = first_spikes(rule, T, lambda x: self._trains(x, drive, call, T))
        return known[asked]

    def _trains(
        self, values: NDArray[np.float32], like: Tensor, call: Call, T: int
    ) -> NDArray[np.unsignedinteger]:
        """How often the neurons fire in each of T steps for any drives, [T, n].

        Args:
            values: The drives, [n]; they are laid out as images.
            like: A drive of the layer, [N, ...].
            call: In which it entered.
            T: Number of time steps.
        """
        shape, size = like.shape[1:], like[0].numel()
        count, most = len(values), max(1, _PROBED // size)
        parts = []
        for begin in range(0, count, most * size):
            some = values[begin : begin + most * size]
            filled = np.resize(some, (-(-len(some) // size), *shape))
            given = torch.from_numpy(filled).to(like.device)
            steps = self._stepped(given, call, T).record(T).steps()
            parts.append(steps.reshape(T, -1)[:, : len(some)])
        return np.concatenate(parts, axis=1)

    def _step(self, drive: Tensor, call: Call, T: int) -> SpikeRecord:
        emissions = self._stepped(drive, call, T)
        record = emissions.record(T)
        self._sizes |= emissions.extremes()
        check_sizes(self._layer, self._sizes)
        return record

    def _stepped(self, drive: Tensor, call: Call, T: int) -> Emissions:
        """What the neurons alone emit in T steps of a drive that does not change."""
        layer = self._layer
        axes = layer.framework.axes(layer.module, call.drive)
        fixed = layer.framework.steps(layer.module)
        emissions, states = Emissions(layer), call.arguments
        block = 1 if axes == "step" else T
        if block > 1 and self._known.steps is None and T * drive.numel() > _VALUES:
            block = max(1, min(_BLOCK, _VALUES // 4 // drive.numel()))
        self._start.begin()
        for first in range(0, T, block):
            count = min(block, T - first)
            given = in_axes(drive.unsqueeze(0).repeat(count, *[1] * drive.ndim), axes)
            emitted, states = _call(layer.module, given, states, layer.framework.emitted)
            emissions.add(by_step(compact(emitted), axes, len(drive), fixed))
        if emissions.T != T:
            raise ConfigError(f"{layer.kind} makes {emissions.T} steps of {T} when stepped alone")
        return emissions


def _compare(
    drive: NDArray[np.float32], cuts: NDArray[np.float32]
) -> "NDArray[np.unsignedinteger]":
    """Of how many `cuts` each drive falls short, by the compiled comparison where it is loaded."""
    if fused.library.cache_info().currsize and len(cuts) <= fused.MOST_STEPS:
        return fused.compare(drive, cuts, torch.get_num_threads())
    return first_spike(drive, cuts)


def _agree(record: SpikeRecord, own: Emissions, steps: int) -> bool:
    """Whether a record has the spikes that the network itself emitted, for its first steps."""
    total = np.zeros(own.shape, np.int64)
    for t, step in enumerate(own.by_step(steps)):
        total += step.numpy()
        if not np.array_equal(record.count(t), total):
            return False
    return True


def _call(
    module: nn.Module,
    drive: Tensor,
    states: tuple[Any, ...],
    emitted: Callable[[nn.Module, Any], Tensor | None],
) -> tuple[Tensor, tuple[Any, ...]]:
    """What a layer of neurons emits, and the states to pass to its next call.

    Raises:
        ConfigError: It raised an error, or returned no spikes.
    """
    try:
        output = module(drive, *states)
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        raise ConfigError(f"{type(module).__name__} cannot be stepped alone: {error}") from error
    spikes = emitted(module, output)
    if spikes is None:
        raise ConfigError(f"{type(module).__name__} returns no tensor of spikes")
    return spikes, tuple(output[-len(states) :]) if states else ()
