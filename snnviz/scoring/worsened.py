"""What is made worse of a network's input, its steps and its spikes, and what it does then."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from torch import nn

from snnviz.adapters.encoder import Encoder
from snnviz.adapters.network import NetworkEncoder
from snnviz.adapters.state import copy_network
from snnviz.data import ImageSet, to_input
from snnviz.errors import ConfigError
from snnviz.metrics.corruptions import CORRUPTIONS, corrupt
from snnviz.metrics.stability import first_spikes_kept
from snnviz.metrics.trains import EDITS, IN_TIME, edit_trains
from snnviz.scoring.attacks import ATTACKS, EPSILONS, attack
from snnviz.scoring.checks import check_labels
from snnviz.scoring.outcomes import Change, Tally
from snnviz.scoring.reading import Reading
from snnviz.scoring.running import Runner, Running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    Numbers = Sequence[float]

CLEAN, UNTRAINED = Change("clean", "clean"), Change("untrained", "untrained")


class Settings(NamedTuple):
    """What the user says of the network, and the seed."""

    T: int | None
    mean: "Numbers | None"
    std: "Numbers | None"
    seed: int

    def encoder(self, net: "nn.Module | Encoder") -> Encoder:
        """The first layer of a network."""
        if isinstance(net, Encoder):
            return net
        mean, std = (values if values is None else tuple(values) for values in self[1:3])
        net = with_steps(net, self.T)
        return NetworkEncoder(net, None, self.T, mean=mean, std=std, copy=False)

    def runner(self, net: nn.Module, T: int | None) -> Runner:
        """A network over so many steps."""
        return Runner(with_steps(net, T), T, mean=self.mean, std=self.std)


class Tallies(dict[Change, Tally]):
    """What is known of each change of some images."""

    def __init__(self, images: ImageSet) -> None:
        self.images = images

    def __missing__(self, change: Change) -> Tally:
        """An empty one."""
        self[change] = Tally()
        return self[change]

    def pixels(self, some: slice) -> "NDArray[np.float32]":
        """Images as they are."""
        return to_input(self.images.images[some])

    def corrupted(self, some: slice, seed: int) -> "Iterator[tuple[Tally, NDArray[np.float32]]]":
        """The images, corrupted in all ways one after the other."""
        for kind, strengths in CORRUPTIONS.items():
            for severity, strength in enumerate(strengths, start=1):
                seen = corrupt(
                    self.images.images[some], kind, severity, seed=seed, first=some.start
                )
                yield self[Change("image", kind, severity, strength)], to_input(seen)

    def answer(self, change: Change, scores: "NDArray[np.float64]", some: slice) -> None:
        """Take the answers to those images."""
        self[change].answer(scores, check_labels(self.images)[some])


class Encoded:
    """First spikes and reconstruction, of an encoder and of the same without training."""

    def __init__(
        self,
        encoder: Encoder | None,
        net: "nn.Module | Encoder",
        start: "nn.Module | Encoder | None",
        settings: Settings,
    ) -> None:
        self.encoder = encoder or settings.encoder(net)
        self.start = None if start is None else settings.encoder(start)
        self.settings = settings
        self.T = 0
        # First-spike times of the image before the next; the last is before the first.
        self.before: NDArray[np.integer] = np.zeros(0, np.uint8)
        self.reading = Reading(None, np.zeros(0, bool))

    def prepare(self, images: ImageSet) -> list[str]:
        """Fit what reads images back; what is left out, and why."""
        self.encoder.prepare(to_input(images.images[:2]), self.settings.T)
        self.T = self.settings.T or self.encoder.T
        self.before = self.encoder.encode(to_input(images.images[-1:]), self.T).first_spike
        self.reading, note = Reading.fitted(self.encoder, images, self.T)
        return [note] if note else []

    def add(self, tallies: Tallies, some: slice) -> None:
        """Measure on those images."""
        T, images = self.T, tallies.images
        clean = self.encoder.encode(tallies.pixels(some), T)
        untrained = None if self.start is None else self.start.encode(tallies.pixels(some), T)
        if len(images) > 1:
            before = np.concatenate([self.before, clean.first_spike[:-1]])
            tallies[CLEAN].compare(clean.first_spike, before, T)
            self.before = clean.first_spike[-1:]
        tallies[CLEAN].psnr.append(self.reading.psnr(clean, images, some))
        self.reading.guess(images, some)
        for tally, seen in tallies.corrupted(some, self.settings.seed):
            record = self.encoder.encode(seen, T)
            tally.compare(clean.first_spike, record.first_spike, T)
            tally.psnr.append(self.reading.psnr(record, images, some))
            if self.start is not None and untrained is not None:
                times = self.start.encode(seen, T).first_spike
                tally.untrained_kept.append(first_spikes_kept(untrained.first_spike, times, T))


class Answered:
    """The answers of a network."""

    def __init__(
        self,
        net: nn.Module,
        start: "nn.Module | Encoder | None",
        settings: Settings,
        attacked: int,
        notes: list[str],
    ) -> None:
        self.net, self.settings, self.attacked, self.notes = net, settings, attacked, notes
        self.runner = settings.runner(net, settings.T)
        trains = start is not None and not isinstance(start, Encoder)
        self.start = settings.runner(cast("nn.Module", start), settings.T) if trains else None
        self.others: dict[int, Runner] = {}
        self.blind: list[NDArray[np.bool_]] = []
        self.refused: set[str] = set()
        self.edits = dict(EDITS)

    def prepare(self, images: ImageSet) -> None:
        """Find out how the network takes images, and over which other numbers of steps."""
        few = to_input(images.images[:2])
        with self.runner.running(few) as running:
            check_labels(images, running.answers(few).shape[1])
            T = running.T
        if T == 1:
            self.edits = {kind: EDITS[kind] for kind in EDITS if kind not in IN_TIME}
            self.notes.append(
                "in one step no spike has another time: "
                f"{' and '.join(IN_TIME)} spikes are left out"
            )
        for other in sorted({max(1, T // 2), 2 * T, 4 * T} - {T}):
            runner = self.settings.runner(self.net, other)
            try:
                with runner.running(few):
                    self.others[other] = runner
            except ConfigError as error:
                fact, *_ = error.args[0].split(";")  # its remedy is another T
                self.notes.append(f"T = {other} is left out: {fact}")

    def add(self, tallies: Tallies, some: slice) -> None:
        """Measure on those images."""
        pixels = tallies.pixels(some)
        with self.runner.running(pixels) as running:
            tallies.answer(CLEAN, running.answers(pixels), some)
            labels = check_labels(tallies.images)[some]
            for tally, seen in tallies.corrupted(some, self.settings.seed):
                tally.answer(running.answers(seen), labels)
            self._try("edited spikes", self._edit, running, tallies, some)
            if some.start < self.attacked:
                self._try("attacks", self._attack, running, tallies, some)
        for severity, (T, runner) in enumerate(self.others.items(), start=1):
            with runner.running(pixels) as running:
                change = Change("steps", "T", severity, float(T))
                tallies.answer(change, running.answers(pixels), some)
        if self.start is not None:
            with self.start.running(pixels) as running:
                tallies.answer(UNTRAINED, running.answers(pixels), some)

    def _try(self, name: str, measure: "Callable[..., None]", *given: Any) -> None:
        """Measure, or note once why that cannot be."""
        if name in self.refused:
            return
        try:
            measure(*given)
        except ConfigError as error:
            self.refused.add(name)
            self.notes.append(f"{name} are left out: {error}")

    def _edit(self, running: Running, tallies: Tallies, some: slice) -> None:
        """The rest of the network on other spikes of its first layer."""
        changes = [
            Change("spikes", kind, severity, strength)
            for kind, strengths in self.edits.items()
            for severity, strength in enumerate(strengths, start=1)
        ]
        seed = self.settings.seed
        edits = [partial(_edited, each.kind, each.severity, seed) for each in changes]
        found = running.edited(tallies.pixels(some), edits, some.start)
        for change, scores in zip(changes, found, strict=True):
            tallies.answer(change, scores, some)

    def _attack(self, running: Running, tallies: Tallies, some: slice) -> None:
        """The first images, attacked."""
        these = slice(some.start, min(some.stop, self.attacked))
        labels = check_labels(tallies.images)[these]
        found = attack(
            running, tallies.pixels(these), labels, seed=self.settings.seed, first=these.start
        )
        self.blind.append(found.blind)
        for kind, by_severity in zip(ATTACKS, found.right, strict=True):
            strengths = zip(EPSILONS, by_severity, strict=True)
            for severity, (strength, right) in enumerate(strengths, start=1):
                tallies[Change("attack", kind, severity, strength)].right.append(right)


def _edited(
    kind: str, severity: int, seed: int, trains: "NDArray[np.int64]", first: int
) -> "NDArray[np.int64]":
    return edit_trains(trains, kind, severity, seed=seed, first=first)


def with_steps(net: nn.Module, T: int | None) -> nn.Module:
    """The network with that number of steps, where it is the tutorial's, which keeps its own."""
    config: Any = getattr(net, "config", None)
    if T is None or not (hasattr(config, "T") and hasattr(net, "output_spikes")) or config.T == T:
        return net
    copied = copy_network(net)
    if copied is not net:
        copied.config = replace(config, T=T)
    return copied
