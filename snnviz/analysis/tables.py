"""An analysis as files: JSON for machines, CSV a row a channel, Markdown for people."""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from snnviz import __version__
from snnviz.analysis.analyzing import Analysis
from snnviz.analysis.measuring import Measured
from snnviz.analysis.scorecard import SCORES
from snnviz.analysis.text import scorecard_markdown
from snnviz.files import write_bytes
from snnviz.metrics import QUANTITIES

LAYOUT = 1
"""Version of the layout of analysis.json; it grows when a key changes its meaning or goes."""

# Larger arrays, such as the atlas of mean maps, are drawn and not listed.
_LARGEST = 10_000
_QUANTITY = {name: column for column, name in enumerate(QUANTITIES)}


def write_tables(analysis: Analysis, folder: Path, about: Mapping[str, Any]) -> list[Path]:
    """The files written: analysis.json, channels.csv, scorecard.md.

    Args:
        analysis: What was found.
        folder: An existing folder.
        about: What the analysis is of, for the JSON: plain values.

    Raises:
        ExportError: A file cannot be written.
    """
    text = json.dumps(as_json(analysis, about), indent=1, allow_nan=False) + "\n"
    return [
        write_bytes(text.encode(), folder / "analysis.json"),
        write_bytes(channels_csv(analysis).encode(), folder / "channels.csv"),
        write_bytes(scorecard_markdown(analysis).encode(), folder / "scorecard.md"),
    ]


def as_json(analysis: Analysis, about: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values for JSON; what is not defined is null."""
    names = [measured.coder.name for measured in analysis.measured]
    return {
        "version": LAYOUT,
        "snnviz": __version__,
        **about,
        "test_images": analysis.images,
        "train_images": analysis.train_images,
        "encoders": [_encoder(measured) for measured in analysis.measured],
        "alignment": {
            "names": names,
            "images": analysis.alignment_images,
            "cka": plain(analysis.alignment),
        },
        "network": {
            "images": analysis.network_images,
            "cost": analysis.cost.as_dict() if analysis.cost else None,
            "importance": plain(analysis.importance),
            "drop": plain(analysis.importance.drop) if analysis.importance else None,
        },
        "movement": {"epochs": list(analysis.epochs), **(plain(analysis.movement) or {})},
    }


def _encoder(measured: Measured) -> dict[str, Any]:
    coder = measured.coder
    return {
        "name": coder.name,
        "kind": coder.kind,
        "T": coder.T,
        "t": coder.t,
        "shape": list(measured.shape),
        "scores": {score.key: plain(score.of(measured)) for score in SCORES},
        "types": list(measured.results["contours"].types()),
        **{name: plain(result) for name, result in measured.results.items() if name != "rule"},
    }


def plain(value: Any) -> Any:
    """Dicts, lists, numbers and None of `value`; NaN and arrays above a size become None."""
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist() if value.size <= _LARGEST else None
    elif is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def channels_csv(analysis: Analysis) -> str:
    """A row a channel of the encoder under study; empty where a number is not defined."""
    columns = _columns(analysis)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow(["" if plain(value) is None else plain(value) for value in row])
    return text.getvalue()


def _columns(analysis: Analysis) -> dict[str, Iterable[Any]]:
    found = analysis.studied.results
    activity, information = found["activity"], found["information"]
    last = found["contours"].correlation[-1]
    columns: dict[str, Iterable[Any]] = {
        "channel": range(analysis.studied.shape[0]),
        "type": found["contours"].types(),
        "firing_rate": activity.rate,
        "silent": activity.silent.astype(int),
        "saturated": activity.saturated.astype(int),
        "lifetime_sparseness": activity.lifetime_sparseness,
        "r_edge": last[:, _QUANTITY["edge"]],
        "r_intensity": last[:, _QUANTITY["intensity"]],
        "entropy": information.entropy_corrected,
        "intensity_information": information.intensity_information_corrected,
        "bits_per_spike": information.bits_per_spike,
    }
    if information.label_information_corrected is not None:
        columns["label_information"] = information.label_information_corrected
    if "classes" in found:
        columns["class_selectivity"] = found["classes"].selectivity
        columns["preferred_class"] = found["classes"].preferred
    if analysis.importance is not None:
        columns["accuracy_drop"] = analysis.importance.drop
    if analysis.movement is not None:
        columns["kernel_change"] = analysis.movement.channel_change[-1]
        columns["kernel_rotation"] = analysis.movement.rotation[-1]
    return columns
