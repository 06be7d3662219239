"""`snnviz report`: one page that shows an encoder, live."""

import shlex
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from snnviz.cli import Command, loading, network_options, options
from snnviz.cli.images import sample_options
from snnviz.cli.output import note, say
from snnviz.cli.wanted import Wanted

if TYPE_CHECKING:
    from snnviz.cli.drawn import Drawn

# A page above this is slow to open, and too large for most mail.
_LARGE = 8 << 20


class ReportCommand(Command):
    """A command that remembers how it was called, for the page's head."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the options."""
        ctx.meta["snnviz.typed"] = shlex.join(["snnviz", "report", *args])
        return super().parse_args(ctx, args)


@click.command("report", cls=ReportCommand)
@network_options.ckpt_option
@network_options.model_option
@click.option(
    "--run",
    type=click.Path(path_type=Path),
    default=None,
    help="The folder of the training that the encoder is of: its curves, and its epochs. Without "
    "--ckpt its best checkpoint is shown.",
)
@click.option(
    "--compare",
    type=click.Path(path_type=Path),
    default=None,
    help="Another checkpoint (with --model: state dict), shown beside this one on the same images.",
)
@click.option(
    "--analysis",
    type=click.Path(path_type=Path),
    default=None,
    help="The folder of an analysis of this encoder (snnviz analyze): its scorecard, beside the "
    "baselines, is shown in the head.",
)
@click.option(
    "--layer",
    default=None,
    metavar="NAME",
    show_default="the first",
    help="Show this layer of spiking neurons, as visualize --list-layers names it.",
)
@sample_options(24)
@network_options.neuron_kind_option
@network_options.neuron_options
@click.option(
    "--predict/--no-predict",
    default=True,
    show_default=True,
    help="Say what the network takes each image for, where the checkpoint holds all of it.",
)
@click.option(
    "--attribution/--no-attribution",
    default=True,
    show_default=True,
    help="Maps of what the network's answers rest on (gradients, by Captum), and those without "
    "training, where the checkpoint holds all of it. It takes a run forward and back for each "
    "point of a path.",
)
@click.option("--title", default=None, show_default="the file's name", help="Title of the page.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    default="report.html",
    show_default=True,
    help="The page.",
)
@options.device_option
@click.option("--overwrite", is_flag=True, help="Write over a file that is there.")
@options.quiet_option
def command(
    ckpt: Path | None,
    model: str | None,
    run: Path | None,
    compare: Path | None,
    analysis: Path | None,
    layer: str | None,
    mean: tuple[float, ...] | None,
    std: tuple[float, ...] | None,
    device: str | None,
    T: int | None,
    neuron: str | None,
    v_threshold: float | None,
    v_reset: tuple[float | None, ...],
    tau: float | None,
    predict: bool,
    attribution: bool,
    title: str | None,
    out: Path,
    overwrite: bool,
    quiet: bool,
    **choice: Any,
) -> None:
    """Make one page that shows an encoder, live.

    A self-contained HTML file, which opens from disk in any browser and asks no server for
    anything: all maps of each image, step by step; why a pixel spikes; the channels as a table; an
    image of one's own, drawn or dropped. Without --ckpt it shows the encoder that comes with
    snnviz.
    """
    with loading():
        from snnviz.cli.beside import answering, compared, scorecard
        from snnviz.cli.drawn import find_drawn
        from snnviz.cli.trained import best_checkpoint, holds, read_training
        from snnviz.device import choose_device
        from snnviz.files import check_absent
        from snnviz.ranks import is_first_rank

    if not is_first_rank():  # one process makes a page
        return
    if layer == "all":
        raise click.UsageError("a page shows one layer; name it with --layer, or leave that out")
    check_absent(out, overwrite=overwrite, argument="out")
    if run is not None and ckpt is None and model is None:
        ckpt = best_checkpoint(run)
    wanted = Wanted(
        ckpt=ckpt,
        model=model,
        device=choose_device(device),
        T=T,
        layer=() if layer is None else (layer,),
        neuron=neuron,
        stated={"v_threshold": v_threshold, "v_reset": v_reset, "tau": tau},
        mean=mean,
        std=std,
        predict=predict,
        listing=False,
        quiet=quiet,
        choice=choice,
    )
    said: list[str] = []
    found = _predicted(find_drawn(wanted), said, quiet=quiet)
    if run is not None and ckpt is not None and not holds(run, ckpt):
        said.append(f"{ckpt} is no checkpoint of {run}, whose training is shown")
        if not quiet:
            note(said[-1])
    beside = {
        "compared": compare and compared(wanted, compare, found),
        "scorecard": analysis and scorecard(analysis, found, quiet=quiet),
        "training": run and read_training(run, encoders=model is None, quiet=quiet),
        "answering": answering(wanted, found, asked=attribution),
    }
    typed = click.get_current_context().meta["snnviz.typed"]
    page = _page(found, wanted, beside, said, title=title, typed=typed)
    _write(page, out, images=len(found.samples), quiet=quiet)


def _predicted(found: "Drawn", said: list[str], *, quiet: bool) -> "Drawn":
    """The same with the classes that images are taken for; what is warned of is in `said`."""
    if found.predict is None:
        return found
    with _heard(said, quiet=quiet):
        return replace(found, samples=found.predicted())


def _write(page: str, out: Path, *, images: int, quiet: bool) -> None:
    """Write the page, and say how large it is."""
    from snnviz.files import make_folder, write_bytes

    make_folder(out.parent, argument="out")
    write_bytes(page.encode(), out)
    if not quiet:
        if len(page) > _LARGE:
            note(f"{out} is large, {len(page) / 1e6:.0f} MB; --n-images makes it smaller")
        say(f"{out}: {images} images, {len(page) / 1e3:,.0f} kB")


def _page(
    found: "Drawn",
    wanted: Wanted,
    beside: dict[str, Any],
    said: list[str],
    *,
    title: str | None,
    typed: str,
) -> str:
    """The page as HTML; what was said before, or is while the images are encoded, is on it, too."""
    from snnviz.report import About, collect_facts, render_page, report_data

    encoder = found.encoders[0]
    with _heard(said, quiet=wanted.quiet):
        data, block = report_data(
            encoder, found.samples, found.T, About(), mean=wanted.mean, std=wanted.std, **beside
        )
    if data["unexplained"] and beside["answering"].net is not None and not wanted.quiet:
        note(f"no maps of gradients: {data['unexplained']}")
    about = collect_facts(
        encoder,
        found.about,
        found.T,
        layer=found.names[0],
        command=typed,
        title=title,
        images=len(found.samples),
        asked=wanted.T is not None,
        warned=said,
    )
    return render_page(about.added_to(data), block)


@contextmanager
def _heard(said: list[str], *, quiet: bool) -> Iterator[None]:
    """Keep what is warned of in `said`; it is still shown, unless all is to be quiet."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    said += [text for each in caught if (text := str(each.message)) not in said]
    for each in () if quiet else caught:
        warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
