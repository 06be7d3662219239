"""Images that a network cannot be measured on are refused."""

from typing import TYPE_CHECKING

from snnviz.display import quantity
from snnviz.errors import DataError, ShapeError, check_integer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from snnviz.data import ImageSet
    from snnviz.scoring.classifier import Classifier


def check_set(net: "Classifier", images: "ImageSet", batch_size: int = 1) -> None:
    """Refuse images that `net` cannot be measured on.

    Raises:
        DataError: There are none, they have no labels, or some that the network has no output for.
        ShapeError: They are not of the size that the network takes.
        ConfigError: `batch_size` is below 1.
    """
    check_integer("the batch size", batch_size, 1)
    check_labels(images)
    if len(images) == 0:
        raise DataError(f"{images.name} holds no images; name a set that does")
    check_size(net, images)
    check_labels(images, net.config.num_classes)


def check_size(net: object, images: "ImageSet") -> None:
    """Refuse images of another size than `net` says that it takes; any, where it says none.

    Raises:
        ShapeError: They are.
    """
    config = getattr(net, "config", None)
    size = getattr(config, "image_size", None)
    if config is None or size is None or images.shape == (config.in_channels, *size):
        return
    has = "one" if images.channels == 1 else images.channels
    raise ShapeError(
        f"the network takes {quantity(config.in_channels, 'channel')} of {size} pixels, "
        f"{images.name} has {has} of {images.size}; choose other images"
    )


def check_labels(images: "ImageSet", classes: int | None = None) -> "NDArray[np.integer]":
    """The labels of a set that must have some, ints [N].

    Args:
        images: The set.
        classes: How many classes a network knows, where one is to answer.

    Raises:
        DataError: It has none, or one that the network does not know.
    """
    if images.labels is None:
        raise DataError(f"{images.name} has no labels; name a labelled data set")
    largest = images.labels.max(initial=0)
    if classes is not None and largest >= classes:
        raise DataError(
            f"{images.name} has images of class {largest}, the network knows 0..{classes - 1}; "
            "choose other images"
        )
    return images.labels
