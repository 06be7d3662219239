"""The encoder under study beside each other that was trained, channel by channel."""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from snnviz.analysis.folding import folded
from snnviz.analysis.results import known
from snnviz.display import Brief
from snnviz.errors import ConfigError
from snnviz.metrics import EncoderDiff, EncoderSide, encoder_diff
from snnviz.metrics.matching import MATCH_IMAGES
from snnviz.metrics.pairing import mean_matched_correlation

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from snnviz.analysis.encodings import Encoding
    from snnviz.analysis.results import EncodingMetrics

# So many untrained encoders say how well channels match that have nothing to do with each other.
_UNTRAINED = 3


@dataclass(frozen=True, eq=False, repr=False)
class Beside(Brief):
    """The encoder under study beside another, channel by channel.

    Attributes:
        name: The other encoder's.
        diff: What is different in it, in the order of the channels of the encoder under study.
        steps: Over how many steps counts are summed, in the encoder under study and in the other.
        most: The largest number of spikes of a neuron in one step, of both.
        maps: Mean counts of the channels of the encoder under study, floats [K, H, W].
        other_maps: Those of the other's, floats [L, H, W].
        kernels: Kernels of both that can be compared, floats [K, C, kh, kw] and [L, C, kh, kw];
            None where there are none.
        kernels_folded: Whether batch normalization is folded into these.
        untrained: Mean correlation of the channels of the encoder under study with those of
            each of some untrained encoders, matched alike: what pairing alone comes to.
        left_out: What could not be compared and why, a sentence each.
    """

    name: str
    diff: EncoderDiff
    steps: tuple[int, int]
    most: int
    maps: "NDArray[np.float64]"
    other_maps: "NDArray[np.float64]"
    kernels: "tuple[NDArray[np.floating], NDArray[np.floating]] | None"
    kernels_folded: bool
    untrained: tuple[float, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Seen:
    """What is kept of an encoding: its name, numbers of its channels, counts, and weights."""

    name: str
    side: EncoderSide
    most: int
    raw: "NDArray[np.floating] | None"
    folded: "tuple[NDArray[np.float64], NDArray[np.float64]] | None"

    def told(self, *, is_folded: bool) -> EncoderSide:
        """All that is known of it, with weights as they act or as they are."""
        kernels, biases = self.folded if is_folded and self.folded else (self.raw, None)
        return replace(self.side, kernels=kernels, biases=biases)


class Differing:
    """Takes encodings as they are measured, and compares the first with each that was trained.

    Of all but the first, nothing is kept but what was found.

    Args:
        encodings: All that are going to come.
    """

    def __init__(self, encodings: "Sequence[Encoding]") -> None:
        self._wanted = any(encoding.kind == "compared" for encoding in encodings)
        self._first: _Seen | None = None
        self._found: list[Beside] = []
        self._untrained: list[float] = []
        self.left_out: list[str] = []
        """Encoders that could not be compared at all and why, a sentence each."""

    def images(self, encoding: "Encoding") -> int:
        """Of how many of the first images the counts of this encoding are wanted."""
        kinds = ["encoder", "compared"]
        if len(self._untrained) < _UNTRAINED:
            kinds.append("untrained")
        return MATCH_IMAGES if self._wanted and encoding.kind in kinds else 0

    def note(self, measured: "EncodingMetrics", counts: "NDArray[np.unsignedinteger]") -> None:
        """Look at the next encoding.

        Args:
            measured: What was found of it.
            counts: Its counts for the first images, [n, K, H, W]; as many as `images` said, or as
                there are.
        """
        if self._first is None:
            self._first = _seen(measured, counts.copy())  # a part of more, which can go
            return
        first, other = self._first.side.counts, measured.encoding
        if counts.shape[2:] == first.shape[2:]:
            if other.kind == "compared":
                self._found.append(_beside(self._first, _seen(measured, counts)))
            else:
                self._untrained.append(mean_matched_correlation(first, counts))
        elif other.kind == "compared":
            size, other_size = (" x ".join(map(str, each.shape[2:])) for each in (first, counts))
            self.left_out.append(
                f"the maps of {self._first.name} are {size} and those of {other.name} "
                f"{other_size}: their channels are not matched"
            )

    def result(self) -> tuple[Beside, ...]:
        """All that were trained beside the first, in their order."""
        return tuple(replace(each, untrained=tuple(self._untrained)) for each in self._found)


def _seen(measured: "EncodingMetrics", counts: "NDArray[np.unsignedinteger]") -> _Seen:
    encoding, activity = measured.encoding, known(measured.activity)
    side = EncoderSide(
        counts,
        encoding.t + 1,
        measured.contours.types(encoding.t),
        activity.silent,
        activity.saturated,
    )
    raw = None
    with suppress(ConfigError):  # where no single layer of weights sees the pixels
        raw = None if encoding.encoder is None else encoding.encoder.kernels
    both = None if encoding.encoder is None else folded(encoding.encoder)
    return _Seen(encoding.name, side, activity.most, raw, both)


def _beside(first: _Seen, second: _Seen) -> Beside:
    """One encoder beside the first."""
    is_folded = first.folded is not None and second.folded is not None
    one, other = first.told(is_folded=is_folded), second.told(is_folded=is_folded)
    diff = encoder_diff(one, other)
    left_out = []
    kernels = None
    if one.kernels is None or other.kernels is None:
        left_out.append("there is no one layer of weights between pixels and neurons to compare")
    elif one.kernels.shape[1:] != other.kernels.shape[1:]:
        sizes = (" x ".join(map(str, each.shape[1:])) for each in (one.kernels, other.kernels))
        left_out.append("kernels of {} and {} are not compared".format(*sizes))
    else:
        kernels = one.kernels, other.kernels
    return Beside(
        name=second.name,
        diff=diff,
        steps=(one.steps, other.steps),
        most=max(first.most, second.most),
        maps=one.counts.mean(axis=0),
        other_maps=other.counts.mean(axis=0),
        kernels=kernels,
        kernels_folded=is_folded and kernels is not None,
        untrained=(),
        left_out=tuple(left_out),
    )
