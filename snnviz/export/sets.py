"""The files of one image: what it was, and what the encoder made of it."""

from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from snnviz.data import Sample
from snnviz.export.captions import Captions
from snnviz.export.options import FigureSetOptions
from snnviz.export.reduced import reduced
from snnviz.export.templates.kept import counts_template, input_template, is_kept
from snnviz.export.together import together
from snnviz.export.views import Currents, rendered, views
from snnviz.figures import feature_map_figure, input_figure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from snnviz.records.spikes import SpikeRecord


def figure_set(
    sample: Sample,
    record: "SpikeRecord",
    options: FigureSetOptions,
    currents: Currents | None = None,
    captions: Captions | None = None,
    other: "SpikeRecord | None" = None,
) -> dict[str, bytes]:
    """The files of one image, by name.

    Args:
        sample: The image.
        record: Its spikes, of one image.
        options: What to draw.
        currents: Its drive, where `options.needs_drive`.
        captions: The captions, where `options.captions`.
        other: The image's spikes in the encoder that it is compared with, where `options.compare`.
    """
    figures: dict[str, Callable[[str], bytes]] = {"input": _input(sample, options)}
    for t in options.at if "counts" in options.kinds else ():
        figures[f"counts_t{t}"] = partial(_draw_counts, record, t, options)
    figures |= views(sample, record, options, currents)
    figures |= together(sample, record, options, other)
    content = {
        f"{name}.{form}": draw(form)
        for form in options.formats
        if form != "npz"
        for name, draw in figures.items()
    }
    if captions is not None and options.captions and content:
        content = captions.added(content, list(figures), record.shape[1], sample)
    if "npz" in options.formats:
        content["counts.npz"] = _pack(sample, {t: record.count(t)[0] for t in options.at})
    return content


def is_templated(
    samples: "Sequence[Sample]", known: "Mapping[int, SpikeRecord]", options: FigureSetOptions
) -> bool:
    """Whether templates draw all figures of such images, as far as some of them show.

    Args:
        samples: The images.
        known: Records of some of them, by their index.
        options: What to draw.
    """
    if not {"counts", "kernels"}.issuperset(options.kinds) or options.compose or options.compare:
        return False
    first = next((sample for sample in samples if sample.index in known), None)
    if first is None or any(sample.colour is not None for sample in samples):
        return False
    record, t = known[first.index], options.at[0]
    shape = reduced(record.count(t)[0], len(options.channels) or record.shape[1]).shape
    return (
        record.most == 1
        and is_kept(shape)
        and all(
            counts_template(shape, t, options.drawing(t), svg_text=options.svg_text).is_fast(form)
            for form in options.formats
            if form != "npz"
        )
    )


def _draw_counts(record: "SpikeRecord", t: int, options: FigureSetOptions, form: str) -> bytes:
    """The figure of the spikes summed up to step t, in a format."""
    count = reduced(record.count(t)[0], len(options.channels) or record.shape[1])
    if record.most > 1:  # its scale is the image's own, and a template's is not
        draw = partial(feature_map_figure, count, t=t, most=record.most, **options.drawing(t))
        return rendered(draw, form, svg_text=options.svg_text)
    template = counts_template(count.shape, t, options.drawing(t), svg_text=options.svg_text)
    return template.render(count, form)


def _input(sample: Sample, options: FigureSetOptions) -> "Callable[[str], bytes]":
    """What draws the input image in a format."""
    if sample.colour is not None:  # a template has the 256 colours of a palette
        draw = partial(
            input_figure, sample.colour, label=sample.class_name, **options.untitled, **options.size
        )
        return partial(rendered, draw, svg_text=options.svg_text)
    drawing = {**options.size, **options.untitled}
    about = (sample.image.shape, sample.class_name, drawing)
    return lambda form: input_template(*about, svg_text=options.svg_text).render(sample.image, form)


def _pack(sample: Sample, counts: dict[int, Any]) -> bytes:
    buffer = BytesIO()
    np.savez_compressed(
        buffer,
        t=np.array(list(counts)),
        counts=np.stack(list(counts.values())),
        image=sample.image if sample.colour is None else sample.colour,
        label=np.array(-1 if sample.label is None else sample.label),
        index=np.array(sample.index),
    )
    return buffer.getvalue()
