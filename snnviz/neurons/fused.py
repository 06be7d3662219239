"""First-spike times of still images in one pass over their pixels: what `fused.cpp` computes.

A convolution, BatchNorm's scale and shift, and the comparison with the neurons' exact thresholds
need no memory in between. The comparison is exact for any drive; the drive is that of a framework
only where it sums the same terms in the same order and rounds alike, which whoever uses this has to
hold against it (`Convolution.drive`).
"""

import ctypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from snnviz.compiling import compiled, kept

_SOURCE = Path(__file__).with_name("fused.cpp")
_FLAGS = ("-ffp-contract=fast", "-pthread")
MOST_STEPS = 255  # so that first-spike times are bytes

Floats = NDArray[np.float32]


class _Shape(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_int64)
        for name in (
            *("images", "channels", "height", "width", "maps", "rows", "columns"),
            *("stride_y", "stride_x", "taps", "bias_first", "thresholds", "threads"),
        )
    )


@cache
def library() -> ctypes.CDLL:
    """The compiled pass; to compile it takes a second.

    Raises:
        CompilerError: It cannot be compiled here.
    """
    return compiled(_SOURCE, *_FLAGS)


def is_at_hand() -> bool:
    """Whether it is loaded or was compiled before, so that `library` is there at once."""
    return library.cache_info().currsize > 0 or kept(_SOURCE, *_FLAGS)


@dataclass(frozen=True)
class Convolution:
    """A convolution of images with zeros around them, and a scale and shift of each map.

    Attributes:
        kernels: [K, C, kh, kw].
        bias: [K], a term of the sums; None: nothing.
        affine: Scale and shift of each map, [K] each; None: neither.
        stride: Along y and x.
        padding: Rows and columns of zeros on each side.
        dilation: Along y and x.
        bias_first: Whether sums begin with their bias, as oneDNN's for AVX2 do, or end with it, as
            its sums for AVX-512 do: their last bits differ.
    """

    kernels: Floats
    bias: Floats | None
    affine: tuple[Floats, Floats] | None
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    bias_first: bool = False

    def first_spike(self, images: Floats, thresholds: Floats, threads: int) -> NDArray[np.uint8]:
        """First-spike times, uint8 [N, K, h, w], T where silent.

        Args:
            images: [N, C, H, W], finite.
            thresholds: [T] from `snnviz.neurons.first_spike.drive_thresholds`, T up to 255.
            threads: How many share the images.
        """
        count, _, *size = images.shape
        times = np.empty((count, len(self.kernels), *self.size(*size)), np.uint8)
        self._run("first_spike", images, times, thresholds, threads)
        return times

    def drive(self, images: Floats) -> Floats:
        """What the thresholds are compared with, float32 [N, K, h, w]."""
        count, _, *size = images.shape
        drive = np.empty((count, len(self.kernels), *self.size(*size)), np.float32)
        self._run("drive", images, drive, np.empty(0, np.float32), 1)
        return drive

    def size(self, height: int, width: int) -> tuple[int, int]:
        """(h, w) of the maps of images of that size; 0 or less where a kernel does not fit."""
        rows, columns = (
            (side + 2 * margin - step * (extent - 1) - 1) // stride + 1
            for side, margin, step, extent, stride in zip(
                (height, width),
                self.padding,
                self.dilation,
                self.kernels.shape[2:],
                self.stride,
                strict=True,
            )
        )
        return rows, columns

    def _run(
        self,
        name: str,
        images: Floats,
        result: NDArray[np.uint8] | Floats,
        thresholds: Floats,
        threads: int,
    ) -> None:
        (count, channels, height, width), (y, x) = images.shape, self.padding
        padded = np.zeros((count, channels, height + 2 * y, width + 2 * x), np.float32)
        padded[:, :, y : y + height, x : x + width] = images
        offsets = self._offsets(*padded.shape[2:])
        shape = _Shape(
            *padded.shape,
            *result.shape[1:],
            *self.stride,
            len(offsets),
            self.bias_first,
            len(thresholds),
            min(threads, count),
        )
        scale, shift = self.affine or (None, None)
        kernels = np.ascontiguousarray(self.kernels.transpose(0, 2, 3, 1))
        arrays = (padded, offsets, kernels, self.bias, scale, shift, thresholds, result)
        getattr(library(), name)(*map(_pointer, arrays), ctypes.byref(shape))

    def _offsets(self, height: int, width: int) -> NDArray[np.int64]:
        """From a window's corner to each tap, in floats of an image of that size with padding.

        In the order in which oneDNN adds them up: a row, in it a column, in it the channels.
        """
        channels, kh, kw = self.kernels.shape[1:]
        y, x, c = np.mgrid[:kh, :kw, :channels].astype(np.int64)
        flat: NDArray[np.int64] = (
            (c * height + y * self.dilation[0]) * width + x * self.dilation[1]
        ).ravel()
        return flat


def compare(drive: Floats, thresholds: Floats, threads: int) -> NDArray[np.uint8]:
    """Of how many thresholds each drive falls short, uint8 shaped like `drive`.

    With those of `snnviz.neurons.first_spike.drive_thresholds` that is the first-spike time.

    Args:
        drive: Any shape, contiguous, no NaN.
        thresholds: Ascending, up to 255.
        threads: How many share the drives.
    """
    result = np.empty(drive.shape, np.uint8)
    numbers = map(ctypes.c_int64, (drive.size, len(thresholds), threads))
    arrays = (_pointer(drive), _pointer(thresholds), _pointer(result))
    library().compare(*arrays, *numbers)
    return result


def translate(
    values: NDArray[np.uint8], table: NDArray[np.uint8], result: NDArray[np.uint8], threads: int
) -> None:
    """Fill `result` with `table[values]`, of a table of 256 that never rises; all contiguous."""
    arrays = map(_pointer, (values, table, result))
    library().translate(*arrays, ctypes.c_int64(values.size), ctypes.c_int64(threads))


def _pointer(array: NDArray[np.generic] | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(None if array is None else array.ctypes.data)
