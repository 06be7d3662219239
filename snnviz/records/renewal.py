"""What first-spike times say of neurons that repeat their first interval: counts and trains."""

import os
from typing import TYPE_CHECKING

import numpy as np

from snnviz.batching import batches
from snnviz.neurons import fused

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Unsigned = np.unsignedinteger

# Elements that are translated together: they and what is made of them stay in the cache, and each
# temporary array is below the 128 kB from which the C library asks the system for memory.
_BLOCK = 120_000
# Up to so many falls of a table, comparing with each is faster than looking every element up.
_FEW = 6


def renewal_counts(
    first_spike: "NDArray[Unsigned]", T: int, t: int, dtype: "np.dtype[Unsigned]"
) -> "NDArray[Unsigned]":
    """How often a neuron fires in steps 0..t, floor((t + 1) / (first_spike + 1)), [N, ...].

    Args:
        first_spike: 0-based steps [N, ...] in 0..T; T means silent.
        T: Number of time steps.
        t: 0-based step, below T.
        dtype: Of the counts.
    """
    # Silence is first_spike == T, for which the formula gives 0 like for any step past t.
    return _translate(first_spike, ((t + 1) // np.arange(1, T + 2)).astype(dtype))


def renewal_spikes(first_spike: "NDArray[Unsigned]", T: int) -> "NDArray[np.bool_]":
    """At which steps it fires, bool [T, N, ...]."""
    spikes: NDArray[np.bool_] = _trains(T)[:, first_spike]
    return spikes


def renewal_bits(first_spike: "NDArray[Unsigned]", T: int) -> "NDArray[np.uint8]":
    """The same, eight steps a byte, the first one highest: [ceil(T / 8), N, ...]."""
    return np.stack([row[first_spike] for row in np.packbits(_trains(T), axis=0)])


def _trains(T: int) -> "NDArray[np.bool_]":
    """The spikes of each first-spike time, [T, T + 1]."""
    # For period T + 1, silence, no step is a multiple.
    trains: NDArray[np.bool_] = np.arange(1, T + 1)[:, np.newaxis] % np.arange(1, T + 2) == 0
    return trains


def _translate(array: "NDArray[Unsigned]", table: "NDArray[Unsigned]") -> "NDArray[Unsigned]":
    """`table[array]` of a falling table that ends with 0, in whichever way is fastest.

    Indexing would take eight more bytes an element.
    """
    result = np.empty(array.shape, table.dtype)
    values, translated = array.reshape(-1), result.reshape(-1)
    if fused.library.cache_info().currsize and values.itemsize == table.itemsize == 1:
        whole = np.zeros(256, np.uint8)
        whole[: len(table)] = table
        fused.translate(np.ascontiguousarray(values), whole, translated, _threads(values.size))
        return result
    falls = np.flatnonzero(table[1:] != table[:-1])
    row = table.tobytes().ljust(256, b"\0")
    for block in batches(values.size, _BLOCK):
        if len(falls) <= _FEW:
            _add_falls(values[block], table, falls, translated[block])
        elif table.itemsize == 1:
            translated[block] = np.frombuffer(values[block].tobytes().translate(row), table.dtype)
        else:
            translated[block] = table[values[block]]
    return result


def _threads(size: int) -> int:
    """How many threads are worth their start for so many bytes."""
    affinity = getattr(os, "sched_getaffinity", None)
    most = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(most, size >> 21))


def _add_falls(
    values: "NDArray[Unsigned]",
    table: "NDArray[Unsigned]",
    falls: "NDArray[np.intp]",
    result: "NDArray[Unsigned]",
) -> None:
    """Fill `result` with `table[values]`, of which `falls` are the last places before a change."""
    before, term = np.empty(values.shape, np.bool_), np.empty_like(result)
    ones = before.view(np.uint8)
    for number, last in enumerate(falls):
        np.less_equal(values, values.dtype.type(last), out=before)
        step = table[last] - table[last + 1]
        if number == 0:
            np.multiply(ones, step, out=result)
        else:
            result += ones if step == 1 else np.multiply(ones, step, out=term)
