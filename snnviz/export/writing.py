"""Figure sets into a folder, with a manifest of what made them and what is in it."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from snnviz import __version__
from snnviz.data import Sample, to_input
from snnviz.export.options import FigureSetOptions
from snnviz.export.sets import figure_set
from snnviz.files import check_free, make_folder, write_bytes

if TYPE_CHECKING:
    from snnviz.encoder import Encoder
    from snnviz.spikes import SpikeRecord

_BATCH = 16
_MANIFEST = "manifest.json"


def write_figure_sets(
    encoder: "Encoder",
    samples: Sequence[Sample],
    out_dir: Path,
    options: FigureSetOptions,
    *,
    made_from: dict[str, Any] | None = None,
    overwrite: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> Path:
    """The manifest of the figure sets written to `out_dir`, one folder an image.

    `OUT/<index, five digits>/` holds `input.png`, `counts_t0.png` and so on; with the format npz
    also `counts.npz` with `t` [n], `counts` [n, K, H, W], `image` [H, W], `label` (-1 where there
    is none) and `index`. Each file is whole or absent, and the manifest comes last.

    Args:
        encoder: What encodes the images.
        samples: The images.
        out_dir: The folder, made if it is missing.
        options: What to draw.
        made_from: Further entries for the manifest: where encoder and images came from.
        overwrite: Write into a folder that is not empty; what is not written anew stays.
        progress: Called as `progress("figures", done, total)` after each image.

    Raises:
        ExportError: The folder is not empty, or cannot be written to.
        ConfigError: An option does not suit the encoder.
        ShapeError: The images do not suit the encoder.
    """
    check_free(out_dir, overwrite=overwrite)
    sets: list[dict[str, Any]] = []
    for sample, record in _encoded(encoder, samples, options.T):
        folder = f"{sample.index:05d}"
        content = figure_set(sample, record, options)
        if not sets:
            make_folder(out_dir)
            (out_dir / _MANIFEST).unlink(missing_ok=True)
        make_folder(out_dir / folder)
        for name, data in content.items():
            write_bytes(data, out_dir / folder / name)
        sets.append(_entry(sample, folder, list(content)))
        if progress is not None:
            progress("figures", len(sets), len(samples))
    manifest = {
        "snnviz": __version__,
        **(made_from or {}),
        "options": asdict(options),
        "sets": sets,
    }
    text = json.dumps(manifest, indent=1) + "\n"
    return write_bytes(text.encode(), out_dir / _MANIFEST)


def _encoded(
    encoder: "Encoder", samples: Iterable[Sample], T: int
) -> Iterator[tuple[Sample, "SpikeRecord"]]:
    """Each sample with its record; images of one size go through the encoder together."""
    for _, group in groupby(samples, key=lambda sample: sample.image.shape):
        while batch := list(islice(group, _BATCH)):
            record = encoder.encode(to_input(np.stack([sample.image for sample in batch])), T)
            for n, sample in enumerate(batch):
                yield sample, record[n : n + 1]


def _entry(sample: Sample, folder: str, files: list[str]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "index": sample.index,
        "label": sample.label,
        "class": sample.class_name,
    }
    if sample.source is not None:
        entry["source"] = sample.source
    return {**entry, "folder": folder, "files": files}
