"""Any picture file as a grey or a colour image."""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from snnviz.data.images import ImageSet, Sample
from snnviz.data.limits import TooLargeError, check_bytes, check_effort
from snnviz.errors import ConfigError, DataError

MAX_SIDE = 256
# Of what pictures are scaled to.
_LARGEST_SIDE = 10_000
# What Pillow does not decode itself: it would run Ghostscript, or ask Windows or other packages.
_FOREIGN = {"EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG"}
# Side of the tiles in which levels are converted: in float64 a whole picture would take gigabytes.
_TILE = 1024
# Whites of cameras and scanners: of 8, 10, 12, 14 and 16 bits.
_WHITES = (255.0, 1023.0, 4095.0, 16383.0, 65535.0)


def load_pictures(
    paths: Sequence[Path], *, max_side: int = MAX_SIDE, channels: int = 1
) -> list[Sample]:
    """The pictures in `paths` as samples without labels, numbered from 0.

    Args:
        paths: Picture files in any format that Pillow reads.
        max_side: See `load_picture`.
        channels: 3 for an encoder of colours: the samples have their `colour`, too.

    Raises:
        DataError: A file is missing or no picture.
        ConfigError: `max_side` is below 1, or there are no pictures of so many channels.
    """
    if channels not in (1, 3):
        raise ConfigError(
            f"the encoder takes images of {channels} channels, and pictures have 1 (grey) or 3 "
            "(red, green, blue); name another checkpoint"
        )
    samples = []
    for index, path in enumerate(paths):
        picture = open_picture(path, max_side, "L" if channels == 1 else "RGB")
        colour = None if channels == 1 else np.asarray(picture).transpose(2, 0, 1)
        grey = np.asarray(picture.convert("L"))
        samples.append(Sample(index, grey, source=path.name, colour=colour))
    return samples


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
    of one channel of 16 bits), and of several frames or pages the first is taken. Levels of 16 bits
    are scaled to 8. Where the brightest of them is no brighter than white of 8, 10, 12 or 14 bits,
    the least such is taken as white, with a warning; so it is with 32 bits. Of floats white is the
    least of 1, 255 and 65535 that the brightest pixel exceeds by half at most, as filters
    overshoot, with a warning; what is above becomes white.

    Args:
        path: A picture file in any format that Pillow reads without another program's help.
        max_side: A picture with a longer side is scaled down to it (Lanczos), because every
            pixel costs K maps.

    Raises:
        DataError: The file is missing or no picture, or no pixel of it is a number.
        ConfigError: `max_side` is below 1.

    Example:
        >>> from pathlib import Path
        >>> from PIL import Image
        >>> Image.new("RGB", (600, 300), "white").save("picture.png")
        >>> snnviz.load_picture(Path("picture.png"), max_side=200).shape
        (100, 200)
    """
    return np.asarray(open_picture(path, max_side, "L"))


def open_picture(path: Path, max_side: int | None, mode: str) -> Image.Image:
    """The picture in `path`, upright, small enough and of `mode`, "L" or "RGB".

    Args:
        path: A picture file.
        max_side: See `load_picture`; None leaves it as large as it is.
        mode: That of Pillow.

    Raises:
        DataError: As `load_picture` does.
        ConfigError: `max_side` is below 1.
    """
    if max_side is not None and max_side < 1:
        raise ConfigError(f"the longest side must be at least 1 pixel, got {max_side}")
    if os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113 - names too long
        raise DataError(f"cannot open {path}: it is not a file; give a PNG, JPEG or similar")
    notes: list[str] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what Pillow could read nevertheless
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            plain = _read(Path(path), mode, notes)
            if max_side is not None and max(plain.size) > max_side:
                plain.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    except (
        Image.DecompressionBombWarning,
        Image.DecompressionBombError,
        TooLargeError,
    ) as error:
        raise DataError(f"{path} is too large to open ({error}); scale it down first") from error
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    except MemoryError:
        raise
    except Exception as error:  # whatever a plugin of Pillow's makes of a broken file
        reason = getattr(error, "strerror", None) or "not a picture that Pillow can read"
        raise DataError(f"cannot open {path}: {reason}; give a PNG, JPEG or similar") from error
    for note in notes:
        warnings.warn(f"{path}: {note}", stacklevel=1)
    return plain


def resize(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture, of (height, width) pixels: bilinear, as `torchvision.transforms.Resize` does."""
    height, width = size
    return picture.resize((width, height), Image.Resampling.BILINEAR)


def check_size(size: tuple[int, int]) -> None:
    """Raises unless there are pictures of (height, width) `size`.

    Raises:
        ConfigError: A side is below 1 or beyond any picture's.
    """
    if not all(1 <= side <= _LARGEST_SIDE for side in size):
        raise ConfigError(
            f"height and width must be in 1 to {_LARGEST_SIDE}, got {size[0]} x {size[1]}"
        )


def _read(path: Path, mode: str, notes: list[str]) -> Image.Image:
    """The picture in `path`, upright and of `mode`; what had to be assumed is added to `notes`."""
    # Where Pillow 13 opens a file by its name, it scrambles the raw pixels of TIFFs on a side.
    with path.open("rb") as file:
        size = check_bytes(file)
        with Image.open(file) as picture:
            if picture.format in _FOREIGN:
                raise DataError(
                    f"another program would have to draw what is {picture.format}; give a PNG, "
                    "JPEG or similar"
                )
            check_effort(picture, file, size)
            if (frames := getattr(picture, "n_frames", 1)) > 1:
                notes.append(f"of {frames} frames or pages the first is taken")
            picture.load()  # which turns a TIFF, and may change the size of others
            orientation = picture.getexif().get(ExifTags.Base.Orientation)
            plain = _to_plain(picture, mode, notes)
    if orientation:
        plain.getexif()[ExifTags.Base.Orientation] = orientation
        plain = ImageOps.exif_transpose(plain)
    return plain


def _to_plain(picture: Image.Image, mode: str, notes: list[str]) -> Image.Image:
    """The picture in `mode`, "L" or "RGB"; what had to be assumed is added to `notes`."""
    convert: Callable[[Image.Image], Image.Image] = _to_colour
    if picture.mode == "F" or picture.mode.startswith("I"):
        convert = partial(_to_bytes, white=_white_of(picture, notes))
    elif picture.mode == "LAB":
        convert = _from_lab
    plain = Image.new(mode, picture.size)
    for box, tile in _tiles(picture):
        plain.paste(convert(tile).convert(mode), box)
    return plain


def _tiles(picture: Image.Image) -> Iterator[tuple[tuple[int, int, int, int], Image.Image]]:
    """The parts of a picture: (left, upper, right, lower), and its pixels there."""
    for top in range(0, picture.height, _TILE):
        for left in range(0, picture.width, _TILE):
            right, lower = min(left + _TILE, picture.width), min(top + _TILE, picture.height)
            yield (left, top, right, lower), picture.crop((left, top, right, lower))


def _to_colour(picture: Image.Image) -> Image.Image:
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        black = Image.new("RGBA", picture.size, "black")
        picture = Image.alpha_composite(black, picture)
    return picture.convert("L" if picture.mode in ("1", "L") else "RGB")


def _from_lab(picture: Image.Image) -> Image.Image:
    """A picture in CIE L*a*b* in sRGB, which Pillow's `convert` does not know the way to."""
    from PIL import ImageCms  # noqa: PLC0415 - rare, and not in every build of Pillow

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(picture, lab, srgb, outputMode="RGB")
    assert converted is not None  # noqa: S101 - it is, where it is not made in place
    return converted


def _white_of(picture: Image.Image, notes: list[str]) -> float:
    """White of a picture of floats or of more than 8 bits."""
    top, bottom, missing = 0.0, 0.0, 0
    for _, tile in _tiles(picture):
        values = np.asarray(tile)
        finite = np.isfinite(values)
        top = max(top, float(values.max(where=finite, initial=0)))
        bottom = min(bottom, float(values.min(where=finite, initial=0)))
        missing += int(np.isnan(values).sum())
    if missing == picture.width * picture.height:
        raise DataError("all its pixels are NaN; give a picture that shows any")
    if bottom < 0:
        notes.append(f"its levels go down to {bottom:g}; what is below 0 is taken as black")
    if missing:
        notes.append(f"{missing:,} of its pixels are no number; taken as black")
    white = _white(picture.mode, top)
    if white != _WHITES[-1] and top > 0:
        kind = "floats" if picture.mode == "F" else "levels of more than 8 bits"
        notes.append(f"its {kind} reach {top:g} and do not say what white is; taken as {white:g}")
    return white


def _to_bytes(picture: Image.Image, *, white: float) -> Image.Image:
    # Pillow's own conversion of these modes clips at 255 instead of scaling.
    # What is no number, as a missing pixel of a measurement is, becomes black.
    levels = np.nan_to_num(np.asarray(picture).astype(np.float64)).clip(0, white)
    return Image.fromarray(np.rint(levels * (255 / white)).astype(np.uint8))


def _white(mode: str, top: float) -> float:
    """White of a picture that does not say it: the least usual one that fits."""
    if mode != "F":
        return next((white for white in _WHITES if top <= white), top)
    return next((white for white in (1.0, 255.0, 65535.0) if top <= 1.5 * white), top)
