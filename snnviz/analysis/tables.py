"""An analysis as files: JSON for machines, CSV a row a channel, Markdown for people."""

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnviz._version import __version__
from snnviz.analysis.analyzing import Analysis
from snnviz.analysis.paired import Against, intervals
from snnviz.analysis.profiling import profile_columns
from snnviz.analysis.results import EncodingMetrics, known
from snnviz.analysis.scorecard import SCORES
from snnviz.analysis.text import scorecard_markdown
from snnviz.files import json_bytes, write_bytes
from snnviz.metrics import QUANTITIES

LAYOUT = 4
"""Version of the layout of analysis.json; it grows when a key changes its meaning or goes."""

JSON = "analysis.json"
TABLES = ("analysis.npz", "channels.csv", "scorecard.md")
"""The tables beside the JSON."""

# Larger arrays, such as the atlas of mean maps, are in analysis.npz alone.
_LARGEST = 10_000
# Whose arrays are written whole: what was trained, and what it began as.
_WHOLE = ("encoder", "compared", "start")


def write_tables(analysis: Analysis, folder: Path, about: Mapping[str, object]) -> list[Path]:
    """The files written: analysis.json, analysis.npz, channels.csv, scorecard.md.

    Args:
        analysis: What was found.
        folder: An existing folder.
        about: What the analysis is of, for the JSON: plain values.

    Raises:
        ExportError: A file cannot be written.
    """
    contents = {JSON: json_bytes(as_json(analysis, about)), **tables(analysis, about)}
    return [write_bytes(data, folder / name) for name, data in contents.items()]


def tables(analysis: Analysis, about: Mapping[str, object]) -> dict[str, bytes | memoryview]:
    """The contents of `TABLES`, by name."""
    contents = (
        arrays_npz(analysis),
        channels_csv(analysis).encode(),
        scorecard_markdown(analysis, about).encode(),
    )
    return dict(zip(TABLES, contents, strict=True))


def as_json(analysis: Analysis, about: Mapping[str, object]) -> dict[str, Any]:
    """Plain values for JSON; what is not defined is null."""
    whole = [m.encoding.name for m in analysis.measured if m.encoding.families is None]
    return {
        "version": LAYOUT,
        "snnviz": __version__,
        **about,
        "test_images": analysis.images,
        "train_images": analysis.train_images,
        "encoders": [_encoder(measured) for measured in analysis.measured],
        "alignment": {
            "names": whole,
            "images": analysis.alignment_images,
            "cka": plain(analysis.alignment),
        },
        "paired": {name: _paired(each) for name, each in analysis.paired.items()},
        "cost_steps": analysis.cost_steps,
        "networks": {
            "images": analysis.network_images,
            **{
                name: {
                    "cost": found.cost.as_dict(),
                    "importance": plain(found.importance),
                    "drop": found.importance and plain(found.importance.drop),
                }
                for name, found in analysis.networks.items()
            },
        },
        "weight_change": {
            "epochs": list(analysis.epochs),
            **(plain(analysis.weight_change) or {}),
            "folded": plain(analysis.folded),
        },
        "left_out": list(analysis.left_out),
    }


def _encoder(measured: EncodingMetrics) -> dict[str, Any]:
    encoding = measured.encoding
    return {
        "name": encoding.name,
        "kind": encoding.kind,
        "T": encoding.T,
        "t": encoding.t,
        "shape": list(measured.shape),
        "scores": {score.key: plain(score.of(measured)) for score in SCORES},
        "types": list(measured.contours.types(encoding.t)),
        "shares": plain(measured.contours.shares(encoding.t)),
        "reads": encoding.reads,
        "families": plain(encoding.families),
        "intervals": plain(intervals(measured)),
        **{name: plain(result) for name, result in measured.results.items() if name != "rule"},
    }


def _paired(each: Against) -> dict[str, Any]:
    """The first encoder less another, of named numbers."""
    return {
        "probe": each.probe and plain(each.probe._asdict()),
        "probe_images": each.probe_images,
        "probe_training": plain(each.probe_training),
        "psnr": each.psnr and plain(each.psnr._asdict()),
        "correlations": {name: plain(one._asdict()) for name, one in each.correlations.items()},
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


def arrays_npz(analysis: Analysis) -> memoryview:
    """All arrays of what was trained, and of what it began as, for `numpy.load`.

    Their names are `NAME/FAMILY/FIELD`, with the encoding's name and the family and field as in
    analysis.json; floats of more than 10,000 numbers are float32.
    """
    arrays: dict[str, Any] = {}
    for measured in analysis.measured:
        if measured.encoding.kind not in _WHOLE:
            continue
        for family, result in measured.results.items():
            for each in fields(result):
                value = getattr(result, each.name)
                if isinstance(value, np.ndarray) and value.ndim:
                    large = value.dtype == np.float64 and value.size > _LARGEST
                    arrays[f"{measured.encoding.name}/{family}/{each.name}"] = (
                        value.astype(np.float32) if large else value
                    )
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getbuffer()


def channels_csv(analysis: Analysis) -> str:
    """A row a channel of every trained encoder; empty where a number is not defined.

    What its network and its run tell is there for those that have one.
    """
    tables = [
        _columns(analysis, measured)
        for measured in analysis.measured
        if measured.encoding.kind in _WHOLE or measured is analysis.studied
    ]
    names = list(dict.fromkeys(name for columns in tables for name in columns))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for columns in tables:
        count = len(columns["channel"])
        cells = [columns.get(name, [None] * count) for name in names]
        for row in zip(*cells, strict=True):
            writer.writerow(["" if plain(value) is None else plain(value) for value in row])
    return text.getvalue()


def _ints(values: NDArray[np.bool_] | None, count: int) -> list[int | None]:
    """0 and 1, or so many empty cells where there are none."""
    return [None] * count if values is None else values.astype(int).tolist()


def _columns(analysis: Analysis, measured: EncodingMetrics) -> dict[str, Any]:
    encoding = measured.encoding
    activity, information = known(measured.activity), known(measured.information)
    read = measured.contours.correlation[encoding.t]
    columns: dict[str, Any] = {
        "encoder": [encoding.name] * measured.shape[0],
        "channel": range(measured.shape[0]),
        "type": measured.contours.types(encoding.t),
        "firing_rate": activity.rate,
        "silent": activity.silent.astype(int),
        "saturated": _ints(activity.saturated, len(activity.silent)),
        "lifetime_sparseness": activity.lifetime_sparseness,
        **{f"r_{name.replace(' ', '_')}": read[:, i] for i, name in enumerate(QUANTITIES)},
        "entropy": information.entropy_corrected,
        "intensity_information": information.intensity_information_corrected,
        "bits_per_spike": information.bits_per_spike,
    }
    if information.count_entropy_corrected is not None:
        columns["count_entropy"] = information.count_entropy_corrected
        columns["count_information"] = information.count_information_corrected
    if information.label_information_corrected is not None:
        columns["label_information"] = information.label_information_corrected
    if (classes := measured.classes) is not None:
        columns["class_selectivity"] = classes.selectivity
        preferred = classes.preferred.tolist()
        columns["preferred_class"] = [None if label < 0 else label for label in preferred]
    columns |= profile_columns(measured)
    network = analysis.networks.get(encoding.name)
    if network is not None and network.importance is not None:
        columns["accuracy_drop"] = network.importance.drop
    if analysis.weight_change is not None and measured is analysis.studied:
        columns["kernel_change"] = analysis.weight_change.channel_change[-1]
        columns["kernel_rotation"] = analysis.weight_change.rotation[-1]
    return columns
