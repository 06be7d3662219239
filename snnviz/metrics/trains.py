"""Spike trains made worse on purpose: spikes deleted, moved in time, or in reverse order.

Moving and reversing keep the number of spikes of each neuron. So they say whether a network uses
when neurons fire, or only how often (Z. Yu et al. 2025, arXiv:2507.16043).
"""

from typing import TYPE_CHECKING

import numpy as np

from snnviz.errors import ConfigError, ShapeError, check_integer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]

DELETED = (0.1, 0.2, 0.3, 0.5, 0.7)
"""Share of the spikes that are deleted, by severity."""

JITTERED = (0.25, 0.5, 1.0, 2.0, float("inf"))
"""How far steps are moved, as a share of T, by severity; the last puts them in any order."""

EDITS = {"deleted": DELETED, "jittered": JITTERED, "reversed": (1.0,)}
"""What is done to trains, and its strength by severity."""
IN_TIME = ("jittered", "reversed")
"""Those that move spikes in time, and change nothing of one step."""


def edit_trains(
    trains: "NDArray[np.generic]", kind: str, severity: int, *, seed: int = 0, first: int = 0
) -> "Counts":
    """The trains of some images, edited: spikes of each step, ints [T, n, ...].

    "deleted": each spike is left out with a probability, independent of all others.
    "jittered": a neuron's steps are put in the order of t + j u, with u drawn evenly from
    [-1, 1] for each step and j the strength times T; so each neuron keeps its number of spikes, and
    never fires twice where it fired once. At severity 5 the order is any, all equally likely.
    "reversed": the last step comes first; nothing is drawn, and there is one severity.

    Args:
        trains: Spikes of each step, whole numbers from 0 [T, n, ...], or bool.
        kind: Which of `EDITS`.
        severity: From 1.
        seed: Of the random numbers.
        first: The number of the first image in its set, which its random numbers depend on.

    Raises:
        ShapeError: They have another shape or other values.
        ConfigError: There is no such kind or severity.

    Example:
        >>> from snnviz.metrics import edit_trains
        >>> trains = np.array([[[1, 0]], [[0, 0]], [[1, 1]]])  # T = 3, one image, two neurons
        >>> edit_trains(trains, "reversed", 1)[:, 0].tolist()
        [[1, 1], [0, 0], [1, 0]]
        >>> edit_trains(trains, "jittered", 5).sum(0).tolist()
        [[2, 1]]
    """
    strength = edit_strength(kind, severity)
    whole = np.issubdtype(trains.dtype, np.integer) or trains.dtype == np.bool_
    if trains.ndim < 3 or not whole or (trains.size and trains.min() < 0):
        raise ShapeError(
            "trains must be whole numbers of spikes [T, n, ...] from 0, got "
            f"{trains.dtype} {list(trains.shape)}"
        )
    check_integer("seed", seed, 0)
    check_integer("the first image's number", first, 0)
    counts: Counts = trains.astype(np.int64)
    if kind == "reversed":
        return counts[::-1].copy()
    for n in range(counts.shape[1]):
        rng = np.random.default_rng((list(EDITS).index(kind), first + n, seed))
        edit = _deleted if kind == "deleted" else _jittered
        counts[:, n] = edit(counts[:, n], strength, rng)
    return counts


def edit_strength(kind: str, severity: int) -> float:
    """What a severity of an edit means, see `EDITS`.

    Raises:
        ConfigError: There is no such kind or severity.
    """
    if kind not in EDITS:
        raise ConfigError(f"no edit {kind!r} of spikes; choose from {', '.join(EDITS)}")
    check_integer("severity", severity, 1)
    if severity > len(EDITS[kind]):
        raise ConfigError(f"severities of {kind!r} go from 1 to {len(EDITS[kind])}, got {severity}")
    return EDITS[kind][severity - 1]


def _deleted(train: "Counts", share: float, rng: np.random.Generator) -> "Counts":
    if train.max(initial=0) <= 1:  # a draw each is faster, and is the same
        return train * (rng.random(train.shape) >= share)
    return rng.binomial(train, 1 - share)


def _jittered(train: "Counts", share: float, rng: np.random.Generator) -> "Counts":
    T = len(train)
    moved = rng.uniform(-1, 1, train.shape)
    if np.isfinite(share):
        moved = np.arange(T).reshape(-1, *[1] * (train.ndim - 1)) + share * T * moved
    return np.take_along_axis(train, moved.argsort(axis=0), axis=0)
