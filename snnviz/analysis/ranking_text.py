"""A league table for people: as Markdown, for a terminal, as HTML; and as CSV for programs."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from snnviz._version import __version__
from snnviz.analysis.cards import LEAGUE_SCORES, LeagueScore
from snnviz.analysis.naming import table_cell
from snnviz.analysis.tables import plain
from snnviz.display import aligned

if TYPE_CHECKING:
    from snnviz.analysis.cards import Card, Interval, Tested
    from snnviz.analysis.ranking import League

# What the table for people has room for, beside what it is sorted by; files have all.
_SHOWN = ("accuracy", "probe", "psnr", "edge", "intensity", "firing_rate", "silent", "saturated",
          "energy", "cka")  # fmt: skip
_BASELINE = "-"


def league_markdown(league: "League", about: Mapping[str, object] | None = None) -> str:
    """The table as Markdown, what it is of above it, and what has to be said below.

    Args:
        league: The table.
        about: What it is of, as for `write_league`; names the images.
    """
    head, *rows = _rows(league)
    lines = [
        f"# {table_cell(_title(league))}",
        "",
        f"{_sample(league, about or {})}.",
        "",
        f"| {' | '.join(map(table_cell, head))} |",
        "|---|" + "---|" * (len(head) - 1),
        *(f"| {' | '.join(map(table_cell, row))} |" for row in rows),
    ]
    return "\n".join(lines) + "\n" + "".join(f"\n{note}\n" for note in _notes(league))


def league_text(league: "League") -> str:
    """The table for a terminal."""
    lines = aligned(_rows(league), left={1})
    notes = "".join(f"\n{note}\n" for note in _notes(league))
    return "\n".join([_title(league), "", *lines]) + "\n" + notes


def league_html(league: "League") -> str:
    """The table for a notebook."""
    head, *rows = _rows(league)
    heads = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    notes = "".join(f"<p>{escape(note)}</p>" for note in _notes(league))
    return (
        f"<div><b>{escape(_title(league))}</b><table><thead><tr>{heads}</tr></thead>"
        f"<tbody>{body}</tbody></table>{notes}</div>"
    )


def league_csv(league: "League") -> str:
    """A row an encoder, in the order of the table, with all scores, intervals and tests."""
    scores = [s for s in LEAGUE_SCORES if any(s.key in card.scores for card in league.cards)]
    tested = [s.key for s in scores if any(s.key in card.tests for card in league.cards)]
    rows = [_row(rank, card, scores, tested) for rank, card in league.ranked()]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: "" if value is None else value for key, value in row.items()})
    return text.getvalue()


def _row(
    rank: int | None, card: "Card", scores: Sequence[LeagueScore], tested: Sequence[str]
) -> dict[str, Any]:
    """An encoder as plain values; what cannot be compared is left out."""
    row: dict[str, Any] = {
        "rank": rank,
        "encoder": card.name,
        "kind": card.kind,
        "sha256": card.about.get("sha256"),
        "T": card.T,
        "channels": card.shape[0],
        "height": card.shape[1],
        "width": card.shape[2],
    }
    for score in scores:
        found = card.compared(score.key)
        names = (score.key, f"{score.key}_low", f"{score.key}_high")
        row |= dict(zip(names, map(plain, found or (None,) * 3), strict=True))
    for key in tested:
        test = card.tests.get(key)
        row |= {
            f"{key}_{name}": test and plain(getattr(test, name))
            for name in ("difference", "p", "test")
        }
        row |= {
            f"{key}_difference_{end}": test and plain(getattr(test, end)) for end in ("low", "high")
        }
    return row


def _title(league: "League") -> str:
    score = league.score
    if score.better is None:
        return f"By {score.title}, from high to low: neither is better by itself"
    return f"By {score.title}: {score.better} is better"


def _rows(league: "League") -> list[list[str]]:
    """The table's cells, its head first; columns of which nothing is known are left out."""
    ranked, by = league.ranked(), league.score
    columns: dict[str, list[str]] = {
        "": [_BASELINE if rank is None else str(rank) for rank, _ in ranked],
        "encoder": [card.name for _, card in ranked],
        "T": [str(card.T) for _, card in ranked],
        "maps": [" x ".join(map(str, card.shape)) for _, card in ranked],
        f"{by.title} (95 %)": [_cell(card.compared(by.key), by) for _, card in ranked],
    }
    tests = [card.tests.get(by.key) for _, card in ranked]
    if any(tests):
        columns[f"less {league.cards[0].name} (95 %)"] = [_difference(each, by) for each in tests]
        columns["p"] = ["-" if each is None else f"{each.p:.2g}" for each in tests]
    for score in LEAGUE_SCORES:
        if score.key in _SHOWN and score != by:
            cells = [_cell(card.compared(score.key), score) for _, card in ranked]
            if set(cells) != {"-"}:
                columns[score.title] = cells
    return [list(columns), *map(list, zip(*columns.values(), strict=True))]


def _cell(found: "Interval | None", score: LeagueScore) -> str:
    if found is None:
        return "-"
    value, low, high = (format(number, score.form) for number in found)
    return value if "nan" in low else f"{value} ({low} to {high})"


def _difference(test: "Tested | None", score: LeagueScore) -> str:
    if test is None:
        return "-"
    form = score.form if score.form.startswith("+") else f"+{score.form}"
    return "{} ({} to {})".format(*(format(number, form) for number in test[:3]))


def _sample(league: "League", about: Mapping[str, object]) -> str:
    """Of which images it is."""
    first, images = league.cards[0], about.get("images")
    told = images if isinstance(images, Mapping) else {}
    named = [str(told[key]) for key in ("dataset", "split") if told.get(key)]
    parts = [f"{first.images} images" + (f" of {', '.join(named)}" if named else "")]
    if first.train_images:
        parts.append(f"readouts fitted on {first.train_images} others")
    return "; ".join([*parts, f"snnviz {__version__}"])


def _notes(league: "League") -> Iterator[str]:
    """What has to be said of it, a paragraph each."""
    by = league.score.key
    if any(card.is_baseline for card in league.cards):
        yield f"{_BASELINE} in place of a rank: a baseline, or no such score."
    if any(by in card.tests for card in league.cards):
        tests = [card.tests[by] for card in league.cards if by in card.tests]
        yield (
            f"Differences from {league.cards[0].name} are of the same images, with the p of "
            f"{tests[0].test}. Overlapping intervals of two encoders are no such test."
        )
    for note in league.notes:
        yield f"{note}."
    for sentence in league.left_out:
        yield f"Left out: {sentence}."
