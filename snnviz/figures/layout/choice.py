"""Which channels a figure shows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from snnviz.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def check_channels(channels: Sequence[int] | None, count: int) -> list[int]:
    """The channels to show, in their order; None: all.

    Raises:
        ConfigError: There are none, one is named twice, or one is not in 0..count-1.

    Example:
        >>> check_channels(None, 3), check_channels([2, 0], 3)
        ([0, 1, 2], [2, 0])
    """
    chosen = list(range(count)) if channels is None else [int(k) for k in channels]
    wrong = [k for k in chosen if not 0 <= k < count]
    if wrong or not chosen:
        raise ConfigError(f"channels must be in 0..{count - 1}, got {wrong or 'none'}")
    if len(set(chosen)) < len(chosen):
        raise ConfigError(f"channels must differ, got {chosen}")
    return chosen


def choose_channels(
    maps: "NDArray[Any]", channels: Sequence[int] | None
) -> "tuple[list[int], NDArray[Any]]":
    """The channels to show, and their part of `maps` [K, ...].

    Raises:
        ConfigError: As `check_channels`.
    """
    if channels is None or maps.ndim == 0:
        return list(range(len(maps) if maps.ndim else 0)), maps
    chosen = check_channels(channels, len(maps))
    return chosen, maps[chosen]
