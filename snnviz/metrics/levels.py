"""The first-spike times of one image as a sparse matrix: one product serves all steps at once."""

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray


def level_matrix(first_spike: "NDArray[np.unsignedinteger]", T: int) -> sparse.csc_array:
    """Which first-spike time each neuron of an image has, float64 [K (T + 1), H W].

    Entry (k (T + 1) + f, p) is 1 where channel k first spikes at step f in pixel p, else 0. Every
    pixel has one entry a channel, so a product with it costs the same for every T. Products with
    whole numbers are exact while their sums stay below 2**53.

    Args:
        first_spike: 0-based steps of one image, unsigned ints [K, H, W] in 0..T.
        T: Number of time steps.
    """
    channels = len(first_spike)
    flat = first_spike.reshape(channels, -1)
    pixels = flat.shape[1]
    start = np.arange(0, channels * (T + 1), T + 1, dtype=np.int32)
    rows = (flat.T + start).reshape(-1)
    columns = np.arange(0, rows.size + 1, channels, dtype=np.int32)
    return sparse.csc_array((np.ones(rows.size), rows, columns), shape=(channels * (T + 1), pixels))
