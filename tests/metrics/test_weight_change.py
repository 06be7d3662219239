"""How far kernels moved, against vectors that were moved on purpose."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from snnviz.errors import DataError, ShapeError
from snnviz.metrics import (
    channel_change,
    channel_rotation,
    fold_batch_norm,
    folded_change,
    kernel_change,
    split_kernels,
    weight_change,
)

SHAPE = (5, 2, 3, 4)


@pytest.fixture
def kernels(rng):
    return rng.normal(size=SHAPE).astype(np.float32)


def test_nothing_moved(kernels):
    assert kernel_change(kernels, kernels) == 0
    assert (channel_change(kernels, kernels) == 0).all()
    assert (channel_rotation(kernels, kernels) == 0).all()


def test_numbers_are_those_of_a_loop(kernels, rng):
    after = kernels + rng.normal(0, 0.5, SHAPE).astype(np.float32)
    pairs = [(w.ravel().tolist(), v.ravel().tolist()) for w, v in zip(kernels, after, strict=True)]
    for k, (w, v) in enumerate(pairs):
        cosine = sum(map(float.__mul__, w, v)) / math.hypot(*w) / math.hypot(*v)
        assert channel_rotation(kernels, after)[k] == pytest.approx(math.degrees(math.acos(cosine)))
        expected = math.dist(w, v) / math.hypot(*w)
        assert channel_change(kernels, after)[k] == pytest.approx(expected)
    apart = math.hypot(*(math.dist(w, v) for w, v in pairs))
    assert kernel_change(kernels, after) == pytest.approx(
        apart / math.hypot(*(math.hypot(*w) for w, _ in pairs))
    )


def test_known_angles_also_small_ones():
    before = np.zeros((6, 1, 1, 2))
    before[:, 0, 0] = 3, 0
    angles = np.array([0, 1e-7, 30, 90, 180, 135])
    after = np.zeros_like(before)
    after[:, 0, 0, 0] = 7 * np.cos(np.radians(angles))
    after[:, 0, 0, 1] = 7 * np.sin(np.radians(angles))
    np.testing.assert_allclose(channel_rotation(before, after), angles, rtol=1e-9)


def test_growth_is_no_rotation(kernels):
    np.testing.assert_allclose(channel_rotation(kernels, 3 * kernels), 0, atol=1e-5)
    np.testing.assert_allclose(channel_change(kernels, 3 * kernels), 2, rtol=1e-6)
    assert kernel_change(kernels, -kernels) == pytest.approx(2)


def test_kernels_of_zero_have_no_direction(kernels):
    after = kernels.copy()
    after[1] = 0
    assert np.isnan(channel_rotation(kernels, after)).tolist() == [False, True, *[False] * 3]
    assert np.isnan(channel_change(after, kernels)).tolist() == [False, True, *[False] * 3]
    assert channel_change(kernels, after)[1] == 1
    assert np.isnan(kernel_change(np.zeros(SHAPE), kernels))


def test_a_series_is_compared_with_its_first(kernels, rng):
    series = [kernels, kernels + rng.normal(0, 0.1, SHAPE), -2 * kernels]
    moved = weight_change(iter(series))
    assert moved.change.shape == (3,)
    assert moved.channel_change.shape == moved.rotation.shape == (3, 5)
    for e, each in enumerate(series):
        assert moved.change[e] == kernel_change(kernels, each)
        assert moved.channel_change[e].tolist() == channel_change(kernels, each).tolist()
        assert moved.rotation[e].tolist() == channel_rotation(kernels, each).tolist()
    with pytest.raises(DataError, match="no kernels"):
        weight_change([])


def test_means_and_shapes_move_apart(kernels, rng):
    by_channel = rng.normal(0, 0.3, (5, 1, 1, 1))
    slanted = np.zeros(SHAPE)
    slanted[:, 0, 0, :2] = 1, -1  # sums to 0
    series = [
        kernels,
        kernels + by_channel,
        kernels + 0.5 * slanted,
        kernels + by_channel + slanted,
    ]
    moved = weight_change(series)
    rows = [w.ravel().tolist() for w in kernels]
    means = [sum(row) / len(row) for row in rows]
    rest = math.hypot(*(v - m for row, m in zip(rows, means, strict=True) for v in row))
    raised = math.hypot(*by_channel.ravel()) / math.hypot(*means)
    np.testing.assert_allclose(moved.means, [0, raised, 0, raised], rtol=1e-6, atol=1e-7)
    bent = math.sqrt(5 * 2) / rest
    np.testing.assert_allclose(moved.shapes, [0, 0, 0.5 * bent, bent], rtol=1e-6, atol=1e-7)
    # A mean stands for each of its 24 weights.
    together = 24 * math.hypot(*by_channel.ravel()) ** 2 + 5 * 2
    whole = math.sqrt(together) / math.hypot(*(v for row in rows for v in row))
    assert moved.change[3] == pytest.approx(whole, rel=1e-6)
    with pytest.raises(ShapeError, match=r"\[K, C, kh, kw\], got \[24\]"):
        split_kernels(kernels[0].ravel())


def test_folded_kernels_do_what_both_layers_do(rng):
    convolution = nn.Conv2d(2, 5, 3, bias=False)
    batch_norm = nn.BatchNorm2d(5, eps=1e-3).eval()
    parameters = [rng.uniform(0.5, 2, 5).astype(np.float32) for _ in range(4)]
    with torch.no_grad():
        names = ("weight", "bias", "running_mean", "running_var")
        for name, values in zip(names, parameters, strict=True):
            getattr(batch_norm, name).copy_(torch.from_numpy(values))
        images = torch.rand(2, 2, 6, 7)
        expected = batch_norm(convolution(images))
        kernels, bias = fold_batch_norm(convolution.weight.numpy(), *parameters, eps=1e-3)
        folded = nn.functional.conv2d(
            images.double(), torch.from_numpy(kernels), torch.from_numpy(bias)
        )
    np.testing.assert_allclose(folded.numpy(), expected.numpy(), atol=1e-5)
    with pytest.raises(ShapeError, match=r"5 kernels.*\(4,\)"):
        fold_batch_norm(kernels, *parameters[:3], parameters[3][:4])


def test_kernels_that_are_not_alike_are_refused(kernels):
    for before, after in ((kernels, kernels[:4]), (kernels[0], kernels[0])):
        with pytest.raises(ShapeError, match="alike"):
            kernel_change(before, after)


def test_parameters_that_do_not_belong_together_are_refused():
    kernels = np.ones((5, 1, 3, 3))
    with pytest.raises(ShapeError, match="5 kernels have a bias each"):
        folded_change((kernels, np.zeros(5)), (kernels, np.zeros(1)))
    with pytest.raises(ShapeError, match=r"kernels must be \[K, C, kh, kw\], got \[5, 3, 3\]"):
        fold_batch_norm(kernels[:, 0], *np.ones((4, 5)))
