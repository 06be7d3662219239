"""An encoder beside another, channel by channel: as CSV, JSON and arrays."""

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from snnviz._version import __version__
from snnviz.analysis.naming import file_stems
from snnviz.analysis.tables import plain
from snnviz.files import json_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from snnviz.analysis.analyzing import Analysis
    from snnviz.analysis.differing import Beside

LAYOUT = 1
"""Version of the layout of diff_NAME.json; it grows when a key changes its meaning or goes."""


def diff_stems(analysis: "Analysis") -> dict[str, str]:
    """What the files about each encoder beside the one under study begin with, by its name."""
    stems = file_stems([each.name for each in analysis.beside])
    return {name: f"diff_{stem}" for name, stem in stems.items()}


def diff_files(analysis: "Analysis") -> "dict[str, bytes | memoryview]":
    """The contents of diff_NAME.csv, .json and .npz of each encoder beside the one under study."""
    stems, name = diff_stems(analysis), analysis.studied.encoding.name
    found: dict[str, bytes | memoryview] = {}
    for each in analysis.beside:
        stem = stems[each.name]
        found |= {
            f"{stem}.csv": diff_csv(each).encode(),
            f"{stem}.json": json_bytes(diff_json(each, name)),
            f"{stem}.npz": _arrays(each),
        }
    return found


def diff_json(beside: "Beside", name: str) -> dict[str, Any]:
    """Plain values; what is not defined is null.

    Args:
        beside: What was found.
        name: That of the encoder under study.
    """
    diff = beside.diff
    weights = "with batch normalization folded in" if beside.kernels_folded else "as they are"
    return {
        "version": LAYOUT,
        "snnviz": __version__,
        "encoder": name,
        "compared": beside.name,
        "channels": [len(diff.partner), len(beside.other_maps)],
        "images": diff.images,
        "steps": list(beside.steps),
        "kernels": weights if beside.kernels else None,
        "mean_correlation": plain(diff.mean_correlation),
        "untrained_correlation": plain(beside.untrained),
        "became": {
            state: [list(pair) for pair in diff.became(state)]
            for state in ("silent", "saturated", "active")
        },
        "retyped": [list(pair) for pair in diff.retyped],
        "unpaired": plain(diff.unpaired),
        "pairs": list(_rows(beside)),
        "left_out": list(beside.left_out),
    }


def diff_csv(beside: "Beside") -> str:
    """A row a pair, that which moved most first; then channels that have no partner."""
    rows = list(_rows(beside))
    rows += [{"partner": int(p)} for p in beside.diff.unpaired]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: "" if value is None else value for key, value in row.items()})
    return text.getvalue()


def _rows(beside: "Beside") -> Iterator["dict[str, Any]"]:
    """Each channel of the encoder under study, as plain values."""
    diff = beside.diff
    numbers: Mapping[str, Any] = {
        "correlation": diff.correlation,
        "moved": diff.moved,
        "rate": diff.rate,
        "partner_rate": diff.partner_rate,
        "rate_change": diff.rate_change[:, 0],
        "rate_change_low": diff.rate_change[:, 1],
        "rate_change_high": diff.rate_change[:, 2],
        "kernel_change": diff.kernel_change,
        "kernel_rotation": diff.kernel_rotation,
        "bias_change": diff.bias_change,
    }
    alone = np.flatnonzero(diff.partner < 0)
    for k in (*diff.order, *alone):
        paired = diff.partner[k] >= 0
        yield {
            "channel": int(k),
            "partner": int(diff.partner[k]) if paired else None,
            "paired_by": diff.paired_by[k] or None,
            **{
                name: None if values is None else plain(values[k])
                for name, values in numbers.items()
            },
            "type": diff.types[k],
            "partner_type": diff.partner_types[k] or None,
            "state": diff.states[k],
            "partner_state": diff.partner_states[k] or None,
        }


def _arrays(beside: "Beside") -> memoryview:
    """What the figure shows: mean maps and kernels of both, for `numpy.load`."""
    arrays = {"maps": beside.maps, "other_maps": beside.other_maps}
    if beside.kernels is not None:
        arrays["kernels"], arrays["other_kernels"] = beside.kernels  # type: ignore[assignment]
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getbuffer()
