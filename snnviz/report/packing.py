"""Arrays as one block of bytes that a page reads without a library, and records in little room."""

import gzip
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.records.spikes import SpikeRecord

# What JavaScript's typed arrays are called here; they begin at multiples of their own size.
_TYPES = {"uint8": "u1", "uint16": "u2", "float32": "f4"}
_ALIGNED = 4
# Two first-spike times fit into a byte, silence among them.
_NIBBLE = 15

Place = list[Any]
"""Where an array lies in the block: type, offset in bytes, shape."""


class Block:
    """Arrays, one after the other, for one transfer."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, array: "NDArray[Any]") -> Place:
        """Where the array lies from now on; its type is uint8, uint16 or float32."""
        native = np.ascontiguousarray(array)
        data = native.astype(native.dtype.newbyteorder("<"), copy=False).tobytes()
        offset = self._size
        padded = data.ljust(-(-len(data) // _ALIGNED) * _ALIGNED, b"\0")
        self._parts.append(padded)
        self._size += len(padded)
        return [_TYPES[array.dtype.name], offset, list(array.shape)]

    def add_record(self, record: "SpikeRecord") -> dict[str, Any]:
        """Where the record of one image lies, and in which form.

        - "pairs": first-spike times that are the whole record, two a byte, the first in the lower
          half;
        - "first": the same, a number each;
        - "bits": [ceil(T / 8), neurons] the spikes of eight steps a byte, the first highest;
        - "counts": [T, neurons], where neurons fire several times in a step.

        Args:
            record: Channels [1, K, H, W].
        """
        form, array = _packed(record)
        return {"form": form, "spikes": self.add(array), "map": list(record.shape[1:])}

    def compressed(self) -> bytes:
        """All of it, by gzip; equal arrays give equal bytes."""
        return gzip.compress(b"".join(self._parts), 9, mtime=0)


def _packed(record: "SpikeRecord") -> "tuple[str, NDArray[Any]]":
    if record.most > 1:
        counts = record.steps().reshape(record.T, -1)
        return "counts", counts.astype(np.uint8 if record.most <= 255 else np.uint16, copy=False)
    if not record.is_renewal:
        return "bits", np.packbits(record.spikes().reshape(record.T, -1), axis=0)
    first = record.first_spike.reshape(-1)
    if record.T > _NIBBLE:
        return "first", first
    even = np.append(first, first[:0] if len(first) % 2 == 0 else np.uint8(0)).astype(np.uint8)
    return "pairs", even[::2] | even[1::2] << 4
