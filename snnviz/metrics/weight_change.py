"""How far training moved an encoder's kernels from where they began."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from snnviz.display import Brief
from snnviz.errors import DataError, ShapeError
from snnviz.metrics.accumulator import ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Folded = tuple[NDArray[np.floating], NDArray[np.floating]]


@dataclass(frozen=True, repr=False)
class WeightChange(Brief):
    """How far kernels are from the first of a series, at each of its E entries.

    Attributes:
        change: `kernel_change` of all kernels, float64 [E]; the first is 0.
        channel_change: `channel_change` of each, float64 [E, K].
        rotation: `channel_rotation` of each, degrees, float64 [E, K].
        means: `kernel_change` of the kernels' means alone, see `split_kernels`, float64 [E].
        shapes: `kernel_change` of what is left of the kernels without their means, float64 [E].
    """

    change: "NDArray[np.float64]"
    channel_change: "NDArray[np.float64]"
    rotation: "NDArray[np.float64]"
    means: "NDArray[np.float64]"
    shapes: "NDArray[np.float64]"


@dataclass(frozen=True)
class FoldedChange:
    """How far a convolution and its batch normalization moved, taken together.

    The normalization alone can turn the sign of a map or lift it over the threshold, so the kernels
    by themselves may tell little of what changed.

    Attributes:
        kernels: `kernel_change` of the kernels with the normalization folded in.
        biases: Root of the mean squared difference of the biases that folding gives, in the unit of
            the membrane potential.
    """

    kernels: float
    biases: float


def folded_change(before: "Folded", after: "Folded") -> FoldedChange:
    """How far what `fold_batch_norm` gave moved.

    Args:
        before: Kernels [K, C, kh, kw] and biases [K].
        after: Those of later, of the same shape.

    Raises:
        ShapeError: The shapes differ.
    """
    for kernels, biases in (before, after):
        if np.shape(biases) != np.shape(kernels)[:1]:
            raise ShapeError(f"{len(kernels)} kernels have a bias each, got {np.shape(biases)}")
    shift = np.asarray(after[1], np.float64) - np.asarray(before[1], np.float64)
    return FoldedChange(kernel_change(before[0], after[0]), float(np.sqrt(np.mean(shift * shift))))


def kernel_change(before: "NDArray[np.floating]", after: "NDArray[np.floating]") -> float:
    """How far all kernels moved, in units of their norm: ||W - W0|| / ||W0||, >= 0.

    The norm is Frobenius's. NaN where all kernels were 0.

    Args:
        before: The kernels W0, floats [K, C, kh, kw].
        after: The kernels W, of the same shape.

    Raises:
        ShapeError: The shapes differ.
    """
    before, after = _rows(before, after)
    return float(ratio(float(np.linalg.norm(after - before)), float(np.linalg.norm(before))))


def channel_change(
    before: "NDArray[np.floating]", after: "NDArray[np.floating]"
) -> "NDArray[np.float64]":
    """How far each channel's kernel moved, in units of its norm, float64 [K] >= 0.

    As `kernel_change`; NaN for a kernel that was 0.
    """
    before, after = _rows(before, after)
    return ratio(np.linalg.norm(after - before, axis=1), np.linalg.norm(before, axis=1))


def channel_rotation(
    before: "NDArray[np.floating]", after: "NDArray[np.floating]"
) -> "NDArray[np.float64]":
    """The angle between each channel's kernels, degrees, float64 [K] in [0, 180].

    0 where a kernel only grew or shrank, 180 where its sign changed; NaN where one is 0. With the
    unit vectors u and v it is ``2 atan2(|u - v|, |u + v|)``, which is good for small angles too,
    where the arc cosine is not (Kahan, How Futile are Mindless Assessments of Roundoff, 2006).
    """
    u, v = (
        ratio(rows, np.linalg.norm(rows, axis=1, keepdims=True)) for rows in _rows(before, after)
    )
    apart, along = np.linalg.norm(u - v, axis=1), np.linalg.norm(u + v, axis=1)
    angle: NDArray[np.float64] = np.degrees(2 * np.arctan2(apart, along))
    return angle


def split_kernels(
    kernels: "NDArray[np.floating]",
) -> tuple["NDArray[np.float64]", "NDArray[np.float64]"]:
    """The mean of each kernel's weights, [K, 1, 1, 1], and its shape: the kernel less that mean.

    The mean, times the number of weights, is the kernel's sum: what it makes of an even area. The
    shape sums to 0, so an even area gives it nothing. Both are at right angles, so that the squares
    of how far they moved add up to the square of how far the kernels did (Pythagoras; a mean counts
    once for each weight).

    Args:
        kernels: Floats [K, C, kh, kw].

    Raises:
        ShapeError: They have other dimensions.

    Example:
        >>> from snnviz.metrics import split_kernels
        >>> means, shapes = split_kernels(np.array([[[[1.0, 3.0]]]]))
        >>> means.tolist(), shapes.tolist()
        ([[[[2.0]]]], [[[[-1.0, 1.0]]]])
    """
    if np.ndim(kernels) != 4:
        raise ShapeError(f"kernels must be [K, C, kh, kw], got {list(np.shape(kernels))}")
    kernels = np.asarray(kernels, np.float64)
    means = kernels.mean(axis=(1, 2, 3), keepdims=True)
    return means, kernels - means


def fold_batch_norm(
    kernels: "NDArray[np.floating]",
    weight: "NDArray[np.floating]",
    bias: "NDArray[np.floating]",
    mean: "NDArray[np.floating]",
    variance: "NDArray[np.floating]",
    eps: float = 1e-5,
) -> tuple["NDArray[np.float64]", "NDArray[np.float64]"]:
    """Kernels [K, C, kh, kw] and biases [K] that do what a convolution and its BatchNorm do.

    With s = weight / sqrt(variance + eps) they are s W and bias - s mean (Ioffe and Szegedy, ICML
    2015, inference). They agree up to rounding, so they are good for measuring and not for spikes.

    Args:
        kernels: W of a convolution without bias, floats [K, C, kh, kw].
        weight: BatchNorm's scale, floats [K].
        bias: Its shift, floats [K].
        mean: Its running mean, floats [K].
        variance: Its running variance, floats [K].
        eps: Its eps.

    Raises:
        ShapeError: The kernels have other dimensions, or the parameters are not one a kernel.
    """
    if np.ndim(kernels) != 4:
        raise ShapeError(f"kernels must be [K, C, kh, kw], got {list(np.shape(kernels))}")
    K = len(kernels)
    for values in (weight, bias, mean, variance):
        if np.shape(values) != (K,):
            raise ShapeError(f"BatchNorm of {K} kernels has {K} of each, got {np.shape(values)}")
    scale = np.asarray(weight, np.float64) / np.sqrt(np.asarray(variance, np.float64) + eps)
    folded = np.asarray(kernels, np.float64) * scale[:, np.newaxis, np.newaxis, np.newaxis]
    shift = np.asarray(bias, np.float64) - scale * np.asarray(mean, np.float64)
    return folded, shift


def weight_change(kernels: Iterable["NDArray[np.floating]"]) -> WeightChange:
    """How far each entry of a series of kernels is from the first, for example one an epoch.

    Args:
        kernels: Floats [K, C, kh, kw] each; the first is the initialization.

    Raises:
        DataError: There are none.
        ShapeError: The shapes differ.
    """
    series = list(kernels)
    if not series:
        raise DataError("there are no kernels to follow; give at least the initialization")
    first = series[0]
    means, shapes = zip(*map(split_kernels, series), strict=True)
    return WeightChange(
        change=np.array([kernel_change(first, each) for each in series]),
        channel_change=np.stack([channel_change(first, each) for each in series]),
        rotation=np.stack([channel_rotation(first, each) for each in series]),
        means=np.array([kernel_change(means[0], each) for each in means]),
        shapes=np.array([kernel_change(shapes[0], each) for each in shapes]),
    )


def _rows(
    before: "NDArray[np.floating]", after: "NDArray[np.floating]"
) -> tuple["NDArray[np.float64]", "NDArray[np.float64]"]:
    """Both as float64 [K, C * kh * kw]."""
    if np.shape(before) != np.shape(after) or np.ndim(before) != 4:
        raise ShapeError(
            "kernels must be [K, C, kh, kw] and alike, "
            f"got {list(np.shape(before))} and {list(np.shape(after))}"
        )
    first, second = (np.asarray(each, np.float64) for each in (before, after))
    return first.reshape(len(first), -1), second.reshape(len(second), -1)
