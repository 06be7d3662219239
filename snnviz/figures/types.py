"""Types of channels: a colour for each, and how many there are."""

from collections import Counter
from collections.abc import Mapping, Sequence

from snnviz.errors import ConfigError, ShapeError
from snnviz.figures.layout.tiles import Swatch
from snnviz.grid import SATURATED_COLOR, SILENT_COLOR

# Okabe and Ito's colours, told apart with any kind of colour vision, but for the orange that is
# taken and the black that is too near to that of silence.
_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#f0e442")
_SETTLED = {"silent": SILENT_COLOR, "saturated": SATURATED_COLOR}


def type_colors(types: Sequence[str], colors: Mapping[str, str] | None = None) -> dict[str, str]:
    """The colour of each type, in the order in which the types first occur.

    The types "silent" and "saturated" have the colours of such maps.

    Args:
        types: The type of each channel.
        colors: Those that are settled already.

    Raises:
        ConfigError: More types have no colour than there are colours to tell apart.
    """
    settled = {**_SETTLED, **(colors or {})}
    free = [color for color in _COLORS if color not in settled.values()]
    names = list(dict.fromkeys(types))
    missing = [name for name in names if name not in settled]
    if len(missing) > len(free):
        raise ConfigError(
            f"{len(missing)} types have no colour yet and only {len(free)} are left that everybody "
            "can tell apart; join types, or pass a colour for each"
        )
    settled.update(zip(missing, free, strict=False))
    return {name: settled[name] for name in names}


def check_types(types: Sequence[str] | None, count: int) -> list[str]:
    """The types as a list, empty where there are none.

    Raises:
        ShapeError: They are not one for each of `count` channels.
    """
    if types is not None and len(types) != count:
        raise ShapeError(f"{count} channels need as many types, got {len(types)}")
    return list(types or ())


def type_notches(colors: Mapping[str, str]) -> dict[str, int]:
    """How many notches each type has, so that types are told apart without colour: from 0 on.

    Silent and saturated channels have none: their maps are crossed.

    Args:
        colors: The types, see `type_colors`.
    """
    others = [name for name in colors if name not in _SETTLED]
    return {name: others.index(name) if name in others else 0 for name in colors}


def type_swatches(types: Sequence[str], colors: Mapping[str, str]) -> list[Swatch]:
    """Each type's colour, name and number of channels, the order that of `colors`."""
    counts, notches = Counter(types), type_notches(colors)
    return [
        Swatch(color, f"{name}: {counts[name]}", name if name in _SETTLED else "|" * notches[name])
        for name, color in colors.items()
    ]
