"""Encodings measured one after another, and what of each is kept to compare it with others."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from snnviz.adapters.state import release_freed_memory
from snnviz.analysis.checks import without_bound
from snnviz.analysis.computing import compute_metrics
from snnviz.analysis.differing import Differing
from snnviz.analysis.keeping import Kept, Shown
from snnviz.analysis.profiling import profiled, profiles
from snnviz.metrics import alignment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from snnviz.analysis.encodings import Encoding
    from snnviz.analysis.results import EncodingMetrics
    from snnviz.data import ImageSet
    from snnviz.ranks import Ranks
    from snnviz.scoring.progress import Progress

    Counts = NDArray[np.unsignedinteger]


class Measuring:
    """Measures encodings on the same images, in their order, and aligns them on the way.

    Args:
        encodings: The encoder under study, then what it is compared with.
        images: Images to score on.
        train_images: Other images, to fit readouts on; None: there are none.
        further: More images like `images`, to score probes on; None: there are none.
        aligned: On how many of the first images encodings are aligned; 0: on none.
        cost_steps: Number of time steps that costs are of; None: all.
        ranks: Processes that share the images.
        progress: Called as `progress(phase, done, total)`.

    Attributes:
        alignment: As that of `Analysis`; NaN where nothing is aligned.
        measured: What was found of each encoding by itself.
        shown: What figures show of the first one.
        differing: The first one beside others, channel by channel.
    """

    shown: Shown

    def __init__(
        self,
        encodings: "Sequence[Encoding]",
        images: "ImageSet",
        train_images: "ImageSet | None",
        further: "ImageSet | None",
        *,
        aligned: int,
        cost_steps: int | None,
        ranks: "Ranks",
        progress: "Progress | None",
    ) -> None:
        self._images, self._train_images, self._further = images, train_images, further
        self._encodings = encodings
        self._outputs, self._cost_steps = encodings[0].channels, cost_steps
        self._ranks, self._progress = ranks, progress
        self._aligned = aligned
        self.measured: list[EncodingMetrics] = []
        self.differing = Differing(encodings)
        self._unprofiled: list[str] = []
        self._whole = [encoding.name for encoding in encodings if encoding.families is None]
        self.alignment = np.full((len(self._whole), len(self._whole)), np.nan)

    def run(self) -> None:
        """Measure all of them."""
        if self._aligned:
            self.alignment = alignment(self._counts())
        else:
            list(self._counts())

    def _counts(self) -> "Iterator[Counts]":
        """Those of the aligned images in each encoding, which is measured on the way."""
        for encoding in self._encodings:
            counts = self._measure(encoding)
            if self._aligned and encoding.families is None:
                yield counts[: self._aligned]
            del counts  # before the next ones are there as well

    def _measure(self, encoding: "Encoding") -> "Counts":
        """Look at the next encoding; what is kept of its counts, for the first images."""
        aligned = self._aligned if encoding.families is None else 0
        few = min(self.differing.images(encoding), len(self._images))
        wanted, is_first = max(few, aligned), not self.measured
        kept = Kept(encoding, wanted, shown=is_first, records=profiled(encoding))
        measured = compute_metrics(
            encoding, self._images, self._train_images,
            further=None if encoding.kind == "untrained" else self._further,
            outputs=self._outputs, cost_steps=self._cost_steps,
            strength=_strength(encoding, self.measured), ranks=self._ranks,
            progress=self._progress, kept=kept,
        )  # fmt: skip
        release_freed_memory()
        profile, missing = profiles(encoding, self._images, measured.shape, kept)
        self.measured.append(replace(measured, **profile))
        self._unprofiled.extend(missing)
        if is_first:
            self.shown = kept.shown(self._ranks)
        seen = kept.counts(self._images.head(wanted)) if wanted else np.empty(0, np.uint8)
        if few:
            self.differing.note(self.measured[-1], seen[:few])
        return seen

    def results(self) -> "tuple[EncodingMetrics, ...]":
        """What was found of each encoding, with what it takes others to say."""
        likeness = dict(zip(self._whole, self.alignment[0].tolist(), strict=True))
        # Of the images at that size, and so the same for seeds that were measured in brief.
        between = {each.shape[1:]: each.between for each in self.measured if each.each is not None}
        return tuple(
            replace(
                each,
                cka=likeness.get(each.encoding.name, float("nan")),
                between=between.get(each.shape[1:], float("nan")),
            )
            for each in self.measured
        )

    @property
    def left_out(self) -> tuple[str, ...]:
        """What could not be measured of encodings and why, a sentence each."""
        return (*self._unprofiled, *without_bound(self.measured), *self.differing.left_out)


def _strength(encoding: "Encoding", measured: "Sequence[EncodingMetrics]") -> float | None:
    """The probe's penalty: of a narrower start its start's, so that only the width differs."""
    if encoding.kind != "narrow":
        return None
    starts = (m.probe for m in measured if m.encoding.kind == "start")
    return next((probe.strength for probe in starts if probe is not None), None)
