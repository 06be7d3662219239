"""Where in an image a layer's spikes come from: maps of spikes, and how alike two maps are."""

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import zoom
from scipy.stats import rankdata

from snnviz.errors import ConfigError, ShapeError
from snnviz.metrics.parts import counts_by_step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.records.spikes import SpikeRecord

    Floats = NDArray[np.floating]

GAMMA = 0.5
"""How fast a spike's contribution falls with each step in a spike activation map, by default."""


def spike_activation_maps(record: "SpikeRecord", gamma: float = GAMMA) -> "NDArray[np.float64]":
    """The spike activation map of each step, floats [T, N, H, W], 0 or more.

    A neuron that fires again soon after it fired counts for much (Y. Kim and P. Panda 2021,
    arXiv:2103.14441). Its contribution score at step t is the sum of exp(gamma (t' - t)) over its
    spikes at steps t' < t; the map at t is the sum over channels of score times spikes at t. A
    neuron that fires several times in a step counts that often, before and now; intervals of 0
    within a step are no intervals. So the map of the first step is 0, as is that of a layer whose
    neurons fire once: there is no interval between spikes. The authors' own program differs from
    their formula in that it counts the spike at t itself.

    Args:
        record: Spikes of feature maps, [N, K, H, W] over T steps.
        gamma: From 0, at which all earlier spikes count alike.

    Raises:
        ShapeError: The neurons are no feature maps.
        ConfigError: gamma is no finite number from 0.

    Example:
        >>> from snnviz.metrics import spike_activation_maps
        >>> spikes = np.array([1, 0, 1, 1]).reshape(4, 1, 1, 1, 1)  # one neuron, T = 4
        >>> maps = spike_activation_maps(snnviz.SpikeRecord.from_spikes(spikes), gamma=0.5)
        >>> maps.ravel().round(3).tolist()  # exp(-1), and exp(-1.5) + exp(-.5)
        [0.0, 0.0, 0.368, 0.83]
    """
    _check_maps(record)
    if not (np.isfinite(gamma) and gamma >= 0):
        raise ConfigError(f"gamma must be a finite number from 0, got {gamma}")
    N, _, H, W = record.shape
    maps = np.zeros((record.T, N, H, W))
    score, before = np.zeros(record.shape), np.zeros(record.shape, np.min_scalar_type(0))
    for t, count in enumerate(counts_by_step(record)):
        spikes = count - before
        maps[t] = np.einsum("nkhw,nkhw->nhw", score, spikes)
        score += spikes
        score *= np.exp(-gamma)
        before = count.copy()
    return maps


def first_spike_maps(record: "SpikeRecord") -> "NDArray[np.float64]":
    """How early the neurons of each place fire first, floats [N, H, W] in [0, 1].

    The mean over channels of (T - f) / T, with f the 0-based step of the first spike: 1 where all
    fire at the first step, 0 where none fires. It is how a code of first-spike times is read
    (S. Thorpe et al. 2001, "Spike-based strategies for rapid processing"), taken as a map; it knows
    nothing of classes.

    Args:
        record: Spikes of feature maps, [N, K, H, W] over T steps.

    Raises:
        ShapeError: The neurons are no feature maps.

    Example:
        >>> from snnviz.metrics import first_spike_maps
        >>> times = np.array([[[[0, 3, 4]], [[0, 4, 4]]]])  # two channels of 1 x 3
        >>> first_spike_maps(snnviz.SpikeRecord.from_first_spike(times, T=4)).tolist()
        [[[1.0, 0.125, 0.0]]]
    """
    _check_maps(record)
    early: NDArray[np.float64] = 1 - record.first_spike.mean(axis=1, dtype=np.float64) / record.T
    return early


def resize_maps(maps: "Floats", size: tuple[int, int]) -> "NDArray[np.float64]":
    """The maps at an image's size, floats [N, H, W]: bilinear, each pixel a square.

    The corners of the map are those of the image, not the middles of their pixels, and beyond the
    outermost middles the values stay. It places a map of a layer with strides where its neurons
    look, if padding is even.

    Args:
        maps: Floats [N, h, w].
        size: (H, W).

    Raises:
        ShapeError: They are no maps.

    Example:
        >>> from snnviz.metrics import resize_maps
        >>> resize_maps(np.array([[[0.0, 1.0]]]), (1, 4)).tolist()
        [[[0.0, 0.25, 0.75, 1.0]]]
    """
    check_maps(maps)
    if maps.shape[1:] == size:
        return maps.astype(np.float64)
    scales = (1, *(new / old for new, old in zip(size, maps.shape[1:], strict=True)))
    resized: NDArray[np.float64] = zoom(
        maps.astype(np.float64), scales, order=1, mode="nearest", grid_mode=True
    )
    return resized


def rank_correlations(maps: "Floats", others: "Floats") -> "NDArray[np.float64]":
    """Spearman's correlation of two maps of each image, floats [N] in [-1, 1].

    Pixels of one value share their mean rank. NaN where a map has one value everywhere. Maps of a
    network and of the same without training that agree say nothing of what was learned (J. Adebayo
    et al. 2018, "Sanity checks for saliency maps", arXiv:1810.03292).

    Args:
        maps: Floats [N, H, W].
        others: Of the same images.

    Raises:
        ShapeError: They are not of the same images and size.

    Example:
        >>> from snnviz.metrics import rank_correlations
        >>> maps = np.array([[[0.0, 1.0, 2.0]], [[0.0, 0.0, 0.0]]])
        >>> rank_correlations(maps, 5 - maps**3).tolist()
        [-1.0, nan]
    """
    check_maps(maps)
    check_maps(others)
    if maps.shape != others.shape:
        raise ShapeError(
            f"maps of the same images must have one shape, got {list(maps.shape)} and "
            f"{list(others.shape)}"
        )
    one, other = (
        ranks - ranks.mean(1, keepdims=True)
        for ranks in (rankdata(each.reshape(len(each), -1), axis=1) for each in (maps, others))
    )
    products = np.sqrt((one**2).sum(1) * (other**2).sum(1))
    with np.errstate(invalid="ignore"):
        found: NDArray[np.float64] = (one * other).sum(1) / products
    return found


def check_maps(maps: "Floats") -> None:
    """Raises unless they are finite numbers [N, H, W] of one pixel or more.

    Raises:
        ShapeError: They are not.
    """
    if maps.ndim != 3 or 0 in maps.shape[1:] or not np.isfinite(maps).all():
        raise ShapeError(f"maps must be finite floats [N, H, W], got {list(maps.shape)}")


def _check_maps(record: "SpikeRecord") -> None:
    if len(record.shape) != 4:
        size = " x ".join(map(str, record.shape[1:]))
        raise ShapeError(f"the layer's neurons ({size}) are no feature maps [K, H, W]")
