"""Images with their labels: a whole `ImageSet`, and the single `Sample` drawn from one."""

import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from snnviz.data.colour import luma
from snnviz.display import image_picture, quantity, summary, thumbnail
from snnviz.errors import ConfigError, DataError, ShapeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

# So many images a notebook shows of a set.
_SHOWN = 24


@dataclass(frozen=True, eq=False, repr=False)
class Sample:
    """One image, ready to be looked at.

    Attributes:
        index: Its index in the data set, or its place among the pictures given.
        image: Grey levels, uint8 [H, W].
        label: Its class, or None.
        class_name: The name of that class, or None.
        source: The file it came from, where it is a picture.
        predicted: The class that a network takes it for, or None where none was asked.
        colour: Red, green and blue, uint8 [3, H, W], where an encoder is to see them; else None.
        frames: What an encoder is to see step by step, float32 [T, C, H, W], where it is no still
            image; `image` and `colour` are a picture of it then.

    Example:
        >>> [sample] = snnviz.garments(2).samples([1])
        >>> sample.index, sample.class_name, sample.image.shape
        (1, 'T-shirt/top', (28, 28))
    """

    index: int
    image: "NDArray[np.uint8]"
    label: int | None = None
    class_name: str | None = None
    source: str | None = None
    predicted: int | None = None
    colour: "NDArray[np.uint8] | None" = None
    frames: "NDArray[np.float32] | None" = None

    def __repr__(self) -> str:
        """Which image it is, and its size."""
        named = self.class_name or ("" if self.label is None else f"class {self.label}")
        shape = (self.channels if self.frames is None else self.frames).shape
        what = [self.source or f"image {self.index}", *filter(None, [named]), str(list(shape))]
        return f"<Sample {', '.join(what)}>"

    @property
    def channels(self) -> "NDArray[np.uint8]":
        """What an encoder sees, uint8 [C, H, W]: the colours where there are any, else grey.

        Raises:
            ShapeError: It is to see another input at each step.
        """
        if self.frames is not None:
            raise ShapeError(
                f"{self.source or self.index} holds event frames of {len(self.frames)} steps, and "
                "a still image is needed here; give a picture"
            )
        return self.image[np.newaxis] if self.colour is None else self.colour


@dataclass(frozen=True, eq=False, repr=False)
class ImageSet:
    """Images of one size, all grey or all in colour, by their index in the data set.

    Attributes:
        name: What the set is called in manifests and messages.
        images: Grey levels, uint8 [N, H, W], 0 is black; or red, green and blue [N, 3, H, W]. Grey
            ones [N, 1, H, W] are kept as [N, H, W].
        labels: Class of each image, ints [N] in 0..len(classes)-1; None where there are none.
        classes: The name of each class.

    Example:
        >>> pixels = np.zeros((3, 28, 28), np.uint8)
        >>> images = snnviz.ImageSet("mine", pixels, np.array([0, 1, 1]), classes=("cat", "dog"))
        >>> len(images), images.batch([0, 2]).shape
        (3, (2, 1, 28, 28))
    """

    name: str
    images: "NDArray[np.uint8]"
    labels: "NDArray[np.integer] | None" = None
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together."""
        shape = self.images.shape
        if len(shape) == 4 and shape[1] == 1 and self.images.dtype == np.uint8:
            object.__setattr__(self, "images", self.images[:, 0])
        elif not (
            self.images.dtype == np.uint8
            and (len(shape) == 3 or (len(shape) == 4 and shape[1] == 3))
        ):
            raise DataError(
                f"{self.name}: images must be uint8 [N, H, W] (grey) or [N, 3, H, W] (red, green, "
                f"blue), got {self.images.dtype} {list(shape)}"
            )
        if self.labels is not None and self.labels.shape != self.images.shape[:1]:
            raise DataError(
                f"{self.name}: {len(self.images)} images but {len(self.labels)} labels; "
                "the files do not belong together"
            )
        if self.labels is not None and not (
            np.issubdtype(self.labels.dtype, np.integer) and self.labels.min(initial=0) >= 0
        ):
            raise DataError(
                f"{self.name}: labels must be whole numbers from 0, got {self.labels.dtype} from "
                f"{self.labels.min()}"
            )
        count = len(self.classes)
        if self.labels is not None and count and self.labels.max(initial=0) >= count:
            raise DataError(
                f"{self.name}: there is a label {self.labels.max()} and {count} classes, 0 to "
                f"{count - 1}; the files are another data set's"
            )

    def __len__(self) -> int:
        """Number of images."""
        return len(self.images)

    def __repr__(self) -> str:
        """Name, number and size; and of how many classes."""
        classes = f", {len(self.classes)} classes" if self.classes else ""
        unlabelled = ", no labels" if self.labels is None else ""
        return (
            f"<ImageSet {self.name!r} of {quantity(len(self), 'image')}, {list(self.shape)}"
            f"{classes}{unlabelled}>"
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: its facts, and the first images."""
        facts = {
            "images": f"{len(self):,}",
            "shape": f"{list(self.shape)} (C, H, W)",
            "labels": "none" if self.labels is None else "yes",
            "classes": ", ".join(self.classes) or "unnamed",
        }
        if not len(self):
            return summary(self.name, facts)
        shown = self.images[:_SHOWN]
        caption = "The first image" if len(shown) == 1 else f"The first {len(shown)} images"
        return summary(self.name, facts, thumbnail(image_picture(shown), caption))

    @property
    def channels(self) -> int:
        """Number of channels: 1 (grey) or 3 (red, green, blue)."""
        return 1 if self.images.ndim == 3 else 3

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of each image."""
        height, width = self.images.shape[-2:]
        return height, width

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of each image, as an encoder sees it."""
        return (self.channels, *self.size)

    @cached_property
    def grey(self) -> "NDArray[np.uint8]":
        """The grey levels, uint8 [N, H, W]; of colours their luma, see `luma`."""
        return self.images if self.channels == 1 else luma(self.images)

    def with_channels(self, channels: int) -> "ImageSet":
        """The same images for an encoder that sees so many channels.

        Colours become their luma; grey levels become red, green and blue that are equal. A warning
        says so.

        Raises:
            ConfigError: There are no images of so many channels.
        """
        if channels not in (1, 3):
            raise ConfigError(
                f"the encoder takes images of {channels} channels, those of {self.name} can be "
                "had with 1 (grey) or 3 (red, green, blue); choose other input"
            )
        if channels == self.channels:
            return self
        say_channels(self.name, channels)
        if channels == 1:
            return replace(self, images=self.grey)
        return replace(self, images=np.repeat(self.images[:, np.newaxis], 3, axis=1))

    def head(self, count: int | None) -> "ImageSet":
        """The first `count` images; all of them where it is None.

        Raises:
            ConfigError: There are fewer.
        """
        if count is None:
            return self
        if not 1 <= count <= len(self):
            raise ConfigError(f"cannot take {count} of {len(self)} images; choose 1 to {len(self)}")
        labels = None if self.labels is None else self.labels[:count]
        return replace(self, images=self.images[:count], labels=labels)

    def take(self, indices: "NDArray[np.intp]") -> "ImageSet":
        """The images at `indices`, ints [n] in 0..N-1, in that order."""
        labels = None if self.labels is None else self.labels[indices]
        return replace(self, images=self.images[indices], labels=labels)

    def samples(self, indices: "Iterable[int]") -> "Iterator[Sample]":
        """The images at `indices`, one after the other."""
        for index in indices:
            label = None if self.labels is None else int(self.labels[index])
            name = self.classes[label] if label is not None and self.classes else None
            image = self.images[index]
            if self.channels == 1:
                yield Sample(index, image, label, name)
            else:
                yield Sample(index, luma(image), label, name, colour=image)

    def batch(self, indices: "Sequence[int] | NDArray[np.intp]") -> "NDArray[np.float32]":
        """The images at `indices`, float32 [n, C, H, W] in [0, 1], see `to_input`."""
        return to_input(self.images[np.asarray(indices, dtype=np.intp)])


def say_channels(name: str, channels: int) -> None:
    """A warning that images are not seen in the channels they have, but in 1 or 3."""
    if channels == 1:
        sentence = f"{name} is in colour and the encoder takes grey: it is given the luma"
    else:
        sentence = f"{name} is grey and the encoder takes colours: red, green and blue are equal"
    warnings.warn(sentence, stacklevel=1)


def to_input(images: "NDArray[np.uint8]") -> "NDArray[np.float32]":
    """Bytes as an encoder takes them: grey [n, H, W] as float32 [n, 1, H, W] in [0, 1].

    Bytes of several channels [n, C, H, W] keep their shape. The scaling is that of
    `torchvision.transforms.ToTensor`: divided by 255 in float32.

    Raises:
        ShapeError: They are no bytes [n, H, W] or [n, C, H, W].

    Example:
        >>> snnviz.to_input(np.array([[[0, 255]]], np.uint8)).tolist()
        [[[[0.0, 1.0]]]]
    """
    if images.ndim not in (3, 4) or images.dtype != np.uint8:
        raise ShapeError(
            f"images must be uint8 [n, H, W] or [n, C, H, W], got {images.dtype} "
            f"{list(images.shape)}; floats in [0, 1] need no scaling"
        )
    stacked = images[:, np.newaxis] if images.ndim == 3 else images
    scaled: NDArray[np.float32] = stacked.astype(np.float32) / np.float32(255)
    return scaled


def choose_indices(
    total: int,
    count: int | None,
    *,
    indices: "Sequence[int]" = (),
    shuffle: bool = False,
    seed: int = 0,
) -> list[int]:
    """Which images to take, as indices into a set of `total`.

    Args:
        total: Number of images in the set.
        count: How many; None takes all. Not read where `indices` are given.
        indices: Exactly these, in this order, each once.
        shuffle: Draw without replacement instead of taking the first ones.
        seed: Seed of that draw; a larger `count` with the same seed begins with the same images.

    Raises:
        ConfigError: An index or the count is out of range.
    """
    if indices:
        for index in indices:
            if not 0 <= index < total:
                raise ConfigError(
                    f"index {index} is past the end: the set has {total} images, "
                    f"choose 0 to {total - 1}"
                )
        return list(dict.fromkeys(indices))
    if count is not None and not 1 <= count <= total:
        raise ConfigError(f"cannot take {count} of {total} images; choose 1 to {total}, or all")
    order = np.random.default_rng(seed).permutation(total) if shuffle else np.arange(total)
    return [int(index) for index in order[:count]]
