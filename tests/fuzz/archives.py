"""Zip archives of torch.save since 1.6: absurd headers, gigabytes within, entries that are odd."""

import io
import warnings
import zipfile
from typing import TYPE_CHECKING

from tests.fuzz import bombs, damage, hostile, networks
from tests.fuzz.damage import Files, Make, Rng

if TYPE_CHECKING:
    from collections.abc import Callable

_ROOT = "archive/"


def entries_of(data: bytes) -> dict[str, bytes]:
    """What an archive holds, by name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive_of(entries: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    """An archive of these entries, in this order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that two entries have one name
        for name, data in entries:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def with_pickle(pickled: bytes, honest: bytes) -> bytes:
    """A file of torch.save with another pickle in it."""
    entries = entries_of(honest)
    entries[next(name for name in entries if name.endswith("data.pkl"))] = pickled
    return archive_of(list(entries.items()))


def _zip_headers(rng: Rng, k: int) -> Files:
    """Sizes, places, flags and methods in the archive's headers, absurd ones."""
    data = bytearray(networks.bases()["training, SGD"] if k % 2 else networks.bases()["state dict"])
    signature, fields = (
        (b"PK\1\2", ((6, 2), (8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2),
                      (30, 2), (32, 2), (42, 4))),
        (b"PK\3\4", ((6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2))),
        (b"PK\5\6", ((8, 2), (10, 2), (12, 4), (16, 4), (20, 2))),
        (b"PK\6\6", ((4, 8), (24, 8), (32, 8), (40, 8), (48, 8))),
        (b"PK\6\7", ((8, 8),)),
    )[k // 2 % 5]  # fmt: skip
    starts = [at for at in range(len(data)) if data.startswith(signature, at)]
    at, (offset, length) = (
        starts[int(rng.integers(len(starts)))],
        fields[int(rng.integers(len(fields)))],
    )
    value = (
        damage.absurd_unsigned(rng, 8 * length) if rng.random() < 0.7 else int(rng.integers(200))
    )
    data[at + offset : at + offset + length] = value.to_bytes(length, "little")
    return {"net.pth": bytes(data)}


def _zip64(rng: Rng, k: int) -> Files:
    """Entries that say in 64 bits that they are larger than any disk, or lie beyond the file."""
    honest = entries_of(networks.bases()["state dict"])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in honest.items():
            archive.writestr(zipfile.ZipInfo(name), data)
        chosen = archive.infolist()[int(rng.integers(len(honest)))]
        value = damage.absurd_unsigned(rng, 63)
        if k % 3 == 0:
            chosen.file_size = value
        elif k % 3 == 1:
            chosen.file_size = chosen.compress_size = value
        else:
            chosen.header_offset = value
    return {"net.pth": out.getvalue()}


def _zip_bombs(rng: Rng, k: int) -> Files:
    """Kilobytes of archive that unpack to gigabytes."""
    entries = entries_of(networks.bases()["state dict"])
    names = list(entries)
    bomb = (next(n for n in names if n.endswith("data.pkl")), names[-1], _ROOT + "data/99")[k % 3]
    kept = {name: data for name, data in entries.items() if name != bomb}
    data = bombs.zip_zeros(kept, bomb, honest=k // 3 % 2 == 0)
    if k % 5 == 4:
        data = archive_of([("weights/net.pth", data)], zipfile.ZIP_DEFLATED)
    elif k % 5 == 3:
        data = bombs.gzip_zeros(networks.bases()["state dict"]) if rng.random() < 0.5 else _quine()
    return {"net.pth": data}


def _quine() -> bytes:
    """Archives in archives, twenty deep."""
    data = networks.bases()["state dict"]
    for level in range(20):
        data = archive_of([(f"{level}/net.pth", data)], zipfile.ZIP_DEFLATED)
    return data


def _zip_twice(rng: Rng, k: int) -> Files:
    """Entries of one name, honest and hostile, in either order; two archives in one file."""
    honest = networks.bases()["state dict"]
    entries = list(entries_of(honest).items())
    value = hostile.call(int(rng.integers(1000))) if k % 2 else hostile.names_module(rng, k)
    evil = hostile.place(rng, int(rng.integers(7)), value)
    root = entries[0][0].partition("/")[0] + "/"
    odd = (root + "data.pkl", "other/data.pkl", root + "DATA.PKL", root + "./data.pkl", "data.pkl",
           root + "data.pkl\0x", root + "constants.pkl", root + "code/net.py")[k % 8]  # fmt: skip
    if k // 8 % 3 == 0:
        return {"net.pth": archive_of([*entries, (odd, evil)])}
    if k // 8 % 3 == 1:
        return {"net.pth": archive_of([(odd, evil), *entries])}
    other = with_pickle(evil, honest)
    return {"net.pth": honest + other if rng.random() < 0.5 else other + honest}


def _zip_records(rng: Rng, k: int) -> Files:
    """Records that are missing, renamed, shorter, longer, or say something else."""
    entries = list(
        entries_of(
            networks.bases()["training, SGD"] if k % 2 else networks.bases()["ours, state dict"]
        ).items()
    )
    index = int(rng.integers(len(entries)))
    name, data = entries[index]
    changes: tuple[Callable[[], list[tuple[str, bytes]]], ...] = (
        list,
        lambda: [(name, b"")],
        lambda: [(name, data[: len(data) // 2])],
        lambda: [(name, data + data)],
        lambda: [(name, rng.bytes(len(data)))],
        lambda: [(name + "x", data)],
        lambda: [("../" * 5 + name, data)],
        lambda: [(name.replace(_ROOT, ""), data)],
        lambda: [(name, data), (_ROOT + "byteorder", (b"big", b"middle", b"\xff")[k % 3])],
        lambda: [(name, data), (_ROOT + "version", b"9" * 400)],
        lambda: [(name, data), (_ROOT + ".storage_alignment", b"-1")],
        lambda: [(name, data), *((f"{_ROOT}data/{i}", b"") for i in range(3000))],
    )
    entries[index : index + 1] = changes[k % len(changes)]()
    method = zipfile.ZIP_DEFLATED if rng.random() < 0.1 else zipfile.ZIP_STORED
    return {"net.pth": archive_of(entries, method)}


MUTATIONS: dict[str, Make] = {
    "absurd zip headers": _zip_headers,
    "absurd zip64 fields": _zip64,
    "gigabytes in zip": _zip_bombs,
    "entries twice": _zip_twice,
    "odd records": _zip_records,
}
