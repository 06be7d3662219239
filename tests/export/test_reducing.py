"""Maps larger than a figure, against what each neuron of them did."""

import io
import tracemalloc

import numpy as np
import pytest
import torch
from PIL import Image

import snnviz
from snnviz.adapters.chain import ChainEncoder
from snnviz.data import Sample
from snnviz.export import reduced as reduced_maps
from snnviz.export import reducing
from snnviz.export.options import FigureSetOptions
from snnviz.export.reduced import reduced, reduction
from snnviz.export.reducing import ReducingEncoder
from snnviz.export.sets import figure_set
from snnviz.records.spikes import SpikeRecord

# Neither side a multiple of a block's.
HEIGHT, WIDTH = 23, 31


@pytest.fixture
def small(monkeypatch):
    """Figures that hold 400 map pixels, rows that come three blocks at a time."""
    monkeypatch.setattr(reduced_maps, "_MOST", 400)
    monkeypatch.setattr(reducing, "_AT_ONCE", 1)


def maps(seed=0):
    """A plain map, a silent, a saturated one, and three that differ in one neuron from constant."""
    values = np.random.default_rng(seed).integers(0, 5, (6, HEIGHT, WIDTH)).astype(np.uint8)
    values[1:] = 0
    values[2] = 8
    values[3, 7, 12] = 3
    values[4] = 8
    values[4, 22, 30] = 2
    values[5] = 4
    values[5, 13, 5], values[5, 13, 6] = 0, 8
    return values


def test_the_smallest_blocks_that_fit_are_taken(monkeypatch):
    monkeypatch.setattr(reduced_maps, "_MOST", 400)
    assert reduction(1, 20, 20) == 1
    assert reduction(1, 20, 21) == 2
    assert reduction(6, HEIGHT, WIDTH) == 4  # 6 * 6 * 8 are 288, blocks of 3 x 3 would be 528
    assert reduction(1000, 3, 4) == 4


@pytest.mark.usefixtures("small")
def test_each_pixel_is_a_neuron_of_its_block_and_extremes_stay():
    whole = maps()
    drawn = reduced(whole, 6)
    assert drawn.shape == (6, 6, 8)
    assert drawn.dtype == np.uint8
    off = 0
    for k, row, column in np.ndindex(drawn.shape):
        block = whole[k, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
        off += drawn[k, row, column] not in block
    # The least and the largest value of the last map lie in one block: one is drawn beside it.
    assert off == 1
    assert np.array_equal(drawn.min(axis=(1, 2)), whole.min(axis=(1, 2)))
    assert np.array_equal(drawn.max(axis=(1, 2)), whole.max(axis=(1, 2)))
    assert np.array_equal(drawn[0], whole[0, ::4, ::4])
    assert (drawn[3] > 0).sum() == 1
    assert drawn[3, 1, 3] == 3
    assert drawn[4, 5, 7] == 2


@pytest.mark.usefixtures("small")
def test_few_channels_are_drawn_whole():
    whole = maps()
    assert reduced(whole[:1, :20, :20], 1) is not None
    assert np.shares_memory(reduced(whole[:1, :20, :20], 1), whole)


def chain(K=6, side=3):
    torch.manual_seed(0)
    convolution = torch.nn.Conv2d(1, K, side, padding=side // 2)
    norm = torch.nn.BatchNorm2d(K)
    norm.running_mean.normal_()
    from spikingjelly.activation_based import neuron

    return ChainEncoder.of(torch.nn.Sequential(convolution, norm), neuron.IFNode(), T=8)


@pytest.mark.parametrize("side", [1, 3, 5])
@pytest.mark.usefixtures("small")
def test_rows_a_few_at_a_time_are_those_of_the_whole_image(side):
    encoder = chain(side=side)
    assert encoder.reach == side // 2
    images = torch.rand(2, 1, HEIGHT, WIDTH)
    whole = encoder.encode(images, 8)
    record = ReducingEncoder(encoder, 6).encode(images, 8)
    assert np.array_equal(record.first_spike, reduced(whole.first_spike, 6))
    for t in (0, 7):  # what is silent or saturated is known of all neurons
        for part in (np.min, np.max):
            found = (part(each.count(t), axis=(2, 3)) for each in (record, whole))
            assert np.array_equal(*found)


@pytest.mark.parametrize(
    "layer",
    [
        torch.nn.Conv2d(1, 2, 3, stride=2, padding=1),
        torch.nn.Conv2d(1, 2, 3),
        torch.nn.Conv2d(1, 2, 2, padding=1),
        torch.nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular"),
        torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3, padding=1), torch.nn.InstanceNorm2d(2)),
        torch.nn.Sequential(
            torch.nn.Conv2d(1, 2, 3, padding=1), torch.nn.Conv2d(2, 2, 3, padding=1)
        ),
    ],
)
def test_rows_that_cannot_be_told_apart_have_no_reach(layer):
    from spikingjelly.activation_based import neuron

    prefix = layer if isinstance(layer, torch.nn.Sequential) else torch.nn.Sequential(layer)
    assert ChainEncoder.of(prefix, neuron.IFNode(), T=4).reach is None


def test_neurons_that_subtract_have_no_reach():
    from spikingjelly.activation_based import neuron

    prefix = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3, padding=1))
    assert ChainEncoder.of(prefix, neuron.IFNode(v_reset=None), T=4).reach is None


def picture(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


@pytest.mark.usefixtures("small")
def test_files_show_the_reduced_maps_and_numbers_hold_all():
    record = SpikeRecord.from_first_spike(maps()[None], 8)
    sample = Sample(0, np.zeros((HEIGHT, WIDTH), np.uint8))
    options = FigureSetOptions(T=8, at=(7,), formats=("png", "npz"))
    files = figure_set(sample, record, options)
    count = record.count(7)[0]
    expected = snnviz.feature_map_figure(reduced(count, 6), t=7, T=8)
    file = io.BytesIO()
    expected.savefig(file, dpi=expected.dpi)
    assert np.array_equal(picture(files["counts_t7.png"]), picture(file.getvalue()))
    with np.load(io.BytesIO(files["counts.npz"])) as kept:
        assert np.array_equal(kept["counts"][0], count)


def test_a_run_says_that_it_reduces_and_takes_little_memory(tmp_path, monkeypatch):
    side = 600
    encoder = snnviz.load_encoder()
    image = np.random.default_rng(0).integers(0, 256, (side, side)).astype(np.uint8)
    options = FigureSetOptions(T=4, at=(3,))
    monkeypatch.setattr(reduced_maps, "_MOST", 1 << 20)
    monkeypatch.setattr(reducing, "_AT_ONCE", 1 << 20)
    neurons = 128 * side * side
    with pytest.warns(UserWarning, match=r"128 maps of 600 x 600 neurons .* each 7 x 7 neurons"):
        snnviz.write_figure_sets(encoder, [Sample(0, image)], tmp_path / "first", options)
    tracemalloc.start()
    with pytest.warns(UserWarning, match="neurons one is drawn"):
        snnviz.write_figure_sets(encoder, [Sample(0, image)], tmp_path / "again", options)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # NumPy's and Python's share of it; a byte a neuron would be the record alone.
    assert peak < neurons / 1.2
    whole = encoder.encode(torch.from_numpy(image)[None, None] / 255, 4).count(3)[0]
    drawn = picture((tmp_path / "again" / "00000" / "counts_t3.png").read_bytes())
    figure = snnviz.feature_map_figure(reduced(whole, 128), t=3, T=4)
    file = io.BytesIO()
    figure.savefig(file, dpi=figure.dpi)
    assert np.array_equal(drawn, picture(file.getvalue()))


def test_figures_of_chosen_channels_are_drawn_whole(tmp_path, monkeypatch, recwarn):
    monkeypatch.setattr(reduced_maps, "_MOST", 4 * 64 * 64)
    encoder = snnviz.load_encoder()
    sample = Sample(0, np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8))
    options = FigureSetOptions(T=4, at=(3,), channels=(5, 6, 7, 8))
    snnviz.write_figure_sets(encoder, [sample], tmp_path, options)
    assert not recwarn.list


def test_other_kinds_of_pictures_are_drawn_whole_and_nothing_is_said(
    tmp_path, monkeypatch, recwarn
):
    monkeypatch.setattr(reduced_maps, "_MOST", 1000)
    encoder = snnviz.load_encoder()
    sample = Sample(0, np.random.default_rng(0).integers(0, 256, (12, 14)).astype(np.uint8))
    options = FigureSetOptions(T=2, kinds=("first-spike",), dpi=50)
    snnviz.write_figure_sets(encoder, [sample], tmp_path / "few", options)
    monkeypatch.undo()
    snnviz.write_figure_sets(encoder, [sample], tmp_path / "whole", options)
    few, whole = (
        (tmp_path / name / "00000" / "first_spike.png").read_bytes() for name in ("few", "whole")
    )
    assert few == whole
    assert not recwarn.list
