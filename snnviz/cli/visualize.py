"""`snnviz visualize`: from a checkpoint and images to figure sets."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from snnviz.cli import Command, loading, options
from snnviz.cli.output import note, say
from snnviz.grid import NORMALIZATIONS

if TYPE_CHECKING:
    from snnviz.data import Sample
    from snnviz.export.writing import Predict
    from snnviz.grid import Normalize
    from snnviz.tutorial.network import ConvSNN


class Neurons(NamedTuple):
    """What `--neuron` says.

    Attributes:
        kind: Which neurons the encoder has, None where that is not said.
        chosen: Channel, row and column of those in the raster.
    """

    kind: str | None
    chosen: tuple[tuple[int, int, int], ...]


def _neurons(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> Neurons:
    kind: str | None = None
    chosen: list[tuple[int, int, int]] = []
    for value in values:
        parts = value.split(",")
        if value.lower() in ("if", "lif"):
            kind = value.lower()
        elif len(parts) != 3 or not all(part.strip().isdecimal() for part in parts):
            raise click.BadParameter(
                f"{value!r} is neither if nor lif, nor channel,row,column, such as 12,14,3."
            )
        else:
            channel, row, column = map(int, parts)
            chosen.append((channel, row, column))
    return Neurons(kind, tuple(chosen))


@click.command("visualize", cls=Command)
@click.option(
    "--ckpt",
    type=click.Path(path_type=Path),
    default=None,
    show_default="the bundled encoder",
    help="Checkpoint of snnviz or SpikingJelly.",
)
@click.option(
    "--n-images",
    callback=options.count_or_all,
    metavar="N|all",
    default="2",
    show_default=True,
    help="How many images.",
)
@click.option(
    "--index",
    type=click.IntRange(min=0),
    multiple=True,
    help="This image of the data set, instead of the first ones. Repeatable.",
)
@click.option(
    "--select",
    multiple=True,
    metavar="WORD",
    help="Only images that are: correct, wrong, label=N or predicted=N. Repeatable, all hold.",
)
@click.option("--shuffle", is_flag=True, help="Draw the images at random, not the first ones.")
@options.seed_option(0, "--shuffle")
@options.split_option
@options.dataset_option
@options.size_option
@options.data_dir_option
@options.image_option
@options.steps_option
@click.option(
    "--kind",
    type=click.Choice(["counts", "spikes", "first-spike", "membrane", "kernels", "raster"]),
    multiple=True,
    default=["counts"],
    show_default=True,
    help="Kind of pictures. Repeatable.",
)
@click.option(
    "--at",
    type=click.IntRange(min=0),
    multiple=True,
    show_default="0 and T-1",
    help="0-based step up to which spikes are summed, or of spikes and potential. Repeatable.",
)
@click.option(
    "--neuron",
    callback=_neurons,
    multiple=True,
    metavar="if|lif|K,Y,X",
    show_default="if; eight channels at the brightest pixel",
    help="Integrate-and-fire neurons or leaky ones, where the checkpoint does not say. Or channel, "
    "row and column of a neuron in the raster, repeatable.",
)
@options.neuron_options
@click.option(
    "--out-dir",
    type=click.Path(path_type=Path),
    default="figures",
    show_default=True,
    help="Folder for the figure sets.",
)
@click.option(
    "--format",
    type=click.Choice(["png", "svg", "pdf", "npz"]),
    multiple=True,
    default=["png"],
    show_default=True,
    help="File format. Repeatable.",
)
@click.option(
    "--normalize",
    type=click.Choice(NORMALIZATIONS),
    default="map",
    show_default=True,
    help="Each map by itself; all on 0..T; or all on 0..t+1.",
)
@click.option("--cmap", default="gray", show_default=True, help="matplotlib colour map.")
@click.option("--labels", is_flag=True, help="Write channel numbers above the maps.")
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    default=None,
    show_default="8 for 128 maps",
    help="Rows of the grid.",
)
@click.option(
    "--columns",
    type=click.IntRange(min=1),
    default=None,
    show_default="16 for 128 maps",
    help="Columns of the grid.",
)
@options.dpi_option
@click.option("--sheet", is_flag=True, help="Draw contact sheets as well: many images a page.")
@click.option(
    "--predict/--no-predict",
    default=True,
    show_default=True,
    help="List what the network takes each image for, where the checkpoint holds all of it.",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes that draw.",
)
@options.device_option
@click.option("--resume", is_flag=True, help="Go on with an interrupted run, as it was begun.")
@click.option("--overwrite", is_flag=True, help="Write into a folder that is not empty.")
@options.quiet_option
def command(
    ckpt: Path | None,
    device: str | None,
    out_dir: Path,
    overwrite: bool,
    resume: bool,
    jobs: int,
    predict: bool,
    quiet: bool,
    T: int | None,
    at: tuple[int, ...],
    kind: tuple[str, ...],
    neuron: Neurons,
    v_threshold: float | None,
    v_reset: tuple[float | None, ...],
    tau: float | None,
    format: tuple[str, ...],  # noqa: A002 - named after its option, as the environment is
    normalize: "Normalize",
    cmap: str,
    labels: bool,
    rows: int | None,
    columns: int | None,
    dpi: int,
    sheet: bool,
    **choice: Any,
) -> None:
    """Draw what an encoder makes of images.

    For every image: the input, and for t = 0 and t = T-1 the spikes of all feature maps summed
    over the steps 0..t, in a grid. Without --ckpt it takes the encoder that comes with snnviz.
    """
    with loading():
        from snnviz.cli.images import choose_samples
        from snnviz.cli.networks import build_timed, choose_steps, describe, open_checkpoint
        from snnviz.device import choose_device
        from snnviz.export import SETS, FigureSetOptions, write_figure_sets
        from snnviz.folders import check_folder
        from snnviz.ranks import is_first_rank, joined_ranks
        from snnviz.tutorial.encoder import bundled, load_encoder

    quiet = quiet or not is_first_rank()
    with joined_ranks() as ranks:
        with ranks.agreed():
            check_folder(out_dir, SETS, overwrite=overwrite, resume=resume)
            device = choose_device(device)
            checkpoint = open_checkpoint(
                ckpt or bundled(),
                neuron=neuron.kind,
                v_threshold=v_threshold,
                v_reset=v_reset,
                tau=tau,
                quiet=quiet,
            )
            figure_options = FigureSetOptions(
                T=choose_steps(checkpoint, T, quiet=quiet),
                at=at,
                kinds=kind,
                neurons=neuron.chosen,
                formats=format,
                normalize=normalize,
                cmap=cmap,
                labels=labels,
                rows=rows,
                columns=columns,
                dpi=dpi,
                sheet=sheet,
            )
            whole = predict and checkpoint.holds_network
            if predict and not quiet and checkpoint.holds_other_network:
                note(f"no predictions: {ckpt} {checkpoint.fault}")
            network = build_timed(checkpoint, figure_options.T, device) if whole else None
            samples, images = choose_samples(
                network, predict=predict, channels=checkpoint.config.in_channels, **choice
            )
        manifest = write_figure_sets(
            load_encoder(checkpoint).to(device),
            samples,
            out_dir,
            figure_options,
            made_from={
                # Its name without folders, for repeatable bytes.
                "checkpoint": describe(checkpoint, ckpt.name if ckpt else "bundled encoder"),
                "images": images,
            },
            predict=_predictions(network, samples),
            overwrite=overwrite,
            resume=resume,
            jobs=jobs,
            progress=options.progress_bar(quiet),
        )
    if not quiet:
        say(f"{len(samples)} figure sets in {out_dir}, listed in {manifest}")


def _predictions(network: "ConvSNN | None", samples: "list[Sample]") -> "Predict | None":
    """What gives samples their predicted class, where that is to be had and not there yet."""
    from snnviz.scoring.evaluation import with_predictions

    if network is None or samples[0].predicted is not None:
        return None
    taken = (network.config.in_channels, *network.config.image_size)
    if any(sample.channels.shape != taken for sample in samples):
        return None
    return partial(with_predictions, network)
