"""What is known of a network for images of each shape, and whether it held when it was tried."""

import warnings
from contextlib import suppress
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from snnviz.adapters.chunks import chunks
from snnviz.adapters.feeding import Source, as_source, brightest, brightness, form_of
from snnviz.adapters.probing import NoWayError
from snnviz.adapters.recorder import Recorder
from snnviz.adapters.state import Start
from snnviz.adapters.stepping import Known, Stepping
from snnviz.errors import ConfigError

# Sides of images that networks are made for.
_SIZES = (28, 32, 34, 48, 64, 96, 128, 224)


class Knowledge:
    """What was found of a network whose one layer is recorded.

    Args:
        recorder: Runs the network, and knows the layer.

    Attributes:
        last: What was found for the last images; None before any.
        sample: One of them.
    """

    sample: Source

    def __init__(self, recorder: Recorder) -> None:
        self._net, self._recorder = recorder.net, recorder
        self._known: dict[tuple[Any, ...], Known] = {}
        # Whether it held, and up to which brightness of images.
        self._proven: dict[tuple[Any, ...], tuple[bool, float]] = {}
        self.last: Known | None = None

    def of_noise(self, start: Start) -> Known:
        """What is known of the network for images of a usual size, whose neurons are proven.

        Raises:
            ConfigError: It takes none of them.
        """
        generator = torch.Generator().manual_seed(0)
        for size in _SIZES:
            images = torch.rand(2, in_channels_of(self._net), size, size, generator=generator)
            source = as_source(images, self._net)
            try:
                known = self._look(source, None, start)
            except NoWayError:
                continue
            if known.is_still and not self.proves(known, source, known.steps or 4, start):
                continue
            return known
        raise ConfigError(
            f"{type(self._net).__name__} takes no images of {_SIZES[0]} to {_SIZES[-1]} pixels a "
            "side: encode or prepare images first, so that it can be asked about its layers"
        )

    def of(self, source: Source, T: int | None, start: Start) -> Known:
        """How the network takes images like these, found once."""
        form = form_of(source)
        if form not in self._known:
            try:
                self._look(source, T, start)
            except NoWayError:
                if source.sequence:
                    raise
                self._known[form] = self._reached(source, start)
            self.sample = source.take([0])
        self.last = self._known[form]
        return self.last

    def _look(self, source: Source, T: int | None, start: Start) -> Known:
        """The same, found by running the network on the first of these images.

        Raises:
            NoWayError: It does not run on them.
            ConfigError: As `encode`.
        """
        self.sample = source.take([0])
        found = self._recorder.probe(source, T, start)
        (site,) = self._recorder.choice.called(found)
        self._recorder.check_random(found, [site], None)
        self._known[form_of(source)] = self.last = Known(found, site)
        return self.last

    def _reached(self, source: Source, start: Start) -> Known:
        """What is known for images that the network takes up to the layer and no further.

        Its later layers may be made for images of one size. That the drive is still, and that the
        neurons alone emit what they emit in the network, is then found with images of that size.

        Raises:
            NoWayError: The layer is not reached with these images, or nothing is known of others.
        """
        others = [known for known in self._known.values() if known.is_still]
        if not others:
            with suppress(ConfigError, NoWayError):
                others = [self.of_noise(start)]
        if not others or not others[0].is_still:
            self._recorder.probe(source, None, start)  # which says why it does not run
        known = others[0]
        try:
            drive, _ = Stepping(self._net, known, start).drive(source.take([0, 0]))
        except ConfigError as error:
            raise NoWayError(
                f"{known.site.name} is not reached with images of shape "
                f"{list(source.values.shape[1:])} ({error}); check their size and channels"
            ) from error
        if len(drive) != 2:
            raise NoWayError(f"of 2 images {len(drive)} arrive at {known.site.name}")
        site = replace(known.site, shape=tuple(drive.shape[1:]))
        found = replace(known.found, sites=(site,))
        return Known(found, site, proven=True)

    def proves(self, known: Known, source: Source, T: int, start: Start) -> bool:
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
        level = brightness(source)
        held, up_to = self._proven.get(form, (True, -1.0))
        if not held or level <= up_to:
            return held
        chunk, _ = next(chunks(brightest(source), known.found))
        same = Stepping(self._net, known, start).agrees(chunk, T)
        if not same:
            self._recorder.check_steps(known.found, T)
            warnings.warn(
                f"stepped alone, {known.site.name} ({known.site.layer.kind}) emits other spikes "
                "than in the network's own run, which is recorded instead",
                stacklevel=3,
            )
        self._proven[form] = same, level
        return same


def in_channels_of(net: nn.Module) -> int:
    """Channels of the images that its first convolution takes; 1 where it has none."""
    first = next((m for m in net.modules() if isinstance(m, nn.Conv2d)), None)
    return 1 if first is None else first.in_channels
