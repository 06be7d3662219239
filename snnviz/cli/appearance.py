"""Options about how figures look: which channels, how wide, with which texts."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from snnviz.cli.options import together
from snnviz.errors import ConfigError
from snnviz.files import path_ends

if TYPE_CHECKING:
    from snnviz.adapters.encoder import Encoder
    from snnviz.analysis.within import Network
    from snnviz.data import Sample
    from snnviz.grid import Normalize
    from snnviz.records.spikes import SpikeRecord

# Inches of a unit of length.
_UNITS = {"in": 1.0, "mm": 1 / 25.4, "cm": 1 / 2.54, "pt": 1 / 72}
# As `snnviz.analysis.ORDERS`, which takes seconds to import.
_ORDERS = ("index", "rate", "type", "edges", "importance")
_LARGEST = 1 << 16


class Length(click.ParamType[float]):
    """A length such as 3.3in, 84mm, 8.4cm or 240pt, in inches; a number alone is in inches."""

    name = "length"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The inches."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d+\.?\d*|\.\d+) ?(in|mm|cm|pt)?", str(value).strip().lower())
        if found is None:
            self.fail(f"{value!r} is no length; give one such as 3.3in or 84mm.", param, ctx)
        return float(found[1]) * _UNITS[found[2] or "in"]


class Look(NamedTuple):
    """How figure sets look, as the options of `snnviz visualize` say, by their names."""

    at: tuple[int, ...]
    kind: tuple[str, ...]
    format: tuple[str, ...]
    normalize: "Normalize"
    cmap: str
    labels: bool
    rows: int | None
    columns: int | None
    channel: tuple[str, ...]
    sort: str
    width: float | None
    font_size: float | None
    no_title: bool
    no_legend: bool
    compose: bool
    compare: Path | None
    match: bool
    dpi: int
    svg_text: bool
    sheet: bool
    caption: bool

    @property
    def channels(self) -> tuple[int, ...]:
        """The channels to draw; none: all.

        Raises:
            BadParameter: One is no number or range.
        """
        return parse_channels(self.channel)

    def drawing(self, ckpt: Path | None) -> dict[str, Any]:
        """The same for `FigureSetOptions`, but for what depends on the encoder.

        Args:
            ckpt: The checkpoint that is drawn, which the other one is told from.
        """
        return {
            "at": self.at,
            "kinds": self.kind,
            "formats": self.format,
            "normalize": self.normalize,
            "cmap": self.cmap,
            # Channels that are not all, or not in order, are told from each other by their numbers.
            "labels": self.labels or bool(self.channels) or self.sort != "index",
            "rows": self.rows,
            "columns": self.columns,
            "dpi": self.dpi,
            "svg_text": self.svg_text,
            "sheet": self.sheet,
            "captions": self.caption,
            "width": self.width,
            "font_size": self.font_size,
            "titles": not self.no_title,
            "legends": not self.no_legend,
            "compose": self.compose,
            "compare": "" if self.compare is None else told_apart(self.compare, ckpt),
        }


def appearance_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--channel`, `--sort`, `--width`, `--font-size`, `--compose`, `--compare` and their kin."""
    return together(_channel_options, _size_options, _further_options)(command)


def _channel_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--channel` and `--sort`: which channels are drawn, and in which order."""
    return together(
        click.option(
            "--channel",
            multiple=True,
            metavar="K|K-L",
            show_default="all",
            help="Draw this channel, or these: 7, 0-15. Repeatable.",
        ),
        click.option(
            "--sort",
            type=click.Choice(_ORDERS),
            default="index",
            show_default=True,
            help="Order of the channels: by their numbers, firing rate, type, correlation with "
            "edges, or what the network loses without each; found on up to 100 of the images.",
        ),
    )(command)


def _size_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--width`, `--font-size`, `--no-title` and `--no-legend`: a figure's size and its texts."""
    return together(
        click.option(
            "--width",
            type=Length(),
            default=None,
            metavar="LENGTH",
            show_default="about 7in",
            help="Width of each figure, such as 3.3in or 84mm; text keeps its points.",
        ),
        click.option(
            "--font-size",
            type=click.FloatRange(min=5, max=72),
            default=None,
            show_default="7.1 with --width, else a share of it",
            help="Points of text.",
        ),
        click.option("--no-title", is_flag=True, help="Leave out the titles."),
        click.option(
            "--no-legend",
            is_flag=True,
            help="Leave out what explains the special colours; scales stay.",
        ),
    )(command)


def _further_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--compose`, `--compare` and `--match`: what is drawn beside the usual figures."""
    return together(
        click.option(
            "--compose",
            is_flag=True,
            help="Draw input and summed spikes in one figure as well, composed.",
        ),
        click.option(
            "--compare",
            type=click.Path(path_type=Path),
            default=None,
            help="Draw the spikes of this checkpoint, or of --model with these weights, beside "
            "those of --ckpt, and their difference.",
        ),
        click.option(
            "--match",
            is_flag=True,
            help="Compare each channel with that whose responses to up to 100 of the images "
            "correlate most with its own, all in all, not with that of the same number.",
        ),
    )(command)


def parse_channels(texts: Sequence[str]) -> tuple[int, ...]:
    """Channels as users write them: numbers, and ranges with both ends, each channel once.

    Args:
        texts: Such as "3", "0-15", "1,4,9".

    Raises:
        BadParameter: It is no number or range.

    Example:
        >>> parse_channels(["7", "0-3", "2,9"])
        (7, 0, 1, 2, 3, 9)
    """
    chosen: dict[int, None] = {}
    for part in (part.strip() for text in texts for part in text.split(",")):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise click.BadParameter(
                f"{part!r} is no channel; give a number, or a range such as 0-15.",
                param_hint="--channel",
            )
        begin, end = int(first), int(last if dash else first)
        if end < begin or end - begin >= _LARGEST:
            raise click.BadParameter(
                f"{part!r} is no range of channels; give the lower one first.",
                param_hint="--channel",
            )
        chosen |= dict.fromkeys(range(begin, end + 1))
    return tuple(chosen)


def chosen_channels(
    encoder: "Encoder",
    samples: "Sequence[Sample]",
    T: int,
    *,
    channels: tuple[int, ...],
    sort: str,
    network: "Network | None",
    known: "dict[int, SpikeRecord]",
) -> tuple[int, ...]:
    """The channels to draw in their order; none where that is all of them as they are numbered.

    Raises:
        ConfigError: One does not exist, or their order cannot be found.
    """
    if sort == "index":
        return channels
    from snnviz.analysis.ordering import channel_order

    order = channel_order(encoder, samples, T, sort, network=network, known=known)
    if missing := sorted(set(channels) - set(order)):
        raise ConfigError(f"channels must be in 0..{len(order) - 1}, got {missing}")
    return tuple(k for k in order if not channels or k in channels)


def told_apart(path: Path, other: Path | None) -> str:
    """As much of the end of a path as tells it from another one: its name alone where that does.

    Example:
        >>> told_apart(Path("runs/b/max.pth"), Path("runs/a/max.pth"))
        'b/max.pth'
    """
    ends = path_ends(path)
    others = set() if other is None else set(path_ends(other))
    return next((end for end in ends if end not in others), ends[-1])
