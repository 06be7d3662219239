"""What the page says of each channel in numbers, over the images that it shows."""

from typing import TYPE_CHECKING, Any

import numpy as np

from snnviz.analysis.streaming import at_size
from snnviz.metrics import QUANTITIES, Activity, Contours
from snnviz.metrics.accumulator import MOST_SPIKES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from snnviz.records.spikes import SpikeRecord

_EDGE, _INTENSITY = QUANTITIES.index("edge"), QUANTITIES.index("intensity")
# Half of a normal distribution's 95 %, in standard errors.
_INTERVAL = 1.96


def channel_table(record: "SpikeRecord", pictures: "NDArray[np.uint8]") -> dict[str, Any]:
    """The numbers of each channel as lists of K; None where one is not defined.

    Keys: "rate" (spikes a step and neuron), "first" (mean first-spike time of the neurons that
    fire), "type", "edge" and "intensity" (Pearson's r of the counts with each); "images", their
    number. Types and correlations are there where maps have an extent to follow something in;
    the images are compared at their size.

    Args:
        record: Channels [N, K, H, W].
        pictures: The images, grey bytes [N, h, w].
    """
    shape = (record.shape[1], record.shape[2], record.shape[3])
    first = record.first_spike.swapaxes(0, 1).reshape(shape[0], -1)
    fires = first < record.T
    with np.errstate(invalid="ignore"):
        mean = (first * fires).sum(1) / fires.sum(1)
    counts = record.count(record.T - 1).mean((0, 2, 3), dtype=np.float64)
    table: dict[str, Any] = {
        "images": len(record),
        "rate": _plain(counts / record.T, 5),
        "first": _plain(mean, 3),
    }
    countable = record.most * record.T <= MOST_SPIKES
    if countable and min(shape[1:]) > 1 and min(pictures.shape[1:]) > 1:
        contours = Contours(record.T, shape)
        contours.update(record, at_size(pictures, shape[1:]))
        found = contours.result()
        table["type"] = list(found.types())
        table["edge"] = _plain(found.correlation[-1, :, _EDGE], 3)
        table["intensity"] = _plain(found.correlation[-1, :, _INTENSITY], 3)
    return table


def scores(record: "SpikeRecord", table: dict[str, Any]) -> list[dict[str, str]]:
    """What sums the encoder up, for the head of a page: name, value, and where there are, limits.

    Limits are of the mean over images: 1.96 standard errors to each side.
    """
    of_images = record.count(record.T - 1).mean((1, 2, 3), dtype=np.float64) / record.T
    rate = f"{of_images.mean():.1%}" if record.most == 1 else f"{of_images.mean():.2f}"
    limits = ""
    if len(of_images) > 1:
        half = _INTERVAL * of_images.std(ddof=1) / np.sqrt(len(of_images))
        low, high = max(0.0, of_images.mean() - half), of_images.mean() + half
        limits = f"{low:.1%} to {high:.1%}" if record.most == 1 else f"{low:.2f} to {high:.2f}"
    shown = [{"name": "firing rate", "value": rate, "limits": limits}]
    silent_share = (record.first_spike == record.T).mean()
    shown.append({"name": "silent responses", "value": f"{silent_share:.1%}", "limits": ""})
    if record.most * record.T <= MOST_SPIKES:
        activity = Activity(record.T, (record.shape[1], record.shape[2], record.shape[3]))
        activity.update(record, np.zeros((len(record), *record.shape[2:]), np.uint8))
        found = activity.result()
        for name, channels in (("silent", found.silent), ("saturated", found.saturated)):
            if channels is None:  # neurons that fire several times in a step know no bound
                continue
            value = f"{int(channels.sum())} of {len(channels)}"
            shown.append({"name": f"{name} channels", "value": value, "limits": ""})
    if "type" in table:
        edges = sum(kind.endswith("edge") for kind in table["type"])
        share = f"{edges} of {len(table['type'])}"
        shown.append({"name": "channels that follow edges", "value": share, "limits": ""})
    return shown


def _plain(values: "NDArray[np.floating]", digits: int) -> "Sequence[float | None]":
    return [None if np.isnan(v) else round(float(v), digits) for v in values]
