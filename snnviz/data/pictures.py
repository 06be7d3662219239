"""Any picture file as a grey image."""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from snnviz.data.images import ImageSet, Sample
from snnviz.errors import ConfigError, DataError

MAX_SIDE = 256


def load_pictures(paths: Sequence[Path], *, max_side: int = MAX_SIDE) -> list[Sample]:
    """The pictures in `paths` as samples without labels, numbered from 0.

    Args:
        paths: Picture files in any format that Pillow reads.
        max_side: See `load_picture`.

    Raises:
        DataError: A file is missing or no picture.
        ConfigError: `max_side` is below 1.
    """
    return [
        Sample(index, load_picture(path, max_side=max_side), source=path.name)
        for index, path in enumerate(paths)
    ]


def load_picture_set(paths: Sequence[Path], *, max_side: int = MAX_SIDE) -> ImageSet:
    """The pictures in `paths`, at least one and all of one size, as a set without labels.

    Args:
        paths: Picture files in any format that Pillow reads.
        max_side: See `load_picture`.

    Raises:
        DataError: A file is missing or no picture, or two differ in size.
        ConfigError: `max_side` is below 1.
    """
    images = [load_picture(path, max_side=max_side) for path in paths]
    for path, image in zip(paths, images, strict=True):
        if image.shape != images[0].shape:
            raise DataError(
                f"{path} is {image.shape[0]} x {image.shape[1]} pixels, {paths[0]} "
                f"{images[0].shape[0]} x {images[0].shape[1]}; give pictures of one size"
            )
    return ImageSet("pictures", np.stack(images))


def load_picture(path: Path, *, max_side: int = MAX_SIDE) -> NDArray[np.uint8]:
    """The picture in `path` as grey levels, uint8 [H, W], upright.

    Colour becomes luma (ITU-R 601, as Pillow has it), transparency becomes black (not in pictures
    of one channel of 16 bits), 16-bit levels are scaled to 8 bits, and of an animation the first
    frame is taken. Floats and whole numbers of 32 bits do not say what white is: it is the least of
    1 (floats only), 255 and 65535 that the brightest pixel exceeds by half at most, as filters
    overshoot; what is above becomes white.

    Args:
        path: A picture file in any format that Pillow reads.
        max_side: A picture with a longer side is scaled down to it (Lanczos), because every
            pixel costs K maps.

    Raises:
        DataError: The file is missing or no picture, or no pixel of it is a number.
        ConfigError: `max_side` is below 1.
    """
    if max_side < 1:
        raise ConfigError(f"the longest side must be at least 1 pixel, got {max_side}")
    if os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113 - names too long
        raise DataError(f"cannot open {path}: it is not a file; give a PNG, JPEG or similar")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what Pillow could read nevertheless
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                upright = ImageOps.exif_transpose(picture)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise DataError(f"{path} is too large to open ({error}); scale it down first") from error
    except Exception as error:  # whatever a plugin of Pillow's makes of a broken file
        reason = getattr(error, "strerror", None) or "not a picture that Pillow can read"
        raise DataError(f"cannot open {path}: {reason}; give a PNG, JPEG or similar") from error
    if upright.mode == "F" and np.isnan(np.asarray(upright)).all():
        raise DataError(f"{path}: all its pixels are NaN; give a picture that shows any")
    grey = _to_grey(upright)
    if max(grey.size) > max_side:
        grey.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return np.asarray(grey)


def _to_grey(picture: Image.Image) -> Image.Image:
    if picture.mode == "F":
        return _to_bytes(picture, white=_white(picture, 1.0, 255.0, 65535.0))
    if picture.mode == "I":
        return _to_bytes(picture, white=_white(picture, 255.0, 65535.0))
    if picture.mode.startswith("I"):
        return _to_bytes(picture, white=65535)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        black = Image.new("RGBA", picture.size, "black")
        picture = Image.alpha_composite(black, picture)
    return picture.convert("L")


def _to_bytes(picture: Image.Image, *, white: float) -> Image.Image:
    # Pillow's own conversion of these modes clips at 255 instead of scaling.
    # What is no number, as a missing pixel of a measurement is, becomes black.
    levels = np.nan_to_num(np.asarray(picture, dtype=np.float64)).clip(0, white)
    return Image.fromarray(np.rint(levels * (255 / white)).astype(np.uint8))


def _white(picture: Image.Image, *usual: float) -> float:
    """White of a picture that does not say it: the least usual one that fits."""
    levels = np.asarray(picture)
    top = float(levels.max(where=np.isfinite(levels), initial=0))
    return next((white for white in usual if top <= 1.5 * white), top)
