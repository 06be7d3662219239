"""The ways in which a network may take images, in the order in which they are tried."""

import inspect
from collections.abc import Iterator

from snnviz.adapters.calls import step_parameter
from snnviz.adapters.feeding import Source
from snnviz.adapters.listening import STEPS, Trial, Way
from snnviz.adapters.places import TIMERS
from snnviz.adapters.protocol import Feed

# Images that are tried together.
_IMAGES = 2
_FEEDS: tuple[Feed, ...] = (
    "image",
    "time first",
    "images first",
    "together",
    "time last",
    "time third",
    "steps together",
)


def candidates(trial: Trial, source: Source, T: int) -> Iterator[tuple[Way, int, int]]:
    """Ways to try with numbers of images and steps, the most usual first."""
    frameworks = list(dict.fromkeys(layer.framework for layer in trial.layers))
    asked = [(framework, module) for framework in frameworks for module in trial.net.modules()]
    batches = {size for framework, module in asked if (size := framework.batch_size(module))}
    fixed = {number for f, module in asked if (number := f.steps(module))}
    feeds = list(dict.fromkeys([*(f for each in frameworks for f in each.feeds), *_FEEDS]))
    if fixed == {1}:  # one step a call
        feeds.sort(key=lambda feed: feed != "image")
    # All steps of large images at once take memory for each of them, in every layer.
    few = few_steps(source)
    flats = [False, *[True] * (source.values.ndim > (3 if source.sequence else 2))]
    # One step alone tells no axis of time from others: it is tried where nothing else will do.
    tried = [[2], [1]] if T == 1 else [[min(T, few), T]]
    parameter = step_parameter(trial.net)
    for count in dict.fromkeys([*(sorted(batches) or [_IMAGES]), 1]):
        for numbers in tried:
            for flat in flats:
                for feed, asks in _told(feeds, parameter, still=not source.sequence):
                    batch = count if batches or count == 1 else None
                    # A network that takes one step a call can take any number of them.
                    first = [] if feed == "image" else sorted(fixed, reverse=True)
                    for steps in dict.fromkeys([*first, *numbers]):
                        if not source.sequence or steps <= len(source.values):
                            loops = bool(asks) and feed == "image"
                            way = Way(feed, flat, batch, loops=loops, asks=asks)
                            yield way, count, steps


def _told(
    feeds: list[Feed], parameter: inspect.Parameter | None, *, still: bool
) -> Iterator[tuple[Feed, str]]:
    """Feeds, and in which parameter the network is told the number of steps; "": in none.

    One that is not called as numbers of steps are may be anything, unless the network loops over
    an image as often as it says.
    """
    if parameter is None:
        yield from ((feed, "") for feed in feeds)
        return
    if parameter.default is parameter.empty and parameter.name not in TIMERS:
        yield "image", ""  # which says what is missing
    if still:
        yield "image", parameter.name
    if parameter.default is not parameter.empty:
        yield from ((feed, "") for feed in feeds)
    elif parameter.name in TIMERS:
        yield from ((feed, parameter.name) for feed in feeds if feed != "image")


def few_steps(source: Source) -> int:
    """Over how many steps the drive of such images is compared."""
    return STEPS - source.is_large
