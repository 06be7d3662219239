"""Maps of what answers rest on, and those without training, on the page."""

import json
import re

import numpy as np
import pytest
import torch

from snnviz.report import Answering, Block, report_data
from snnviz.report.explaining import explanations
from snnviz.scoring.explained import map_levels
from snnviz.scoring.running import Runner
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.lively import lively

captum = pytest.importorskip("captum.attr")

T = 3
_READ_MAP = """
const canvas = document.querySelector(`.where canvas[data-map='${arguments[0]}']`);
const cell = Number(canvas.dataset.cell), {width, height} = canvas;
const data = canvas.getContext('2d').getImageData(0, 0, width, height).data, found = [];
for (let y = cell >> 1; y < height; y += cell) for (let x = cell >> 1; x < width; x += cell)
  found.push(...data.slice(4 * (y * width + x), 4 * (y * width + x) + 3));
return found;
"""


@pytest.fixture
def net():
    return lively(build_network(NetworkConfig(T=T, channels=4), seed=0)).eval()


@pytest.fixture
def start():
    return lively(build_network(NetworkConfig(T=T, channels=4), seed=1)).eval()


@pytest.fixture
def told(net, start, samples):
    from snnviz.adapters.network import split_encoder

    answering = Answering(net, start)
    return report_data(split_encoder(net), samples, T, answering=answering)


def gradients(net, sample, label):
    """The gradient of the class's mean output, by torch alone."""
    pixels = torch.from_numpy(sample.channels[np.newaxis] / np.float32(255))
    with Runner(net, T).running(pixels.numpy()) as running:
        leaf = pixels.clone().requires_grad_()
        with torch.enable_grad():
            running.scores(leaf).mean(0)[0, label].backward()
    return leaf.grad.abs().amax(1).numpy()


def values_of(block, place):
    kind, offset, shape = place
    assert kind == "u1"
    data = b"".join(block._parts)
    return np.frombuffer(data, np.uint8, int(np.prod(shape)), offset).reshape(shape)


def test_saliency_is_the_gradient_of_the_label_with_and_without_training(net, start, samples, told):
    data, block = told
    for sample, image in zip(samples, data["images"], strict=True):
        explained = image["explained"]
        assert explained["of"] == {"name": sample.class_name, "by": "label"}
        for which, network in (("gradients", net), ("untrained", start)):
            expected = map_levels(gradients(network, sample, sample.label))[0]
            shown = values_of(block, explained[which]["saliency"])
            assert np.ptp(shown) == 255
            # One level where chunks of other sizes round the last bits otherwise.
            assert np.abs(shown.astype(int) - expected).max() <= 1
        assert list(explained["gradients"]) == ["saliency", "integrated-gradients"]
        assert list(explained["untrained"]) == [
            "sam", "first-spike", "saliency", "integrated-gradients",
        ]  # fmt: skip
    assert data["unexplained"] == ""


def test_the_page_draws_them_and_says_what_they_are_of(page, told):
    from snnviz.report import render_page

    data, block = told
    page.open(render_page(data, block))
    for place in (0, 2):
        page.set(image=place)
        explained = data["images"][place]["explained"]
        name = explained["of"]["name"]
        assert f"of {name}, the label" in page.text(".where .gradients")
        for which, suffix in (("gradients", ""), ("untrained", " untrained")):
            levels = values_of(block, explained[which]["saliency"])
            shown = np.array(page.js(_READ_MAP, f"saliency{suffix}")).reshape(28, 28, 3)
            np.testing.assert_array_equal(shown, np.repeat(levels[..., None], 3, axis=2))
            signed = values_of(block, explained[which]["integrated-gradients"]).astype(int) - 128
            shown = np.array(page.js(_READ_MAP, f"integrated-gradients{suffix}"))
            red, _, blue = shown.reshape(28, 28, 3).transpose(2, 0, 1)
            # Orange has more red than blue, blue more blue than red, and 0 is neither.
            strong = np.abs(signed) > 8
            assert strong.any()
            assert (np.sign(red - blue)[strong] == np.sign(signed)[strong]).all()
            assert (red == blue)[signed == 0].all()
    assert page.complaints() == []


def test_without_a_label_it_is_the_answer(net, samples):
    from dataclasses import replace

    from snnviz.adapters.network import split_encoder

    bare = [replace(sample, label=None, class_name=None) for sample in samples]
    data, _ = report_data(split_encoder(net), bare, T, answering=Answering(net))
    pixels = np.stack([s.channels for s in bare]) / np.float32(255)
    with Runner(net, T).running(pixels) as running:
        answers = running.answers(pixels).argmax(1)
    for image, answer in zip(data["images"], answers, strict=True):
        assert image["explained"]["of"] == {"name": f"class {answer}", "by": "answer"}
        assert image["explained"]["untrained"] == {}


def test_large_maps_are_means_of_blocks():
    from snnviz.report.explaining import _reduced

    values = np.random.default_rng(0).normal(size=(225, 113))
    found = _reduced(values)
    assert found.shape == (75, 38)
    assert found[1, 2] == pytest.approx(values[3:6, 6:9].mean())
    assert found[-1, -1] == pytest.approx(values[222:, 111:].mean())


def test_why_there_are_none(net, samples, monkeypatch):
    from snnviz.adapters.network import split_encoder
    from snnviz.report.encoding import encode_all
    from snnviz.scoring import explaining

    groups = encode_all(split_encoder(net), samples, T)
    assert explanations(Answering(None, why_not="none"), groups, T, Block()) == ({}, "none")

    def missing():
        from snnviz.errors import ConfigError

        raise ConfigError("gradients need Captum, which is not installed")

    monkeypatch.setattr(explaining, "_captum", missing)
    found, reason = explanations(Answering(net), groups, T, Block())
    assert found == {}
    assert "Captum" in reason


def data_of(path):
    text = re.search(r'id="snnviz-data">(.*?)</script>', path.read_text(encoding="utf-8"))[1]
    return json.loads(text)


def test_the_command_adds_them_where_the_file_holds_a_whole_network(run, net, tmp_path):
    torch.save({"net": net.state_dict(), "network": net.config.as_dict()}, tmp_path / "net.pth")
    few = ("--dataset", "garments", "--n-images", 2, "--overwrite")
    status, _, err = run("report", "--ckpt", "net.pth", *few)
    assert (status, err) == (0, "")
    explained = data_of(tmp_path / "report.html")["images"][0]["explained"]
    assert set(explained["untrained"]) > set(explained["gradients"])
    assert run("report", "--ckpt", "net.pth", "--no-attribution", *few)[0] == 0
    bare = data_of(tmp_path / "report.html")
    assert (bare["images"][0]["explained"], bare["unexplained"]) == (None, "")
    assert run("report", "-T", 2, *few)[0] == 0
    said = data_of(tmp_path / "report.html")["unexplained"]
    assert said == "the file holds an encoder alone, which gives no answers"
