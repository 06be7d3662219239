"""What becomes of a network's answers and first spikes when its input is made worse."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from snnviz.display import Brief
from snnviz.errors import ConfigError
from snnviz.metrics.differences import Estimate, Paired, bootstrap_mean, paired_difference
from snnviz.metrics.stability import kept_and_delay
from snnviz.metrics.wilson import wilson_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Times = NDArray[np.unsignedinteger[Any]]

FAMILIES = ("clean", "untrained", "image", "steps", "spikes", "attack")
"""What is changed: nothing, the weights, images, T, spikes of the first layer, or pixels by an
attack."""


class Change(NamedTuple):
    """One way in which something was made worse.

    Attributes:
        family: Which of `FAMILIES`.
        kind: Such as "noise".
        severity: From 1; 0 where there is only one.
        strength: What the severity means, see the kind's function; T for other numbers of steps.
    """

    family: str
    kind: str
    severity: int = 0
    strength: float = 0.0


@dataclass(frozen=True, repr=False)
class Outcome(Brief):
    """What came of one change, on how many images.

    Attributes:
        change: What was changed.
        total: Number of images.
        correct: How many of them are answered rightly; None where there are no answers.
        paired: What became of the same images' answers; None where there are none.
        kept: Share of neurons whose first spike stays at its step, see `first_spikes_kept`; None
            where that was not looked at.
        delay: By how many steps first spikes move, see `first_spike_delay`.
        untrained_kept: `kept` of the network without training.
        psnr: How well the clean image is read back from the counts at the last step, in dB, by a
            rule fitted to other, clean images; see `snnviz.metrics.Reconstruction`.
    """

    change: Change
    total: int
    correct: int | None = None
    paired: Paired | None = None
    kept: Estimate | None = None
    delay: Estimate | None = None
    untrained_kept: Estimate | None = None
    psnr: Estimate | None = None

    @property
    def accuracy(self) -> float | None:
        """`correct / total`, in [0, 1]."""
        return None if self.correct is None else self.correct / self.total

    @property
    def interval(self) -> tuple[float, float] | None:
        """The accuracy's 95 % interval, see `snnviz.metrics.wilson_interval`."""
        return None if self.correct is None else wilson_interval(self.correct, self.total)

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values, for JSON."""
        estimates = ("kept", "delay", "untrained_kept", "psnr")
        found: dict[str, Any] = {**self.change._asdict(), "images": self.total}
        if not np.isfinite(self.change.strength):
            found["strength"] = None  # which JSON has no number for
        found |= {"correct": self.correct, "accuracy": self.accuracy}
        found["accuracy_interval"] = self.interval and list(self.interval)
        found["paired"] = self.paired and self.paired._asdict()
        for name in estimates:
            value: Estimate | None = getattr(self, name)
            found[name] = value and value._asdict()
        return found


@dataclass(frozen=True, repr=False)
class Robustness(Brief):
    """How a network or an encoder does on what was made worse; what `snnviz.robustness` gives.

    Attributes:
        T: Number of time steps.
        total: Number of images.
        clean: On the images as they are. Its `kept` and `delay` are those between two different
            images, one and the one before: what agreement unrelated images have.
        untrained: The same without training; None where there was none to compare with.
        chance: Accuracy of always guessing the commonest class; None without answers.
        outcomes: Of each change, by family, kind and severity.
        psnr_floor: `psnr` of always guessing the mean of the images that the rule was fitted to;
            None where nothing is read back.
        blind: How many attacked images have a gradient of 0; None where none was attacked.
        notes: What was left out, and why.

    Example:
        >>> found = snnviz.robustness(snnviz.load_encoder(), snnviz.garments(4), T=4)
        >>> [outcome.change.strength for outcome in found.of("contrast")]
        [0.4, 0.3, 0.2, 0.1, 0.05]
        >>> found.clean.accuracy is None, found.notes[0].split(":")[0]
        (True, 'an encoder gives no answers')
    """

    T: int
    total: int
    clean: Outcome
    untrained: Outcome | None
    chance: float | None
    outcomes: tuple[Outcome, ...]
    psnr_floor: Estimate | None
    blind: int | None
    notes: tuple[str, ...]

    def of(self, kind: str) -> tuple[Outcome, ...]:
        """The outcomes of one kind of change, by rising severity; none where it was left out."""
        return tuple(each for each in self.outcomes if each.change.kind == kind)

    def outcome(self, kind: str, severity: int = 1) -> Outcome:
        """The outcome of one change.

        Args:
            kind: Such as "noise".
            severity: From 1.

        Raises:
            ConfigError: It was not looked at.
        """
        for each in self.of(kind):
            if each.change.severity == severity:
                return each
        kinds = ", ".join(dict.fromkeys(each.change.kind for each in self.outcomes))
        raise ConfigError(f"no outcome of {kind!r} at severity {severity}; there are {kinds}")

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values, for JSON."""
        return {
            "T": self.T,
            "images": self.total,
            "chance": self.chance,
            "clean": self.clean.as_dict(),
            "untrained": self.untrained and self.untrained.as_dict(),
            "psnr_floor": self.psnr_floor and self.psnr_floor._asdict(),
            "zero_gradients": self.blind,
            "outcomes": [each.as_dict() for each in self.outcomes],
            "notes": list(self.notes),
        }


@dataclass
class Tally:
    """What is known of each image after one change."""

    right: "list[NDArray[np.bool_]]" = field(default_factory=list)
    kept: "list[NDArray[np.float64]]" = field(default_factory=list)
    delay: "list[NDArray[np.float64]]" = field(default_factory=list)
    untrained_kept: "list[NDArray[np.float64]]" = field(default_factory=list)
    psnr: "list[NDArray[np.float64]]" = field(default_factory=list)
    ties: int = 0

    def answer(self, scores: "NDArray[np.float64]", labels: "NDArray[np.integer]") -> None:
        """Take answers, scores [n, classes]; of several equal ones the first counts."""
        self.right.append(scores.argmax(1) == labels)
        self.ties += int((scores.max(1) == scores.min(1)).sum())

    def compare(self, before: "Times", after: "Times", T: int) -> None:
        """Take first-spike times of some images."""
        kept, delay = kept_and_delay(before, after, T)
        self.kept.append(kept)
        self.delay.append(delay)

    def outcome(self, change: Change, clean: "Tally") -> Outcome:
        """All of it, beside the first images of the clean run."""
        right = np.concatenate(self.right) if self.right else None
        paired = None
        if right is not None and self is not clean:
            paired = paired_difference(np.concatenate(clean.right)[: len(right)], right)
        total = len(right) if right is not None else sum(map(len, self.kept))
        return Outcome(
            change,
            total,
            None if right is None else int(right.sum()),
            paired,
            estimated(self.kept),
            estimated(self.delay),
            estimated(self.untrained_kept),
            estimated(self.psnr),
        )


def estimated(values: "list[NDArray[np.float64]]") -> Estimate | None:
    """The mean over images with its interval; None where there are none."""
    return bootstrap_mean(np.concatenate(values)) if sum(map(len, values)) else None
