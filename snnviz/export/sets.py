"""The files of one image: what it was, and what the encoder made of it."""

from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from snnviz.data import Sample
from snnviz.export.options import FigureSetOptions
from snnviz.export.rendering import render
from snnviz.figures import feature_map_figure, input_figure

if TYPE_CHECKING:
    from snnviz.spikes import SpikeRecord


def figure_set(
    sample: Sample, record: "SpikeRecord", options: FigureSetOptions
) -> dict[str, bytes]:
    """The files of one image, by name.

    Args:
        sample: The image.
        record: Its spikes, of one image.
        options: What to draw.
    """
    figures = {"input": input_figure(sample.image, label=sample.class_name, dpi=options.dpi)}
    counts = {t: record.count(t)[0] for t in options.at}
    for t, count in counts.items():
        figures[f"counts_t{t}"] = feature_map_figure(count, t=t, **options.drawing)
    content = {
        f"{name}.{form}": render(figure, form)
        for form in options.formats
        if form != "npz"
        for name, figure in figures.items()
    }
    if "npz" in options.formats:
        content["counts.npz"] = _pack(sample, counts)
    return content


def _pack(sample: Sample, counts: dict[int, Any]) -> bytes:
    buffer = BytesIO()
    np.savez_compressed(
        buffer,
        t=np.array(list(counts)),
        counts=np.stack(list(counts.values())),
        image=sample.image,
        label=np.array(-1 if sample.label is None else sample.label),
        index=np.array(sample.index),
    )
    return buffer.getvalue()
