"""What can be measured on images and what cannot: checks of what is given, and sentences."""

from typing import TYPE_CHECKING

import numpy as np

from snnviz.analysis.computing import has_maps
from snnviz.data import ImageSet
from snnviz.errors import ConfigError, DataError, ShapeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from snnviz.analysis.encodings import Encoding
    from snnviz.analysis.results import EncodingMetrics

ALIGNABLE = 4
"""Images that debiased alignment takes at least: the estimate divides by n - 3."""


def check_sets(images: ImageSet, train_images: ImageSet | None) -> None:
    """Raises unless there are images to score on, and those to fit on are of their size.

    Raises:
        ConfigError: They are no `ImageSet`.
        DataError: There are none.
        ShapeError: Their sizes differ.
    """
    for given in (images, train_images):
        if not isinstance(given, ImageSet | None):
            raise ConfigError(
                f"images to analyze are an `ImageSet`, got {type(given).__name__}; make one: "
                "ImageSet(name, bytes, labels)"
            )
    if not len(images) or (train_images is not None and not len(train_images)):
        raise DataError(
            f"got {len(images)} images to score on and {len(train_images or ())} to fit on; "
            "give one or more of each"
        )
    if train_images is None:
        return
    size, train_size = images.size, train_images.size
    if size != train_size:
        raise ShapeError(
            f"readouts would be fitted on images of {train_size} pixels and scored on {size}; "
            "give both of one size"
        )


def check_names(encodings: "Sequence[Encoding]") -> None:
    """Raises unless the names of encodings differ, and the first one is of spikes.

    Raises:
        ConfigError: They do not, or it is not.
    """
    names = [encoding.name for encoding in encodings]
    if not names or len(set(names)) < len(names):
        raise ConfigError(f"encodings need names that differ, got {', '.join(names) or 'none'}")
    if encodings[0].kind == "pixels":
        raise ConfigError("pixels are no spikes to study; put an encoder first")


def further_images(images: ImageSet, probe_images: ImageSet | None) -> ImageSet | None:
    """The images that probes are scored on beyond the others; None where there are no more.

    Raises:
        ConfigError: They do not begin with the same images.
    """
    if probe_images is None:
        return None
    count = len(images)
    same = images.images.dtype == probe_images.images.dtype
    if not same or not np.array_equal(probe_images.images[:count], images.images):
        raise ConfigError(
            f"probes are scored on {count} images and more, got {len(probe_images)} that begin "
            "with others; give `probe_images` that begin with `images`"
        )
    if len(probe_images) == count:
        return None
    return probe_images.take(np.arange(count, len(probe_images)))


def not_measured(
    images: ImageSet,
    train_images: ImageSet | None,
    sample: ImageSet,
    shape: tuple[int, int, int],
    *,
    labelled: bool,
) -> tuple[str, ...]:
    """What cannot be measured on these images."""
    size = images.size
    found = []
    if not labelled:
        found.append(
            "the images have no labels: the probe, class structure, information on the class, and "
            "accuracy and importance in the network are left out"
        )
    if not has_maps(shape):
        found.append(
            f"neurons of shape {shape[:1]} lie in no map: contours and reconstruction are left out"
        )
    if train_images is None:
        found.append(
            f"there are no training images of {size} pixels to fit on: reconstruction and the "
            "probe are left out"
        )
    if len(sample) < ALIGNABLE:
        found.append(f"CKA takes {ALIGNABLE} images or more, got {len(sample)}: it is left out")
    return tuple(found)


def without_bound(measured: "Sequence[EncodingMetrics]") -> tuple[str, ...]:
    """What neurons that fire several times in a step have not."""
    several = {
        each.encoding.name: most
        for each in measured
        if (found := each.activity) is not None and (most := found.most) > 1
    }
    if not several:
        return ()
    most = max(several.values())
    sentence = (
        f"{', '.join(several)}: neurons fire up to {most} times in a step, so that saturated "
        "channels and rasters are left out"
    )
    return (sentence,)
