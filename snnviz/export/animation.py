"""Frames to the bytes of an animated picture."""

from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from snnviz.errors import ConfigError, ShapeError
from snnviz.export.templates.pixels import to_codes

if TYPE_CHECKING:
    from numpy.typing import NDArray

ANIMATIONS = ("gif", "webp")
# What both formats count up to.
_MOST_LOOPS = 65_535
# What a GIF's palette holds.
_PALETTE = 256


def render_animation(
    frames: "NDArray[np.uint8]", form: str = "gif", *, milliseconds: int = 600, loops: int = 0
) -> bytes:
    """The frames as an animated picture; the same frames give the same bytes.

    WebP holds every pixel as it is; a GIF does so up to 256 colours in all, beyond which Pillow's
    median cut chooses 256. Frames that are equal may become one that is shown for longer.

    Args:
        frames: Colours, bytes [T, height, width, 3], such as `snnviz.figures.spike_frames` gives.
        form: "gif" or "webp".
        milliseconds: How long each frame is shown, at least 10; a GIF counts in hundredths of a
            second and rounds down.
        loops: How often it is shown, up to 65,535; 0: forever.

    Raises:
        ShapeError: The frames have another shape or type.
        ConfigError: An option is out of range.

    Example:
        >>> frames = np.zeros((2, 4, 4, 3), np.uint8)
        >>> frames[1] = 255
        >>> snnviz.render_animation(frames, "gif")[:6]
        b'GIF89a'
    """
    frames = np.asarray(frames)
    if frames.ndim != 4 or frames.shape[3] != 3 or 0 in frames.shape or frames.dtype != np.uint8:
        raise ShapeError(
            f"frames must be bytes [T, height, width, 3], got {frames.dtype} {list(frames.shape)}"
        )
    if form not in ANIMATIONS:
        raise ConfigError(f"no animation {form!r}; choose from {', '.join(ANIMATIONS)}")
    if milliseconds < 10 or not 0 <= loops <= _MOST_LOOPS:
        raise ConfigError(
            f"milliseconds must be at least 10 and loops 0 to {_MOST_LOOPS}, got {milliseconds} "
            f"and {loops}"
        )
    pictures = _indexed(frames) if form == "gif" else [Image.fromarray(frame) for frame in frames]
    # GIF counts how often it is repeated, and plays once without that entry.
    repeats: dict[str, Any] = {"loop": loops}
    if form == "gif":
        repeats = {} if loops == 1 else {"loop": max(0, loops - 1)}
    elif form == "webp":
        repeats |= {"lossless": True, "quality": 60, "method": 4, "minimize_size": False}
    buffer = BytesIO()
    pictures[0].save(
        buffer,
        format=form,
        save_all=True,
        append_images=pictures[1:],
        duration=milliseconds,
        **repeats,
    )
    return buffer.getvalue()


def _indexed(frames: "NDArray[np.uint8]") -> list[Image.Image]:
    """The frames with one palette for all."""
    opaque = np.full((*frames.shape[:3], 1), 255, np.uint8)
    codes = to_codes(np.concatenate([frames, opaque], axis=-1))
    # Neighbours are mostly alike: of each run of equal pixels one is looked at.
    flat = codes.reshape(-1)
    starts = np.flatnonzero(np.concatenate([[True], flat[1:] != flat[:-1]]))
    found, places = np.unique(flat[starts], return_inverse=True)
    if len(found) > _PALETTE:
        height, width = frames.shape[1:3]
        joined = Image.fromarray(frames.reshape(-1, width, 3)).quantize(
            _PALETTE, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
        )
        return [joined.crop((0, t * height, width, (t + 1) * height)) for t in range(len(frames))]
    lengths = np.diff(starts, append=flat.size)
    indexed = np.repeat(places.astype(np.uint8), lengths).reshape(codes.shape)
    palette = found.astype("<u4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    pictures = [Image.fromarray(frame) for frame in indexed]
    for picture in pictures:
        picture.putpalette(palette)
    return pictures
