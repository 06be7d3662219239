"""Figure sets on disk: the images an encoder was fed, and what it made of them."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np

from snnviz import __version__
from snnviz.data import Sample, to_input
from snnviz.errors import ConfigError
from snnviz.figures import feature_map_figure, input_figure
from snnviz.files import atomic_write, check_free, make_folder
from snnviz.grid import Normalize

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from snnviz.encoder import Encoder
    from snnviz.spikes import SpikeRecord

# What each format writes, and the metadata that keeps its bytes free of dates and versions.
FORMATS: dict[str, dict[str, Any]] = {
    "png": {"metadata": {"Software": None}},
    "svg": {"metadata": {"Date": None}},
    "pdf": {"metadata": {"CreationDate": None}},
    "npz": {},
}
_BATCH = 16
_MANIFEST = "manifest.json"


@dataclass(frozen=True)
class FigureSetOptions:
    """What a figure set shows, and how.

    Attributes:
        T: Number of time steps, >= 1.
        at: The 0-based steps for which summed spikes are drawn; none: 0 and T-1.
        formats: Names from `FORMATS`.
        normalize: See `snnviz.feature_map_figure`, like all that follow.
        cmap: Colour map.
        labels: Channel numbers.
        rows: Rows of the grid.
        columns: Columns of the grid.
        dpi: Output pixels per inch.
    """

    T: int
    at: tuple[int, ...] = ()
    formats: tuple[str, ...] = ("png",)
    normalize: Normalize = "map"
    cmap: str = "gray"
    labels: bool = False
    rows: int | None = None
    columns: int | None = None
    dpi: int = 200

    def __post_init__(self) -> None:
        """Settle the steps and formats, each once."""
        if self.T < 1:
            raise ConfigError(f"T must be at least 1, got {self.T}")
        for t in self.at:
            if not 0 <= t < self.T:
                raise ConfigError(f"step {t} is not in 0..{self.T - 1}; T is {self.T}")
        for name in self.formats:
            if name not in FORMATS:
                raise ConfigError(f"no format {name!r}; choose from {', '.join(FORMATS)}")
        object.__setattr__(self, "at", tuple(dict.fromkeys(self.at or (0, self.T - 1))))
        object.__setattr__(self, "formats", tuple(dict.fromkeys(self.formats or ("png",))))

    @property
    def drawing(self) -> dict[str, Any]:
        """The options of `feature_map_figure`."""
        return {
            name: getattr(self, name)
            for name in ("T", "normalize", "cmap", "labels", "rows", "columns", "dpi")
        }


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


def figure_set(
    sample: Sample, record: "SpikeRecord", options: FigureSetOptions
) -> dict[str, bytes]:
    """The files of one image, by name.

    Args:
        sample: The image.
        record: Its spikes, of one image.
        options: What to draw.
    """
    figures = {"input": input_figure(sample.image, label=sample.class_name, dpi=options.dpi)}
    counts = {t: record.count(t)[0] for t in options.at}
    for t, count in counts.items():
        figures[f"counts_t{t}"] = feature_map_figure(count, t=t, **options.drawing)
    content = {
        f"{name}.{form}": render(figure, form)
        for form in options.formats
        if form != "npz"
        for name, figure in figures.items()
    }
    if "npz" in options.formats:
        content["counts.npz"] = _pack(sample, counts)
    return content


def render(figure: "Figure", form: str) -> bytes:
    """The figure as a file of that format; the same figure gives the same bytes.

    Args:
        figure: What to draw.
        form: "png", "svg" or "pdf".
    """
    buffer = BytesIO()
    # SVG names its parts after a salt that is random otherwise. The user's own settings must not
    # crop the figure, whose pixels are laid out on whole numbers.
    with mpl.rc_context({"svg.hashsalt": "snnviz", "savefig.bbox": None, "pdf.compression": 9}):
        figure.savefig(buffer, format=form, dpi=figure.dpi, **FORMATS[form])
    return buffer.getvalue()


def write_bytes(data: bytes, path: Path) -> Path:
    """`path`, which holds `data` afterwards, whole or not at all."""
    with atomic_write(path) as file:
        file.write(data)
    return path


def _encoded(
    encoder: "Encoder", samples: Iterable[Sample], T: int
) -> Iterator[tuple[Sample, "SpikeRecord"]]:
    """Each sample with its record; images of one size go through the encoder together."""
    for _, group in groupby(samples, key=lambda sample: sample.image.shape):
        while batch := list(islice(group, _BATCH)):
            record = encoder.encode(to_input(np.stack([sample.image for sample in batch])), T)
            for n, sample in enumerate(batch):
                yield sample, record[n : n + 1]


def _pack(sample: Sample, counts: dict[int, Any]) -> bytes:
    buffer = BytesIO()
    np.savez_compressed(
        buffer,
        t=np.array(list(counts)),
        counts=np.stack(list(counts.values())),
        image=sample.image,
        label=np.array(-1 if sample.label is None else sample.label),
        index=np.array(sample.index),
    )
    return buffer.getvalue()


def _entry(sample: Sample, folder: str, files: list[str]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "index": sample.index,
        "label": sample.label,
        "class": sample.class_name,
    }
    if sample.source is not None:
        entry["source"] = sample.source
    return {**entry, "folder": folder, "files": files}
