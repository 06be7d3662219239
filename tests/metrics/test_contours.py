"""Contours against scikit-image, SciPy and plain loops, and where the answer is known."""

import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr
from skimage import filters

from snnviz.data import to_input
from snnviz.errors import ConfigError, DataError, ShapeError
from snnviz.metrics import (
    QUANTITIES,
    Contours,
    channel_types,
    gradient_magnitude,
    image_quantities,
    sobel_gradient,
)
from snnviz.records.spikes import SpikeRecord
from snnviz.tutorial.encoder import load_encoder
from tests.metrics.oracles import scikit_quantities

EDGE, INTENSITY = QUANTITIES.index("edge"), QUANTITIES.index("intensity")


def contours(record, images):
    accumulator = Contours(record.T, record.shape[1:])
    accumulator.update(record, images)
    return accumulator.result()


def record_of(counts, T):
    """Spikes in the first `counts` steps: any count from 0 to T can be had so."""
    return SpikeRecord.from_spikes(np.arange(T)[:, None, None, None, None] < counts)


@pytest.fixture(scope="module")
def pictures():
    """Not square, not symmetric."""
    return np.random.default_rng(3).integers(0, 256, (5, 9, 14), dtype=np.uint8)


def test_the_gradient_is_scikit_images(pictures, drawn_images):
    for images in (pictures, drawn_images.images):
        x, y = sobel_gradient(images)
        magnitude = gradient_magnitude(images)
        for i, image in enumerate(images / 255):
            assert np.allclose(magnitude[i], filters.sobel(image), atol=1e-12)
            assert np.allclose(np.abs(x[i]) / 1020, np.abs(filters.sobel_v(image)), atol=1e-12)
            assert np.allclose(np.abs(y[i]) / 1020, np.abs(filters.sobel_h(image)), atol=1e-12)


def test_diagonals_are_told_apart():
    # Bright below the main diagonal: the gradient runs down-left, against up-right.
    image = (np.tri(12) * 200).astype(np.uint8)[None]
    down, up = image_quantities(image)[0, 4:, 2:-2, 2:-2]
    assert up.sum() > 0
    assert down.sum() == 0
    down, up = image_quantities(image[:, :, ::-1])[0, 4:, 2:-2, 2:-2]
    assert down.sum() > 0
    assert up.sum() == 0


@pytest.mark.parametrize("T", [1, 3, 8])
@pytest.mark.parametrize("kind", ["renewal", "trains"])
def test_correlations_are_pearsons(kind, T, pictures, rng):
    shape = (5, 4, 9, 14)
    if kind == "renewal":
        times = rng.integers(0, T + 1, shape)
        times[:, 0], times[:, 1] = T, 0
        record = SpikeRecord.from_first_spike(times, T)
    else:
        spikes = rng.random((T, *shape)) < 0.4
        spikes[:, :, 0], spikes[:, :, 1] = False, True
        record = SpikeRecord.from_spikes(spikes)
    result = contours(record, pictures)
    for t in range(T):
        counts = record.count(t).astype(float)
        for q, values in enumerate(scikit_quantities(pictures)):
            for k in (2, 3):
                r = pearsonr(counts[:, k].ravel(), values.ravel()).statistic
                assert result.correlation[t, k, q] == pytest.approx(r, abs=1e-5)
            r = pearsonr(counts.mean(1).ravel(), values.ravel()).statistic
            assert result.summed[t, q] == pytest.approx(r, abs=1e-5)
        assert np.isnan(result.correlation[t, :2]).all()
        assert np.allclose(result.firing_rate[t], counts.mean((0, 2, 3)) / (t + 1))
    assert result.types()[:2] == ("silent", "saturated")


def test_renewal_and_its_trains_agree(drawn_images):
    record = load_encoder().encode(to_input(drawn_images.images[:6]), 8)
    trains = SpikeRecord.from_spikes(record.spikes())
    ours, theirs = (contours(r, drawn_images.images[:6]) for r in (record, trains))
    for name in ("correlation", "summed", "firing_rate"):
        assert np.array_equal(getattr(ours, name), getattr(theirs, name), equal_nan=True)


def test_an_identity_encoder_follows_areas(drawn_images):
    images = drawn_images.images[:8]
    counts = np.stack([images, 255 - images], axis=1)
    result = contours(record_of(counts, 255), images)
    assert result.correlation[-1, :, INTENSITY] == pytest.approx([1, -1], abs=1e-12)
    assert result.types() == ("area", "background")
    assert result.shares() == {
        "edge": 0, "area": 0.5, "background": 0.5, "mixed": 0, "silent": 0, "saturated": 0
    }  # fmt: skip


def test_an_edge_encoder_follows_edges(real_images):
    images = real_images.images[:40]
    x, y = sobel_gradient(images)
    down, up = x + y, x - y
    strengths = np.stack([np.hypot(x, y), abs(x), abs(y), abs(down), abs(up)], axis=1)
    cuts = np.linspace(0.02, 0.6, 8) * strengths.max((0, 2, 3), keepdims=True)[..., None]
    spikes = np.moveaxis(strengths[..., None] > cuts, -1, 0)
    result = contours(SpikeRecord.from_spikes(spikes), images)
    assert result.types() == (
        "edge", "vertical edge", "horizontal edge", "diagonal edge", "diagonal edge"
    )  # fmt: skip
    assert result.correlation[-1, 0, EDGE] > 0.95
    assert result.summed[-1, EDGE] > 0.95 > result.summed[-1, INTENSITY]
    assert result.shares()["edge"] == 1


def test_a_shuffled_encoder_follows_nothing(real_images, rng):
    images = real_images.images[:200]
    encoded = load_encoder().encode(to_input(images), 4).first_spike[:, ::4]
    # Over all pixels of all images; the channels of a pixel stay together.
    pixels = encoded.transpose(0, 2, 3, 1).reshape(-1, 32)
    shuffled = rng.permutation(pixels).reshape(200, 28, 28, 32).transpose(0, 3, 1, 2)
    random = rng.integers(0, 5, encoded.shape)
    before, *after = (
        contours(SpikeRecord.from_first_spike(first, 4), images)
        for first in (encoded, shuffled, random)
    )
    assert abs(before.correlation[-1, :, EDGE]).max() > 0.4
    assert abs(before.summed[-1, EDGE]) > 0.4
    for result in after:  # a correlation by chance deviates by 1 / sqrt(156,800) = 0.0025
        assert abs(result.correlation).max() < 0.02
        assert abs(result.summed).max() < 0.02


def test_types_need_the_threshold():
    rows = np.array([
        [0.2, 0.1, 0.29, 0.1, 0.1, 0.1],
        [0.2, 0.1, 0.31, 0.1, 0.1, 0.1],
        [0.5, -0.6, 0.5, 0.5, 0.5, 0.5],
        [-0.9, 0.1, -0.9, -0.9, -0.9, -0.9],
        [np.nan] * 6,
        [np.nan, 0.4, np.nan, np.nan, np.nan, np.nan],
    ])  # fmt: skip
    assert channel_types(rows, np.full(6, 0.5)) == (
        "mixed", "vertical edge", "background", "mixed", "mixed", "area"
    )  # fmt: skip
    assert channel_types(rows[:1], np.array([0.5]), threshold=0.25) == ("vertical edge",)
    assert channel_types(rows[:2], np.array([0.0, 1.0])) == ("silent", "saturated")


@settings(max_examples=25)
@given(
    st.sampled_from([1, 3, 8]),
    st.lists(st.integers(0, 3), min_size=1, max_size=4),
    st.integers(0, 2**32 - 1),
    st.randoms(use_true_random=False),
)
def test_merging_in_any_order_is_one_pass(T, sizes, seed, order):
    rng = np.random.default_rng(seed)
    total = sum(sizes) + 1
    record = SpikeRecord.from_first_spike(rng.integers(0, T + 1, (total, 2, 4, 5)), T)
    images = rng.integers(0, 256, (total, 4, 5), dtype=np.uint8)
    parts, start = [], 0
    for size in [*sizes, 1]:
        part = Contours(T, (2, 4, 5))
        part.update(record[start : start + size], images[start : start + size])
        parts.append(pickle.loads(pickle.dumps(part)))
        start += size
    order.shuffle(parts)
    for part in parts[1:]:
        parts[0].merge(part)
    one, merged = contours(record, images), parts[0].result()
    assert merged.images == one.images
    for name in ("correlation", "summed", "firing_rate"):
        assert np.array_equal(getattr(merged, name), getattr(one, name), equal_nan=True)


def test_a_network_with_silent_and_saturated_maps(network, drawn_images):
    encoder = load_encoder(network)
    record = encoder.encode(torch.from_numpy(to_input(drawn_images.images)))
    types = contours(record, drawn_images.images).types()
    assert types[:2] == ("silent", "saturated")
    assert not {"silent", "saturated"} & set(types[2:])


def test_wrong_input_is_refused(pictures):
    record = SpikeRecord.from_first_spike(np.zeros((5, 2, 9, 14), int), 4)
    accumulator = Contours(4, (2, 9, 14))
    with pytest.raises(DataError, match="no images"):
        accumulator.result()
    with pytest.raises(ShapeError, match=r"T = 3.*T = 4"):
        accumulator.update(SpikeRecord.from_first_spike(np.zeros((5, 2, 9, 14), int), 3), pictures)
    with pytest.raises(ShapeError, match=r"\[5, 9, 14\].*\[4, 9, 14\]"):
        accumulator.update(record, pictures[:4])
    with pytest.raises(ShapeError, match="float64"):
        accumulator.update(record, pictures / 255)
    with pytest.raises(ShapeError, match="cannot merge"):
        accumulator.merge(Contours(5, (2, 9, 14)))
    with pytest.raises(ConfigError, match="at least 1, got 0"):
        Contours(0, (2, 9, 14))


@pytest.mark.parametrize("wrong", [np.full((2, 9, 9), 0.5), np.zeros((9, 9), np.uint8)])
@pytest.mark.parametrize(
    "measured", [gradient_magnitude, image_quantities, sobel_gradient], ids=lambda f: f.__name__
)
def test_only_grey_bytes_are_looked_at(measured, wrong):
    """Floats in [0, 1] would all be 0 as whole numbers."""
    with pytest.raises(ShapeError, match=r"uint8 \[n, H, W\], got"):
        measured(wrong)
