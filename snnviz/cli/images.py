"""Which images a command looks at: from the options to samples, and to the manifest's entry."""

import warnings
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from snnviz.cli import network_options, options
from snnviz.cli.output import note
from snnviz.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from snnviz.data import Sample, Selection, Split
    from snnviz.export.running import Predict

# Of event frames.
_ARRAYS = (".npy", ".npz")


def sample_options(count: int) -> options.Decorator:
    """The options by which images are chosen one by one, as `choose_samples` takes them, and T.

    Args:
        count: How many images there are where nothing is said.
    """
    return options.together(
        click.option(
            "--n-images",
            callback=options.count_or_all,
            metavar="N|all",
            default=str(count),
            show_default=True,
            help="How many images.",
        ),
        click.option(
            "--index",
            type=click.IntRange(min=0),
            multiple=True,
            help="This image of the data set, instead of the first ones. Repeatable.",
        ),
        click.option(
            "--select",
            multiple=True,
            metavar="WORD",
            help="Only images that are: correct, wrong, label=N or predicted=N. Repeatable, all "
            "hold.",
        ),
        click.option(
            "--shuffle",
            is_flag=True,
            help="Draw the images at random, not the first ones.",
        ),
        options.seed_option(0, "--shuffle"),
        options.split_option,
        options.dataset_option,
        options.size_option,
        network_options.mean_option,
        network_options.std_option,
        options.data_dir_option,
        options.image_option,
        network_options.steps_option,
    )


def choose_samples(
    predictions: "Predict | None",
    *,
    predict: bool,
    channels: int,
    n_images: int | None,
    index: tuple[int, ...],
    select: tuple[str, ...],
    shuffle: bool,
    seed: int,
    split: "Split",
    dataset: str,
    data_dir: Path,
    image: tuple[Path, ...],
    max_side: int,
    size: tuple[int, int] | None = None,
) -> tuple[list["Sample"], dict[str, Any]]:
    """The images to look at, and what the manifest says about them.

    With `select`, images are looked at in their order until `n_images` of them hold; where that
    needs predictions, `predictions` gives them, unless `predict` forbids it. Images have as many
    `channels` as the encoder takes; those of a data set are scaled to `size`, pictures to
    `max_side`.
    """
    from snnviz.data import choose_indices, open_dataset, parse_selection

    if image:
        if index or shuffle or select:
            raise click.UsageError(
                "--image stands for itself; leave out --index, --select and --shuffle"
            )
        return _given(image, max_side, channels), {"dataset": None, "max_side": max_side}
    if index and select:
        raise click.UsageError("--index names its images; leave out --select")

    def choose(total: int) -> list[int]:
        wanted = None if select else n_images
        return choose_indices(total, wanted, indices=index, shuffle=shuffle, seed=seed)

    # Garments are drawn no further than they are asked for.
    drawn = choose(_garments(split, n_images, index)) if dataset == "garments" else ()
    images = open_dataset(
        dataset,
        split,
        data_dir,
        count=max(drawn) + 1 if drawn else None,
        channels=channels,
        size=size,
        max_side=max_side,
    )
    chosen = drawn or choose(len(images))
    about = {"dataset": images.name, "split": split, **options.stated_size(size)}
    if not select:
        return list(images.samples(chosen)), about
    selection = parse_selection(select, classes=len(images.classes))
    if selection.needs_predictions and not predict:
        words = " and ".join(select)
        raise click.UsageError(f"--select {words} needs predictions; leave out --no-predict")
    found = _select(images.samples(chosen), selection, predictions, n_images)
    if not found:
        raise ConfigError(f"no image is {' and '.join(select)}; choose another --select")
    return found, {**about, "select": list(select)}


def _garments(split: "Split", n_images: int | None, index: tuple[int, ...]) -> int:
    """How many garments there are: more where more are asked for."""
    from snnviz.data import GARMENTS, MOST_GARMENTS

    asked = max(n_images or 0, max(index, default=-1) + 1)
    return (GARMENTS if asked <= GARMENTS[split] else MOST_GARMENTS)[split]


def _given(paths: tuple[Path, ...], max_side: int, channels: int) -> list["Sample"]:
    """Event frames, or pictures; not both, since one encoder does not take both."""
    from snnviz.data import frames_samples, load_pictures

    arrays = [path for path in paths if path.suffix.lower() in _ARRAYS]
    if not arrays:
        return load_pictures(paths, max_side=max_side, channels=channels)
    if len(arrays) < len(paths):
        raise click.UsageError(
            f"--image {arrays[0]} holds event frames, and others are pictures; give the ones or "
            "the others"
        )
    return frames_samples(paths)


def note_scaled(paths: tuple[Path, ...], max_side: int) -> None:
    """Say which of these pictures, which could be read, are scaled down by nobody's choice."""
    source = click.get_current_context().get_parameter_source("max_side")
    if source is not ParameterSource.DEFAULT:
        return
    large = [
        (path, size)
        for path in paths
        if path.suffix.lower() not in _ARRAYS and max(size := _picture_size(path)) > max_side
    ]
    if not large:
        return
    path, (height, width) = large[0]
    more = f" (and {len(large) - 1} more of {len(paths)} pictures are larger, too)"
    note(
        f"{path} is {height} x {width} pixels, scaled down to a longest side of {max_side}"
        f"{more * (len(large) > 1)}; choose another with --max-side"
    )


def _picture_size(path: Path) -> tuple[int, int]:
    """Height and width of a picture as it is seen, from its header."""
    from PIL import ExifTags, Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it was read before, and what there is to say was said
        with Image.open(path) as picture:
            width, height = picture.size
            turned = picture.getexif().get(ExifTags.Base.Orientation, 1) > 4
    return (width, height) if turned else (height, width)


def _select(
    samples: "Iterable[Sample]",
    selection: "Selection",
    predictions: "Predict | None",
    count: int | None,
) -> list["Sample"]:
    if selection.needs_predictions and predictions is not None:
        samples = predictions(samples)
    return list(islice(filter(selection, samples), count))
