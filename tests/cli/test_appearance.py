"""Options about how figures look: lengths, channels, orders."""

import json

import click
import numpy as np
import pytest
from PIL import Image

from snnviz.cli import main
from snnviz.cli.appearance import Length, parse_channels


@pytest.mark.parametrize(
    ("text", "inches"),
    [("3.3in", 3.3), ("84mm", 84 / 25.4), ("8.4 cm", 8.4 / 2.54), ("240pt", 240 / 72), ("7", 7)],
)
def test_lengths(text, inches):
    assert Length().convert(text, None, None) == pytest.approx(inches)


@pytest.mark.parametrize("text", ["", "3ft", "-3in", "wide", "1e9in", "3,3in"])
def test_what_is_no_length(text):
    with pytest.raises(click.BadParameter, match="no length; give one such as"):
        Length().convert(text, None, None)


@pytest.mark.parametrize(
    ("texts", "channels"),
    [(["3"], (3,)), (["0-2", "7", "1"], (0, 1, 2, 7)), (["5, 4-6"], (5, 4, 6)), ([], ())],
)
def test_channels(texts, channels):
    assert parse_channels(texts) == channels


@pytest.mark.parametrize("text", ["a", "3-", "-3", "3-1", "1.5", "0-99999999", ""])
def test_what_is_no_channel(text):
    with pytest.raises(click.BadParameter, match=r"no channel|no range of channels"):
        parse_channels([text])


def visualize(tmp_path, *options):
    out = tmp_path / "out"
    arguments = ["visualize", "--dataset", "garments", "--n-images", "3", "--out-dir", str(out)]
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--overwrite", *options])
    return ended.value.code, out


def channels_of(out):
    return json.loads((out / "manifest.json").read_text())["options"].get("channels")


def test_chosen_channels_are_drawn_at_a_width(tmp_path):
    status, out = visualize(tmp_path, "--channel", "5", "--channel", "0-1", "--width", "84mm")
    assert status == 0
    assert channels_of(out) == [5, 0, 1]
    for name in ("input", "counts_t0", "counts_t3"):
        with Image.open(out / "00000" / f"{name}.png") as picture:
            width = picture.width / picture.info["dpi"][0]
        assert width == pytest.approx(84 / 25.4, abs=0.01), name


def test_channels_are_sorted_by_their_rate(tmp_path):
    import snnviz

    status, out = visualize(tmp_path, "--sort", "rate", "--channel", "0-9")
    assert status == 0
    images = snnviz.garments(3).batch([0, 1, 2])
    counts = snnviz.load_encoder().encode(images, 4).count(3)[:, :10]
    rate = counts.reshape(3, 10, -1).mean(axis=(0, 2))
    assert channels_of(out) == np.argsort(-rate, kind="stable").tolist()


def test_by_number_is_as_it_was(tmp_path):
    status, out = visualize(tmp_path, "--sort", "index")
    assert (status, channels_of(out)) == (0, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--channel", "128"], "channels must be in 0..127, got [128]"),
        (["--sort", "rate", "--channel", "1,130"], "channels must be in 0..127, got [130]"),
        (["--sort", "importance"], "sorted by importance in a whole network"),
        (["--width", "0.2in"], "width must be 1 to 100 inches, got 0.2"),
        (["--font-size", "3"], "3.0 is not in the range"),
        (["--width", "wide"], "'wide' is no length"),
    ],
)
def test_mistakes_are_one_line_and_write_nothing(options, message, tmp_path, capsys):
    status, out = visualize(tmp_path, *options)
    error = capsys.readouterr().err
    assert status in (1, 2)
    assert message in error
    assert len(error.strip().splitlines()) == 1
    assert not out.exists()


def test_images_that_decide_on_an_order_are_encoded_once(tmp_path, monkeypatch):
    from snnviz.adapters.chain import ChainEncoder

    encoded = []
    original = ChainEncoder.encode

    def counted(self, images, T=None):
        encoded.append(len(images))
        return original(self, images, T)

    monkeypatch.setattr(ChainEncoder, "encode", counted)
    status, _ = visualize(tmp_path, "--sort", "rate")
    assert (status, sum(encoded)) == (0, 3)
