"""What Python sends to the page."""

import gzip
import json

import numpy as np
import pytest
import torch

import snnviz
from snnviz.adapters.network import split_encoder
from snnviz.errors import ConfigError
from snnviz.records.spikes import SpikeRecord
from snnviz.report import About, Block, render_page, report_data
from snnviz.report.arithmetic import find_arithmetic
from snnviz.report.page import inert_json
from tests.report.conftest import Integrating, SteppedLeaky


def unpacked(block, place):
    kind, offset, shape = place
    raw = gzip.decompress(block.compressed())
    return np.frombuffer(raw, f"<{kind}", int(np.prod(shape)), offset).reshape(shape)


@pytest.mark.parametrize("count", [6, 7])
def test_two_times_share_a_byte(count):
    first = np.arange(count).reshape(1, 1, 1, count) % 9
    block = Block()
    said = block.add_record(SpikeRecord.from_first_spike(first, 8))
    assert (said["form"], said["map"]) == ("pairs", [1, 1, count])
    packed = unpacked(block, said["spikes"])
    halves = np.stack([packed & 15, packed >> 4], 1).ravel()
    assert halves[:count].tolist() == first.ravel().tolist()


def test_arrays_lie_where_typed_arrays_can_begin():
    block = Block()
    places = [block.add(np.arange(n, dtype=kind)) for n, kind in
              ((3, "uint8"), (5, "float32"), (1, "uint16"), (2, "float32"))]  # fmt: skip
    assert [offset % 4 for _, offset, _ in places] == [0, 0, 0, 0]
    assert unpacked(block, places[1]).tolist() == [0, 1, 2, 3, 4]
    assert unpacked(block, places[3]).tolist() == [0, 1]


def test_numbers_of_channels_are_those_of_the_metrics(chain, samples):
    data, _ = report_data(chain, samples, 8)
    images = np.stack([sample.image for sample in samples])[:, np.newaxis] / np.float32(255)
    record = chain.encode(images, 8)
    table = data["channels"]
    assert table["images"] == 3
    np.testing.assert_allclose(table["rate"], record.count(7).mean((0, 2, 3)) / 8, atol=1e-5)
    assert table["type"][:2] == ["silent", "saturated"]
    assert table["first"][0] is None
    fires = record.first_spike[:, 4] < 8
    assert table["first"][4] == pytest.approx(record.first_spike[:, 4][fires].mean(), abs=1e-3)
    from skimage.filters import sobel

    edges = np.stack([sobel(sample.image / 255, mode="nearest") for sample in samples])
    r = np.corrcoef(record.count(7)[:, 4].ravel(), edges.ravel())[0, 1]
    assert table["edge"][4] == pytest.approx(r, abs=2e-3)
    assert [score["name"] for score in data["scores"]][:2] == ["firing rate", "silent responses"]
    assert {s["name"]: s["value"] for s in data["scores"]}["silent channels"] == "1 of 6"


def test_a_page_opens_on_a_neuron_that_charges_first(chain, samples):
    data, _ = report_data(chain, samples, 8)
    start = data["start"]
    images = samples[0].image[np.newaxis, np.newaxis] / np.float32(255)
    first = chain.encode(images, 8).first_spike
    assert first[0, start["channel"], start["y"], start["x"]] == 2


def test_the_arithmetic_of_known_layers_spikes_as_pytorch(chain, samples):
    data, block = report_data(chain, samples, 8)
    said = data["arithmetic"]
    assert said["known"]
    assert said["agreement"][1] == 3 * 6 * 28 * 28
    assert said["agreement"][0] >= said["agreement"][1] - 2
    norm = chain.prefix[1]
    weight, variance = norm.weight.detach().numpy(), norm.running_var.numpy()
    scale = weight / np.sqrt(variance + norm.eps)
    np.testing.assert_allclose(unpacked(block, said["scale"]), scale, rtol=1e-6)


@pytest.mark.parametrize(
    ("C", "stride", "padding", "size"),
    [(1, 1, 1, (28, 28)), (3, 2, 0, (15, 10)), (3, 1, 2, (7, 12)), (1, 3, 1, (16, 16))],
)
def test_the_arithmetic_of_any_convolution_is_found_from_its_drive(rng, C, stride, padding, size):
    net = Integrating(C, stride=stride, padding=padding)
    encoder = split_encoder(net)
    images = rng.random((3, C, *size), dtype=np.float32)
    encoder.encode(images, 4)
    found = find_arithmetic(encoder, images)
    assert not found.known
    assert (found.stride, found.padding) == (stride, (padding, padding))
    np.testing.assert_allclose(found.drive(images), encoder.drive(images), atol=2e-5)


def test_where_an_image_is_black_the_shift_is_found_to_the_last_bit(samples):
    net = Integrating(1)
    net.norm = torch.nn.Identity()
    encoder, images = split_encoder(net), samples[0].image[np.newaxis, np.newaxis] / np.float32(255)
    encoder.encode(images, 4)
    found = find_arithmetic(encoder, images)
    assert not found.known
    np.testing.assert_array_equal(found.shift, net.conv.bias.detach().numpy())


def test_a_normalized_image_is_padded_after_its_normalization(rng):
    mean, std = (0.4, 0.5, 0.3), (0.2, 0.3, 0.25)
    encoder = split_encoder(Integrating(3), mean=mean, std=std)
    images = rng.random((2, 3, 9, 9), dtype=np.float32)
    encoder.encode(images, 4)
    found = find_arithmetic(encoder, images, mean, std)
    normal = snnviz.data.normalize(images, mean, std)
    np.testing.assert_allclose(found.drive(normal), encoder.drive(images), atol=5e-5)
    with pytest.raises(ConfigError, match="more than a scale and a shift"):
        find_arithmetic(encoder, images)  # the border would be another


def test_what_is_no_convolution_says_so(samples):
    class Pooled(SteppedLeaky):
        def forward(self, x):
            import torch

            mem, out = self.lif.init_leaky(), []
            for _ in range(self.num_steps):
                spikes, mem = self.lif(torch.nn.functional.max_pool2d(self.conv(x), 2), mem)
                out.append(spikes)
            return torch.stack(out)

    data, _ = report_data(split_encoder(Pooled()), samples, 10)
    assert data["arithmetic"] is None
    assert data["kernels"][2] == [5, 1, 5, 5]  # which are there all the same
    assert (
        data["why_not"] == "between the kernels and the neurons lies more than a scale and a shift"
    )
    assert data["images"][0]["form"] == "bits"
    assert data["channels"]["images"] == 3


def test_names_cannot_end_the_data(chain, samples):
    hostile = "</script><script>alert(1)</script><!--\u2028\u2029&amp;"
    data, block = report_data(chain, samples, 8, About(hostile, {hostile: hostile}, [hostile]))
    text = inert_json(data)
    assert not set("<>&") & set(text)
    assert json.loads(text) == data
    html = render_page(data, block)
    assert html.count("</script>") == 3
    assert "<title>&lt;/script&gt;" in html


def test_a_page_of_twenty_images_is_below_a_megabyte():
    drawn = list(snnviz.garments(20).samples(range(20)))
    data, block = report_data(snnviz.load_encoder(), drawn, 8)
    assert data["K"] == 128
    assert len(render_page(data, block)) < 1_000_000


def test_too_much_for_a_page_is_refused_with_what_fits(samples):
    many = samples * 1200
    with pytest.raises(ConfigError, match=r"3,600 images take .* choose fewer, 2,\d\d\d fit"):
        report_data(snnviz.load_encoder(), many, 8)
    with pytest.raises(ConfigError, match="at least one image"):
        report_data(snnviz.load_encoder(), [], 8)


def test_the_scorecard_of_an_analysis_is_read_back(tmp_path, drawn_images):
    from snnviz.analysis import analyze, encoding_of, write_analysis
    from snnviz.analysis.columns import grouped, written
    from snnviz.analysis.scorecard import SCORES
    from snnviz.report import read_scorecard
    from snnviz.tutorial.encodings import baseline_encodings
    from snnviz.tutorial.network import NetworkConfig, build_network

    config, six = NetworkConfig(channels=4, T=2), drawn_images.head(6)
    encodings = [encoding_of("mine", snnviz.load_encoder(build_network(config)), 2)]
    encodings += baseline_encodings(config, 2, six, seeds=(0, 1))
    analysis = analyze(encodings, six, drawn_images.take(np.arange(10, 30)))
    write_analysis(analysis, tmp_path, formats=())
    found = read_scorecard(tmp_path)
    columns = grouped(analysis).values()
    assert found["images"] == 6
    assert found["columns"][:2] == ["mine", "untrained, 2 seeds"]
    for row, score in zip(found["rows"], SCORES, strict=True):
        expected = [written(score, some) for some in columns]
        assert [value.split(" (")[0] for value in row[1:]] == expected


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 4, "encoders": 3}'])
def test_what_is_no_analysis_is_refused(tmp_path, text):
    from snnviz.errors import DataError
    from snnviz.report import read_scorecard

    with pytest.raises(DataError, match="is no analysis of snnviz analyze; name its folder"):
        read_scorecard(tmp_path)
    (tmp_path / "analysis.json").write_text(text)
    with pytest.raises(DataError, match="is no analysis of snnviz analyze; name its folder"):
        read_scorecard(tmp_path / "analysis.json")
