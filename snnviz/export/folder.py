"""Figure sets into a folder, as a stream: encoded, drawn and written a batch at a time."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import matplotlib as mpl

from snnviz._version import __version__
from snnviz.data import Sample
from snnviz.errors import ConfigError
from snnviz.export.captions import Captions, Source
from snnviz.export.encoding import encode_samples, encoded
from snnviz.export.layout import SETS, planned_files, set_folder
from snnviz.export.options import FigureSetOptions
from snnviz.export.pool import work
from snnviz.export.sets import figure_set, is_templated
from snnviz.export.sheets import Rates, write_sheets
from snnviz.export.templates.deflate import LIBRARY
from snnviz.export.together import check_other
from snnviz.export.views import Currents, check_views, find_currents, write_kernels
from snnviz.figures.fonts import warn_of_missing
from snnviz.files import make_folder, write_bytes
from snnviz.folders import hold_folder
from snnviz.ranks import joined_ranks
from snnviz.scoring.progress import Progress, as_progress

if TYPE_CHECKING:
    from snnviz.adapters.encoder import Encoder
    from snnviz.records.spikes import SpikeRecord

Predict = Callable[[Iterable[Sample]], Iterable[Sample]]
# What is asked for them when everything else is done.
PredictBeside = Callable[[Sequence[Sample]], Callable[[], list[Sample]]]

# Images that a worker gets at once: few, so that nobody waits.
_TASK = 8


def write_figure_sets(
    encoder: "Encoder",
    samples: Sequence[Sample],
    out_dir: str | Path,
    options: FigureSetOptions,
    *,
    made_from: Mapping[str, object] | None = None,
    source: Source | None = None,
    other: "Encoder | None" = None,
    predict: Predict | PredictBeside | None = None,
    overwrite: bool = False,
    resume: bool = False,
    jobs: int = 1,
    progress: Progress | Literal[True] | None = None,
    records: "Mapping[int, SpikeRecord] | None" = None,
) -> Path:
    """The manifest of the figure sets written to `out_dir`, one folder an image.

    `OUT/<index, five digits>/` holds `input.png`, `counts_t0.png` and so on; with the format npz
    also `counts.npz` with `t` [n], `counts` [n, K, H, W], `image` [H, W], `label` (-1 where there
    is none) and `index`. Other kinds of pictures are called as `snnviz.export.KINDS` says; that of
    the kernels lies in `OUT` itself. Each file is whole or absent, and the manifest comes last.
    The files are the same whatever the number of processes, and whether or not the run was
    interrupted.

    Args:
        encoder: What encodes the images.
        samples: The images.
        out_dir: The folder, made if it is missing.
        options: What to draw.
        made_from: Further entries for the manifest: where encoder and images came from.
        source: What captions call the encoder and the images.
        other: The encoder that `options.compare` names.
        predict: Gives each sample its `predicted`, for the manifest, like
            `snnviz.scoring.predicting.with_predictions`; or gives what waits for them, like
            `snnviz.scoring.beside.PredictedBeside`, which is called when all sets are drawn.
        overwrite: Write into a folder that is not empty; figure sets that an earlier run listed
            there are deleted first, and what is not of such a run stays.
        resume: Go on with an interrupted run; a set that is whole is not drawn again.
        jobs: How many draw at once: threads, or processes where matplotlib draws each figure. Under
            `torchrun` every rank has so many, and takes its share of the images. A script that
            asks for processes needs `if __name__ == "__main__":`, since each of them imports it.
        progress: Called as `progress("figures", done, total)` in images of this rank: with those
            that were there already, and as further ones are written; True draws a bar.
        records: What is known already of the spikes of some samples over T steps, by their index,
            as feature maps; those are not encoded.

    Raises:
        ExportError: The folder is not empty, is in use by another run, or cannot be written to,
            or a process died.
        ConfigError: An option does not suit the encoder, two samples have one index, or the folder
            holds another run.
        ShapeError: The images do not suit the encoder.

    Example:
        >>> samples = list(snnviz.garments(1).samples([0]))
        >>> options = snnviz.FigureSetOptions(T=4, channels=tuple(range(16)), width=3.3)
        >>> manifest = snnviz.write_figure_sets(snnviz.load_encoder(), samples, "figures", options)
        >>> sorted(path.name for path in manifest.parent.glob("00000/*"))
        ['counts_t0.png', 'counts_t3.png', 'input.png']
    """
    from snnviz.export.reducing import reducing  # noqa: PLC0415 - torch, which no worker needs

    out_dir, progress = Path(out_dir), as_progress(progress)
    _check_indices(samples)
    identity = {
        "snnviz": __version__,
        **(made_from or {}),
        "options": _plain(options.settings),
        # The bytes of other versions and libraries differ, so a run does not mix them.
        "matplotlib": mpl.__version__,
        "deflate": LIBRARY,
        # The manifest lists them and contact sheets mark mistakes: in all sets, or in none.
        "predictions": predict is not None or any(s.predicted is not None for s in samples),
        "images_chosen": len(samples),
        "images_sha256": _digest(samples),
    }
    encoder, records = reducing(encoder, samples, options, records or {})
    with joined_ranks() as ranks, ExitStack() as held:
        with ranks.agreed():
            # Options that do not suit the encoder are refused before anything is written.
            known = check_views(encoder, samples, options, records)
            check_other(other, samples, options, known)
            if ranks.is_first:
                sources = [sample.source or "" for sample in samples if options.sheet]
                warn_of_missing([*sources, *{sample.class_name or "" for sample in samples}])
                output = held.enter_context(
                    hold_folder(out_dir, SETS, overwrite=overwrite, resume=resume)
                )
                output.begin(planned_files(samples, options), identity, resume=resume)
        captions = Captions.of(encoder, options, source or Source())
        own = ranks.share(samples)
        rates = Rates(options)
        with ranks.agreed():
            chosen: Iterable[Sample] | Callable[[], list[Sample]] = predict(own) if predict else own
            streamed = own if callable(chosen) else chosen
            draw = partial(work, _draw, jobs=jobs, threads=is_templated(own, known, options))
            listed = _write(
                encoder, other, streamed, len(own), out_dir, captions, draw, progress, known, rates
            )
            if callable(chosen):
                listed = list(chosen())
            entries = [_entry(sample, options.file_names) for sample in listed]
        order = {sample.index: place for place, sample in enumerate(samples)}
        everything = sorted(ranks.gather(entries), key=lambda entry: order[entry["index"]])
        contents: dict[str, Any] = {"sets": everything}
        if options.sheet:
            shown = [
                replace(sample, predicted=entry.get("predicted"))
                for sample, entry in zip(samples, everything, strict=True)
            ]
            with ranks.agreed():
                contents["sheets"] = write_sheets(
                    encoder, shown, out_dir, options, ranks, jobs, progress, rates
                )
        with ranks.agreed():
            if options.kernel_files:
                contents["kernels"] = write_kernels(
                    encoder, out_dir, options, captions, write=ranks.is_first
                )
            if ranks.is_first:
                output.finish(contents)
    return out_dir / SETS.manifest


@dataclass(frozen=True)
class _Task:
    """A batch for a worker: samples, their record, where and how to draw them, and their captions.

    What to draw is in `captions.options`.
    """

    samples: list[Sample]
    record: "SpikeRecord"
    out_dir: Path
    captions: Captions
    currents: Currents | None
    other: "SpikeRecord | None"


def _write(
    encoder: "Encoder",
    other: "Encoder | None",
    samples: Iterable[Sample],
    total: int,
    out_dir: Path,
    captions: Captions,
    draw: "Callable[[Iterable[_Task]], Iterator[int]]",
    progress: Progress | None,
    known: "dict[int, SpikeRecord]",
    rates: Rates,
) -> list[Sample]:
    """All `samples`, whose files are all there afterwards."""
    options = captions.options
    names = options.file_names
    seen: list[Sample] = []
    there = drawn = 0

    def report() -> None:
        if progress is not None:
            progress("figures", there + drawn, total)

    def pending() -> Iterator[Sample]:
        nonlocal there
        for sample in samples:
            seen.append(sample)
            if _is_whole(out_dir / set_folder(sample), names):
                there += 1
                continue
            if len(seen) == there + 1:  # the first to draw: those before took no time
                report()
            yield sample

    tasks = (
        _Task(
            part,
            record,
            out_dir,
            captions,
            find_currents(encoder, part, options),
            None if other is None else encode_samples(other, part, options.T),
        )
        for part, record in rates.noted(
            encoded(encoder, pending(), options.T, part=_TASK, known=known)
        )
    )
    for count in draw(tasks):
        drawn += count
        report()
    report()
    return seen


def _draw(task: _Task) -> int:
    """How many sets were drawn and written: those of one batch. Runs in a worker."""
    for n, sample in enumerate(task.samples):
        folder = make_folder(task.out_dir / set_folder(sample), argument=SETS.argument)
        currents = None if task.currents is None else task.currents[n : n + 1]
        captions = task.captions
        other = None if task.other is None else task.other[n]
        content = figure_set(sample, task.record[n], captions.options, currents, captions, other)
        for name, data in content.items():
            write_bytes(data, folder / name, durable=False)
    return len(task.samples)


def _check_indices(samples: Sequence[Sample]) -> None:
    """Each image has a folder of its own."""
    indices = Counter(sample.index for sample in samples)
    if wrong := [index for index, count in indices.items() if count > 1 or index < 0]:
        raise ConfigError(
            f"the index {wrong[0]} is negative or of several samples; give each one of its own"
        )


def _digest(samples: Iterable[Sample]) -> str:
    """SHA-256 of which images these are, in their order, of what they are, and of their pixels."""
    digest = hashlib.sha256()
    for sample in samples:
        about = (sample.index, sample.image.shape, sample.label, sample.class_name, sample.source)
        digest.update(repr(about).encode())
        digest.update(sample.image.tobytes())
        if sample.colour is not None:
            digest.update(sample.colour.tobytes())
    return digest.hexdigest()


def _is_whole(folder: Path, names: list[str]) -> bool:
    """Whether all files are there; a file that is there is whole."""
    return all((folder / name).exists() for name in names)


def _entry(sample: Sample, files: list[str]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "index": sample.index,
        "label": sample.label,
        "class": sample.class_name,
        "predicted": sample.predicted,
        "source": sample.source,
        "folder": set_folder(sample),
        "files": files,
    }
    optional = ("predicted", "source")
    return {key: value for key, value in entry.items() if key not in optional or value is not None}


def _plain(value: Any) -> Any:
    """`value` as JSON gives it back: tuples are lists there."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (tuple, list)) else value
