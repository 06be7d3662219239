"""A league table as a folder: the table, and a card an encoder."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from snnviz._version import __version__
from snnviz.analysis.naming import file_stems
from snnviz.analysis.ranking import League
from snnviz.analysis.ranking_text import league_csv, league_markdown
from snnviz.files import json_bytes
from snnviz.folders import Layout, OutputFolder, hold_folder

LAYOUT = 1
"""Version of the layout of league.json; it grows when a key changes its meaning or goes."""

JSON = "league.json"
LEAGUE = Layout(
    run="a league table",
    manifest=JSON,
    mark=".unfinished_league.json",
    owned=re.compile(r"league\.(md|csv)|cards/[\w.-]+\.json"),
    argument="folder",
)
"""What a folder of a league table holds; league.json lists the other files."""


def write_league(
    league: League,
    folder: str | Path,
    *,
    about: Mapping[str, object] | None = None,
    overwrite: bool = False,
    output: OutputFolder | None = None,
) -> list[Path]:
    """The files written: league.json, league.md, league.csv, and cards/NAME.json an encoder.

    What an earlier table left there is deleted first.

    Args:
        league: What was found.
        folder: Where to; it is made.
        about: What it is of, for the JSON: plain values.
        overwrite: Write into a folder that is not empty.
        output: The output folder, where the caller holds it already.

    Raises:
        ExportError: The folder is not empty, another run is writing there, or a file cannot be
            written.

    Example:
        >>> table = snnviz.league([snnviz.load_encoder()], snnviz.garments(8), T=2)
        >>> [path.name for path in snnviz.write_league(table, "league")]
        ['league.json', 'league.md', 'league.csv', 'encoder.json']
    """
    if output is None:
        with hold_folder(Path(folder), LEAGUE, overwrite=overwrite) as held:
            return write_league(league, folder, about=about, output=held)
    files = card_files(league)
    cards = {card.name: card.as_dict() for card in league.cards}
    content = {
        "league.md": league_markdown(league, about).encode(),
        "league.csv": league_csv(league).encode(),
        **{file: json_bytes(cards[name]) for name, file in files.items()},
    }
    with output.replaced(content, _as_json(league, about or {}, files)) as paths:
        return [output.folder / JSON, *paths]


def card_files(league: League) -> dict[str, str]:
    """The file of each card, by its encoder's name."""
    stems = file_stems([card.name for card in league.cards])
    return {name: f"cards/{stem}.json" for name, stem in stems.items()}


def _as_json(
    league: League, about: Mapping[str, object], files: Mapping[str, str]
) -> dict[str, Any]:
    """The table as plain values; its numbers are in the cards."""
    score = league.score
    return {
        "version": LAYOUT,
        "snnviz": __version__,
        **about,
        "sorted_by": {"score": score.key, "title": score.title, "better": score.better},
        "first": league.cards[0].name,
        "encoders": [
            {"rank": rank, "name": card.name, "card": files[card.name], **_numbers(card.as_dict())}
            for rank, card in league.ranked()
        ],
        "notes": list(league.notes),
        "left_out": list(league.left_out),
    }


def _numbers(card: Mapping[str, Any]) -> dict[str, Any]:
    return {key: card[key] for key in ("kind", "T", "shape", "scores", "tests")}
