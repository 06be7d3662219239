"""Fashion-MNIST's IDX files, broken and hostile."""

import gzip
import struct
from functools import cache

from tests.fuzz import bombs, damage
from tests.fuzz.damage import Files, Holes, Make, Rng

IMAGES, LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
COUNT, SIDE = 20, 28


def _idx(values: bytes, *shape: int, code: int = 8) -> bytes:
    head = bytes((0, 0, code, len(shape) & 255))
    return head + b"".join(struct.pack(">I", side % (1 << 32)) for side in shape) + values


@cache
def _bases() -> tuple[bytes, bytes]:
    """Images and labels of a small set."""
    pixels = bytes(i * 7 % 256 for i in range(COUNT * SIDE * SIDE))
    return _idx(pixels, COUNT, SIDE, SIDE), _idx(bytes(i % 10 for i in range(COUNT)), COUNT)


def _pair(images: bytes, labels: bytes, rng: Rng) -> Files:
    """Both files, each plain or compressed."""
    files: Files = {}
    for name, data in ((IMAGES, images), (LABELS, labels)):
        if rng.random() < 0.5:
            files[f"{name}.gz"] = gzip.compress(data, 1, mtime=0)
        else:
            files[name] = data
    return files


def _damaged(how: str) -> Make:
    def make(rng: Rng, k: int) -> Files:
        files = _pair(*_bases(), rng)
        names = sorted(files)
        name, other = names[k % 2], names[1 - k % 2]
        # Running numbers of the two files apart, so that each is cut at each fiftieth.
        files[name] = damage.ANY[how](rng, k // 2, files[name], files[other])
        return files

    return make


def _damaged_within(rng: Rng, k: int) -> Files:
    """Whole gzip files of damaged data."""
    names = [name for name in damage.ANY if name != "as made"]
    bases = list(_bases())
    bases[k % 2] = damage.ANY[names[k % len(names)]](rng, k, bases[k % 2], bases[1 - k % 2])
    return {
        f"{name}.gz": gzip.compress(data, 1, mtime=0)
        for name, data in zip((IMAGES, LABELS), bases, strict=True)
    }


def _sizes(rng: Rng, k: int) -> Files:
    """Headers that promise what is not there; every second one a product of 2 ** 64, or 0."""
    images, labels = _bases()
    sides = [COUNT, SIDE, SIDE]
    if k % 2:
        products = ((1 << 31, 1 << 31, 4), (1 << 16, 1 << 24, 1 << 24), (0, 1 << 31, 1 << 31),
                    (COUNT, 0, SIDE), (COUNT, SIDE, 0), (1 << 31, 1 << 31, 0),
                    (0, 0, 0))  # fmt: skip
        sides = list(products[k // 2 % len(products)])
        values = b""
    else:
        sides[int(rng.integers(3))] = damage.absurd(rng)
        values = images[16:]
    images = _idx(values, *sides)
    if rng.random() < 0.3:
        labels = _idx(labels[8:] if rng.random() < 0.5 else b"", damage.absurd(rng))
    elif not values:
        labels = _idx(bytes(COUNT) if sides[0] == COUNT else b"", sides[0])
    return _pair(images, labels, rng)


def _types(rng: Rng, k: int) -> Files:
    """Other types and numbers of dimensions, with as many bytes as they take."""
    images, labels = _bases()
    code = (0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E, 0xFF)[k % 7]
    dimensions = (0, 1, 2, 3, 4, 16, 65, 255)[k // 7 % 8]
    odd = _idx(images[16:], *[1] * (dimensions - 1), COUNT * SIDE * SIDE, code=code)
    if dimensions == 0:
        odd = _idx(images[16:17], code=code)
    return _pair(odd, labels, rng) if k % 3 else _pair(images, odd, rng)


def _bombs(rng: Rng, k: int) -> Files:
    """Kilobytes of gzip that unpack to gigabytes, which the header promises or does not."""
    images, labels = _bases()
    huge = struct.pack(">I", bombs.SIZE // SIDE // SIDE)
    start = (images, images[:4] + huge + images[8:16], b"", images[:9])[k % 4]
    files = {IMAGES: images, f"{LABELS}.gz": gzip.compress(labels, mtime=0)}
    if rng.random() < 0.3:
        return {**_pair(images, labels, rng), f"{LABELS}.gz": bombs.gzip_zeros(labels)}
    del files[IMAGES]
    return {**files, f"{IMAGES}.gz": bombs.gzip_zeros(start)}


def _nested(rng: Rng, k: int) -> Files:
    """Gzip in gzip, several members, what follows the last, and headers with odd fields."""
    images, labels = _bases()
    packed = gzip.compress(images, 1, mtime=0)
    half = len(images) // 2
    members = gzip.compress(images[:half], mtime=0) + gzip.compress(images[half:], mtime=0)
    odd = (
        gzip.compress(packed, mtime=0),
        members,
        packed + rng.bytes(100),
        packed + bytes(1000),
        packed[:3] + b"\x04" + packed[4:10] + b"\xff\xff" + packed[10:],
        packed[:3] + b"\x08" + packed[4:10] + b"a" * 70_000 + packed[10:],
        b"",
        packed[:10],
    )[k % 8]
    return {f"{IMAGES}.gz": odd, LABELS: labels}


def _mixed(rng: Rng, k: int) -> Files:
    """Files in each other's place, labels that are no class, other files under the names."""
    images, labels = _bases()
    wrong = (
        (labels, images),
        (images, images),
        (images, _idx(bytes(range(COUNT)), COUNT)),
        (images, _idx(b"\xff" * COUNT, COUNT)),
        (images, _idx(b"\x00" * (COUNT - 1), COUNT - 1)),
        (b"<!DOCTYPE html><title>404</title>" * 100, labels),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", labels),
        (images + bytes(1), labels),
        (_idx(b"\x01" * COUNT, COUNT, 1, 1), labels),
        (_idx(bytes(COUNT * 9000), COUNT, 1, 9000), labels),
    )[k % 10]
    return _pair(*wrong, rng)


def _holes(rng: Rng, k: int) -> Files:
    """Files of many gigabytes that take no room, as large as their header promises or not."""
    images, labels = _bases()
    huge = images[:4] + struct.pack(">I", (1 << 36) // SIDE // SIDE) + images[8:16]
    size = 16 + (1 << 36) // SIDE // SIDE * SIDE * SIDE
    if k % 3 == 2:
        return {**_pair(images, labels, rng), IMAGES: images, LABELS: Holes(labels)}
    start = gzip.compress(images, mtime=0) if k % 3 else huge
    return {f"{IMAGES}.gz" if k % 3 else IMAGES: Holes(start, size), LABELS: labels}


MUTATIONS: dict[str, Make] = {
    **{how: _damaged(how) for how in damage.ANY},
    "damaged, then compressed": _damaged_within,
    "absurd sizes": _sizes,
    "other types and dimensions": _types,
    "gigabytes in gzip": _bombs,
    "gzip nested, joined, with junk": _nested,
    "files of holes": _holes,
    "wrong files": _mixed,
}
