"""`snnviz analyze`: how good an encoder is, in numbers and pictures."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from snnviz.cli import Command, network_options, options
from snnviz.cli.analysis_images import ImageSource, is_given, picture_set
from snnviz.cli.output import note, say
from snnviz.errors import ConfigError

if TYPE_CHECKING:
    from snnviz.cli.analysis_jobs import Job
    from snnviz.cli.contestants import Opening
    from snnviz.data import Split


def _score(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """The key of a score; None where nothing was said."""
    if value is None:
        return None
    from snnviz.analysis.ranking import check_score

    try:
        check_score(value)
    except ConfigError as error:
        raise click.BadParameter(f"{error}.") from None
    return value


@click.command("analyze", cls=Command)
@network_options.ckpt_option
@network_options.model_option
@click.option(
    "--layer",
    default=None,
    metavar="NAME",
    show_default="the first",
    help="The layer of spiking neurons of --model, as visualize --list-layers names it.",
)
@network_options.mean_option
@network_options.std_option
@click.option(
    "--compare",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Another checkpoint, measured on the same images. Repeatable.",
)
@click.option(
    "--league",
    is_flag=True,
    help="Sort all checkpoints by a score in one table, and write a card for each, instead of an "
    "analysis of the first.",
)
@click.option(
    "--sort-by",
    callback=_score,
    metavar="SCORE",
    default=None,
    show_default="accuracy, else probe, else psnr, else firing_rate",
    help="What the table is sorted by: accuracy (of whole networks), or a number of the scorecard "
    "by its key in analysis.json.",
)
@click.option(
    "--n-images",
    callback=options.count_or_all,
    metavar="N|all",
    default="2000",
    show_default=True,
    help="How many images to score on, the first ones.",
)
@click.option(
    "--train-images",
    type=click.IntRange(min=1),
    default=2000,
    show_default=True,
    help="How many training images readouts are fitted on.",
)
@click.option(
    "--probe-images",
    callback=options.count_or_all,
    metavar="N|all",
    default="all",
    show_default="all; --n-images with that, with --model, and of pictures",
    help="How many images the linear probe is scored on, the first ones, for paired tests.",
)
@click.option(
    "--network-images",
    type=click.IntRange(min=0),
    default=None,
    show_default="500; with --league all",
    help="How many images for cost and importance, where the checkpoint holds the whole network; "
    "with --league for its accuracy.",
)
@click.option(
    "--untrained",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="How many untrained encoders to compare with, one a seed; from the fourth on in firing "
    "and correlations alone.",
)
@options.split_option
@options.dataset_option
@options.size_option
@options.data_dir_option
@options.image_option
@network_options.steps_option
@network_options.neuron_kind_option
@network_options.neuron_options
@click.option(
    "--out-dir",
    type=click.Path(path_type=Path),
    default="analysis",
    show_default=True,
    help="Folder for tables and figures.",
)
@options.figure_format_option
@click.option(
    "--figures/--no-figures", default=True, show_default=True, help="Draw, beside the tables."
)
@options.device_option
@options.overwrite_option
@options.quiet_option
def command(
    ckpt: Path | None,
    model: str | None,
    layer: str | None,
    mean: tuple[float, ...] | None,
    std: tuple[float, ...] | None,
    compare: tuple[Path, ...],
    league: bool,
    sort_by: str | None,
    n_images: int | None,
    train_images: int,
    network_images: int | None,
    probe_images: int | None,
    untrained: int,
    split: "Split",
    dataset: str,
    size: tuple[int, int] | None,
    data_dir: Path,
    image: tuple[Path, ...],
    max_side: int,
    T: int | None,
    neuron: str | None,
    v_threshold: float | None,
    v_reset: tuple[float | None, ...],
    tau: float | None,
    out_dir: Path,
    format: tuple[str, ...],  # noqa: A002 - named after its option, as the environment is
    figures: bool,
    device: str | None,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Say how good an encoder is, beside untrained ones and plain codes of the pixels.

    Writes analysis.json, analysis.npz, channels.csv (a row a channel), scorecard.md, figures and
    spikes.gif, and prints the scorecard. Pictures (--image) are scored as they are, in place of
    --n-images of the data set; the reconstruction is fitted on the data set where they are of its
    size. Under torchrun, ranks share the images.
    """
    from snnviz.cli.analysis_jobs import AnalysisJob, Given, LeagueJob
    from snnviz.cli.contestants import Opening
    from snnviz.device import choose_device
    from snnviz.folders import check_folder, hold_folder
    from snnviz.ranks import is_first_rank, joined_ranks

    quiet = quiet or not is_first_rank()
    stated: dict[str, Any] = {"v_threshold": v_threshold, "v_reset": v_reset, "tau": tau}
    with joined_ranks() as ranks, ExitStack() as held:
        with ranks.agreed():
            layout = (LeagueJob if league else AnalysisJob).layout
            check_folder(out_dir, layout, overwrite=overwrite)
            network_options.check_model_options(model, mean, std, neuron=neuron, **stated)
            if layer is not None and model is None:
                raise click.UsageError("--layer names a layer of --model; give that, too")
            opening = Opening(model, layer, T, neuron, stated, (mean, std), choose_device(device))
            job = _job((ckpt, *compare), opening, sort_by, league=league, quiet=quiet)
            source = ImageSource(dataset, split, data_dir, size, job.channels)
            if image:
                images = picture_set(image, max_side, quiet=quiet).with_channels(job.channels)
            else:
                images = source.load("n_images", n_images)
            fitted_on = source.fitting_set(images, train_images)
            unless_asked = league or model is not None or is_given("n_images")
            alone = bool(image or (unless_asked and not is_given("probe_images")))
            probed = images if alone else source.probed(images, probe_images)
            job.begin(Given(images, fitted_on, range(untrained), network_images, probed))
            if ranks.is_first:
                output = held.enter_context(hold_folder(out_dir, layout, overwrite=overwrite))
        text = job.measure(ranks, options.progress_bar(quiet))
        with ranks.agreed():
            if ranks.is_first:
                looked_at = {"dataset": images.name, "split": split, **options.stated_size(size)}
                if image:
                    looked_at = {"dataset": None, "files": [str(path) for path in image]}
                written = job.write({"images": looked_at}, format if figures else (), output)
    if is_first_rank() and not quiet:
        for sentence in job.left_out:
            note(sentence)
        say(text)
        for path in written:
            say(f"wrote {path}")


def _job(
    paths: "tuple[Path | None, ...]",
    opening: "Opening",
    sort_by: str | None,
    *,
    league: bool,
    quiet: bool,
) -> "Job":
    """What is done with these checkpoints, which are opened."""
    from snnviz.cli.analysis_jobs import AnalysisJob, LeagueJob
    from snnviz.cli.contestants import Contestants

    if league:
        return LeagueJob(Contestants(paths, opening, quiet=quiet), sort_by)
    return AnalysisJob(opening.opened(paths, quiet=quiet))
