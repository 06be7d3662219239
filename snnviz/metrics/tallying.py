"""Sums over the pixels of renewal records in one compiled pass each: what `tallies.cpp` computes.

All are whole numbers, or floats whose every step is rounded as NumPy rounds it, so that a family
gets the same from here as from its own NumPy, which stands in where there is no compiler.
"""

import ctypes
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from snnviz.compiling import CompilerError, compiled, kept
from snnviz.metrics.parts import count_table
from snnviz.metrics.similarity import SSIM_WINDOW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.records.spikes import SpikeRecord

    Ints = NDArray[np.int64]
    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float64]

_SOURCE = Path(__file__).with_name("tallies.cpp")
_FLAGS = ("-ffp-contract=off",)
# Bytes that this process has tallied without the library, from which on it is worth a second of
# compiling: some 1300 images of 128 maps.
_WORTH_COMPILING = 1 << 27

MOST_STEPS = 127
"""Up to so many steps counts are bytes whose products are summed as such."""
MOST_FEATURE = 1 << 12
"""What features whose products are summed stay below."""
_MOST_COUNT = (1 << 16) - 1
VALUES = 8
"""Values of a pixel that are summed at once."""
_EXACT = 1 << 24
_SSIM_UNIT = 1 << 30


class _Ledger:
    """How many bytes this process has tallied without the library, and whether there is none."""

    tallied = 0
    hopeless = False


class _Shape(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_int64) for name in ("images", "maps", "pixels", "levels"))


@cache
def library() -> ctypes.CDLL:
    """The compiled passes; to compile them takes a second.

    Raises:
        CompilerError: They cannot be compiled here.
    """
    return compiled(_SOURCE, *_FLAGS)


def is_worth(size: int) -> bool:
    """Whether the library is there, or is made now, for a call with so many bytes."""
    if _Ledger.hopeless:
        return False
    if not library.cache_info().currsize:
        _Ledger.tallied += size
        if _Ledger.tallied < _WORTH_COMPILING and not _is_kept():
            return False
        try:
            library()
        except CompilerError:
            # Slower, with the same numbers; nothing that a user has to know.
            _Ledger.hopeless = True
    return not _Ledger.hopeless


@cache
def _is_kept() -> bool:
    return kept(_SOURCE, *_FLAGS)


def suits(record: "SpikeRecord") -> bool:
    """Whether the passes take the record: renewal neurons, whose counts are small, and worth it."""
    return record.is_renewal and record.T <= MOST_STEPS and is_worth(record.first_spike.size)


def suits_trains(record: "SpikeRecord") -> bool:
    """Whether `train_sums` and `train_squares` take the record: any trains, and worth it."""
    packed = record.packed
    return packed is not None and record.T <= _MOST_COUNT and is_worth(packed.size)


def step_products(
    record: "SpikeRecord", images: "Bytes", steps: "NDArray[np.intp]"
) -> "tuple[Ints, Ints, Ints]":
    """Sums over all pixels of products of counts up to each of the steps.

    Returns:
        Of each two maps, [S, K, K]; of each map and the grey level, [S, K]; of each map, [S, K].
    """
    tables = np.zeros((len(steps), 256), np.uint8)
    tables[:, : record.T + 1] = count_table(record.T)[steps]
    result = np.zeros((len(steps), *[record.shape[1] + 2] * 2), np.int64)
    _run("step_products", record, np.ascontiguousarray(images), tables, len(steps), result)
    return result[:, 2:, 2:], result[:, 0, 2:], result[:, 1, 2:]


def level_sums(codes: "NDArray[np.unsignedinteger]", levels: int, values: "Ints") -> "Ints":
    """Sums of values over the pixels at which a map has each code, [K, levels, Q].

    Args:
        codes: Bytes [n, K, H, W] below `levels`, such as first-spike times.
        levels: Up to 256.
        values: [n, Q, H W], Q up to `VALUES`, each in 0..2^17 - 1.
    """
    return _level_sums(codes, levels, _by_pixel(values))[:, :, : values.shape[1]]


def _by_pixel(values: "Ints") -> "NDArray[np.int32]":
    """Values [n, Q, P] as they are added, [n, P, `VALUES`]."""
    n, count, pixels = values.shape
    padded = np.zeros((n, pixels, VALUES), np.int32)
    padded[:, :, :count] = values.transpose(0, 2, 1)
    return padded


def _level_sums(
    codes: "NDArray[np.unsignedinteger]", levels: int, values: "NDArray[np.int32]"
) -> "Ints":
    n, pixels, count = values.shape
    result = np.zeros((codes.shape[1], levels, count), np.int64)
    shape = _Shape(n, codes.shape[1], pixels, levels)
    _call("level_sums", np.ascontiguousarray(codes), values, result, ctypes.byref(shape))
    return result


def train_sums(packed: "Bytes", T: int, values: "Ints") -> "Ints":
    """Sums over pixels of values times the spikes of each step, [T, K, Q].

    Args:
        packed: `SpikeRecord.packed` over T steps.
        T: Number of time steps.
        values: As for `level_sums`.
    """
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, np.newaxis], axis=1).astype(np.int64)
    added = _by_pixel(values)
    sums = [bits.T @ _level_sums(codes, 256, added) for codes in packed]  # [K, 8, `VALUES`] each
    return np.concatenate(sums, axis=1).swapaxes(0, 1)[:T, :, : values.shape[1]]


def train_squares(packed: "Bytes", T: int) -> "tuple[Ints, Ints]":
    """Sums over pixels of squared counts up to each step, [T, K], and of all maps' sum, [T].

    Args:
        packed: `SpikeRecord.packed` over T steps, up to 65535.
        T: Number of time steps.
    """
    _, n, maps, height, width = packed.shape
    squares, summed = np.zeros((T, maps), np.int64), np.zeros(T, np.int64)
    shape = _Shape(n, maps, height * width, 0)
    arrays = np.ascontiguousarray(packed), T, squares, summed
    _call("train_squares", *arrays, ctypes.byref(shape))
    return squares, summed


def histograms(record: "SpikeRecord", bins: "Bytes", count: int) -> "tuple[Ints, Ints]":
    """How often each map has each first-spike time: by bin, and in each image.

    Args:
        record: n images over T steps.
        bins: The bin of each pixel, [n, H, W] in 0..count - 1.
        count: Number of bins.

    Returns:
        [K, count, T + 1] and [n, K, T + 1].
    """
    n, maps = record.shape[:2]
    joint = np.zeros((maps, count, record.T + 1), np.int64)
    by_image = np.zeros((n, maps, record.T + 1), np.int64)
    _run("histograms", record, np.ascontiguousarray(bins), count, joint, by_image)
    return joint, by_image


def add_neuron_histograms(times: "Bytes", codes: "Bytes", total: "Ints") -> None:
    """Add how often each neuron has each first-spike time where its pixel has each code.

    Args:
        times: First-spike times [n, neurons].
        codes: Of the pixels that neurons lie at, [n, pixels], map after map; or [n, 1] of images.
        total: [codes, neurons, T + 1], added to.
    """
    sizes = *times.shape, codes.shape[1], total.shape[2]
    _call("neuron_histograms", times, codes, *sizes, total)


def summed_squares(record: "SpikeRecord") -> "Ints":
    """Sums over all pixels of the squared sum of all maps' counts up to each step, [T]."""
    table = count_table(record.T).astype(np.int32)
    result = np.zeros(record.T, np.int64)
    _run("summed_squares", record, table, record.T, result)
    return result


def pooled_bits(record: "SpikeRecord", words: "NDArray[np.unsignedinteger]") -> "Ints":
    """How many bits any of 2 x 2 neurons' words has, over images and maps, [H // 2, W // 2].

    Args:
        record: n images over T steps.
        words: The word of each first-spike time, [T + 1].
    """
    height, width = record.shape[2:]
    result = np.zeros((height // 2, width // 2), np.int64)
    _run("pooled_bits", record, words.astype(np.uint64), height, width, result)
    return result


def first_spike_changes(before: "Bytes", after: "Bytes", T: int) -> "Ints":
    """Of each image: neurons that fire at the same step, that fire at all, and steps moved, [3, n].

    Args:
        before: First-spike times [n, neurons] in 0..T, T up to 255.
        after: The same of the same images.
        T: Number of time steps.
    """
    result = np.zeros((3, len(before)), np.int64)
    times = np.ascontiguousarray(before), np.ascontiguousarray(after)
    _call("first_spike_changes", *times, *before.shape, T, result)
    return result


def level_counts(record: "SpikeRecord") -> "Ints":
    """How many neurons of each map have each first-spike time, over all images, [K, T + 1]."""
    result = np.zeros((record.shape[1], record.T + 1), np.int64)
    _run("level_counts", record, result)
    return result


def moments(counts: "Bytes") -> "tuple[Ints, Ints]":
    """Sums of counts [n, K, H, W] and of their squares: [2, K, H, W] and, by image, [2, n]."""
    result = np.zeros((2, *counts.shape[1:]), np.int64)
    by_image = np.zeros((2, len(counts)), np.int64)
    counts = np.ascontiguousarray(counts)
    _call("moments", counts, len(counts), result[0].size, result, by_image)
    return result, by_image


def cell_sums(counts: "Bytes", side: int) -> "Ints":
    """Sums of counts [n, K, H, W] over a grid of side x side cells, [n, K, side, side]."""
    n, maps, height, width = counts.shape
    result = np.empty((n, maps, side, side), np.int64)
    counts = np.ascontiguousarray(counts)
    _call("cell_sums", counts, n * maps, height, width, side, result)
    return result


def read_levels(record: "SpikeRecord", table: "Floats", bias: "Floats") -> "Bytes":
    """The sum over maps of what a table has for their times, rounded to a byte, [S, n, H, W].

    Args:
        record: n images over T steps.
        table: [K, T + 1, S] for each map and first-spike time at each step that is read; sums of
            its numbers and the bias are exact in any order.
        bias: [S].
    """
    n, _, height, width = record.shape
    steps = len(bias)
    whole = -(-steps // VALUES) * VALUES
    table = np.pad(table, ((0, 0), (0, 0), (0, whole - steps)))
    result = np.empty((steps, n, height, width), np.uint8)
    arrays = table, np.pad(bias, (0, whole - steps)), whole, steps, result
    _run("read_levels", record, *arrays)
    return result


def likenesses(images: "Bytes", read: "Bytes") -> "tuple[Ints, Floats]":
    """`squared_error` and `structural_similarity` of `similarity`, [R, n] each.

    Args:
        images: [n, H, W].
        read: What was read of them, [R, n, H, W], or [R, 1, H, W] where it is the same for all.
    """
    n, height, width = images.shape
    errors, ssim = np.zeros((2, len(read), n), np.int64)
    arrays = np.ascontiguousarray(images), np.ascontiguousarray(read), len(read), n, read.shape[1]
    _call("likenesses", *arrays, height, width, errors, ssim)
    windows = [side - SSIM_WINDOW + 1 for side in (height, width)]
    if min(windows) < 1:
        return errors, np.full(errors.shape, np.nan)
    return errors, ssim / (_SSIM_UNIT * windows[0] * windows[1])


def gram(rows: "NDArray[np.integer]") -> "Ints":
    """All inner products of rows [R, P] of bytes below 128, [R, R]."""
    result = np.zeros((len(rows), len(rows)), np.int64)
    _call("products", np.ascontiguousarray(rows), *rows.shape, result)
    return result


def add_feature_products(features: "Ints", total: "Ints") -> None:
    """Add features' products, summed over images, to the half of `total` above its diagonal.

    The other half is as it should be after `complete`.

    Args:
        features: [n, F], each below `MOST_FEATURE`.
        total: [F, F].
    """
    calls = -(-len(features) * int(features.max(initial=1)) ** 2 // _EXACT)
    together = -(-len(features) // max(1, calls))
    for start in range(0, len(features), together):
        some = features[start : start + together].astype(np.float32)
        _call("feature_products", some, *some.shape, total)


def complete(total: "Ints") -> None:
    """Fill the half of a symmetric [F, F] below its diagonal from that above it."""
    _call("complete", total, len(total))


def _run(name: str, record: "SpikeRecord", *arguments: "NDArray[np.generic] | int") -> None:
    """Call a pass over first-spike times, which knows their shape."""
    n, maps, height, width = record.shape
    shape = _Shape(n, maps, height * width, record.T + 1)
    times = np.ascontiguousarray(record.first_spike)
    _call(name, times, *arguments, ctypes.byref(shape))


def _call(name: str, *arguments: "NDArray[np.generic] | int | Any") -> None:
    """Call a pass with arrays, whole numbers, and what is a reference already."""
    getattr(library(), name)(*map(_passed, arguments))


def _passed(value: "NDArray[np.generic] | int | Any") -> Any:
    if isinstance(value, int):
        return ctypes.c_int64(value)
    if not isinstance(value, np.ndarray):
        return value
    assert value.flags.c_contiguous  # noqa: S101 - what is passed is seen row by row
    return ctypes.c_void_p(value.ctypes.data)
