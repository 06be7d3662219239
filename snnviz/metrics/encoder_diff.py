"""What differs between two encoders, channel by channel."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from snnviz.display import Brief
from snnviz.errors import ShapeError
from snnviz.metrics.differences import bootstrap_mean
from snnviz.metrics.pairing import paired_channels
from snnviz.metrics.weight_change import channel_change, channel_rotation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]

STATES = ("active", "silent", "saturated")


@dataclass(frozen=True, eq=False, repr=False)
class EncoderSide(Brief):
    """What `encoder_diff` is told of one encoder of K channels.

    Attributes:
        counts: Its spike counts for the same images as the other's, ints [n, K, H, W].
        steps: Over how many steps they count.
        types: The type of each channel, see `channel_types`.
        silent: Channels without a spike, bool [K].
        saturated: Channels that spike everywhere in every step, bool [K]; None where neurons fire
            several times in a step.
        kernels: Its weights, floats [K, C, kh, kw]; None where no one layer sees the pixels.
        biases: What is added to the drive, floats [K], in the unit of the potential; None where
            that is not known.
    """

    counts: "NDArray[np.integer]"
    steps: int
    types: "Sequence[str]"
    silent: "NDArray[np.bool_]"
    saturated: "NDArray[np.bool_] | None" = None
    kernels: "NDArray[np.floating] | None" = None
    biases: "NDArray[np.floating] | None" = None

    @property
    def states(self) -> "NDArray[np.str_]":
        """One of `STATES` for each channel, strings [K]."""
        saturated = np.zeros_like(self.silent) if self.saturated is None else self.saturated
        return np.where(self.silent, "silent", np.where(saturated, "saturated", "active"))


class Pair(NamedTuple):
    """A channel and its partner, by their numbers."""

    channel: int
    partner: int


@dataclass(frozen=True, eq=False, repr=False)
class EncoderDiff(Brief):
    """What is different in a second encoder, for each of the K channels of a first one.

    All but types and states is of the n images that channels are matched on. Where a channel has no
    partner, numbers are NaN and words are empty.

    Attributes:
        images: n.
        partner: The channel of the second encoder, ints [K]; -1 where none is left.
        paired_by: "responses": it is the assignment of largest total correlation; "kernels": one of
            the two has the same count everywhere, which correlates with nothing, and of such
            channels those with kernels most alike (largest cosine) are paired; "rest": neither
            tells, and the pair means nothing. Empty without a partner.
        correlation: Pearson's, of the two channels' counts, floats [K]; NaN where one of them has
            the same count everywhere.
        moved: Root of the mean squared difference of the two channels' firing rates at the same
            place for the same image, spikes a step, floats [K] >= 0.
        rate: Firing rate of the channel, spikes a step, floats [K].
        partner_rate: That of its partner.
        rate_change: `partner_rate` less `rate`, and the ends of its 95 % interval: images are drawn
            anew, see `bootstrap_mean`; floats [K, 3].
        kernel_change: `channel_change` from the channel's kernel to its partner's, floats [K]; None
            where the kernels are not known or have other sizes.
        kernel_rotation: `channel_rotation` between them, degrees, floats [K]; None as well.
        bias_change: The partner's bias less the channel's, floats [K]; None where not known.
        types: The type of each channel.
        partner_types: That of its partner.
        states: "active", "silent" or "saturated", each channel's.
        partner_states: Its partner's.
        unpaired: Channels of the second encoder that are nobody's partner, ints.
    """

    images: int
    partner: "Ints"
    paired_by: tuple[str, ...]
    correlation: "Floats"
    moved: "Floats"
    rate: "Floats"
    partner_rate: "Floats"
    rate_change: "Floats"
    kernel_change: "Floats | None"
    kernel_rotation: "Floats | None"
    bias_change: "Floats | None"
    types: tuple[str, ...]
    partner_types: tuple[str, ...]
    states: tuple[str, ...]
    partner_states: tuple[str, ...]
    unpaired: "Ints"

    @property
    def order(self) -> "Ints":
        """The channels that have a partner, that which moved most first, ints."""
        order: Ints = np.argsort(-np.nan_to_num(self.moved, nan=-1.0), kind="stable")
        return order[self.partner[order] >= 0]

    @property
    def mean_correlation(self) -> float:
        """Mean of `correlation` where it is defined; NaN where it nowhere is."""
        known = self.correlation[~np.isnan(self.correlation)]
        return float(known.mean()) if len(known) else float("nan")

    def became(self, state: str) -> list[Pair]:
        """The pairs of which the partner is in that state and the channel is not."""
        return [
            Pair(k, int(self.partner[k]))
            for k, (before, after) in enumerate(zip(self.states, self.partner_states, strict=True))
            if after == state != before
        ]

    @property
    def retyped(self) -> list[Pair]:
        """The pairs of two types."""
        return [
            Pair(k, int(self.partner[k]))
            for k, (before, after) in enumerate(zip(self.types, self.partner_types, strict=True))
            if after not in ("", before)
        ]


def encoder_diff(first: EncoderSide, second: EncoderSide) -> EncoderDiff:
    """What is different in the second encoder, its channels matched with those of the first.

    Raises:
        ShapeError: Counts are not for the same images and pixels, or what is told of channels is
            not of as many.
        DataError: There are no images.

    Example:
        >>> from snnviz.metrics import EncoderSide, encoder_diff
        >>> counts = np.arange(24).reshape(2, 3, 2, 2) % 5
        >>> told = {"steps": 4, "types": ["mixed"] * 3, "silent": np.zeros(3, bool)}
        >>> one = EncoderSide(counts, **told)
        >>> other = EncoderSide(counts[:, [2, 0, 1]], **told)
        >>> found = encoder_diff(one, other)
        >>> found.partner.tolist(), found.moved.tolist()
        ([1, 2, 0], [0.0, 0.0, 0.0])
    """
    for side in (first, second):
        _check(side)
    kernels = _comparable(first.kernels, second.kernels)
    partner, paired_by, correlation = paired_channels(first.counts, second.counts, kernels)
    paired = np.flatnonzero(partner >= 0)
    others = partner[paired]
    moved, shift = _responses(first, second, paired, others)

    def spread(values: "Floats") -> "Floats":
        return _placed(values, paired, len(partner))

    change = rotation = None
    if kernels is not None:
        before, after = kernels[0][paired], kernels[1][others]
        change, rotation = (spread(f(before, after)) for f in (channel_change, channel_rotation))
    biases = None
    if first.biases is not None and second.biases is not None:
        biases = spread(np.asarray(second.biases)[others] - np.asarray(first.biases)[paired])
    return EncoderDiff(
        images=len(first.counts),
        partner=partner,
        paired_by=paired_by,
        correlation=correlation,
        moved=spread(moved),
        rate=_rates(first),
        partner_rate=spread(_rates(second)[others]),
        rate_change=spread(np.array([bootstrap_mean(each) for each in shift])),
        kernel_change=change,
        kernel_rotation=rotation,
        bias_change=biases,
        types=tuple(first.types),
        partner_types=tuple(second.types[p] if p >= 0 else "" for p in partner),
        states=tuple(first.states.tolist()),
        partner_states=tuple(str(second.states[p]) if p >= 0 else "" for p in partner),
        unpaired=np.setdiff1d(np.arange(second.counts.shape[1]), others),
    )  # fmt: skip


def _check(side: EncoderSide) -> None:
    """Raises unless everything is of as many channels as the counts."""
    K = np.shape(side.counts)[1] if np.ndim(side.counts) == 4 else -1
    told = [side.types, side.silent, side.saturated, side.kernels, side.biases]
    if any(each is not None and len(each) != K for each in told):
        raise ShapeError(
            f"counts {list(np.shape(side.counts))} and what is told of their channels do not fit: "
            f"{[len(each) for each in told if each is not None]}"
        )


def _comparable(
    first: "NDArray[np.floating] | None", second: "NDArray[np.floating] | None"
) -> "tuple[NDArray[np.floating], NDArray[np.floating]] | None":
    """Both, where kernels of one can be held against those of the other."""
    if first is None or second is None or first.shape[1:] != second.shape[1:]:
        return None
    return first, second


def _rates(side: EncoderSide) -> "Floats":
    """Each channel's firing rate, spikes a step, [K]."""
    counts = side.counts
    spikes = counts.sum(axis=(0, 2, 3), dtype=np.int64)
    rates: Floats = spikes / (side.steps * (counts.size // counts.shape[1]))
    return rates


def _responses(
    first: EncoderSide, second: EncoderSide, channels: "Ints", partners: "Ints"
) -> "tuple[Floats, Floats]":
    """How far each pair's rates are apart, [P], and the mean change for each image, [P, n]."""
    moved, shift = np.empty(len(channels)), np.empty((len(channels), len(first.counts)))
    for place, (k, p) in enumerate(zip(channels, partners, strict=True)):  # all take much memory
        apart = second.counts[:, p] / second.steps - first.counts[:, k] / first.steps
        moved[place] = np.sqrt((apart * apart).mean())
        shift[place] = apart.mean(axis=(1, 2))
    return moved, shift


def _placed(values: "Floats", places: "Ints", count: int) -> "Floats":
    """`values` [P, ...] at these places of so many, NaN elsewhere."""
    result = np.full((count, *values.shape[1:]), np.nan)
    result[places] = values
    return result
