"""The scorecard of an earlier analysis, as a table for the head of a page."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from snnviz.analysis.scorecard import SCORES
from snnviz.analysis.tables import JSON, LAYOUT
from snnviz.errors import DataError
from snnviz.files import printable


class Scorecard(TypedDict, total=False):
    """What a page needs of an analysis.

    Attributes:
        columns: The names of the encoder and of what it is compared with.
        rows: A score's title and its value for each column, as texts.
        images: How many images it scores.
        dataset: What they are of.
        sha256: That of the checkpoint; None where there is none.
        same: Whether the checkpoint is that of the page.
    """

    columns: list[str]
    rows: list[list[str]]
    images: int
    dataset: str
    sha256: str | None
    same: bool


def read_scorecard(path: Path) -> Scorecard:
    """What a page needs of an analysis, but for "same".

    A row is a score's title and its value for each column: the encoder and what it is compared
    with; untrained encoders share one, as mean and standard deviation. The probe's accuracy has its
    95 % interval.

    Args:
        path: The folder of an analysis of `snnviz analyze`, or its analysis.json.

    Raises:
        DataError: There is none that can be read.
    """
    file = path / JSON if path.is_dir() else path
    try:
        said = json.loads(file.read_bytes())
        if said["version"] != LAYOUT:
            raise DataError(f"{file} is of layout {said['version']}, not {LAYOUT}; analyze again")
        groups = _grouped(said["encoders"])
        images = said.get("images") or {}
        return {
            "columns": [printable(name) for name in groups],
            "rows": [
                [score.title, *(_written(score.key, score.form, some) for some in groups.values())]
                for score in SCORES
            ],
            "images": int(said["test_images"]),
            "dataset": printable(str(images.get("dataset") or "the user's files")),
            "sha256": (said.get("checkpoint") or {}).get("sha256"),
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{file} is no analysis of snnviz analyze; name its folder") from error


def _grouped(encoders: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """The encoders by the columns that they go into; brief ones that are no seeds go into none."""
    untrained = [each for each in encoders if each["kind"] == "untrained"]
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for each in encoders:
        if each["kind"] != "untrained":
            if each["families"] is None:
                groups[each["name"]] = [each]
        elif each is untrained[0]:
            groups[f"untrained, {len(untrained)} seed{'s' * (len(untrained) > 1)}"] = untrained
    return groups


def _written(key: str, form: str, group: Sequence[Mapping[str, Any]]) -> str:
    found = [each["scores"].get(key) for each in group]
    values = np.array([value for value in found if value is not None], np.float64)
    if not len(values) or not np.isfinite(values).all():
        return "-"
    text = format(float(values.mean()), form)
    if len(values) > 1:
        return f"{text} ± {format(float(values.std(ddof=1)), form.replace('+', ''))}"
    interval = (group[0].get("probe") or {}).get("interval") if key == "probe" else None
    if interval and all(math.isfinite(end) for end in interval):
        return f"{text} ({interval[0]:.1%} to {interval[1]:.1%})"
    return text
