"""A folder of figure sets: what suits no encoder is refused, and what is drawn is listed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from snnviz.data import Sample
from snnviz.errors import ConfigError
from snnviz.export.captions import Captions, Source
from snnviz.export.checking import check_views
from snnviz.export.identity import run_identity
from snnviz.export.kernels import write_kernels
from snnviz.export.layout import SETS, planned_files, set_folder
from snnviz.export.options import FigureSetOptions
from snnviz.export.running import Predict, PredictBeside, Run
from snnviz.export.sheets import Rates, write_sheets
from snnviz.export.together import check_other
from snnviz.figures.fonts import warn_of_missing
from snnviz.folders import hold_folder
from snnviz.ranks import joined_ranks
from snnviz.scoring.progress import Progress, as_progress

if TYPE_CHECKING:
    from snnviz.adapters.encoder import Encoder
    from snnviz.records.spikes import SpikeRecord


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
    identity = run_identity(samples, options, made_from or {}, predicts=predict is not None)
    encoder, records = reducing(encoder, samples, options, records or {})
    with joined_ranks() as ranks, ExitStack() as held:
        with ranks.agreed():
            # Options that do not suit the encoder are refused before anything is written.
            known = check_views(encoder, samples, options, records)
            check_other(other, samples, options, known)
            if ranks.is_first:
                _warn_of_missing(samples, options)
                output = held.enter_context(
                    hold_folder(out_dir, SETS, overwrite=overwrite, resume=resume)
                )
                output.begin(planned_files(samples, options), identity, resume=resume)
        captions = Captions.of(encoder, options, source or Source())
        run = Run(encoder, other, out_dir, captions, known, Rates(options), jobs, progress)
        with ranks.agreed():
            listed = run.listed(ranks.share(samples), predict)
            entries = [_entry(sample, options.file_names) for sample in listed]
        order = {sample.index: place for place, sample in enumerate(samples)}
        everything = sorted(ranks.gather(entries), key=lambda entry: order[entry["index"]])
        contents: dict[str, Any] = {"sets": everything}
        if options.sheet:
            shown = _predicted(samples, everything)
            with ranks.agreed():
                contents["sheets"] = write_sheets(
                    encoder, shown, out_dir, options, ranks, jobs, progress, run.rates
                )
        with ranks.agreed():
            if options.kernel_files:
                contents["kernels"] = write_kernels(
                    encoder, out_dir, options, captions, write=ranks.is_first
                )
            if ranks.is_first:
                output.finish(contents)
    return out_dir / SETS.manifest


def _check_indices(samples: Sequence[Sample]) -> None:
    """Each image has a folder of its own."""
    indices = Counter(sample.index for sample in samples)
    if wrong := [index for index, count in indices.items() if count > 1 or index < 0]:
        raise ConfigError(
            f"the index {wrong[0]} is negative or of several samples; give each one of its own"
        )


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


def _predicted(samples: Sequence[Sample], entries: Sequence[Mapping[str, Any]]) -> list[Sample]:
    """The samples with the classes that the manifest's entries say."""
    return [
        replace(sample, predicted=entry.get("predicted"))
        for sample, entry in zip(samples, entries, strict=True)
    ]


def _warn_of_missing(samples: Sequence[Sample], options: FigureSetOptions) -> None:
    """Warn where no font has the letters of what is written into figures."""
    sources = [sample.source or "" for sample in samples if options.sheet]
    warn_of_missing([*sources, *{sample.class_name or "" for sample in samples}])
