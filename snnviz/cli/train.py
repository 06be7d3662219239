"""`snnviz train`: the tutorial's training, from the command line."""

from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from snnviz.cli import Command, options
from snnviz.cli.effects import say_ineffective
from snnviz.cli.interrupts import Stopped, finish_first
from snnviz.cli.output import say
from snnviz.cli.spelling import AnyCase

if TYPE_CHECKING:
    from snnviz.cli.plan import Plan
    from snnviz.tutorial.training import EpochResult


# What --resume without RUN is to click; no folder can be called so.
_USUAL = "\0"


def _check_named(_ctx: click.Context, _parameter: click.Parameter, run: str | None) -> str | None:
    """The run to go on with, "" for that of the options; an empty name is most likely a mistake."""
    if run == "":
        raise click.BadParameter("the name is empty; name a run, or leave it out")
    return "" if run == _USUAL else run


@click.command("train", cls=Command)
@click.option(
    "-T",
    "--T",
    "T",
    type=options.STEPS,
    default=4,
    show_default=True,
    help="Number of time steps.",
)
@options.device_option
@options.batch_size_option
@click.option(
    "-epochs",
    "--epochs",
    type=click.IntRange(min=1),
    default=64,
    show_default=True,
    help="Passes over the training images.",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=0),
    default=4,
    show_default=True,
    help="Taken for the tutorial's sake: the images lie in memory, no process has to load them.",
)
@options.data_dir_option
@click.option(
    "-out_dir",
    "--out-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default="./logs",
    show_default=True,
    help="Folder in which the run gets a folder of its own.",
)
@click.option(
    "-resume",
    "--resume",
    is_flag=False,
    flag_value=_USUAL,
    callback=_check_named,
    default=None,
    metavar="[RUN]",
    help="Go on with a run: its folder, or a checkpoint in it. Options that are not given are "
    "those it was begun with. Without RUN: the run that these options name.",
)
@click.option(
    "-amp",
    "--amp",
    is_flag=True,
    help="Automatic mixed precision (bfloat16 on a CPU and on newer GPUs, else float16).",
)
@click.option(
    "-cupy",
    "--cupy",
    is_flag=True,
    help="Multi-step network whose neurons are snnviz's own GPU kernels; needs the extra cupy.",
)
@click.option(
    "-opt",
    "--opt",
    type=AnyCase(["SGD", "Adam"]),
    default="SGD",
    show_default=True,
    help="Optimizer.",
)
@click.option(
    "-lr",
    "--lr",
    type=float,
    default=0.1,
    show_default=True,
    help="Learning rate of the first epoch.",
)
@click.option(
    "-momentum", "--momentum", type=float, default=0.9, show_default=True, help="Momentum of SGD."
)
@click.option(
    "-lr_scheduler",
    "--lr-scheduler",
    type=AnyCase(["StepLR", "CosALR"]),
    default="CosALR",
    show_default=True,
    help="Schedule of the learning rate, stepped once an epoch.",
)
@click.option(
    "-step_size",
    "--step-size",
    type=click.IntRange(min=1),
    default=32,
    show_default=True,
    help="Epochs between two drops of StepLR.",
)
@click.option(
    "-gamma",
    "--gamma",
    type=float,
    default=0.1,
    show_default=True,
    help="What StepLR multiplies the learning rate with.",
)
@click.option(
    "-T_max",
    "--t-max",
    type=click.IntRange(min=1),
    default=64,
    show_default=True,
    help="Epochs in which CosALR falls to 0, to rise again after them: best as many as --epochs.",
)
@click.option(
    "-channels",
    "--channels",
    type=click.IntRange(min=1),
    default=128,
    show_default=True,
    help="Feature maps of both convolutions.",
)
@click.option(
    "--augment-lightly/--no-augment-lightly",
    default=False,
    show_default=True,
    help="Show images shifted by up to 1 pixel, a quarter of them with a box covered; as they are "
    "in the last 15 % of the epochs.",
)
@click.option(
    "--label-smoothing",
    type=click.FloatRange(min=0, max=1, max_open=True),
    default=0.0,
    show_default=True,
    help="Share of each image's target rate that all classes get alike.",
)
@click.option(
    "--ema",
    type=click.FloatRange(min=0, max=1, max_open=True),
    default=0.0,
    show_default=True,
    help="What averages of the weights keep in a step, such as 0.999; they are then what is "
    "measured and saved. 0 averages none.",
)
@click.option(
    "--pooling",
    type=click.Choice(["max", "avg"]),
    default="max",
    show_default=True,
    help="What poolings keep of 2 x 2 spikes: whether there is one, or the share of them.",
)
@click.option(
    "--tau",
    type=float,
    default=None,
    show_default="no leak",
    help="Membrane time constant in steps, above 1: neurons leak.",
)
@click.option(
    "--decay-input/--no-decay-input",
    default=True,
    show_default=True,
    help="Divide the input of leaky neurons by --tau, as their leak is.",
)
@click.option(
    "--step-mode",
    type=click.Choice(["s", "m"]),
    default="s",
    show_default=True,
    help="Single-step (time in the outer loop) or multi-step.",
)
@click.option(
    "--deterministic",
    is_flag=True,
    help="On a GPU: the tutorial's cuDNN settings, repeatable and slower.",
)
@click.option("--sync-bn", is_flag=True, help="Under torchrun: normalize over all ranks' images.")
@click.option(
    "--val-split",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Choose the best epoch on N held-out training images, not on the test images.",
)
@options.dataset_option
@click.option(
    "--n-images",
    type=click.IntRange(min=1),
    default=None,
    show_default="all",
    help="Train on the first N images only (garments: 6,000 by default).",
)
@options.seed_option(2020, "initialization, shuffling, held-out images and augmentation")
# SpikingJelly's script takes it, for what `snnviz visualize` does.
@click.option("-save-es", "--save-es", default=None, hidden=True, expose_value=False)
@click.option("--overwrite", is_flag=True, help="Begin anew where a run is; it is deleted.")
@options.quiet_option
@click.pass_context
def command(ctx: click.Context, /, overwrite: bool, quiet: bool, **given: Any) -> None:
    """Train the tutorial's convolutional spiking network.

    Keeps the best epoch (checkpoint_max.pth), the last (checkpoint_latest.pth), TensorBoard's
    events and the encoder after each epoch in OUT_DIR/T_4_b_128_SGD_lr_0.1_CosALR_64 (named after
    the options). Under torchrun, all ranks train one network together.
    """
    from snnviz.cli.plan import plan_run
    from snnviz.ranks import is_first_rank, joined_ranks
    from snnviz.tutorial.runs import record_training

    quiet = quiet or not is_first_rank()
    plan = plan_run(ctx, given, overwrite=overwrite)
    for note in () if quiet else plan.notes:
        click.echo(f"snnviz: {note}", err=True)
    with ExitStack() as stack:
        ranks = stack.enter_context(joined_ranks(plan.config.device))
        stopping = stack.enter_context(finish_first(quiet))
        with ranks.agreed():
            sets = plan.load_sets()
        say_ineffective(ctx)
        results = record_training(
            plan.config,
            *sets,
            plan.folder,
            about=plan.about,
            tutorial_options=plan.tutorial_options,
            overwrite=overwrite,
            resume=plan.resume,
            state=plan.state,
            ranks=ranks,
            progress=options.progress_bar(quiet),
        )
        # Closed here and not with the garbage, where Python would print a late Ctrl-C's traceback.
        stack.enter_context(closing(results))
        best = None
        for result in results:
            best = result if result.is_best else best
            if not quiet:
                say(_line(result))
            # Asked together, since the signal may reach the ranks in different epochs.
            if any(ranks.gather([stopping()])) and result.epoch + 1 < plan.config.epochs:
                raise Stopped(result.epoch, plan.folder)
    if not quiet:
        say(_summary(best, plan))


def _line(result: "EpochResult") -> str:
    held_out = ""
    if result.val_acc is not None:
        held_out = f"val_loss={result.val_loss:.6f}, val_acc={result.val_acc:.4f}, "
    return (
        f"epoch={result.epoch}, train_loss={result.train_loss:.6f}, "
        f"train_acc={result.train_acc:.4f}, {held_out}test_loss={result.test_loss:.6f}, "
        f"test_acc={result.test_acc:.4f}, max_test_acc={result.max_test_acc:.4f}, "
        f"total_time={result.seconds:.1f}"
    )


def _summary(best: "EpochResult | None", plan: "Plan") -> str:
    """What the run came to, on which images its best epoch was chosen, and where it is."""
    path = plan.folder / "checkpoint_max.pth"
    if best is None and not path.exists():  # the run went on from elsewhere
        return "no epoch was better than the best before it; it is where the run was begun"
    if best is None:
        return f"best epoch unchanged: {path}"
    if best.val_acc is None:
        return (
            f"best epoch {best.epoch}: test_acc={best.test_acc:.4f}, chosen on the test images, "
            f"which flatters (--val-split N chooses on others): {path}"
        )
    return (
        f"best epoch {best.epoch}, chosen on {plan.config.val_split} held-out images: "
        f"val_acc={best.val_acc:.4f}, test_acc={best.test_acc:.4f}: {path}"
    )
