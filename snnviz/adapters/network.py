"""`NetworkEncoder`: the first layer of neurons of any network, or another that is named."""

import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from snnviz.adapters.emitting import Emissions, compact
from snnviz.adapters.encoder import Encoder
from snnviz.adapters.feeding import Source, by_step, in_axes
from snnviz.adapters.hooks import Call, Stop, run, stopping
from snnviz.adapters.kernels import find_kernels
from snnviz.adapters.probing import NoWayError, Probe, Site, listen
from snnviz.adapters.recording import (
    Recorder,
    as_source,
    check_sizes,
    check_steps,
    chunks,
    device_of,
    unwrapped,
)
from snnviz.adapters.state import Start, copy_network
from snnviz.data import normalize
from snnviz.errors import ConfigError, ShapeError
from snnviz.neurons.first_spike import drive_thresholds, first_spike
from snnviz.records.spikes import SpikeRecord

# Values of a layer of all steps that are computed together, where it keeps its state in between:
# 64 MB of float32.
_VALUES = 1 << 24
_BLOCK = 8
# Sides of images that networks are made for.
_SIZES = (28, 32, 34, 48, 64, 96, 128, 224)


@dataclass(frozen=True, eq=False)
class Known:
    """What was found of a network for images of one shape.

    Attributes:
        found: How it takes them.
        site: The layer of neurons that is recorded.
        steps: Over how many steps the network loops, or the only number that it takes; else None.
        proven: Whether the network's own run was looked at with images of another shape, since it
            takes none of this one.
    """

    found: Probe
    site: Site
    steps: int | None
    proven: bool = False


class NetworkEncoder(Encoder):
    """The encoder of a network that is run as it is.

    It is found by running the network on the first images: which layer is called first, and
    whether its drive is the same at each step. Then the drive is computed once, and the neurons
    alone are stepped, or their first spikes found by exact thresholds. The first images are also
    recorded from the network's own run; where the two differ, all are, and a warning says so.

    Args:
        net: The network; the encoder has a copy of it, so that its later training does not matter.
        layer: Name of the layer of neurons; None: the first that is called.
        T: Number of time steps where `encode` is told none; None: as many as the network says.
        mean: What the network expects to be subtracted from images in [0, 1]: one number, or one a
            channel; None: nothing.
        std: What it expects them to be divided by after that.
        copy: Whether the encoder has a copy of the network; without, it changes with it.

    Raises:
        ConfigError: It has no spiking neurons, or no layer of that name.
    """

    def __init__(
        self,
        net: nn.Module,
        layer: str | None = None,
        T: int | None = None,
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        copy: bool = True,
    ) -> None:
        bare = unwrapped(net)
        self._net = copy_network(bare) if copy else bare
        if copy and self._net is bare:
            warnings.warn(
                f"{type(bare).__name__} cannot be copied faithfully: the encoder uses the network "
                "itself, and changes with it",
                stacklevel=3,
            )
        self._layer = layer
        self._normalization = (mean, std)
        self._recorder = Recorder(self._net, layer)
        self._known: dict[tuple[Any, ...], Known] = {}
        # Whether it held, and up to which brightness of images.
        self._proven: dict[tuple[Any, ...], tuple[bool, float]] = {}
        self._last: Known | None = None
        self.T = T or self._recorder.stated or 4
        self._told_T = T is not None
        self.layer = layer or ""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of its neurons for one of the last images."""
        return self._seen.site.shape

    @property
    def channels(self) -> int:
        """Number of feature maps, or of neurons of a linear layer."""
        return self.shape[0]

    @property
    def in_channels(self) -> int:
        """Channels of the images that its first convolution takes; 1 where it has none."""
        first = next((m for m in self._net.modules() if isinstance(m, nn.Conv2d)), None)
        return 1 if first is None else first.in_channels

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return device_of(self._net)

    @property
    def kernels(self) -> NDArray[np.float32]:
        """Weights of the layer between the pixels and the neurons, float32 [K, C, kh, kw]; a copy.

        Those of a linear layer are its receptive fields, as large as the image.

        Raises:
            ConfigError: There are several such layers, or none.
        """
        known = self._seen
        with self._recorder.running() as start:
            return find_kernels(
                self._net, known.site, lambda source: self._reach(known, source, start),
                self._sample
            )  # fmt: skip

    def integrates(self) -> tuple[float, float | None] | None:
        """`v_threshold` and `v_reset` of integrate-and-fire neurons, None of others."""
        layer = self._seen.site.layer
        return layer.framework.integrates(layer.module)

    @property
    def neurons(self) -> str:
        """The class of its neurons, and whose it is."""
        layer = self._seen.site.layer
        return f"{layer.kind} of {layer.framework.name}"

    def to(self, device: str | torch.device) -> "NetworkEncoder":
        """The same encoder, computing on `device`."""
        mean, std = self._normalization
        T = self.T if self._told_T else None
        moved = NetworkEncoder(self._net, self._layer, T, mean=mean, std=std)
        moved._net.to(device)
        return moved

    def prepare(self, images: Tensor | NDArray[np.floating], T: int | None = None) -> None:
        """Run the network on the first images, to know how it takes them."""
        source = self._source(images)
        with self._recorder.running() as start:
            self._steps(self._know(source, T, start), source, T)

    def encode(
        self,
        images: Tensor | NDArray[np.floating],
        T: int | None = None,
        *,
        sequence: bool = False,
    ) -> SpikeRecord:
        """The spikes of `images` over T steps, from the network's start.

        Args:
            images: Floats [N, ...] as the network takes an image; or a sequence [T, N, ...].
            T: Number of time steps, >= 1; None: as many as the network says, or 4.
            sequence: Whether `images` are a sequence, such as event frames.

        Raises:
            ShapeError: They are no finite floats.
            ConfigError: T is below 1; the network cannot be run so, draws random numbers, or emits
                no spikes.
        """
        check_steps(T)
        source = self._source(images, sequence=sequence)
        with self._recorder.running() as start:
            known = self._know(source, T, start)
            T = self._steps(known, source, T)
            if not known.found.way.loops or known.steps == 1:
                self._recorder.check_steps(known.found, T)
            if self._is_still(known) and self._prove(known, source, T, start):
                fast = self._recording(known, T, start)
                return SpikeRecord.joined(
                    [fast(chunk)[:count] for chunk, count in chunks(source, known.found)]
                )
            own, _ = self._recorder.own(known.found, source, T, [known.site], start)
            return own[known.site.name].record

    def drive(self, images: Tensor | NDArray[np.floating]) -> Tensor:
        """Input current of the neurons, float32 [N, ...]; it does not change with t."""
        source = self._source(images)
        with self._recorder.running() as start:
            known = self._know(source, None, start)
            if not self._is_still(known):
                raise ConfigError(
                    f"the input current of {known.site.name} changes with t; leave out what shows "
                    "it"
                )
            parts = [
                self._drive(known, chunk, start)[0][:count]
                for chunk, count in chunks(source, known.found)
            ]
        return torch.cat(parts).float()

    def record_size(self, image_size: tuple[int, int], T: int) -> int:
        """About how many bytes the record of an image of that height and width takes.

        The layer's size is taken to grow with the image's, from that of the last images.
        """
        neurons, seen = int(np.prod(self.shape)), self._sample.values.shape[-2:]
        larger = int(np.prod(image_size)) / max(1, int(np.prod(seen)))
        trains = 0 if self.is_renewal else -(-T // 8)
        return ceil(neurons * larger) * (np.min_scalar_type(T).itemsize + trains)

    def encode_sequence(self, frames: NDArray[np.floating], T: int | None = None) -> SpikeRecord:
        """The spikes of sequences of inputs, such as event frames, over T steps."""
        return self.encode(frames, T, sequence=True)

    def _source(self, images: Tensor | NDArray[np.floating], *, sequence: bool = False) -> Source:
        """The images as the network expects them."""
        source = as_source(images, self._net, sequence=sequence)
        return normalized(source, *self._normalization)

    @property
    def _seen(self) -> Known:
        if self._last is None:
            self._run_on_noise()
        assert self._last is not None  # noqa: S101 - it was run
        return self._last

    def _run_on_noise(self) -> None:
        """Run the network on images of usual sizes, where it has not been run on any yet."""
        with self._recorder.running() as start:
            self._try_noise(start)

    def _try_noise(self, start: Start) -> Known:
        """What is known of the network for images of a usual size, whose neurons are proven.

        Raises:
            ConfigError: It takes none of them.
        """
        generator = torch.Generator().manual_seed(0)
        for size in _SIZES:
            images = torch.rand(2, self.in_channels, size, size, generator=generator)
            source = as_source(images, self._net)
            try:
                known = self._look(source, None, start)
            except NoWayError:
                continue
            if self._is_still(known) and not self._prove(known, source, known.steps or 4, start):
                continue
            return known
        raise ConfigError(
            f"{type(self._net).__name__} takes no images of {_SIZES[0]} to {_SIZES[-1]} pixels a "
            "side: encode or prepare images first, so that it can be asked about its layers"
        )

    def _know(self, source: Source, T: int | None, start: Start) -> Known:
        """How the network takes images like these, found once."""
        form = _form(source)
        if form not in self._known:
            try:
                self._look(source, T, start)
            except NoWayError:
                if source.sequence:
                    raise
                self._known[form] = self._reached(source, start)
            self._sample = source.take([0])
            self.layer = self._known[form].site.name
        self._last = self._known[form]
        return self._last

    def _look(self, source: Source, T: int | None, start: Start) -> Known:
        """The same, found by running the network on the first of these images.

        Raises:
            NoWayError: It does not run on them.
            ConfigError: As `encode`.
        """
        self._sample = source.take([0])
        found = self._recorder.probe(source, T, start)
        (site,) = self._recorder.chosen(found)
        self._recorder.check_random(found, [site], None)
        steps = found.way.steps if not found.way.timers else None
        self._known[_form(source)] = self._last = Known(found, site, steps)
        self.layer = site.name
        return self._last

    def _reached(self, source: Source, start: Start) -> Known:
        """What is known for images that the network takes up to the layer and no further.

        Its later layers may be made for images of one size. That the drive is still, and that the
        neurons alone emit what they emit in the network, is then found with images of that size.

        Raises:
            NoWayError: The layer is not reached with these images, or nothing is known of others.
        """
        others = [known for known in self._known.values() if self._is_still(known)]
        if not others:
            with suppress(ConfigError, NoWayError):
                others = [self._try_noise(start)]
        if not others or not self._is_still(others[0]):
            self._recorder.probe(source, None, start)  # which says why it does not run
        known = others[0]
        try:
            drive, _ = self._drive(known, source.take([0, 0]), start)
        except ConfigError as error:
            raise NoWayError(
                f"{known.site.name} is not reached with images of shape "
                f"{list(source.values.shape[1:])} ({error}); check their size and channels"
            ) from error
        if len(drive) != 2:
            raise NoWayError(f"of 2 images {len(drive)} arrive at {known.site.name}")
        site = replace(known.site, shape=tuple(drive.shape[1:]))
        found = replace(known.found, sites=(site,))
        return Known(found, site, known.steps, proven=True)

    def _steps(self, known: Known, source: Source, T: int | None) -> int:
        if T is None and self._told_T and not source.sequence:
            T = self.T
        steps = self._recorder.steps(known.found, source, T)
        if T is None:
            self.T = steps
        return steps

    def _is_still(self, known: Known) -> bool:
        """Whether the drive of the recorded layer is known to be the same at each step."""
        first = known.site.layer is known.found.first and known.site.place == 0
        return first and known.found.still and not self._sample.sequence

    def _prove(self, known: Known, source: Source, T: int, start: Start) -> bool:
        """Whether stepping the neurons alone gives what the network itself emits.

        Held against each other are the brightest of the first images that are recorded over so
        many steps, and of later ones that are brighter still: neurons that stay silent would agree
        with anything.

        Raises:
            ConfigError: It does not, and the network itself can make other numbers of steps only.
        """
        form = (known, T)
        if known.proven:
            return True
        level = _brightness(source)
        held, up_to = self._proven.get(form, (True, -1.0))
        if not held or level <= up_to:
            return held
        chunk, _ = next(chunks(_brightest(source), known.found))
        steps = min(T, known.steps or T)
        way = known.found.way
        if known.steps is None and (way.feed != "image" or way.loops):
            # Long runs of all steps at once take memory for each of them, in every layer.
            neurons = int(np.prod(known.site.shape)) * len(chunk)
            steps = min(T, max(_BLOCK // 2, _VALUES // 4 // max(1, neurons)))
        heard = listen(
            self._net, [known.site.layer], known.found.way, chunk,
            known.steps or steps, start=start,
        )  # fmt: skip
        own = heard[known.site.layer.name, 0].emissions
        try:
            same = _agree(self._recording(known, T, start)(chunk), own, steps)
        except ConfigError:
            if known.steps not in (None, T):
                raise
            same = False
        if not same:
            self._recorder.check_steps(known.found, T)
            warnings.warn(
                f"stepped alone, {known.site.name} ({known.site.layer.kind}) emits other spikes "
                "than in the network's own run, which is recorded instead",
                stacklevel=3,
            )
        self._proven[form] = same, level
        return same

    def _recording(self, known: Known, T: int, start: Start) -> Callable[[Source], SpikeRecord]:
        """What records a chunk of images without the network's own run."""
        layer, sizes = known.site.layer, set[float]()

        def step(chunk: Source) -> SpikeRecord:
            emissions = self._stepped(known, chunk, T, start)
            sizes.update(emissions.sizes())
            check_sizes(layer, sizes)
            return emissions.record(T)

        def threshold(chunk: Source) -> SpikeRecord:
            drive = self._drive(known, chunk, start)[0]
            if drive.dtype != torch.float32:  # under autocast, for example
                return step(chunk)
            times = first_spike(
                np.ascontiguousarray(drive.cpu().numpy()),
                drive_thresholds(*self.renewal_parameters(), T),
            )
            return SpikeRecord.from_first_spike(times, T)

        return threshold if self.is_renewal else step

    def _reach(self, known: Known, source: Source, start: Start) -> Call:
        """The call of the layer, when the network first comes to it."""
        way = known.found.way
        start.begin()
        feed = source.flat() if way.flat else source
        given = feed.step(0) if way.feed == "image" else feed.all_steps(known.steps or 1, way.feed)
        with stopping(known.site.layer):
            try:
                run(self._net, given)
            except Stop as stop:
                return stop.call
        raise ConfigError(f"{known.site.name} is not reached with these images")

    def _drive(self, known: Known, chunk: Source, start: Start) -> tuple[Tensor, Call]:
        """The drive of a chunk, [N, ...], and the call in which it entered the neurons."""
        call = self._reach(known, chunk, start)
        layer = known.site.layer
        axes = layer.framework.axes(layer.module, call.drive)
        drive = by_step(call.drive, axes, len(chunk), layer.framework.steps(layer.module))[0]
        # Not a number would compare as larger than every threshold and pass for a spike.
        if not torch.isfinite(drive).all():
            raise ShapeError("the drive is not finite; check the network's weights")
        return drive, call

    def _stepped(self, known: Known, chunk: Source, T: int, start: Start) -> Emissions:
        """What the neurons alone emit in T steps of a drive that does not change."""
        drive, call = self._drive(known, chunk, start)
        layer = known.site.layer
        axes = layer.framework.axes(layer.module, call.drive)
        emissions, states = Emissions(layer), call.arguments
        block = 1 if axes == "step" else T
        if block > 1 and known.steps is None and T * drive.numel() > _VALUES:
            block = max(1, min(_BLOCK, _VALUES // 4 // drive.numel()))
        start.begin()
        for first in range(0, T, block):
            count = min(block, T - first)
            given = in_axes(drive.unsqueeze(0).repeat(count, *[1] * drive.ndim), axes)
            emitted, states = _call(layer.module, given, states, layer.framework.emitted)
            emissions.add(
                by_step(compact(emitted), axes, len(chunk), layer.framework.steps(layer.module))
            )
        if emissions.T != T:
            raise ConfigError(f"{layer.kind} makes {emissions.T} steps of {T} when stepped alone")
        return emissions


def _form(source: Source) -> tuple[Any, ...]:
    """What images have in common that a network takes in one way."""
    return source.sequence, source.values.shape[2 if source.sequence else 1 :]


def _brightest(source: Source) -> Source:
    """Still images by falling brightness."""
    levels = source.values.flatten(1).double().abs().sum(1)
    return source.take(levels.argsort(descending=True, stable=True).tolist())


def _brightness(source: Source) -> float:
    """How bright the brightest still image is."""
    return float(source.values.flatten(1).double().abs().sum(1).max())


def _agree(record: SpikeRecord, own: Emissions, steps: int) -> bool:
    """Whether a record has the spikes that the network itself emitted, for its first steps."""
    values = own.by_step(steps)
    total = np.zeros(values[0].shape, np.int64)
    for t, step in enumerate(values):
        total += step.numpy()
        if not np.array_equal(record.count(t), total):
            return False
    return True


def normalized(source: Source, mean: Sequence[float] | None, std: Sequence[float] | None) -> Source:
    """Images as a network expects them: less the mean, over the standard deviation."""
    if mean is None and std is None:
        return source
    whole = source.values.flatten(0, 1) if source.sequence else source.values
    normal = torch.from_numpy(normalize(whole.cpu().float().numpy(), mean or (0,), std or (1,)))
    return Source(normal.to(source.values).reshape(source.values.shape), source.sequence)


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


def split_encoder(
    net: nn.Module,
    layer: str | None = None,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> Encoder:
    """The encoder of `net`: all up to and with its first layer of spiking neurons.

    Which layer that is, and what enters it, is found when images are encoded, by running the
    network: neither the order of registration nor what kind of code its `forward` is matters.

    Args:
        net: A network with spiking neurons of SpikingJelly, snnTorch, Norse or sinabs.
        layer: The name of another layer, as `named_modules` has it, to be recorded instead.
        mean: What the network expects to be subtracted from images in [0, 1]: one number, or one a
            channel; None: nothing.
        std: What it expects them to be divided by after that.

    Raises:
        ConfigError: It has no spiking neurons, or no such layer.
    """
    return NetworkEncoder(net, layer, mean=mean, std=std)
