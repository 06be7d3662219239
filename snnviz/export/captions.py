"""Captions: what a figure shows and what it was made from, as text and as LaTeX."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from unicodedata import category

from snnviz.data import Sample
from snnviz.display import quantity
from snnviz.export.options import CAPTION_FORMS, FigureSetOptions

if TYPE_CHECKING:
    from snnviz.adapters.encoder import Encoder

_SCALES = {
    "map": "each map from its lowest count (dark) to its highest (bright)",
    "shared": "all maps from 0 to the highest count that all {T} steps allow",
    "none": "all maps from 0 to the highest count that the summed steps allow",
}
_SPECIAL = (
    "Maps that are silent (no spike anywhere) or saturated (a spike everywhere, always) are marked."
)
# So many channels a caption names.
_NAMED = 16
# What LaTeX takes for something else.
_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
    # In LaTeX's default fonts these are other glyphs: upside down marks, and a dash.
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}
# Letters that LaTeX draws as one: dashes, quotes and marks upside down.
_JOINED = re.compile(r"(?<=-)(?=-)|(?<=[`,?!])(?=[`,])|(?<=')(?=')|(?<=[?!])(?=`)")
_STEP = re.compile(r"_t(\d+)$")


@dataclass(frozen=True)
class Source:
    """What figures were made from, as a caption says it.

    Attributes:
        encoder: The encoder's file or network, such as "checkpoint_max.pth".
        images: The images' set, such as "fashion_mnist, test"; empty for pictures of files.
    """

    encoder: str = ""
    images: str = ""


@dataclass(frozen=True)
class Captions:
    """The captions of an encoder's figures.

    Attributes:
        options: What is drawn.
        neurons: The class of the encoder's neurons.
        layer: The layer's name in its network; empty where it has none.
        source: What the figures are made from.
    """

    options: FigureSetOptions
    neurons: str
    layer: str
    source: Source

    @classmethod
    def of(cls, encoder: "Encoder", options: FigureSetOptions, source: Source) -> "Captions":
        """The captions of figures of that encoder."""
        return cls(options, encoder.neurons, encoder.layer, source)

    def text(self, picture: str, channels: int, sample: Sample | None = None) -> str:
        """The caption of a picture in plain words.

        Args:
            picture: Its name, such as "counts_t7".
            channels: Number of feature maps.
            sample: The image; None where the picture is of none.
        """
        return self._caption(picture, channels, sample, str, str)

    def latex(self, picture: str, channels: int, sample: Sample | None = None) -> str:
        r"""The same as `\caption{...}`, with its numbers in math mode."""
        text = self._caption(picture, channels, sample, to_latex, lambda term: f"${term}$")
        return f"\\caption{{{text}}}"

    def added(
        self,
        content: Mapping[str, bytes],
        pictures: Iterable[str],
        channels: int,
        sample: Sample | None = None,
    ) -> dict[str, bytes]:
        """The files of pictures with those of their captions; SVG files hold theirs as well.

        Args:
            content: The pictures' files by name.
            pictures: The pictures' names.
            channels: Number of feature maps.
            sample: The image; None where the pictures are of none.
        """
        result = dict(content)
        for picture in pictures:
            if (svg := content.get(f"{picture}.svg")) is not None:
                text = self.text(picture, channels, sample)
                result[f"{picture}.svg"] = with_alternative(svg, text)
            result |= self.files(picture, channels, sample)
        return result

    def files(self, picture: str, channels: int, sample: Sample | None = None) -> dict[str, bytes]:
        """The files of the caption of that picture, by name."""
        texts = {
            "txt": self.text(picture, channels, sample),
            "tex": self.latex(picture, channels, sample),
        }
        return {f"{picture}.{form}": f"{texts[form]}\n".encode() for form in CAPTION_FORMS}

    def _caption(
        self,
        picture: str,
        channels: int,
        sample: Sample | None,
        plain: Callable[[str], str],
        math: Callable[[str], str],
    ) -> str:
        """The sentences; `plain` writes what a user or a file named, `math` a formula."""
        found = _STEP.search(picture)
        t = int(found[1]) if found else self.options.T - 1
        T, at = math(f"T = {self.options.T}"), math(f"t = {t}")
        layer = f" of layer {plain(self.layer)}" if self.layer else ""
        maps = f"{self._maps(channels)}{layer} ({plain(self.neurons)})"
        steps = f"steps {math('0')} to {math(str(t))}" if t else f"step {math('0')}"
        scale = _SCALES[self.options.normalize].format(T=self.options.T)
        shows = {
            "input": "",
            "counts": f"Spike counts of {maps}, summed over {steps} of {T}; {scale}. {_SPECIAL}",
            "spikes": f"Spikes of {maps} at step {at} of {T}.",
            "first_spike": f"First-spike time of {maps}, in steps from 0, of {T}.",
            "membrane": f"Membrane potential of {maps} at step {at} of {T}.",
            "raster": f"Spike trains of single neurons of {maps}, {T}.",
            "potentials": f"Membrane potential of single neurons of {maps}, {T}.",
            "kernels": f"Weights in front of {maps}.",
            "composed": f"Input image and spike counts of {maps}, summed over steps 0 to t of {T}; "
            f"{scale}. {_SPECIAL}",
            "comparison": f"Spike counts of {maps}, summed over {steps} of {T}, in this encoder "
            f"(A) and in {plain(self.options.compare)} (B), and their difference.",
        }[_STEP.sub("", picture)]
        what = "Image" if shows else "Input image"
        image = "" if sample is None else f"{what}: {self._image(sample, plain)}."
        encoder = f"Encoder: {plain(self.source.encoder)}." if self.source.encoder else ""
        return " ".join(filter(None, [shows, image, encoder]))

    def _maps(self, channels: int) -> str:
        """Which feature maps are shown: all, or which of them."""
        shown = self.options.channels
        if not shown:
            return f"the {quantity(channels, 'feature map')}"
        if len(shown) == channels:
            return f"the {quantity(channels, 'feature map')}, in the order of their labels,"
        if len(shown) > _NAMED:
            return f"{len(shown)} of the {quantity(channels, 'feature map')}"
        names = ", ".join(map(str, shown))
        return f"feature map{'s' * (len(shown) > 1)} {names} of {channels}"

    def _image(self, sample: Sample, plain: Callable[[str], str]) -> str:
        if sample.source:
            words = [sample.source]
        else:
            words = [*filter(None, [self.source.images]), f"index {sample.index}"]
        if sample.class_name or sample.label is not None:
            words.append(sample.class_name or f"class {sample.label}")
        return plain(", ".join(words))


def to_latex(text: str) -> str:
    r"""`text` as LaTeX prints it, letter by letter; control characters are blanks.

    Letters outside Latin are left as they are: LuaLaTeX and XeLaTeX print them, pdfLaTeX does not.

    Example:
        >>> to_latex("50 % of a_b")
        '50 \\% of a\\_b'
    """
    visible = "".join(" " if category(letter) in {"Cc", "Cf"} else letter for letter in text)
    parts = _JOINED.split(visible)
    return "{}".join("".join(_LATEX.get(letter, letter) for letter in part) for part in parts)


def with_alternative(svg: bytes, text: str) -> bytes:
    """An SVG file that says what it shows to those who do not see it.

    Args:
        svg: The file.
        text: Its caption.
    """
    start = svg.index(b"<svg")
    end = svg.index(b">", start)
    words = escape(text, quote=True)
    return b"".join(
        [
            svg[:end],
            f' role="img" aria-label="{words}"'.encode(),
            svg[end : end + 1],
            f"<title>{words}</title>".encode(),
            svg[end + 1 :],
        ]
    )
