"""What a figure set shows, and in which formats."""

from dataclasses import asdict, dataclass
from typing import Any

from snnviz.errors import ConfigError
from snnviz.grid import Normalize

FORMATS = ("png", "svg", "pdf", "npz")
# How the files of a caption end.
CAPTION_FORMS = ("txt", "tex")

# What the pictures of each kind are called in a figure set; {t} takes each step asked for.
KINDS = {
    "counts": ("counts_t{t}",),
    "spikes": ("spikes_t{t}",),
    "first-spike": ("first_spike",),
    "membrane": ("membrane_t{t}",),
    "kernels": (),  # one picture for all images
    "raster": ("raster", "potentials"),
}
# What the pictures of two encoders are called.
COMPARISON = "comparison_t{t}"
_NEEDS_DRIVE = {"membrane", "raster"}
# Options that came later: where they say nothing, a manifest does not either, so that folders of
# earlier runs can be gone on with.
_LATER: dict[str, object] = {
    "kinds": ("counts",),
    "neurons": (),
    "captions": False,
    "svg_text": False,
    "tutorial_title": False,
    "channels": (),
    "width": None,
    "font_size": None,
    "titles": True,
    "legends": True,
    "compose": False,
    "compare": "",
    "partner": (),
}


@dataclass(frozen=True)
class FigureSetOptions:
    """What a figure set shows, and how.

    Attributes:
        T: Number of time steps, >= 1.
        at: The 0-based steps for which pictures of a step are drawn: summed spikes, spikes and
            membrane potential; none: 0 and T-1.
        formats: Names from `FORMATS`.
        normalize: See `snnviz.feature_map_figure`, like all that follow.
        cmap: Colour map.
        labels: Channel numbers.
        rows: Rows of the grid.
        columns: Columns of the grid.
        dpi: Output pixels per inch.
        sheet: Whether contact sheets are drawn as well.
        kinds: Kinds of pictures, names from `KINDS`; normalize and cmap are for "counts" alone.
        neurons: (channel, row, column) of the neurons in a raster; none: those of eight channels
            that fire, spread by rate, see `snnviz.export.views.choose_neurons`.
        captions: Whether a caption as text and as LaTeX lies beside each figure; SVG files also
            hold it, for those who do not see them.
        svg_text: Keep text in SVG as text, see `snnviz.export.render`.
        tutorial_title: The title of summed spikes as in SpikingJelly's tutorial, whose sum has one
            symbol for its index and its bound.
        channels: The channels in grids of maps, and of kernels, in their order; none: all. Numbers
            (npz) and contact sheets are of all.
        width: Inches of each figure; None: its usual width. Text keeps its points at any width.
        font_size: Points of text, from 5; None: 7.1 where there is a width, else as usual.
        titles: Whether figures have titles.
        legends: Whether figures explain the special colours; scales stay.
        compose: Whether input and summed spikes are also drawn in one figure, "composed".
        compare: What the encoder that the spikes are compared with is called; empty: none is.
        partner: For each channel the one of that encoder which it is compared with, see
            `snnviz.comparison_figure`; none: that of the same number.

    Example:
        >>> options = snnviz.FigureSetOptions(T=8, formats=("pdf",), channels=(3, 17), width=3.3)
        >>> options.at
        (0, 7)
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
    kinds: tuple[str, ...] = ("counts",)
    neurons: tuple[tuple[int, int, int], ...] = ()
    captions: bool = False
    svg_text: bool = False
    tutorial_title: bool = False
    channels: tuple[int, ...] = ()
    width: float | None = None
    font_size: float | None = None
    titles: bool = True
    legends: bool = True
    compose: bool = False
    compare: str = ""
    partner: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Settle the steps and formats, each once.

        Raises:
            ConfigError: A step, format or kind there is not, or a kind that no format can hold.
        """
        if self.T < 1:
            raise ConfigError(f"T must be at least 1, got {self.T}")
        for t in self.at:
            if not 0 <= t < self.T:
                raise ConfigError(f"step {t} is not in 0..{self.T - 1}; T is {self.T}")
        for name in self.formats:
            if name not in FORMATS:
                raise ConfigError(f"no format {name!r}; choose from {', '.join(FORMATS)}")
        for name in self.kinds:
            if name not in KINDS:
                raise ConfigError(f"no kind of picture {name!r}; choose from {', '.join(KINDS)}")
        object.__setattr__(self, "kinds", tuple(dict.fromkeys(self.kinds or ("counts",))))
        if self.formats and not self._drawn_formats and self.kinds != ("counts",):
            raise ConfigError("npz holds summed spikes alone; draw other kinds as png, svg or pdf")
        object.__setattr__(self, "channels", tuple(dict.fromkeys(self.channels)))
        object.__setattr__(self, "neurons", tuple(dict.fromkeys(self.neurons)))
        object.__setattr__(self, "at", tuple(dict.fromkeys(self.at or (0, self.T - 1))))
        object.__setattr__(self, "formats", tuple(dict.fromkeys(self.formats or ("png",))))

    @property
    def file_names(self) -> list[str]:
        """The files of a figure set."""
        figures = ["input"]
        for kind in self.kinds:
            for name in KINDS[kind]:
                figures += [name.format(t=t) for t in self.at] if "{t}" in name else [name]
        figures += ["composed"] * self.compose
        figures += [COMPARISON.format(t=t) for t in self.at if self.compare]
        drawn = [f"{name}.{form}" for form in self._written_forms for name in figures]
        return [*drawn, "counts.npz"] if "npz" in self.formats else drawn

    @property
    def kernel_files(self) -> list[str]:
        """The files that belong to all figure sets together."""
        return [f"kernels.{form}" for form in self._written_forms if "kernels" in self.kinds]

    @property
    def needs_drive(self) -> bool:
        """Whether some kind of picture shows more than spikes."""
        return not _NEEDS_DRIVE.isdisjoint(self.kinds)

    @property
    def settings(self) -> dict[str, Any]:
        """What a manifest says of the options."""
        settings = asdict(self)
        return {
            name: value
            for name, value in settings.items()
            if name not in _LATER or value != _LATER[name]
        }

    @property
    def size(self) -> dict[str, Any]:
        """The options of every figure: its resolution, width and text."""
        return {name: getattr(self, name) for name in ("dpi", "width", "font_size")}

    @property
    def untitled(self) -> dict[str, Any]:
        """The option of every figure that says whether it has a title."""
        return {} if self.titles else {"title": ""}

    @property
    def grid(self) -> dict[str, Any]:
        """The options of every figure that is a grid of maps."""
        names = ("labels", "rows", "columns")
        chosen = {"channels": self.channels} if self.channels else {}
        return {
            **{name: getattr(self, name) for name in names},
            **chosen,
            **self.size,
            **self.untitled,
        }

    @property
    def _drawn_formats(self) -> list[str]:
        return [form for form in self.formats if form != "npz"]

    @property
    def _written_forms(self) -> list[str]:
        """How the files of a picture end: its formats, and its captions'."""
        drawn = self._drawn_formats
        return [*drawn, *CAPTION_FORMS] if self.captions and drawn else drawn

    def drawing(self, t: int) -> dict[str, Any]:
        """The options of `feature_map_figure` up to step t."""
        drawing = {"T": self.T, "normalize": self.normalize, "cmap": self.cmap, **self.grid}
        if self.tutorial_title and self.titles:
            from snnviz.figures.feature_maps import TUTORIAL_TITLE  # noqa: PLC0415 - matplotlib

            drawing["title"] = TUTORIAL_TITLE.format(t=t)
        if not self.legends:
            drawing["legend"] = False
        return drawing
