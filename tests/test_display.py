"""What notebooks show: pictures hold the values, markup in names stays text."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

import snnviz
from snnviz import Recording, SpikeRecord, garments
from snnviz.data import ImageSet
from snnviz.display import count_picture, image_picture, kernel_picture, summary, thumbnail
from snnviz.grid import choose_layout
from snnviz.records.recording import LayerInfo


def pictures(html):
    """The pictures in a page."""
    found = re.findall(r"data:image/png;base64,([^\"]+)", html)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(each)))) for each in found]


def test_counts_are_drawn_by_their_own_range_and_special_maps_in_colour():
    counts = np.zeros((3, 2, 3), int)
    counts[1] = 4
    counts[2] = [[1, 3, 2], [1, 1, 3]]
    picture = count_picture(counts, t=3, T=8)
    layout = choose_layout(counts.shape)
    top, left = zip(*map(layout.corner, range(3)), strict=True)
    maps = [picture[i : i + 2, j : j + 3] for i, j in zip(top, left, strict=True)]
    assert (maps[0] == (42, 63, 82)).all()
    assert (maps[1] == (230, 159, 0)).all()
    assert maps[2][..., 0].tolist() == [[0, 255, 128], [0, 0, 255]]
    assert (maps[2] == maps[2][..., :1]).all()
    assert picture[0, 0].tolist() == [169, 188, 208]


def test_images_are_drawn_grey_and_in_colour():
    grey = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    layout = choose_layout(grey.shape)
    top, left = layout.corner(1)
    assert image_picture(grey)[top : top + 2, left : left + 3, 1].tolist() == grey[1].tolist()
    colour = np.arange(18, dtype=np.uint8).reshape(1, 3, 2, 3)
    top, left = choose_layout((1, 2, 3)).corner(0)
    picture = image_picture(colour)[top : top + 2, left : left + 3]
    assert picture.tolist() == colour[0].transpose(1, 2, 0).tolist()


def test_markup_stays_text():
    html = summary("<script>", {"<b>": "</td>&"}, thumbnail(np.zeros((1, 1, 3), np.uint8), '"<i>'))
    assert "<script>" not in html
    assert "<b></b>" not in html
    assert "&lt;/td&gt;&amp;" in html
    assert 'alt="&quot;&lt;i&gt;"' in html


@pytest.mark.parametrize("shape", [(2, 40, 3, 5), (1, 6), (3, 2, 4)])
def test_a_record_shows_its_first_image(shape):
    rng = np.random.default_rng(0)
    times = rng.integers(0, 9, shape)
    record = SpikeRecord.from_first_spike(times, 8)
    html = record._repr_html_()
    counts = record.count(7)
    assert f"{counts.mean() / 8:.4g}" in html
    assert f"{(counts > 0).mean():.1%}" in html
    (picture,) = pictures(html)
    maps = record[0].maps().count(7)[0][:32]
    assert np.array_equal(picture, count_picture(maps, t=7, T=8))


def test_a_record_of_no_images_has_no_picture():
    record = SpikeRecord.from_first_spike(np.zeros((3, 2, 4), int), 8)[[]]
    assert not pictures(record._repr_html_())
    assert "nan" not in record._repr_html_()


def test_short_texts_of_what_the_package_makes():
    record = SpikeRecord.from_counts(np.full((4, 2, 3, 5, 6), 3), 4)
    layer = LayerInfo("a<b>", "IAF", "sinabs", (3, 5, 6), first=True)
    recording = Recording(4, (layer,), {"a<b>": record}, notes=("All is well.",))
    assert (
        repr(record) == "<SpikeRecord of 2 images, neurons [3, 5, 6], T=4, up to 3 spikes a step>"
    )
    assert repr(recording) == "<Recording of 2 images, T=4, layers a<b>>"
    html = recording._repr_html_()
    assert "a&lt;b&gt;" in html
    assert "IAF [3, 5, 6], 3 spikes a neuron and step" in html
    assert "All is well." in html
    assert repr(Recording(4, (), {})) == "<Recording of 0 images, T=4, layers none>"


def test_a_set_of_images_shows_the_first_of_them():
    images = garments(30)
    assert repr(images) == "<ImageSet 'garments' of 30 images, [1, 28, 28], 10 classes>"
    (picture,) = pictures(images._repr_html_())
    assert np.array_equal(picture, image_picture(images.images[:24]))
    assert "Ankle boot" in images._repr_html_()
    bare = ImageSet("<i>", np.zeros((1, 3, 4, 5), np.uint8))
    assert repr(bare) == "<ImageSet '<i>' of 1 image, [3, 4, 5], no labels>"
    assert "&lt;i&gt;" in bare._repr_html_()
    assert repr(next(images.samples([1]))) == "<Sample image 1, T-shirt/top, [1, 28, 28]>"
    assert repr(next(bare.samples([0]))) == "<Sample image 0, [3, 4, 5]>"


def test_kernels_are_drawn_around_0():
    kernels = np.array([[[[0.0, 2.0, -1.0]]], [[[-2.0, 1.0, 0.5]]]])
    top, left = zip(*map(choose_layout((2, 1, 3)).corner, range(2)), strict=True)
    picture = kernel_picture(kernels)
    first, second = (picture[i, j : j + 3].tolist() for i, j in zip(top, left, strict=True))
    assert first == [[255, 255, 255], [213, 94, 0], [128, 184, 216]]
    assert second[0] == [0, 114, 178]
    assert (kernel_picture(np.zeros((1, 2, 3, 3)))[1:-1, 1:-1] == 255).all()


def test_an_encoder_shows_its_layer_and_kernels():
    encoder = snnviz.load_encoder()
    assert repr(encoder) == "<ChainEncoder, T=4>"
    html = encoder._repr_html_()
    assert "[128, 1, 3, 3] (K, C, kh, kw)" in html
    assert "The first 32 of 128 kernels" in html
    assert np.array_equal(pictures(html)[0], kernel_picture(encoder.kernels[:32]))


def test_an_encoder_without_kernels_of_its_own_shows_what_it_has():
    from spikingjelly.activation_based import neuron
    from torch import nn

    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Conv2d(3, 4, 3), neuron.IFNode())
    encoder = snnviz.split_encoder(net)
    html = encoder._repr_html_()
    assert ">4<" in html
    assert "IFNode" in html
    assert not pictures(html)
    assert repr(encoder) == f"<NetworkEncoder of layer {encoder.layer}, T=4>"
