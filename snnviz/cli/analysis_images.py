"""The images that `snnviz analyze` scores encoders on, and those that readouts are fitted on."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
from click.core import ParameterSource

from snnviz.errors import ConfigError

if TYPE_CHECKING:
    from snnviz.data import ImageSet, Split


class ImageSource(NamedTuple):
    """Where images come from.

    Attributes:
        dataset: `--dataset`.
        split: `--split`.
        data_dir: `--data-dir`.
        size: `--size`.
        channels: Channels of the images that the encoders take.
    """

    dataset: str
    split: "Split"
    data_dir: Path
    size: tuple[int, int] | None
    channels: int

    def load(self, option: str, count: int | None) -> "ImageSet":
        """So many images; all of a set that has fewer, where that option was not given."""
        from snnviz.data import load_dataset

        load = partial(
            load_dataset,
            self.dataset,
            self.split,
            self.data_dir,
            channels=self.channels,
            size=self.size,
        )
        try:
            return load(count=count)
        except ConfigError:
            if is_given(option):
                raise
            return load()

    def probed(self, images: "ImageSet", count: int | None) -> "ImageSet":
        """The images that probes are scored on: so many, but no fewer than `images`.

        Of a set in the order of its classes, `images` are not the first; then they are all.
        """
        if count is not None and count <= len(images):
            return images
        more = self.load("probe_images", count)
        begins = (more.images[: len(images)] == images.images).all()
        return more if begins else images

    def fitting_set(self, images: "ImageSet", count: int) -> "ImageSet | None":
        """Images of the other part of the data set; None where they are not as large as `images`.

        None also of a set without parts: what is fitted on the images themselves says nothing.
        """
        from snnviz.data import KNOWN_SIZES, has_parts

        known = self.size or KNOWN_SIZES.get(self.dataset, images.size)
        if known != images.size or not has_parts(self.dataset):
            return None
        other = self._replace(split="train" if self.split == "test" else "test")
        found = other.load("train_images", count)
        return found if found.size == images.size else None


def picture_set(paths: tuple[Path, ...], max_side: int, *, quiet: bool) -> "ImageSet":
    """Pictures of the user's, which must be of one size."""
    from snnviz.cli.images import note_scaled
    from snnviz.data import load_picture_set

    images = load_picture_set(paths, max_side=max_side)
    if not quiet:
        note_scaled(paths, max_side)
    return images


def is_given(option: str) -> bool:
    """Whether the user gave the option."""
    source = click.get_current_context().get_parameter_source(option)
    return source is not ParameterSource.DEFAULT
