"""Letters that matplotlib's own font does not have, such as Chinese, Japanese and Korean ones."""

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib import font_manager
from matplotlib.axis import Axis
from matplotlib.text import Text

if TYPE_CHECKING:
    from matplotlib.artist import Artist

# Fonts with the letters of East Asia, as Linux, Windows and macOS have them: the best first.
_PREFERRED = (
    "noto sans cjk", "source han sans", "wenquanyi", "microsoft yahei", "pingfang", "hiragino",
    "yu gothic", "meiryo", "malgun", "apple sd gothic", "nanum", "ipa", "takao", "vl gothic",
    "droid sans fallback", "simhei", "simsun", "ar pl", "arial unicode", "unifont",
)  # fmt: skip
# The same in the names of files, of fonts that were installed after matplotlib made its list.
_FILES = (
    "cjk", "sourcehan", "wqy", "msyh", "pingfang", "hiragino", "yugoth", "meiryo", "malgun",
    "nanum", "ipa", "takao", "fallback", "simhei", "simsun", "uming", "arialuni", "unifont",
)  # fmt: skip
# matplotlib cannot draw these, or they have a box for every letter.
_USELESS = ("emoji", "last resort")
# Up to here DejaVu Sans, which comes with matplotlib, has every printable letter.
_COVERED = 0x250


def fit_fonts(figure: "Artist") -> None:
    """Give texts in `figure` fonts that have their letters, where the machine has any.

    Where it has none, one warning says so, and they are drawn as boxes. Plain texts cost nothing.
    """
    for text in _texts(figure):
        if letters := _unusual(text.get_text()):
            families, missing = _find(letters)
            text.set_fontfamily([*dict.fromkeys((*text.get_fontfamily(), *families))])
            if missing:
                _say(missing)


def _texts(artist: "Artist") -> Iterator[Text]:
    """All texts in it, but for those of axes that are switched off.

    To ask such for their ticks makes them, which takes as long as the rest of a figure.
    """
    if isinstance(artist, Text):
        yield artist
    for child in artist.get_children():
        if not isinstance(child, Axis) or child.axes.axison:
            yield from _texts(child)


def warn_of_missing(texts: Iterable[str]) -> None:
    """Warn where some of `texts` have letters that no font here has."""
    letters = frozenset().union(*map(_unusual, texts))
    if letters and (missing := _find(letters)[1]):
        _say(missing)


@contextmanager
def known_missing() -> Iterator[None]:
    """In here matplotlib does not warn of each letter that it has no font for."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .*missing from font")
        yield


def _unusual(text: str) -> frozenset[str]:
    return frozenset(letter for letter in text if ord(letter) >= _COVERED)


@cache
def _find(letters: frozenset[str]) -> tuple[list[str], str]:
    """Names of fonts that have those of `letters` that DejaVu Sans lacks, and what none has."""
    left = {letter for letter in letters if letter.isprintable()}
    left -= _glyphs(font_manager.findfont("DejaVu Sans"), left)
    families: list[str] = []
    for known in (False, True):
        if left and known:
            _add_new_fonts()
        for name, path in _candidates():
            if left and (there := _glyphs(path, left)):
                families.append(name)
                left -= there
    return families, "".join(sorted(left))


def _candidates() -> list[tuple[str, str]]:
    """Names and files of all fonts that matplotlib knows, those of East Asia first."""

    def rank(name: str) -> int:
        places = [place for place, word in enumerate(_PREFERRED) if word in name.lower()]
        return min(places, default=len(_PREFERRED))

    # Of a family its upright face of normal weight, which a text takes: others have fewer letters.
    faces = sorted(font_manager.fontManager.ttflist, key=_is_plain)
    fonts = {font.name: str(font.fname) for font in faces}
    names = [name for name in fonts if not any(word in name.lower() for word in _USELESS)]
    return [(name, fonts[name]) for name in sorted(names, key=lambda name: (rank(name), name))]


def _is_plain(font: "font_manager.FontEntry") -> bool:
    return font.style == "normal" and font.weight in (400, "normal", "regular")


def _add_new_fonts() -> None:
    """Tell matplotlib of fonts that were installed after it made its list of them."""
    known = {str(font.fname) for font in font_manager.fontManager.ttflist}
    for path in font_manager.findSystemFonts():
        if path not in known and any(word in Path(path).name.lower() for word in _FILES):
            with suppress(Exception):  # whatever FreeType makes of a file
                font_manager.fontManager.addfont(path)


def _glyphs(path: str, letters: set[str]) -> set[str]:
    """Those of `letters` that the font in `path` has."""
    try:
        font = font_manager.get_font(path)
        return {letter for letter in letters if font.get_char_index(ord(letter))}
    except Exception:  # noqa: BLE001 - whatever FreeType makes of a file
        return set()


@cache
def _say_once(shown: str) -> None:
    warnings.warn(shown, stacklevel=1)


def _say(missing: str) -> None:
    """A warning, the first time that letters are missing."""
    if not _say_once.cache_info().currsize:
        _say_once(
            f"no font here has the letters {missing[:8]}, which are drawn as boxes; install one "
            "that has them, such as Noto Sans CJK"
        )
