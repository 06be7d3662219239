"""`snnviz visualize`: from a checkpoint and images to figure sets."""

from pathlib import Path
from typing import Any, NamedTuple

import click

from snnviz.cli import Command, loading, network_options, options
from snnviz.cli.appearance import Look, appearance_options
from snnviz.cli.images import sample_options
from snnviz.cli.output import say
from snnviz.cli.wanted import Wanted
from snnviz.grid import NORMALIZATIONS


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
@network_options.ckpt_option
@network_options.model_option
@click.option(
    "--layer",
    multiple=True,
    metavar="NAME|all",
    show_default="the first",
    help="Draw this layer of spiking neurons. Repeatable; several go into a folder each.",
)
@click.option(
    "--list-layers", is_flag=True, help="Print the layers of spiking neurons, and draw nothing."
)
@sample_options(2)
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
    show_default="if; eight channels that fire, spread by rate",
    help="Integrate-and-fire neurons or leaky ones, where the checkpoint does not say. Or channel, "
    "row and column of a neuron in the raster, repeatable.",
)
@network_options.neuron_options
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
@appearance_options
@options.dpi_option
@click.option("--svg-text", is_flag=True, help="Keep text in SVG as text, not as outlines.")
@click.option("--sheet", is_flag=True, help="Draw contact sheets as well: many images a page.")
@click.option(
    "--caption",
    is_flag=True,
    help="Write a caption beside each figure, as text and as LaTeX; SVG files hold it as well.",
)
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
    help="How many draw at once.",
)
@options.device_option
@click.option("--resume", is_flag=True, help="Go on with an interrupted run, as it was begun.")
@options.overwrite_option
@options.quiet_option
def command(
    ckpt: Path | None,
    model: str | None,
    layer: tuple[str, ...],
    list_layers: bool,
    mean: tuple[float, ...] | None,
    std: tuple[float, ...] | None,
    device: str | None,
    out_dir: Path,
    overwrite: bool,
    resume: bool,
    jobs: int,
    predict: bool,
    quiet: bool,
    T: int | None,
    neuron: Neurons,
    v_threshold: float | None,
    v_reset: tuple[float | None, ...],
    tau: float | None,
    **choice: Any,
) -> None:
    """Draw what an encoder makes of images.

    For every image: the input, and for t = 0 and t = T-1 the spikes of all feature maps summed
    over the steps 0..t, in a grid. Without --ckpt it takes the encoder that comes with snnviz.
    """
    look = Look(*map(choice.pop, Look._fields))
    drawing = {**look.drawing(ckpt), "neurons": neuron.chosen}
    with loading():
        from snnviz.cli.drawn import find_drawn
        from snnviz.device import choose_device
        from snnviz.export.layout import SETS
        from snnviz.folders import check_folder
        from snnviz.ranks import is_first_rank, joined_ranks

    quiet = quiet or not is_first_rank()
    with joined_ranks() as ranks:
        with ranks.agreed():
            if not list_layers:
                check_folder(out_dir, SETS, overwrite=overwrite, resume=resume)
            wanted = Wanted(
                ckpt=ckpt,
                model=model,
                device=choose_device(device),
                T=T,
                layer=layer,
                neuron=neuron.kind,
                stated={"v_threshold": v_threshold, "v_reset": v_reset, "tau": tau},
                mean=mean,
                std=std,
                predict=predict,
                listing=list_layers,
                quiet=quiet,
                choice=choice,
                jobs=jobs,
            )
            found = find_drawn(wanted)
            if list_layers:
                if not quiet:
                    say(found.table())
                return
            with loading():  # while the network predicts, where it does
                from snnviz.cli.figure_sets import Place, planned_sets, write_sets

            place = Place(out_dir, overwrite=overwrite, resume=resume)
            planned = planned_sets(wanted, found, look, drawing, place)
        for sets in planned:
            manifest = write_sets(sets, wanted, found, place)
            if not quiet:
                say(f"{len(found.samples)} figure sets in {sets.folder}, listed in {manifest}")
