"""What a figure set shows, and in which formats."""

from dataclasses import dataclass
from typing import Any

from snnviz.errors import ConfigError
from snnviz.grid import Normalize

FORMATS = ("png", "svg", "pdf", "npz")


@dataclass(frozen=True)
class FigureSetOptions:
    """What a figure set shows, and how.

    Attributes:
        T: Number of time steps, >= 1.
        at: The 0-based steps for which summed spikes are drawn; none: 0 and T-1.
        formats: Names from `FORMATS`.
        normalize: See `snnviz.feature_map_figure`, like all that follow.
        cmap: Colour map.
        labels: Channel numbers.
        rows: Rows of the grid.
        columns: Columns of the grid.
        dpi: Output pixels per inch.
        sheet: Whether contact sheets are drawn as well.
    """

    T: int
    at: tuple[int, ...] = ()
    formats: tuple[str, ...] = ("png",)
    normalize: Normalize = "map"
    cmap: str = "gray"
    labels: bool = False
    rows: int | None = None
    columns: int | None = None
    dpi: int = 200
    sheet: bool = False

    def __post_init__(self) -> None:
        """Settle the steps and formats, each once."""
        if self.T < 1:
            raise ConfigError(f"T must be at least 1, got {self.T}")
        for t in self.at:
            if not 0 <= t < self.T:
                raise ConfigError(f"step {t} is not in 0..{self.T - 1}; T is {self.T}")
        for name in self.formats:
            if name not in FORMATS:
                raise ConfigError(f"no format {name!r}; choose from {', '.join(FORMATS)}")
        object.__setattr__(self, "at", tuple(dict.fromkeys(self.at or (0, self.T - 1))))
        object.__setattr__(self, "formats", tuple(dict.fromkeys(self.formats or ("png",))))

    @property
    def file_names(self) -> list[str]:
        """The files of a figure set."""
        figures = ["input", *(f"counts_t{t}" for t in self.at)]
        drawn = [f"{name}.{form}" for form in self.formats if form != "npz" for name in figures]
        return [*drawn, "counts.npz"] if "npz" in self.formats else drawn

    @property
    def drawing(self) -> dict[str, Any]:
        """The options of `feature_map_figure`."""
        return {
            name: getattr(self, name)
            for name in ("T", "normalize", "cmap", "labels", "rows", "columns", "dpi")
        }
