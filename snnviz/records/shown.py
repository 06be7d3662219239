"""What a notebook shows of a record."""

from typing import TYPE_CHECKING

import numpy as np

from snnviz.display import count_picture, quantity, summary, thumbnail

if TYPE_CHECKING:
    from snnviz.records.spikes import SpikeRecord

# So many channels are shown.
_CHANNELS = 32


def mean_rate(record: "SpikeRecord") -> float:
    """Spikes a neuron and step, over all images; NaN where there are none."""
    counts = record.count(record.T - 1)
    return float(counts.mean(dtype=float)) / record.T if counts.size else float("nan")


def record_html(record: "SpikeRecord") -> str:
    """Facts of a record and the spike counts of its first image, as HTML."""
    facts: dict[str, object] = {
        "images": len(record),
        "neurons": " x ".join(map(str, record.shape[1:])),
        "T": record.T,
    }
    title = f"SpikeRecord of {quantity(len(record), 'image')}"
    t = record.T - 1
    counts = record.count(t)
    if not counts.size:
        return summary(title, facts)
    facts["spikes a neuron and step"] = f"{mean_rate(record):.4g}"
    facts["neurons that fire"] = f"{np.count_nonzero(counts) / counts.size:.1%}"
    return summary(title, facts, counts_thumbnail(record, t))


def counts_thumbnail(record: "SpikeRecord", t: int) -> str:
    """The spike counts of a record's first image up to step t, of its first channels, as HTML."""
    maps = record[0].maps().count(t)[0]
    shown = maps[:_CHANNELS]
    channels = "channel 0" if len(shown) == 1 else f"channels 0 to {len(shown) - 1}"
    caption = (
        f"Spike counts of the first image, t = {t}: {channels} of {len(maps)}, each from its "
        "lowest to its highest; silent maps blue, saturated ones orange"
    )
    return thumbnail(count_picture(shown, t=t, T=record.T, most=record.most), caption)
