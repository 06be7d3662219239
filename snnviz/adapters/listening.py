"""Run a network on images and hear what its layers of neurons get and emit, step by step."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from torch import Tensor, nn

from snnviz.adapters.calls import Call, states_in
from snnviz.adapters.emitting import Emissions, compact
from snnviz.adapters.feeding import Source, by_step
from snnviz.adapters.finding import Layer
from snnviz.adapters.hooks import Listener
from snnviz.adapters.protocol import Feed
from snnviz.adapters.state import Start, release_freed_memory
from snnviz.errors import ConfigError

# Steps over which the drive is compared.
STEPS = 3


@dataclass(frozen=True)
class Way:
    """How a network is given images.

    Attributes:
        feed: What it takes in one call.
        flat: Whether each image is one row of numbers.
        batch: How many images it takes in a call, where it takes no other number.
        steps: How many steps it takes or makes by itself, where it can do no others.
        loops: Whether it loops over time by itself, given one image each.
        timers: The attributes, by module and name, that say over how many steps it loops.
        asks: The parameter of its `forward` in which it is told the number of steps; "": none.
    """

    feed: Feed
    flat: bool = False
    batch: int | None = None
    steps: int | None = None
    loops: bool = False
    timers: tuple[tuple[str, str], ...] = ()
    asks: str = ""

    def told(self, T: int) -> dict[str, int]:
        """What the network is given by name in a call."""
        return {self.asks: T} if self.asks else {}


@dataclass(frozen=True, eq=False)
class Site:
    """A layer at one of the places where a network calls it.

    Attributes:
        layer: The layer.
        place: Which place, 0 for the first.
        shape: Of its neurons for one image.
    """

    layer: Layer
    place: int
    shape: tuple[int, ...]

    @property
    def name(self) -> str:
        """The layer's name, with "#2" at its second place."""
        name = self.layer.name or self.layer.kind
        return name if self.place == 0 else f"{name}#{self.place + 1}"


@dataclass(frozen=True, eq=False)
class Probe:
    """What was found of a network by running it on a few images.

    Attributes:
        way: How it is given images.
        first: The first layer of neurons that is called.
        sites: All layers that are called, in that order, at each of their places.
        still: Whether the drive of the first layer is the same at each step.
        random: The layers that emit other spikes where other random numbers are drawn.
        own_steps: Over how many steps the network loops by itself, or the only number it takes.
        mixed: The layers that do something else with an image in other company.
    """

    way: Way
    first: Layer
    sites: tuple[Site, ...]
    still: bool
    random: frozenset[str]
    own_steps: int | None = None
    mixed: frozenset[str] = frozenset()

    def called_once(self, layers: Collection[Layer]) -> Collection[Layer]:
        """The layers, if the network calls each of them once in a step; else none."""
        counts = Counter(site.layer.name for site in self.sites)
        return layers if all(counts[layer.name] == 1 for layer in layers) else ()


Heard = dict[tuple[str, int], "Track"]
Until = Collection[Layer] | Literal["first"]
"""Where a run may end: behind those layers, which the network calls once each, or behind the first
that is known to be one of neurons; but only if they take all steps in that call. (): nowhere."""


class Track:
    """What one layer at one place got and emitted, in the order of the steps."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.emissions = Emissions(layer)
        self.drives: list[Tensor] = []
        self.shape: tuple[int, ...] = ()
        self.images = 0


def listen(
    net: nn.Module,
    layers: Sequence[Layer],
    way: Way,
    source: Source,
    T: int,
    *,
    start: Start,
    seed: int = 0,
    drives: bool | int = False,
    first: bool = False,
    outputs: list[Any] | None = None,
    until: Until = (),
) -> Heard:
    """What the layers of `net` get and emit in T steps, by name and place, the first called first.

    Args:
        net: The network; `snnviz.adapters.state.undisturbed` surrounds this.
        layers: The layers to listen to.
        way: How it takes images.
        source: The images.
        T: Number of time steps.
        start: Puts the network at its start.
        seed: Of the random numbers that it may draw.
        drives: Whether the drives are kept; a number keeps those of so many steps.
        first: Whether drives are kept of the first layer of neurons alone.
        outputs: What the network returns is added here, one entry a call.
        until: Where it need not be run further.

    Raises:
        ConfigError: It cannot be run so.
        ShapeError: A sequence of images is too short.
    """
    most = T if drives is True else int(drives)
    ear = _Ear(most, T, len(source), until, first=first)
    # What one step leaves behind may come back in the next: such runs go to their ends.
    ends = until != () and (way.feed != "image" or way.loops)
    listener = Listener(
        net, layers, ear.keep,
        counted=way.feed != "image", last=ear.is_last if ends else None,
    )  # fmt: skip
    start.begin(seed)
    modules = dict(net.named_modules()) if way.timers else {}
    for name, attribute in way.timers:
        setattr(modules[name], attribute, T)
    heard: Heard = {}
    with listener.listening():
        for calls, output in _runs(listener, net, way, source, T):
            for call in calls:
                _take(heard, call, len(source), most)
            if outputs is not None:
                outputs.append(output)
    if not heard:
        raise ConfigError("no layer of neurons is called")
    return heard


class _Ear:
    """What is kept of calls, and which of them is the last that is wanted."""

    def __init__(self, most: int, T: int, images: int, until: Until, *, first: bool) -> None:
        self._drives, self._first = bool(most), first
        self._T, self._images = T, images
        self._leading: set[str] = set()  # up to the first layer that is known to be one of neurons
        self._certain = False
        self._until_first = until == "first"
        self._missing = set() if until == "first" else {id(layer) for layer in until}

    def keep(self, call: Call) -> Call:
        """A call with its spikes, and with its drive where that is wanted."""
        assert call.emitted is not None  # noqa: S101 - it was let run
        if not self._certain:
            self._leading.add(call.layer.name)
            self._certain = call.layer.framework.certain(call.layer.module)
        wanted = self._drives and (not self._first or call.layer.name in self._leading)
        drive = call.drive.clone() if wanted else call.drive.new_empty(0)
        return replace(call, drive=drive, arguments=(), emitted=compact(call.emitted), entered=None)

    def is_last(self, call: Call) -> bool:
        """Whether nothing is wanted of the run behind this call."""
        if self._until_first:
            return self._certain and self._has_all_steps(call)
        if self._has_all_steps(call):
            self._missing.discard(id(call.layer))
        return not self._missing

    def _has_all_steps(self, call: Call) -> bool:
        layer = call.layer
        axes = layer.framework.axes(layer.module, call.drive)
        if axes == "step" or call.emitted is None:
            return False
        steps = layer.framework.steps(layer.module)
        return len(by_step(call.emitted, axes, self._images, steps)) == self._T


@dataclass(frozen=True, eq=False)
class Trial:
    """A network that is tried out.

    Attributes:
        net: The network.
        layers: Its layers of neurons.
        start: Puts it at its start.
    """

    net: nn.Module
    layers: Sequence[Layer]
    start: Start

    def run(
        self,
        way: Way,
        source: Source,
        steps: int,
        seed: int = 0,
        until: Until = (),
        *,
        first: bool = True,
    ) -> Heard:
        """As `listen`, with drives over a few steps, of the first layer of neurons or of all."""
        return listen(
            self.net, self.layers, way, source, steps,
            start=self.start, seed=seed, drives=STEPS, first=first, until=until,
        )  # fmt: skip


def _runs(
    listener: Listener, net: nn.Module, way: Way, source: Source, T: int
) -> Iterator[tuple[list[Call], Any]]:
    """Calls and output of each run of the network, of as many runs as T steps need."""
    source = source.flat() if way.flat else source
    if source.is_large:
        release_freed_memory()
    if way.feed != "image":
        yield listener.run(source.all_steps(T, way.feed), told=way.told(T))
        return
    if way.loops:
        yield listener.run(source.step(0), told=way.told(T))
        return
    states: tuple[Any, ...] = ()
    for t in range(T):
        calls, output = listener.run(source.step(t), states)
        states = states_in(net, output)
        yield calls, output
        if source.is_large:
            release_freed_memory()


def _take(heard: Heard, call: Call, images: int, most: int) -> None:
    layer = call.layer
    track = heard.setdefault((layer.name, call.place), Track(layer))
    axes = layer.framework.axes(layer.module, call.drive)
    steps = layer.framework.steps(layer.module) if axes == "together" else None
    assert call.emitted is not None  # noqa: S101 - it was let run
    emitted = by_step(call.emitted, axes, images, steps)
    if emitted.ndim < 2:
        raise ConfigError(f"{layer.name} ({layer.kind}) emits no axis of images")
    track.images, track.shape = int(emitted.shape[1]), tuple(emitted.shape[2:])
    track.emissions.add(emitted)
    if most > len(track.drives) and call.drive.numel():
        drive = by_step(call.drive, axes, images, steps)
        track.drives += list(drive[: most - len(track.drives)])
