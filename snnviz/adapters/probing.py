"""How a network takes images, and what its first layer of neurons sees: found by trying."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from snnviz.adapters.emitting import Emissions, compact
from snnviz.adapters.feeding import Source, by_step
from snnviz.adapters.finding import Layer
from snnviz.adapters.hooks import TIMERS, Call, Listener, run, states_in
from snnviz.adapters.protocol import Feed
from snnviz.adapters.state import Start, tensors_of
from snnviz.errors import ConfigError, ShapeError

# Steps over which the drive is compared, and images that are tried together.
_STEPS, _IMAGES = 3, 2
# Values of an image from which on one step less is compared.
_LARGE = 1 << 15
_FEEDS: tuple[Feed, ...] = (
    "image",
    "time first",
    "images first",
    "together",
    "time last",
    "time third",
)


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
    """

    feed: Feed
    flat: bool = False
    batch: int | None = None
    steps: int | None = None
    loops: bool = False
    timers: tuple[tuple[str, str], ...] = ()


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
    """

    way: Way
    first: Layer
    sites: tuple[Site, ...]
    still: bool
    random: frozenset[str]
    own_steps: int | None = None


Heard = dict[tuple[str, int], "Track"]


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

    Raises:
        ConfigError: It cannot be run so.
        ShapeError: A sequence of images is too short.
    """
    most = T if drives is True else int(drives)
    heard: Heard = {}
    leading: set[str] = set()  # up to the first layer that is known to be one of neurons
    certain = False

    def keep(call: Call) -> Call:
        nonlocal certain
        assert call.emitted is not None  # noqa: S101 - it was let run
        if not certain:
            leading.add(call.layer.name)
            certain = call.layer.framework.certain(call.layer.module)
        wanted = most and (not first or call.layer.name in leading)
        drive = call.drive.clone() if wanted else call.drive.new_empty(0)
        emitted = compact(call.emitted)
        return replace(call, drive=drive, arguments=(), emitted=emitted, entered=None)

    listener = Listener(net, layers, keep, counted=way.feed != "image")
    start.begin(seed)
    modules = dict(net.named_modules()) if way.timers else {}
    for name, attribute in way.timers:
        setattr(modules[name], attribute, T)
    with listener.listening():
        for calls, output in _runs(listener, net, way, source, T):
            for call in calls:
                _take(heard, call, len(source), most)
            if outputs is not None:
                outputs.append(output)
    if not heard:
        raise ConfigError("no layer of neurons is called")
    return heard


def _runs(
    listener: Listener, net: nn.Module, way: Way, source: Source, T: int
) -> Iterator[tuple[list[Call], Any]]:
    """Calls and output of each run of the network, of as many runs as T steps need."""
    source = source.flat() if way.flat else source
    if way.feed != "image":
        yield listener.run(source.all_steps(T, way.feed), ())
        return
    if way.loops:
        yield listener.run(source.step(0), ())
        return
    states: tuple[Any, ...] = ()
    for t in range(T):
        calls, output = listener.run(source.step(t), states)
        states = states_in(net, output)
        yield calls, output


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


def probe(
    net: nn.Module,
    layers: Sequence[Layer],
    source: Source,
    T: int,
    *,
    start: Start,
    named: bool = False,
) -> Probe:
    """How `net` takes images, found with the first few of `source`.

    Args:
        net: The network; `snnviz.adapters.state.undisturbed` surrounds this.
        layers: Its layers of neurons.
        source: Images; two are enough.
        T: Number of time steps that are wanted.
        start: Puts the network at its start.
        named: Whether the layers were named by the user, so that all count as neurons.

    Raises:
        NoWayError: It cannot be run on these images.
        ConfigError: What it makes of an image depends on the others.
        ShapeError: The drive of its neurons is not finite.
    """
    tried: list[str] = []
    depends: _DependsError | None = None
    fallback: Probe | None = None
    for way, count, steps in _candidates(net, layers, source, T):
        if count == 1 and (fallback or depends):
            break
        tried_on = _told_apart(source.take(_choose(len(source), count)))
        try:
            found = _try(net, layers, tried_on, way, steps, start)
        except _DependsError as error:
            depends = error
            continue
        except (ConfigError, NoWayError, _NoFitError) as error:
            tried.append(str(error))
            continue
        first = _first_spiking(found[0], named=named)
        known = _understand(net, layers, tried_on, found, first, start, named=named)
        if known.way.steps in (None, T) or known.way.timers:
            return known
        # It makes its own number of steps so; perhaps it takes T of them in another way.
        fallback = fallback or known
    if fallback is not None:
        return fallback
    if depends is not None:
        raise depends
    reasons = list(dict.fromkeys(tried))
    shape = list(source.values.shape[2 if source.sequence else 1 :])
    raise NoWayError(
        f"{type(net).__name__} does not run on images of shape {shape}, neither one image a call "
        f"nor all steps at once ({'; '.join(reasons[:2])}); check their size and channels, and T"
    )


class _NoFitError(Exception):
    """A way does not bring all images to the neurons."""


class NoWayError(ShapeError):
    """A network does not run on images of this shape, in no way that was tried."""


class _DependsError(ConfigError):
    """What a network makes of an image depends on the others."""


def _candidates(
    net: nn.Module, layers: Sequence[Layer], source: Source, T: int
) -> Iterator[tuple[Way, int, int]]:
    """Ways to try with numbers of images and steps, the most usual first."""
    frameworks = list(dict.fromkeys(layer.framework for layer in layers))
    asked = [(framework, module) for framework in frameworks for module in net.modules()]
    batches = {size for framework, module in asked if (size := framework.batch_size(module))}
    fixed = {number for f, module in asked if (number := f.steps(module))}
    feeds = list(dict.fromkeys([*(f for each in frameworks for f in each.feeds), *_FEEDS]))
    if fixed == {1}:  # one step a call
        feeds.sort(key=lambda feed: feed != "image")
    # All steps of large images at once take memory for each of them, in every layer.
    few = _STEPS if source.values[0].numel() < _LARGE else _STEPS - 1
    flats = [False, *[True] * (source.values.ndim > (3 if source.sequence else 2))]
    # One step alone tells no axis of time from others: it is tried where nothing else will do.
    tried = [[2], [1]] if T == 1 else [[min(T, few), T]]
    for count in dict.fromkeys([*(sorted(batches) or [_IMAGES]), 1]):
        for numbers in tried:
            for flat in flats:
                for feed in feeds:
                    batch = count if batches or count == 1 else None
                    # A network that takes one step a call can take any number of them.
                    first = [] if feed == "image" else sorted(fixed, reverse=True)
                    for steps in dict.fromkeys([*first, *numbers]):
                        if not source.sequence or steps <= len(source.values):
                            yield Way(feed, flat, batch), count, steps


def _choose(total: int, count: int) -> list[int]:
    """Which of `total` images to try with: `count` of them, from the start again where too few."""
    return [n % total for n in range(count)]


def _try(
    net: nn.Module,
    layers: Sequence[Layer],
    source: Source,
    way: Way,
    steps: int,
    start: Start,
) -> tuple[Heard, Way]:
    """What is heard if the network is run in that way, and the way with what was learned of it."""
    run = _runner(net, layers, start)
    if way.feed == "image" and not source.sequence:
        # One call first: a network may loop over any number of steps by itself. With large images
        # all those steps take memory in every layer, and one image tells how many they are.
        large = source.values[0].numel() >= _LARGE and way.batch is None
        heard = run(replace(way, loops=True), source.take([0]) if large else source, 1)
        own = next(iter(heard.values())).emissions.T
        if own > 1:
            way, steps = replace(way, loops=True, steps=own), own
            if timers := _timers(net, layers, way, source, own, start):
                way, steps = replace(way, timers=timers), min(own, _STEPS)
            if timers or large:
                heard = run(way, source, steps)
        elif _begins_anew(net, next(iter(heard.values())).layer, way, source, start):
            way, steps = replace(way, loops=True, steps=1), 1
            way = replace(way, timers=_timers(net, layers, way, source, 1, start))
            if large:
                heard = run(way, source, 1)
        else:
            heard = run(way, source, steps)
    else:
        heard = run(way, source, steps)
    track = next(iter(heard.values()))
    count, made = len(source), track.emissions.T
    if track.images != count or made != steps:
        raise _NoFitError(
            f"of {count} images and {steps} steps {track.images} images and {made} steps arrive at "
            f"{track.layer.name or 'the neurons'}"
        )
    if not all(torch.isfinite(drive).all() for drive in track.drives):
        raise ShapeError("the drive is not finite; check the network's weights and normalization")
    if count > 1:
        _check_apart(run, way, source, steps, track)
    return heard, way


class _Run(Protocol):
    """Listens to a network with what belongs to it filled in."""

    def __call__(self, way: Way, source: Source, steps: int, seed: int = 0) -> Heard:
        """As `listen`."""


def _runner(net: nn.Module, layers: Sequence[Layer], start: Start) -> _Run:
    def run(way: Way, source: Source, steps: int, seed: int = 0) -> Heard:
        return listen(
            net, layers, way, source, steps, start=start, seed=seed, drives=_STEPS, first=True
        )

    return run


def _told_apart(source: Source) -> Source:
    """The images, where two are equal one of them turned around."""
    values = source.values.clone()
    axis = 1 if source.sequence else 0
    for n in range(1, len(source)):
        image = values.select(axis, n)
        if torch.equal(image, values.select(axis, 0)):
            image.copy_(image.flip(-1).roll(n, -1))
    return Source(values, source.sequence)


def _check_apart(run: _Run, way: Way, source: Source, steps: int, track: Track) -> None:
    """Nothing, if another first or last image changes the drive of that one alone."""
    for changed in (len(source) - 1, 0):
        values = source.values.clone()
        image = values.select(1 if source.sequence else 0, changed)
        # Another range, too: some code scales images by their brightest pixel.
        image.copy_(image.flip(-1) * 0.5 + 0.25 * (image.amax() == 0))
        other = next(iter(run(way, Source(values, source.sequence), steps).values()))
        try:
            _check_rows(track, other, changed)
        except _DependsError:
            same = next(iter(run(way, source, steps).values()))
            pairs = zip(track.drives, same.drives, strict=True)
            if all(torch.equal(a, b) for a, b in pairs):
                raise
            raise _DependsError(
                f"what {track.layer.name or 'the first layer of neurons'} gets differs from run to "
                "run, for equal images and equal seeds of torch, NumPy and Python: the network "
                "draws random numbers of its own, or counts its runs, and has no record"
            ) from None


def _check_rows(track: Track, other: Track, changed: int) -> None:
    """Nothing, if the drives of two runs differ for the image that was changed, and no other."""
    pairs = list(zip(track.drives, other.drives, strict=False))
    if any(a.shape != b.shape for a, b in pairs):
        raise _NoFitError("the drive of the neurons changes its shape with an image")
    moved = [
        any(not torch.equal(a[n], b[n]) for a, b in pairs) for n in range(len(track.drives[0]))
    ]
    if not any(move for n, move in enumerate(moved) if n != changed):
        return
    if all(moved):
        raise _DependsError(
            f"what {track.layer.name or 'the first layer of neurons'} gets of an image depends on "
            "the other images of its batch, so that it has no record of its own; normalize with "
            "running statistics, or each image by itself"
        )
    raise _NoFitError("images and steps are mixed up")


def _begins_anew(net: nn.Module, layer: Layer, way: Way, source: Source, start: Start) -> bool:
    """Whether a network of one step a call puts its neurons at their start in every call."""
    before: list[_State] = []
    after: list[_State] = []
    given_back: list[Tensor] = []

    def enters(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        before.append(_State(_tensors_in(inputs[1:]), _state_of(module)))

    def leaves(module: nn.Module, _: Any, output: Any) -> None:
        rest = output[1:] if isinstance(output, tuple) else ()
        after.append(_State(_tensors_in(rest), _state_of(module)))
        given_back.extend(_tensors_in(output) if len(after) == 1 else [])

    source = source.flat() if way.flat else source
    start.begin()
    handles = (
        layer.module.register_forward_pre_hook(enters),
        layer.module.register_forward_hook(leaves),
    )
    try:
        output = run(net, source.step(0))
        calls, left = len(before), after[0]
        run(net, source.step(0), states_in(net, output))
    finally:
        for handle in handles:
            handle.remove()
    first, again = before[0], before[calls]
    returned = _tensors_in(output)
    for state in again.passed:
        if not _among(state, given_back) and _among(state, returned):
            raise ConfigError(
                f"the network hands {layer.name} another layer's state or spikes: let its forward "
                "return the output first, and then the states in the order in which it takes them"
            )
    if again.passed:  # what is passed by hand is the state, whatever the layer keeps besides
        return bool(first.passed) and _same(first.passed, again.passed)
    moved = not _same([*first.passed, *first.kept], [*left.passed, *left.kept])
    return moved and _same(first.kept, again.kept)


def _among(tensor: Tensor, others: list[Tensor]) -> bool:
    return any(tensor.shape == other.shape and torch.equal(tensor, other) for other in others)


class _State(NamedTuple):
    """The state of a layer of neurons: what it is passed by hand, and what it keeps."""

    passed: list[Tensor]
    kept: list[Tensor]


def _state_of(module: nn.Module) -> list[Tensor]:
    """Copies of the tensors that a module holds besides its parameters."""
    return [value.detach().clone() for part in module.modules() for value in tensors_of(part)]


def _tensors_in(values: Any) -> list[Tensor]:
    if isinstance(values, Tensor):
        return [values.detach().clone()]
    if isinstance(values, (tuple, list)):
        return [tensor for value in values for tensor in _tensors_in(value)]
    return []


def _same(some: list[Tensor], others: list[Tensor]) -> bool:
    """Whether two states are equal; none, or one of size 0, is as good as zeros."""
    if len(some) != len(others):
        return not any(bool(tensor.any()) for tensor in (*some, *others))
    return all(
        torch.equal(a, b) if a.numel() and b.numel() else not (a.any() or b.any())
        for a, b in zip(some, others, strict=True)
    )


def _first_spiking(heard: Heard, *, named: bool) -> Track:
    """The first layer that is called, but for likely neurons that turn out to be none."""
    tracks = list(heard.values())
    return next((track for track in tracks if named or _spikes(track)), tracks[0])


def _spikes(track: Track) -> bool:
    """Whether a layer is one of spiking neurons, as is known or as it turns out."""
    if track.layer.framework.certain(track.layer.module):
        return True
    with suppress(ConfigError):
        track.emissions.values(track.emissions.T)
        return True
    return False


def _understand(
    net: nn.Module,
    layers: Sequence[Layer],
    source: Source,
    found: tuple[Heard, Way],
    first: Track,
    start: Start,
    *,
    named: bool,
) -> Probe:
    """What follows from a run that brought the images to the neurons."""
    heard, way = found
    run = _runner(net, layers, start)
    T = first.emissions.T
    again = run(way, source, T, seed=1)
    random = {
        name
        for (name, place), track in heard.items()
        if (name, place) not in again or not _alike(track, again[name, place])
    }
    if not way.loops and any(layer.framework.steps(layer.module) for layer in layers):
        way = replace(way, steps=_only_steps(run, way, source, T))
    drives = first.drives
    return Probe(
        way=way,
        first=first.layer,
        sites=tuple(
            Site(track.layer, place, track.shape)
            for (_, place), track in heard.items()
            if named or _spikes(track)
        ),
        still=all(torch.equal(drive, drives[0]) for drive in drives),
        random=frozenset(random),
        own_steps=way.steps,
    )


def _alike(some: Track, other: Track) -> bool:
    """Whether two runs gave a layer the same drives and spikes."""
    drives = zip(some.drives, other.drives, strict=True)
    same = all(torch.equal(a, b) for a, b in drives)
    return same and some.emissions.equals(other.emissions)


def _timers(
    net: nn.Module, layers: Sequence[Layer], way: Way, source: Source, T: int, start: Start
) -> tuple[tuple[str, str], ...]:
    """The attributes that say over how many steps a network loops; none where none do."""
    neurons = {id(layer.module) for layer in layers}
    timers = tuple(
        (name, attribute)
        for name, module in net.named_modules()
        for attribute, value in module.__dict__.items()
        if type(value) is int and value == T and attribute in TIMERS and id(module) not in neurons
    )
    if timers:
        other = 2 if T != 2 else 3
        with suppress(ConfigError, NoWayError):
            changed = _runner(net, layers, start)(replace(way, timers=timers), source, other)
            if other == next(iter(changed.values())).emissions.T:
                return timers
    return ()


def _only_steps(run: _Run, way: Way, source: Source, T: int) -> int | None:
    """T, if the network can be run over no other number of steps than that."""
    with suppress(ConfigError):
        if next(iter(run(way, source, T + 1).values())).emissions.T == T + 1:
            return None
    return T
