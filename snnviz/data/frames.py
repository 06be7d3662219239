"""Event frames: what an event camera saw, or any other sequence of inputs, step by step."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snnviz.data.arrays import ArrayFile
from snnviz.data.colour import luma
from snnviz.data.images import Sample
from snnviz.errors import DataError

# Of Okabe and Ito's colours two that everybody tells apart, [R, G, B].
ON_COLOUR = "#0072b2"
OFF_COLOUR = "#d55e00"
# So many of the pixels that had events are within the colours' range: a broken one has thousands.
_WITHIN = 0.99
# What a file of single events holds.
_EVENTS = {"t", "x", "y", "p"}


@dataclass(frozen=True, eq=False)
class Frames:
    """The input of one recording, step by step.

    Attributes:
        frames: Counts of events, or other values >= 0, float32 [T, C, H, W]. Of two channels the
            first are off events (p = 0) and the second on events (p = 1), as SpikingJelly and Tonic
            have them.
        source: The file that they came from, or None.
    """

    frames: NDArray[np.float32]
    source: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is no sequence of inputs."""
        check_frames(self.frames, "[T, C, H, W]", self.source or "event frames")
        object.__setattr__(self, "frames", self.frames.astype(np.float32, copy=False))

    @property
    def T(self) -> int:  # noqa: N802
        """Number of time steps."""
        return len(self.frames)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of each step."""
        channels, height, width = self.frames.shape[1:]
        return channels, height, width

    @property
    def counts(self) -> NDArray[np.float64]:
        """The sum over all steps, [C, H, W]."""
        summed: NDArray[np.float64] = self.frames.sum(0, dtype=np.float64)
        return summed

    def picture(self) -> NDArray[np.uint8]:
        """All steps in one picture in red, green and blue, uint8 [3, H, W]; see `draw_frames`."""
        drawn, _ = draw_frames(self.counts[np.newaxis])
        picture: NDArray[np.uint8] = drawn[0]
        return picture


def draw_frames(counts: NDArray[np.floating]) -> tuple[NDArray[np.uint8], float]:
    """Pictures of events, uint8 [n, 3, H, W], and the count from which on colours are full.

    Two channels are off events in orange and on events in blue, on white: the more events the
    fuller the colour, and black where there are many of both. Three channels are red, green and
    blue, on black. Any other number is added up, in blue on white. All pictures have one range,
    which ends where 99 % of the pixels that had any events are below.

    Args:
        counts: Values >= 0, [n, C, H, W].
    """
    if counts.shape[1] not in (1, 2, 3):
        counts = counts.sum(1, keepdims=True)
    counts = counts.astype(np.float64)
    some = counts[counts > 0]
    top = float(np.quantile(some, _WITHIN, method="higher")) if some.size else 1.0
    share = np.minimum(counts / top, 1)
    if share.shape[1] == 3:
        shades = share
    else:
        inks = [_rgb(OFF_COLOUR), _rgb(ON_COLOUR)][-share.shape[1] :]
        absorbed = [
            share[:, [channel]] * (1 - ink.reshape(3, 1, 1)) for channel, ink in enumerate(inks)
        ]
        shades = np.maximum(1 - np.sum(absorbed, axis=0), 0)
    return np.rint(255 * shades).astype(np.uint8), top


def load_frames(path: str | Path) -> Frames:
    """The event frames in `path`, of one recording.

    Args:
        path: An `.npy` or `.npz` file (array "frames", as SpikingJelly's event data sets cache
            them) of [T, C, H, W] or [1, T, C, H, W], counts >= 0 of any real type.

    Raises:
        DataError: It cannot be read, holds no such array, or that of several recordings.
    """
    found = load_recordings(path)
    if len(found) > 1:
        raise DataError(
            f"{path} holds {len(found)} recordings; use load_recordings, or save the one to look at"
        )
    return found[0]


def load_recordings(path: str | Path) -> list[Frames]:
    """The event frames in `path`, one for each recording of an array [N, T, C, H, W].

    Args:
        path: As for `load_frames`, with any number of recordings.

    Raises:
        DataError: It cannot be read, or holds no such array.
    """
    file = ArrayFile(path)
    name = file.find(("frames",)) or (file.names[0] if len(file.names) == 1 else None)
    if name is None:
        raise DataError(_without_frames(file))
    values = file.read(name)
    if values.ndim == 4:
        values = values[np.newaxis]
    check_frames(values, "[T, C, H, W] or [N, T, C, H, W]", str(path))
    return [Frames(recording, file.path.name) for recording in values.astype(np.float32)]


def frames_samples(paths: Sequence[str | Path]) -> list[Sample]:
    """The recordings in files of event frames as samples without labels, numbered from 0.

    Their `frames` are what an encoder sees, their `colour` and `image` a picture of these.

    Raises:
        DataError: As `load_recordings`.
    """
    samples: list[Sample] = []
    for path in paths:
        for found in load_recordings(path):
            picture = found.picture()
            samples.append(
                Sample(len(samples), luma(picture), source=found.source, colour=picture,
                       frames=found.frames)
            )  # fmt: skip
    return samples


def check_frames(values: NDArray[Any], form: str, name: str) -> None:
    """Raises unless `values` are frames of the `form`, such as "[T, C, H, W]".

    Raises:
        DataError: They are no real numbers, or of another shape, or some are negative or not
            finite.
    """
    ndim = form.rsplit(" or ", maxsplit=1)[-1].count(",") + 1
    if values.ndim != ndim or values.dtype.kind not in "biuf" or 0 in values.shape:
        raise DataError(
            f"{name}: event frames must be numbers {form}, got {values.dtype} "
            f"{list(values.shape)}; reshape them, none of their sides may be 0"
        )
    with np.errstate(over="ignore"):
        low, high = np.float32(values.min()), np.float32(values.max())
    if not (low >= 0 and np.isfinite(high)):  # NaN is neither
        raise DataError(
            f"{name}: event frames must be finite counts >= 0, got {low:g} to {high:g}; leave "
            "their normalization out"
        )


def _without_frames(file: ArrayFile) -> str:
    names = {name.lower() for name in file.names}
    if names >= _EVENTS:
        return (
            f"{file.path} holds single events (t, x, y, p); integrate them to frames first, such "
            "as with SpikingJelly's integrate_events_by_fixed_frames_number"
        )
    return f"{file.path} holds {file.held} and no array frames; name the array of event frames so"


def _rgb(colour: str) -> NDArray[np.float64]:
    return np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
