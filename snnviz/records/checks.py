"""What records are made of, checked: numbers of steps, arrays of spikes, choices of images."""

from itertools import islice
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from snnviz.errors import ConfigError, ShapeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    Unsigned = np.unsignedinteger


def check_steps(T: int) -> None:
    """Raises unless there is a step.

    Raises:
        ConfigError: T is below 1.
    """
    if T < 1:
        raise ConfigError(f"T must be at least 1, got {T}")


def check_dimensions(array: "NDArray[np.generic]", name: str, form: str) -> None:
    """Raises unless `array` has the sides in `form`, and one or more of neurons."""
    if array.ndim < form.count(",") + 1:
        raise ShapeError(f"{name} must be {form}, got {list(array.shape)}")


def next_steps(
    coming: "Iterator[NDArray[np.generic]]", start: int, T: int
) -> "NDArray[np.generic]":
    """Up to eight steps of T, from `start` on, in one array [n, N, ...]."""
    wanted = min(8, T - start)
    steps = list(islice(coming, wanted))
    if len(steps) < wanted:
        raise ShapeError(f"expected {T} steps, got {start + len(steps)}")
    check_dimensions(np.asarray(steps[0]), "a step", "[N, ...]")
    return np.stack(steps)


def whole_counts(step: "NDArray[np.generic]") -> "NDArray[Unsigned]":
    """A step's counts as unsigned ints, checked."""
    check_dimensions(step, "a step", "[N, ...]")
    if step.dtype.kind in "ub":
        counted: NDArray[Unsigned] = step.astype(np.promote_types(step.dtype, np.uint8), copy=False)
        return counted
    counts = step.astype(np.uint64)
    if step.size and (step.dtype.kind == "c" or step.min() < 0 or not (counts == step).all()):
        raise ShapeError("counts of a step must be whole numbers from 0")
    return counts.astype(np.min_scalar_type(int(counts.max(initial=0))))


def smallest_type(T: int) -> "np.dtype[Unsigned]":
    """The smallest unsigned type that holds 0..T."""
    return np.dtype(np.min_scalar_type(T))


def chosen_images(images: "int | slice | ArrayLike", count: int) -> "slice | NDArray[np.generic]":
    """What NumPy is indexed by for some of so many images; one image keeps its axis.

    Raises:
        IndexError: There is no such image.
    """
    if isinstance(images, Integral):
        if not -count <= images < count:
            raise IndexError(f"the record is of {count} images, got {images}")
        start = int(images) % count
        return slice(start, start + 1)
    if isinstance(images, tuple):
        raise IndexError("a record is indexed by its images alone; index `count(t)` by neuron")
    if isinstance(images, slice):
        return images
    images = np.asarray(images)
    if images.ndim != 1 or not (images.size == 0 or images.dtype.kind in "iub"):
        raise IndexError(
            f"choose images by number, slice, or a list of numbers or of truth values, got "
            f"{images.dtype} {list(images.shape)}"
        )
    return images if images.size else images.astype(np.intp)
