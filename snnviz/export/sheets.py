"""Contact sheets of an export: pages of many images, beside the figure sets."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING

from snnviz.data import Sample
from snnviz.export.encoding import encoded, fitting
from snnviz.export.options import FigureSetOptions
from snnviz.export.pool import work
from snnviz.export.rendering import render, settled
from snnviz.figures import SheetEntry, contact_sheet_figure
from snnviz.files import write_bytes
from snnviz.ranks import Ranks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from snnviz.adapters.encoder import Encoder
    from snnviz.records.spikes import SpikeRecord

# Images of a page, fewer where they are large: matplotlib takes a hundred bytes a pixel to draw it.
_COLUMNS, _ROWS = 8, 10
_PAGE_PIXELS = 1 << 21
# Pages that take about as long to draw as a worker takes to start.
_WORTHWHILE = 8
# So much of what figure sets were drawn from is kept for pages: 10,000 images of Fashion-MNIST.
_RATE_BYTES = 1 << 26


def write_sheets(
    encoder: "Encoder",
    samples: Sequence[Sample],
    out_dir: Path,
    options: FigureSetOptions,
    ranks: Ranks,
    jobs: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
    rates: "Rates | None" = None,
) -> list[str]:
    """The names of all pages, `sheet_000.png` and so on; this rank's share is written to `out_dir`.

    Args:
        encoder: What encodes the images.
        samples: The images, in the order of the pages, with predictions where there are any.
        out_dir: A folder that exists; pages that it holds are left as they are.
        options: T, formats and resolution; without a drawn format there are no pages.
        ranks: The processes that share the work.
        jobs: Number of processes that draw, fewer where there are few pages.
        progress: Called as `progress("sheets", done, total)` after each page of this rank.
        rates: What is known of images that were encoded before.
    """
    forms = [form for form in options.formats if form != "npz"]
    pages = list(enumerate(_pages(samples)))
    own = ranks.share(pages) if forms else []
    missing: list[tuple[list[Path], list[Sample]]] = []
    for number, page in own:
        files = [out_dir / f"sheet_{number:03d}.{form}" for form in forms]
        if not all(file.exists() for file in files):
            missing.append((files, page))
    names = class_names(samples)
    rates = Rates(options) if rates is None else rates
    tasks = (_page(encoder, page, options, files, names, rates) for files, page in missing)
    there = len(own) - len(missing)
    jobs = min(jobs, len(missing) // _WORTHWHILE)
    for done, _ in enumerate(work(_draw, tasks, jobs=jobs), start=there + 1):
        if progress is not None:
            progress("sheets", done, len(own))
    return sheet_names(samples, options)


def sheet_names(samples: Sequence[Sample], options: FigureSetOptions) -> list[str]:
    """The names of all pages; none without a drawn format."""
    forms = [form for form in options.formats if form != "npz"]
    pages = enumerate(_pages(samples))
    return [f"sheet_{number:03d}.{form}" for number, _ in pages for form in forms]


@dataclass(frozen=True)
class _Page:
    """A page for a worker: what it shows, and where to write it."""

    entries: list[SheetEntry]
    title: str
    columns: int
    dpi: int
    svg_text: bool
    files: list[Path]


def _draw(page: _Page) -> None:
    """Draw and write one page. Runs in a worker."""
    with settled():
        figure = contact_sheet_figure(
            page.entries, title=page.title, columns=page.columns, dpi=page.dpi
        )
        for file in page.files:
            data = render(figure, file.suffix[1:], svg_text=page.svg_text)
            write_bytes(data, file, durable=False)


class Rates:
    """The mean firing rates of images that were encoded for other pictures.

    Args:
        options: Of the figure sets; without contact sheets nothing is kept.
    """

    def __init__(self, options: FigureSetOptions) -> None:
        self._room = _RATE_BYTES if options.sheet else 0
        self._known: dict[int, NDArray[np.float64]] = {}

    def noted(
        self, parts: "Iterable[tuple[list[Sample], SpikeRecord]]"
    ) -> "Iterator[tuple[list[Sample], SpikeRecord]]":
        """The parts as they come, of which as much is kept as there is room for."""
        for samples, record in parts:
            if self._room > 0:
                for sample, rate in zip(samples, _mean_rates(record), strict=True):
                    self._known[sample.index] = rate
                    self._room -= rate.nbytes
            yield samples, record

    def pop(self, sample: Sample) -> "NDArray[np.float64] | None":
        """That of a sample, which is not kept any longer; None where it is not known."""
        return self._known.pop(sample.index, None)


def _mean_rates(record: "SpikeRecord") -> "NDArray[np.float64]":
    """Spikes a step and neuron over all maps, floats [n, H, W]."""
    rates: NDArray[np.float64] = record.count(record.T - 1).mean(axis=1) / record.T
    return rates


def _pages(samples: Sequence[Sample]) -> Iterator[list[Sample]]:
    """Pages of images of one size."""
    for (height, width), group in groupby(samples, key=lambda sample: sample.image.shape):
        room = _room(height, width)
        count = min(_COLUMNS, room) * max(1, room // _COLUMNS)
        while page := list(islice(group, count)):
            yield page


def _room(height: int, width: int) -> int:
    """How many images of that size a page has room for."""
    # Each is there twice: as it is, and as its firing rate.
    return fitting(2 * height * width, _PAGE_PIXELS, _COLUMNS * _ROWS)


def _page(
    encoder: "Encoder",
    page: list[Sample],
    options: FigureSetOptions,
    files: list[Path],
    names: dict[int, str],
    rates: "Rates",
) -> _Page:
    found = {sample.index: rates.pop(sample) for sample in page}
    missing = [sample for sample in page if found[sample.index] is None]
    for part, record in encoded(encoder, missing, options.T, part=len(page)):
        found |= {s.index: rate for s, rate in zip(part, _mean_rates(record), strict=True)}
    entries = [
        SheetEntry(sample.image, rate, _caption(sample, names), _is_wrong(sample))
        for sample in page
        if (rate := found[sample.index]) is not None
    ]
    first, last = page[0].index, page[-1].index
    title = f"{first:05d} to {last:05d}: image and mean firing rate, T = {options.T}"
    columns = min(_COLUMNS, _room(*page[0].image.shape))
    return _Page(entries, title, columns, options.dpi, options.svg_text, files)


def class_names(samples: Sequence[Sample]) -> dict[int, str]:
    """The name of each class that some of the samples are of."""
    return {
        sample.label: sample.class_name
        for sample in samples
        if sample.label is not None and sample.class_name is not None
    }


def _caption(sample: Sample, names: dict[int, str]) -> str:
    text = f"{sample.index} {sample.class_name or sample.source or ''}".rstrip()
    if not _is_wrong(sample):
        return text
    taken = names.get(sample.predicted or 0, f"class {sample.predicted}")
    return f"{text}, predicted {taken}"


def _is_wrong(sample: Sample) -> bool:
    return None not in (sample.label, sample.predicted) and sample.predicted != sample.label
