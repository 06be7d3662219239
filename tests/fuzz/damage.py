"""What can happen to any file: bits that turn, ends that are cut off, parts that are another's."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Rng = np.random.Generator
CUTS = 50


@dataclass(frozen=True)
class Holes:
    """A file that is large and takes no room: what it begins with, and zeros up to its size."""

    start: bytes
    size: int = 1 << 36


# What lies in a folder, by name.
Files = dict[str, bytes | Holes]
Make = Callable[[Rng, int], Files]


def flip_bits(rng: Rng, data: bytes) -> bytes:
    """`data` with one to eight bits turned, half of the times near its beginning."""
    damaged = bytearray(data)
    reach = len(data) if rng.random() < 0.5 else min(len(data), 400)
    for at in rng.integers(0, reach, int(rng.integers(1, 9))):
        damaged[at] ^= 1 << int(rng.integers(8))
    return bytes(damaged)


def cut(data: bytes, fiftieths: int) -> bytes:
    """The first so many fiftieths of `data`."""
    return data[: len(data) * fiftieths // CUTS]


def overwrite(rng: Rng, data: bytes) -> bytes:
    """`data` with one run of bytes replaced: by zeros, by ones, or at random."""
    damaged = bytearray(data)
    at = int(rng.integers(len(data)))
    length = min(int(2 ** rng.uniform(0, 9)), len(data) - at)
    new = (bytes(length), b"\xff" * length, rng.bytes(length))[int(rng.integers(3))]
    damaged[at : at + length] = new
    return bytes(damaged)


def insert(rng: Rng, data: bytes) -> bytes:
    """`data` with a few bytes too many somewhere, or a part of it twice."""
    at, length = int(rng.integers(len(data) + 1)), int(2 ** rng.uniform(0, 12))
    new = data[at : at + length] if rng.random() < 0.5 else rng.bytes(length)
    return data[:at] + new + data[at:]


def splice(rng: Rng, data: bytes, other: bytes) -> bytes:
    """The beginning of `data` and the end of `other`."""
    return data[: int(rng.integers(len(data) + 1))] + other[int(rng.integers(len(other) + 1)) :]


def absurd(rng: Rng) -> int:
    """A number that no size has: near a power of two, below zero, or with hundreds of digits."""
    near = int(2 ** rng.uniform(28, 63)) if rng.random() < 0.5 else 1 << int(rng.integers(28, 65))
    numbers = (near, near - 1, near + 1, -near, -1, 0, 10 ** int(rng.integers(20, 600)))
    return numbers[int(rng.integers(len(numbers)))]


def absurd_unsigned(rng: Rng, bits: int) -> int:
    """A number of so many bits at most that no size has."""
    return absurd(rng) % (1 << bits) or (1 << bits) - 1


# Kinds of damage that need no knowledge of the file: (rng, running number, file, another file).
ANY: dict[str, Callable[[Rng, int, bytes, bytes], bytes]] = {
    "as made": lambda _rng, _k, data, _other: data,
    "bits flipped": lambda rng, _k, data, _other: flip_bits(rng, data),
    "cut at a fiftieth": lambda _rng, k, data, _other: cut(data, k % CUTS),
    "bytes overwritten": lambda rng, _k, data, _other: overwrite(rng, data),
    "bytes inserted": lambda rng, _k, data, _other: insert(rng, data),
    "two files spliced": lambda rng, _k, data, other: splice(rng, data, other),
}
