"""IDX files that promise, or unpack to, more than is there."""

import gzip
import struct

import numpy as np
import pytest

from snnviz.data import idx
from snnviz.errors import DataError


def header(*shape):
    return bytes((0, 0, 8, len(shape))) + struct.pack(f">{len(shape)}I", *shape)


@pytest.fixture(params=["plain", "packed"])
def write(tmp_path, request):
    def save(data):
        path = tmp_path / "a"
        if request.param == "packed":
            idx.packed_name(path).write_bytes(gzip.compress(data))
        else:
            path.write_bytes(data)
        return path

    return save


def test_no_more_is_read_than_the_header_promises(write, monkeypatch):
    path = write(header(2, 3) + bytes(range(6)))
    assert idx.read_idx(path, 2).values.tolist() == [[0, 1, 2], [3, 4, 5]]
    for promised in (5, 0):
        path = write(header(1, promised) + bytes(10_000))
        with pytest.raises(DataError, match=f"over {promised} values where its header promises"):
            idx.read_idx(path, 2)
    monkeypatch.setattr(idx, "_MOST_BYTES", 10_100)
    path = write(header(1 << 31, 1 << 31) + bytes(10_050))
    with pytest.raises(DataError, match=f"10050 values where its header promises {1 << 62}"):
        idx.read_idx(path, 2)


@pytest.mark.parametrize("shape", [(1 << 31, 1 << 31, 4), (1 << 16, 1 << 24, 1 << 24)])
def test_sizes_whose_product_is_a_multiple_of_two_to_64(write, shape):
    with pytest.raises(DataError, match=r"holds 0 values where its header promises \d{20}"):
        idx.read_idx(write(header(*shape)), 3)


def test_a_packed_file_with_holes_behind_its_data(tmp_path):
    path = idx.packed_name(tmp_path / "a")
    with path.open("wb") as file:
        file.write(gzip.compress(header(1) + b"a"))
        file.truncate(1 << 33)
    with pytest.raises(DataError, match="holds over 100000000 bytes"):
        idx.read_idx(tmp_path / "a", 1)
    assert np.array_equal(idx.read_idx(_repaired(path), 1).values, [97])


def _repaired(path):
    path.write_bytes(gzip.compress(header(1) + b"a") + bytes(1000))
    return path.with_suffix("")
