"""What a notebook shows of an analysis: the scorecard as a table, and a picture."""

from html import escape
from typing import TYPE_CHECKING

from snnviz.analysis.scorecard import SCORES, grouped, written
from snnviz.analysis.text import scorecard_notes
from snnviz.records.shown import counts_thumbnail

if TYPE_CHECKING:
    from snnviz.analysis.analyzing import Analysis


def analysis_html(analysis: "Analysis") -> str:
    """The scorecard, a column an encoder, its notes, and counts of the first image, as HTML."""
    groups = grouped(analysis)
    head = "".join(f"<th>{escape(name)}</th>" for name in ("", *groups))
    table = {s.title: [written(s, some) for some in groups.values()] for s in SCORES}
    rows = "".join(
        f'<tr><th style="text-align:left">{escape(name)}</th>'
        + "".join(f"<td>{escape(text)}</td>" for text in texts)
        + "</tr>"
        for name, texts in table.items()
        if set(texts) != {"-"}
    )
    fitted = f", readouts fitted on {analysis.train_images}" if analysis.train_images else ""
    title = f"{analysis.studied.encoding.name} on {analysis.images} images{fitted}"
    left_out = [f"Left out: {sentence}." for sentence in analysis.left_out]
    notes = "".join(f"<p>{escape(note)}</p>" for note in [*scorecard_notes(analysis), *left_out])
    picture = counts_thumbnail(analysis.shown.first, analysis.studied.encoding.t)
    return (
        f"<div><b>{escape(title)}</b><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>{notes}{picture}</div>"
    )
