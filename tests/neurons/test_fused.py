"""The compiled pass: exact thresholds for each drive, windows of any kind, tables."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from snnviz.compiling import CompilerError
from snnviz.neurons import fused
from snnviz.neurons.first_spike import drive_thresholds, simulate_first_spike
from snnviz.neurons.fused import Convolution

try:
    fused.library()
except CompilerError as error:
    pytestmark = pytest.mark.skip(reason=str(error))

IDENTITY = Convolution(np.ones((1, 1, 1, 1), np.float32), None, None, (1, 1), (0, 0), (1, 1))


def neighbours(values, reach):
    """The floats around each of `values`, `reach` on either side."""
    finite = values[np.isfinite(values)].astype(np.float32)
    up, down, found = finite, finite, [finite]
    for _ in range(reach):
        up = np.nextafter(up, np.float32(np.inf))
        down = np.nextafter(down, np.float32(-np.inf))
        found += [up, down]
    return np.concatenate(found)


@pytest.mark.parametrize(("v_threshold", "v_reset"), [(1.0, 0.0), (0.37, -0.2), (2.5, 1.0)])
@pytest.mark.parametrize("T", [1, 4, 8, 15, 16, 17, 31, 33, 64, 100, 128, 129, 254, 255])
def test_each_drive_near_a_threshold(T, v_threshold, v_reset):
    thresholds = drive_thresholds(v_threshold, v_reset, T)
    odd = np.float32([0.0, -0.0, 1e-45, -1e-45, 1e-38, -1.0, 3.4e38, -3.4e38])
    drives = np.concatenate([neighbours(thresholds, 40), odd])
    expected = simulate_first_spike(v_threshold, v_reset, drives, T)
    found = IDENTITY.first_spike(drives.reshape(1, 1, 1, -1), thresholds, 1)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found.ravel(), expected)
    assert len(set(expected)) > min(T, 2)


@pytest.mark.parametrize("T", [8, 64])
def test_drives_all_over_the_range(T):
    drives = np.random.default_rng(0).normal(0.2, 0.5, 100_003).astype(np.float32)
    found = IDENTITY.first_spike(drives.reshape(1, 1, 1, -1), drive_thresholds(1.0, 0.0, T), 2)
    np.testing.assert_array_equal(found.ravel(), simulate_first_spike(1.0, 0.0, drives, T))


@pytest.mark.parametrize("maps", [1, 2, 3, 5])
@pytest.mark.parametrize(
    ("channels", "kernel", "stride", "padding", "dilation", "size"),
    [
        (1, (3, 3), (1, 1), (1, 1), (1, 1), (28, 28)),
        (3, (3, 2), (2, 1), (0, 2), (1, 1), (9, 23)),
        (2, (1, 5), (1, 3), (2, 0), (1, 2), (7, 40)),
        (4, (2, 2), (3, 2), (1, 1), (3, 1), (11, 8)),
        (1, (4, 4), (1, 1), (0, 0), (1, 1), (4, 4)),
    ],
)
def test_windows(maps, channels, kernel, stride, padding, dilation, size):
    """Whole numbers, which no order of summation rounds."""
    rng = np.random.default_rng(maps)
    kernels = rng.integers(-8, 9, (maps, channels, *kernel)).astype(np.float32)
    images = rng.integers(-16, 17, (5, channels, *size)).astype(np.float32)
    bias, scale, shift = rng.integers(-4, 5, (3, maps)).astype(np.float32)
    scale[0] = -2.0
    layer = Convolution(kernels, bias, (scale, shift), stride, padding, dilation)
    tensors = map(torch.from_numpy, (images, kernels, bias))
    drive = F.conv2d(*tensors, stride, padding, dilation).numpy()
    expected = drive * scale[:, None, None] + shift[:, None, None]
    np.testing.assert_array_equal(layer.drive(images), expected)
    for T, threads in ((3, 1), (40, 3)):
        times = layer.first_spike(images, drive_thresholds(30.0, 0.0, T), threads)
        np.testing.assert_array_equal(times, simulate_first_spike(30.0, 0.0, expected, T))
        assert len(np.unique(times)) > 2 or size == (4, 4)


@pytest.mark.parametrize(("bias_first", "expected"), [(False, 1.0), (True, 0.0)])
def test_where_in_the_sum_the_bias_stands(bias_first, expected):
    """1 + 2^24 - 2^24 is 0 where it begins with the 1, which the large number swallows."""
    kernels = np.array([2.0**24, -(2.0**24)], np.float32).reshape(1, 1, 1, 2)
    plain = (1, 1), (0, 0), (1, 1)
    layer = Convolution(kernels, np.ones(1, np.float32), None, *plain, bias_first=bias_first)
    images = np.ones((2, 1, 3, 40), np.float32)
    np.testing.assert_array_equal(layer.drive(images), np.full((2, 1, 3, 39), expected))


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize("count", [1, 63, 64, 65, 1000])
@pytest.mark.parametrize(
    "table", [[0], [255, 3, 0], [8, 4, 2, 2, 1, 1, 1, 1, 0], range(255, -1, -1)]
)
def test_tables(table, count, threads):
    whole = np.zeros(256, np.uint8)
    whole[: len(table)] = table
    values = np.random.default_rng(count).integers(0, 256, count, np.uint8)
    result = np.full(count + 1, 77, np.uint8)
    fused.translate(values, whole, result[:-1], threads)
    np.testing.assert_array_equal(result[:-1], whole[values])
    assert result[-1] == 77


@pytest.mark.parametrize("many", [1, 2, 16, 17, 34, 255])
@pytest.mark.parametrize("size", [(1,), (7, 3), (2, 64), (3, 5, 41)])
@pytest.mark.parametrize("threads", [1, 3])
def test_any_thresholds_are_compared_with(many, size, threads):
    rng = np.random.default_rng(many)
    thresholds = np.sort(rng.normal(0, 1, many)).astype(np.float32)
    thresholds[many // 2 :] = thresholds[many // 2]  # several at one place
    drives = rng.choice(neighbours(thresholds, 2), size)
    drives.flat[0], drives.flat[-1] = 3.4e38, rng.normal()
    found = fused.compare(drives, thresholds, threads)
    expected = many - np.searchsorted(thresholds, drives, side="right")
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, expected)
