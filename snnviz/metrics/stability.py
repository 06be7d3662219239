"""How far the first spikes of two records of the same images agree."""

from typing import TYPE_CHECKING, cast

import numpy as np

from snnviz.errors import ShapeError
from snnviz.metrics import tallying

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float64]


def first_spikes_kept(
    before: "NDArray[np.integer]", after: "NDArray[np.integer]", T: int
) -> "Floats":
    """The share of neurons whose first spike stays at its step, floats [n] in [0, 1].

    Of the neurons of an image that fire in at least one of both records: those that fire in neither
    would agree whatever happens. 1 for an image in which none fires in either.

    Args:
        before: First-spike time of each neuron, ints [n, ...] in 0..T, T where it never fires.
        after: The same of the same images.
        T: Number of time steps.

    Raises:
        ShapeError: They have different shapes, or a time outside 0..T.

    Example:
        >>> from snnviz.metrics import first_spikes_kept
        >>> first_spikes_kept(np.array([[0, 2, 4, 4]]), np.array([[0, 3, 1, 4]]), T=4).round(3)
        array([0.333])
    """
    return kept_and_delay(before, after, T)[0]


def first_spike_delay(
    before: "NDArray[np.integer]", after: "NDArray[np.integer]", T: int
) -> "Floats":
    """By how many steps first spikes move, later or earlier, on average, floats [n].

    Of the same neurons as in `first_spikes_kept`; one that falls silent, or begins to fire, counts
    as if it fired at T. 0 for an image in which none fires in either.

    Args:
        before: As for `first_spikes_kept`, like all that follow.
        after: The same of the same images.
        T: Number of time steps.

    Raises:
        ShapeError: As `first_spikes_kept`.

    Example:
        >>> from snnviz.metrics import first_spike_delay
        >>> first_spike_delay(np.array([[0, 2, 4, 4]]), np.array([[0, 3, 1, 4]]), T=4).round(3)
        array([1.333])
    """
    return kept_and_delay(before, after, T)[1]


def kept_and_delay(
    before: "NDArray[np.integer]", after: "NDArray[np.integer]", T: int
) -> "tuple[Floats, Floats]":
    """`first_spikes_kept` and `first_spike_delay` in one pass; what they say of arguments holds."""
    same, fires, moved = _changes(before, after, T)
    some = np.maximum(fires, 1)
    return np.where(fires > 0, same / some, 1.0), moved / some


def _changes(
    before: "NDArray[np.integer]", after: "NDArray[np.integer]", T: int
) -> "NDArray[np.int64]":
    """As `tallying.first_spike_changes`, of any whole numbers."""
    check_first_spikes(before, after, T)
    one, other = before.reshape(len(before), -1), after.reshape(len(after), -1)
    are_bytes = one.dtype == other.dtype == np.uint8 and np.iinfo(np.uint8).max >= T
    if are_bytes and tallying.is_worth(one.size):
        return tallying.first_spike_changes(cast("Bytes", one), cast("Bytes", other), T)
    one, other = one.astype(np.int64), other.astype(np.int64)
    fires = (one < T) | (other < T)
    same = (one == other) & fires
    return np.stack([same.sum(1), fires.sum(1), np.abs(one - other).sum(1)])


def check_first_spikes(before: "NDArray[np.integer]", after: "NDArray[np.integer]", T: int) -> None:
    """Raises unless both are first-spike times of the same images.

    Raises:
        ShapeError: They are not.
    """
    if before.shape != after.shape or before.ndim < 2:
        raise ShapeError(
            "first-spike times must be [n, ...] of the same images, got "
            f"{list(before.shape)} and {list(after.shape)}"
        )
    for times in (before, after):
        if times.size and not 0 <= times.min() <= times.max() <= T:
            raise ShapeError(
                f"first-spike times must be in 0..{T}, got {times.min()} to {times.max()}"
            )
