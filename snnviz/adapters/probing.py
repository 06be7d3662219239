"""How a network takes images, and what its first layer of neurons sees: found by trying."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

import torch

from snnviz.adapters.apart import DependsError, NoFitError, check_apart, told_apart
from snnviz.adapters.calls import step_parameter
from snnviz.adapters.feeding import Source
from snnviz.adapters.listening import STEPS, Heard, Probe, Site, Track, Trial, Until, Way
from snnviz.adapters.places import TIMERS
from snnviz.adapters.restarting import begins_anew
from snnviz.adapters.ways import candidates, few_steps
from snnviz.errors import ConfigError, ShapeError


class NoWayError(ShapeError):
    """A network does not run on images of this shape, in no way that was tried."""


def probe(trial: Trial, source: Source, T: int, *, named: bool = False) -> Probe:
    """How a network takes images, found with the first few of `source`.

    Args:
        trial: The network; `snnviz.adapters.state.undisturbed` surrounds this.
        source: Images; two are enough.
        T: Number of time steps that are wanted.
        named: Whether the layers were named by the user, so that all count as neurons.

    Raises:
        NoWayError: It cannot be run on these images.
        ConfigError: What it makes of an image depends on the others.
        ShapeError: The drive of its neurons is not finite.
    """
    tried: list[str] = []
    depends: DependsError | None = None
    fallback: Probe | None = None
    for way, count, steps in candidates(trial, source, T):
        if count == 1 and (fallback or depends):
            break
        tried_on = told_apart(source.take(_choose(len(source), count)))
        try:
            found = _try(trial, tried_on, way, steps)
        except DependsError as error:
            depends = error
            continue
        except (ConfigError, NoWayError, NoFitError) as error:
            tried.append(str(error))
            continue
        known = _understand(trial, tried_on, found, named=named)
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
        f"{type(trial.net).__name__} does not run on images of shape {shape}, neither one image a "
        f"call nor all steps at once ({'; '.join(reasons[:2])}); check their size and channels, "
        "and T"
    )


def _choose(total: int, count: int) -> list[int]:
    """Which of `total` images to try with: `count` of them, from the start again where too few."""
    return [n % total for n in range(count)]


class _Tried(NamedTuple):
    """A way in which a network runs.

    Attributes:
        way: The way, with what was learned of it.
        heard: What the first layers of neurons do, up to one that is known to be of neurons.
        whole: What all layers do; for one large image in one step, where that can be.
        mixed: The layers that do something else with an image in other company.
    """

    way: Way
    heard: Heard
    whole: Heard
    mixed: frozenset[str] = frozenset()


def _try(trial: Trial, source: Source, way: Way, steps: int) -> _Tried:
    """What is heard if the network is run in that way."""
    if way.feed == "image" and not source.sequence and not way.asks:
        heard, way, steps = _one_call(trial, source, way, steps)
    else:
        heard = trial.run(way, source, steps, until=_first_of_large(way, source))
    track = next(iter(heard.values()))
    count, made = len(source), track.emissions.T
    if track.images != count or made != steps:
        raise NoFitError(
            f"of {count} images and {steps} steps {track.images} images and {made} steps arrive at "
            f"{track.layer.name or 'the neurons'}"
        )
    if way.asks and _only_steps(trial, way, source, steps):
        raise NoFitError(f"it makes {steps} steps whatever {way.asks} is")
    if not all(torch.isfinite(drive).all() for drive in track.drives):
        raise ShapeError("the drive is not finite; check the network's weights and normalization")
    whole = _whole(trial, source, way, steps) if _first_of_large(way, source) else heard
    mixed: frozenset[str] = frozenset()
    if count > 1:
        once = (track.layer.name, 1) not in whole
        mixed = check_apart(trial, way, source, steps, track, [track.layer] if once else ())
    return _Tried(way, heard, whole, mixed)


def _first_of_large(way: Way, source: Source) -> Until:
    """Where a run may end that shows the first layer of neurons.

    All steps of large images in one call take memory in every layer.
    """
    at_once = way.feed != "image" or way.timers or way.asks
    return "first" if source.is_large and at_once else ()


def _whole(trial: Trial, source: Source, way: Way, steps: int) -> Heard:
    """What all layers do for one image in one step, or for all where the network cannot do that."""
    with suppress(ConfigError, NoWayError):
        whole = trial.run(way, source if way.batch else source.take([0]), 1)
        if _steps_made(whole) == 1:
            return whole
    return trial.run(way, source, steps)


def _one_call(trial: Trial, source: Source, way: Way, steps: int) -> tuple[Heard, Way, int]:
    """What is heard of a network that is given one image each, the way, and how many steps it made.

    One call first: a network may loop over any number of steps by itself.
    """
    large = source.is_large and way.batch is None
    looping = replace(way, loops=True)
    if large and (timed := _timed(trial, source, looping)):
        return timed
    # All steps of large images take memory in every layer: one of them tells how many they are.
    heard = trial.run(looping, source.take([0]) if large else source, 1)
    own = _steps_made(heard)
    if own > 1:
        way, steps = replace(looping, steps=own), own
        if timers := _timers(trial, way, source, own, [2 if own != 2 else 3]):
            way, steps = replace(way, timers=timers), min(own, STEPS)
        if timers or large:
            heard = trial.run(way, source, steps)
    elif begins_anew(
        trial, next(iter(heard.values())).layer, way, source.take([0]) if large else source
    ):
        way, steps = replace(looping, steps=1), 1
        way = replace(way, timers=_timers(trial, way, source, 1, [2]))
        if large:
            heard = trial.run(way, source, 1)
    else:
        heard = trial.run(way, source, steps)
    return heard, way, steps


def _timed(trial: Trial, source: Source, way: Way) -> tuple[Heard, Way, int] | None:
    """The same of one that loops over as many steps as an attribute says; None of others.

    It is found without a run over all of them, from the first layer of neurons alone.
    """
    attributes = [
        value
        for module in trial.net.modules()
        for name, value in vars(module).items()
        if name in TIMERS and type(value) is int and value > 1
    ]
    for own in dict.fromkeys(attributes):
        timers = _timers(trial, way, source.take([0]), own, [2, 3], "first")
        timed, steps = replace(way, timers=timers, steps=own), min(own, few_steps(source))
        with suppress(ConfigError, NoWayError):
            if timers:
                return trial.run(timed, source, steps, until="first"), timed, steps
    return None


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


def _understand(trial: Trial, source: Source, found: _Tried, *, named: bool) -> Probe:
    """What follows from a run that brought the images to the neurons."""
    way, heard, whole, mixed = found
    first = _first_spiking(heard, named=named)
    T = first.emissions.T
    random = _random(trial, source, way, whole)
    if whole is not heard:
        random |= _random(trial, source, way, heard, until="first")
    own = any(layer.framework.steps(layer.module) for layer in trial.layers)
    if not way.loops and (own or way.feed == "steps together"):
        way = replace(way, steps=_only_steps(trial, way, source, T))
    drives = first.drives
    return Probe(
        way=way,
        first=first.layer,
        sites=tuple(
            Site(track.layer, place, track.shape)
            for (_, place), track in whole.items()
            if named or _spikes(track)
        ),
        still=all(torch.equal(drive, drives[0]) for drive in drives),
        random=random,
        own_steps=way.steps or _default_steps(trial, way),
        mixed=mixed,
    )


def _random(
    trial: Trial, source: Source, way: Way, heard: Heard, until: Until = ()
) -> frozenset[str]:
    """The layers that do something else in a second run, with other random numbers."""
    images = list(range(next(iter(heard.values())).images))
    again = trial.run(way, source.take(images), _steps_made(heard), seed=1, until=until)
    names = [name for name, _ in heard]
    other = [
        name
        for (name, place), track in heard.items()
        if (name, place) not in again or not _alike(track, again[name, place])
    ]
    # Neurons behind a random layer may happen to do the same in two short runs.
    return frozenset(names[names.index(other[0]) :] if other else ())


def _steps_made(heard: Heard) -> int:
    """How many steps the layer that is called first made."""
    return next(iter(heard.values())).emissions.T


def _alike(some: Track, other: Track) -> bool:
    """Whether two runs gave a layer the same drives and spikes."""
    drives = zip(some.drives, other.drives, strict=True)
    same = all(torch.equal(a, b) for a, b in drives)
    return same and some.emissions.equals(other.emissions)


def _timers(
    trial: Trial, way: Way, source: Source, T: int, others: Iterable[int], until: Until = ()
) -> tuple[tuple[str, str], ...]:
    """The attributes of value T that say over how many steps a network loops; none where none do.

    They do if with `others` in their place it makes so many steps.
    """
    neurons = {id(layer.module) for layer in trial.layers}
    timers = tuple(
        (name, attribute)
        for name, module in trial.net.named_modules()
        for attribute, value in module.__dict__.items()
        if type(value) is int and value == T and attribute in TIMERS and id(module) not in neurons
    )
    changed = replace(way, timers=timers)
    try:
        told = bool(timers) and all(
            other == _steps_made(trial.run(changed, source, other, until=until)) for other in others
        )
    except (ConfigError, NoWayError):
        return ()
    return timers if told else ()


def _default_steps(trial: Trial, way: Way) -> int | None:
    """The number of steps of a network that is told none, where it can be told."""
    default = getattr(step_parameter(trial.net), "default", None) if way.asks else None
    return default if type(default) is int and default >= 1 else None


def _only_steps(trial: Trial, way: Way, source: Source, T: int) -> int | None:
    """T, if the network can be run over no other number of steps than that."""
    with suppress(ConfigError):
        if _steps_made(trial.run(way, source, T + 1)) == T + 1:
            return None
    return T
