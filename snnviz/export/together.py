"""Pictures of several things at once: an image with its spikes, two encoders."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from snnviz.data import Sample
from snnviz.errors import ConfigError
from snnviz.export.encoding import encode_samples
from snnviz.export.options import COMPARISON, FigureSetOptions
from snnviz.export.views import rendered
from snnviz.figures import comparison_figure, composed_figure

if TYPE_CHECKING:
    from snnviz.adapters.encoder import Encoder
    from snnviz.records.spikes import SpikeRecord


def check_other(
    other: "Encoder | None",
    samples: Sequence[Sample],
    options: FigureSetOptions,
    known: "Mapping[int, SpikeRecord]",
) -> None:
    """Raises unless samples can be drawn as they are in the encoder and in another one.

    Args:
        other: The other encoder.
        samples: The images.
        options: What to draw.
        known: Records in the encoder, by the images' index, with one at least.

    Raises:
        ConfigError: There is no other encoder and one is named, or none is named, or a channel has
            no partner.
        ShapeError: Its maps have another size, or the images do not suit it.
    """
    if other is None and not options.compare:
        return
    if other is None or not options.compare:
        raise ConfigError("a comparison needs the other encoder and what to call it; give both")
    if not known or not samples:
        return
    sample = next((each for each in samples if each.index in known), samples[0])
    record = known.get(sample.index)
    counts = encode_samples(other, [sample], options.T).count(0)[0]
    if record is not None:
        most = max(1, record.most, int(counts.max(initial=0)))
        comparison_figure(
            record.count(0)[0], counts, t=0, T=options.T, most=most,
            partner=options.partner or None, channels=options.channels or None,
            **options.untitled, **options.size,
        )  # fmt: skip


def together(
    sample: Sample, record: "SpikeRecord", options: FigureSetOptions, other: "SpikeRecord | None"
) -> dict[str, Callable[[str], bytes]]:
    """What draws each such picture of one image in a format, by the picture's name.

    Args:
        sample: The image.
        record: Its spikes, of one image.
        options: What to draw.
        other: Its spikes in the encoder that it is compared with, where `options.compare`.
    """
    figures: dict[str, Callable[[], Any]] = {}
    if options.compose:
        figures["composed"] = partial(
            composed_figure,
            sample.image if sample.colour is None else sample.colour,
            {t: record.count(t)[0] for t in options.at},
            T=options.T,
            most=record.most,
            label=sample.class_name,
            channels=options.channels or None,
            normalize=options.normalize,
            cmap=options.cmap,
            labels=options.labels,
            rows=options.rows,
            columns=options.columns,
            titles=options.titles,
            legend=options.legends,
            **options.size,
        )
    if options.compare and other is not None:
        for t in options.at:
            figures[COMPARISON.format(t=t)] = partial(
                comparison_figure,
                record.count(t)[0],
                other.count(t)[0],
                t=t,
                T=options.T,
                most=max(record.most, other.most),
                names=("this encoder", options.compare),
                partner=options.partner or None,
                channels=options.channels or None,
                cmap=options.cmap,
                **options.untitled,
                **options.size,
            )
    return {
        name: partial(rendered, figure, svg_text=options.svg_text)
        for name, figure in figures.items()
    }
