"""What each channel is by itself: what is stable, in step, in range, seen, and found exciting."""

from typing import TYPE_CHECKING, Any

import numpy as np

from snnviz.batching import batches
from snnviz.data import to_input
from snnviz.errors import ConfigError
from snnviz.metrics import (
    Exciting,
    OperatingPoint,
    Skeleton,
    SpikeTriggered,
    Synchrony,
    corrupt,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from snnviz.adapters.encoder import Encoder
    from snnviz.analysis.encodings import Encoding
    from snnviz.analysis.keeping import Kept
    from snnviz.analysis.results import EncodingMetrics
    from snnviz.data import ImageSet
    from snnviz.records.spikes import SpikeRecord

PROFILED = 200
"""Of how many images, the first ones, channels are looked at one by one."""

MEASURED = 100
"""Of about how many of them drives are computed, and patches looked at: these take longest."""

DISTURBED, COPIES, SEVERITY = 50, 4, 1
"""Of about how many of them noisy copies are made, how many copies, and how noisy."""

KINDS = ("encoder", "compared", "start")
"""Whose channels: those of what was trained, and of what it began as."""

# Neurons of a batch: their drives take 64 MB as float64, four times over.
_NEURONS = 1 << 21


def profiled(encoding: "Encoding") -> int:
    """Of how many images the records are looked at; 0 where it is no encoder to be looked at so."""
    return PROFILED if encoding.kind in KINDS and encoding.encoder is not None else 0


def profiles(
    encoding: "Encoding", images: "ImageSet", shape: tuple[int, int, int], kept: "Kept"
) -> tuple[dict[str, Any], list[str]]:
    """What the families of single channels found, by name, and what was left out, a sentence each.

    Args:
        encoding: One of an encoder.
        images: What all families see; the first of them are looked at.
        shape: (K, H, W) of its records.
        kept: Has the records of as many of them as `profiled` says.
    """
    encoder = encoding.encoder
    if not profiled(encoding) or encoder is None:
        return {}, []
    few = images.head(min(PROFILED, len(images)))
    left_out: list[str] = []
    parameters = encoder.integrates()
    threshold = None if parameters is None else parameters[0] - (parameters[1] or 0.0)
    operating = OperatingPoint(shape, threshold)
    synchrony, exciting = Synchrony(), Exciting(shape)
    triggered = _triggered(encoding, encoder, shape, left_out)
    drive = _drives(encoding, encoder, few, left_out)
    size = max(1, min(25, _NEURONS // int(np.prod(shape))))
    skeleton = Skeleton(encoding.T, shape, SEVERITY)
    for some in batches(len(few), size):
        record = kept.records(few, some)
        if some.start < DISTURBED:
            _disturb(skeleton, encoding, few.images[some], record, some.start)
        counts = record.count(encoding.T - 1)
        synchrony.update(record)
        exciting.update(counts)
        if some.start >= MEASURED:
            continue
        operating.update(record, None if drive is None else drive(some).reshape(record.shape))
        if triggered is not None:
            triggered.update(few.grey[some], counts)
    families: dict[str, Any] = {
        "skeleton": skeleton,
        "synchrony": synchrony,
        "operating_point": operating,
        "receptive_field": triggered,
        "exciting": exciting,
    }
    found: dict[str, Any] = {
        name: family.result() for name, family in families.items() if family is not None
    }
    return found, left_out


def _triggered(
    encoding: "Encoding", encoder: "Encoder", shape: tuple[int, int, int], left_out: list[str]
) -> SpikeTriggered | None:
    """What adds up the patches under spikes; None where it is not known what neurons see."""
    try:
        field = encoder.receptive_field()
    except ConfigError as error:
        left_out.append(f"the receptive field of {encoding.name} is left out: {error}")
        return None
    triggered = SpikeTriggered(shape, field)
    if not triggered.fits:
        left_out.append(
            f"the spike-triggered average of {encoding.name} is left out: {field.height} x "
            f"{field.width} pixels under each of {shape[1]} x {shape[2]} neurons are too many"
        )
    return triggered


def _drives(
    encoding: "Encoding", encoder: "Encoder", images: "ImageSet", left_out: list[str]
) -> "Callable[[slice], NDArray[np.floating]] | None":
    """What gives the drive of some of the images; None where it is not one drive for all steps."""

    def drive(some: slice) -> "NDArray[np.floating]":
        found: NDArray[np.floating] = encoder.drive(to_input(images.images[some])).cpu().numpy()
        return found

    try:
        drive(slice(1))
    except ConfigError as error:
        left_out.append(f"mean drive and gain of {encoding.name} are left out: {error}")
        return None
    return drive


def _disturb(
    skeleton: Skeleton,
    encoding: "Encoding",
    images: "NDArray[np.uint8]",
    record: "SpikeRecord",
    first: int,
) -> None:
    """Add what a little noise makes of some images, the first of them of that number."""
    copies = [corrupt(images, "noise", SEVERITY, seed=seed, first=first) for seed in range(COPIES)]
    times = [encoding.encode(copy).first_spike for copy in copies]
    skeleton.update(record.first_spike, times)


def profile_columns(measured: "EncodingMetrics") -> dict[str, Any]:
    """What `channels.csv` says of it, a value a channel."""
    columns: dict[str, Any] = {}
    if (stable := measured.skeleton) is not None:
        columns |= {"stable": stable.stable, "stable_by_chance": stable.by_chance}
    if (together := measured.synchrony) is not None:
        columns |= {
            "synchrony": together.synchrony,
            "synchrony_by_chance": together.by_chance,
            "same_first_step": together.same_step,
        }
    if (point := measured.operating_point) is not None:
        columns |= {"never_fires": point.silent, "first_step": point.first_step}
        columns |= {"linear_range": point.linear_range}
        if point.gain is not None:
            columns |= {"mean_drive": point.mean_drive, "drive_deviation": point.drive_deviation}
            columns |= {"gain": point.gain}
    K = measured.shape[0]
    if (seen := measured.receptive_field) is not None:
        columns |= {"field_height": [seen.field.height] * K, "field_width": [seen.field.width] * K}
        if seen.effective is not None:
            columns |= {"effective_pixels": seen.effective}
    if (best := measured.exciting) is not None:
        columns |= {
            "top_image": best.top_images[:, 0],
            "top_count": best.top_counts[:, 0],
            "patch_image": best.patch_images[:, 0],
            "patch_row": best.patch_places[:, 0, 0],
            "patch_column": best.patch_places[:, 0, 1],
            "patch_count": best.patch_counts[:, 0],
            "patch_ties": best.patch_ties,
        }
    return columns
