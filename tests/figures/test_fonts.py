"""Names in letters that matplotlib's own font lacks."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure

from snnviz.export import render
from snnviz.figures import accuracy_figure, fonts
from snnviz.figures.fonts import fit_fonts, warn_of_missing

POINTS = np.arange(3), np.array([0.1, 0.5, 0.4])


@pytest.fixture(autouse=True)
def _anew():
    for remembered in (fonts._find, fonts._say_once):
        remembered.cache_clear()
    yield
    for remembered in (fonts._find, fonts._say_once):
        remembered.cache_clear()


def family_file(name):
    return font_manager.findfont(name, fallback_to_default=False)


@pytest.fixture
def letter():
    """One that DejaVu Sans lacks and another font that comes with matplotlib has."""
    dejavu, stix = (
        font_manager.get_font(family_file(name)).get_charmap()
        for name in ("DejaVu Sans", "STIXGeneral")
    )
    return chr(min(code for code in stix.keys() - dejavu.keys() if code > 0x250))


def labelled(text):
    figure = Figure()
    figure.text(0.5, 0.5, text)
    fit_fonts(figure)
    return figure.texts[0]


def test_a_letter_gets_a_font_that_has_it(letter):
    families = labelled(f"run {letter}").get_fontfamily()
    assert families[0] == "sans-serif", "all other letters look as ever"
    has = [ord(letter) in font_manager.get_font(family_file(name)).get_charmap()
           for name in families[1:]]  # fmt: skip
    assert has == [True]


@pytest.mark.parametrize("text", ["run", "Prüfung für café", "train_acc $1$"])
def test_plain_texts_look_for_no_font(text, monkeypatch):
    monkeypatch.setattr(fonts, "_find", None)
    assert labelled(text).get_fontfamily() == ["sans-serif"]


def test_letters_of_the_own_font_need_no_other(monkeypatch):
    monkeypatch.setattr(fonts, "_candidates", list)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert labelled("Ωμέγα → Ж").get_fontfamily() == ["sans-serif"]


def test_where_no_font_has_them_one_sentence_says_so(monkeypatch):
    """Not one of matplotlib's for each letter, figure and format."""
    monkeypatch.setattr(fonts, "_candidates", list)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for name in ("训练日志", "学習", "훈련"):
            figure = accuracy_figure({name: POINTS}, title="Accuracy")
            for form in ("png", "svg", "pdf"):
                assert render(figure, form)
    (note,) = (str(each.message) for each in caught)
    assert note.startswith("no font here has the letters")
    assert set("训练日志") <= set(note)


def test_what_workers_draw_is_said_beforehand(monkeypatch):
    monkeypatch.setattr(fonts, "_candidates", list)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    with pytest.warns(UserWarning, match="no font here has the letters 练训"):
        warn_of_missing(["a.png", "训练"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_missing(["a.png", "b.png"])


def test_a_font_that_matplotlib_does_not_know_yet_is_found(monkeypatch):
    """It makes its list of fonts once, and keeps it in a file."""
    added = []
    monkeypatch.setattr(fonts, "_candidates", list)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: ["/fonts/wqy-new.ttc", "/f/x.ttf"])
    monkeypatch.setattr(font_manager.fontManager, "addfont", added.append)
    with pytest.warns(UserWarning, match="no font"):
        labelled("训")
    assert added == ["/fonts/wqy-new.ttc"]


def test_a_font_of_the_machine_draws_chinese():
    files = [Path(path).name.lower() for path in font_manager.findSystemFonts()]
    if not any(word in name for name in files for word in fonts._FILES):
        pytest.skip("needs a font with Chinese letters, such as WenQuanYi Micro Hei")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = accuracy_figure({"训练日志": POINTS}, title="Accuracy")
        drawn = {form: render(figure, form) for form in ("png", "svg", "pdf")}
    assert all(drawn.values())


@pytest.mark.parametrize("order", [1, -1])
def test_a_family_is_looked_at_in_its_upright_face(order, letter, monkeypatch):
    """Whichever of its files matplotlib lists last."""
    listed = sorted(font_manager.fontManager.ttflist, key=lambda font: font.fname)[::order]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", listed)
    assert dict(fonts._candidates())["STIXGeneral"] == family_file("STIXGeneral")
    assert len(labelled(f"run {letter}").get_fontfamily()) == 2
