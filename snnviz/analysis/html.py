"""What a notebook shows of an analysis: the scorecard as a table, and a picture."""

from html import escape
from typing import TYPE_CHECKING

from snnviz.analysis.columns import grouped, steps_of, written
from snnviz.analysis.scorecard import SCORES
from snnviz.analysis.sections import Section, sections
from snnviz.analysis.text import scorecard_notes
from snnviz.records.shown import counts_thumbnail

if TYPE_CHECKING:
    from snnviz.analysis.analyzing import Analysis


def analysis_html(analysis: "Analysis") -> str:
    """The scorecard, a column an encoder, its notes, and counts of the first image, as HTML."""
    groups = grouped(analysis)
    head = "".join(f"<th>{escape(name)}</th>" for name in ("", "t", *groups))
    table = {s: [written(s, some) for some in groups.values()] for s in SCORES}
    rows = "".join(
        f'<tr><th style="text-align:left">{escape(score.title)}</th>'
        + "".join(f"<td>{escape(text)}</td>" for text in (steps_of(score, analysis), *texts))
        + "</tr>"
        for score, texts in table.items()
        if set(texts) != {"-"}
    )
    below = "".join(map(_section, sections(analysis)))
    fitted = f", readouts fitted on {analysis.train_images}" if analysis.train_images else ""
    title = f"{analysis.studied.encoding.name} on {analysis.images} images{fitted}"
    left_out = [f"Left out: {sentence}." for sentence in analysis.left_out]
    notes = "".join(f"<p>{escape(note)}</p>" for note in [*scorecard_notes(analysis), *left_out])
    picture = counts_thumbnail(analysis.shown.first, analysis.studied.encoding.t)
    return (
        f"<div><b>{escape(title)}</b><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>{below}{notes}{picture}</div>"
    )


def _section(section: Section) -> str:
    """A small table, as HTML."""
    head, *rows = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in section.rows)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return (
        f"<b>{escape(section.title)}</b><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table><p>{escape(section.note)}</p>"
    )
