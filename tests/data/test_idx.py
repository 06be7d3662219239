"""IDX files, plain and packed: which is read, and what is said of a damaged one."""

import gzip
import warnings

import numpy as np
import pytest

from snnviz.data import idx
from snnviz.data.idx import read_idx
from snnviz.errors import DataError
from tests.data.test_published import idx_bytes

VALUES = np.arange(60, dtype=np.uint8).reshape(5, 3, 4)


@pytest.fixture
def plain(tmp_path):
    """The name of a whole file whose packed form lies beside it."""
    path = tmp_path / "t10k-images-idx3-ubyte"
    path.write_bytes(idx_bytes(VALUES))
    packed(path).write_bytes(gzip.compress(idx_bytes(VALUES)))
    return path


def packed(plain):
    return plain.with_name(plain.name + ".gz")


@pytest.mark.parametrize("keep", [0, 3, 15, 40])
def test_a_cut_file_gives_way_to_the_packed_one_beside_it(plain, keep):
    plain.write_bytes(idx_bytes(VALUES)[:keep])
    with pytest.warns(UserWarning, match=r"t10k-images-idx3-ubyte .*; reading t10k.*\.gz beside"):
        found = read_idx(plain, 3)
    assert (found.path, found.values.tolist()) == (packed(plain), VALUES.tolist())
    assert len(plain.read_bytes()) == keep, "nothing of the user's is changed"


def test_a_whole_file_is_read_without_a_word(plain):
    packed(plain).write_bytes(b"damaged")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_idx(plain, 3)
    assert (found.path, found.values.tolist()) == (plain, VALUES.tolist())


def test_the_remedy_names_every_damaged_file(plain):
    plain.write_bytes(idx_bytes(VALUES)[:40])
    packed(plain).write_bytes(packed(plain).read_bytes()[:-9])
    with pytest.raises(DataError) as caught:
        read_idx(plain, 3)
    assert f"delete {plain} and {packed(plain)}, and Fashion-MNIST is downloaded again" in str(
        caught.value
    )


def test_a_folder_in_the_place_of_a_file(plain):
    plain.unlink()
    plain.mkdir()
    with pytest.warns(UserWarning, match="is not a file"):
        assert read_idx(plain, 3).values.tolist() == VALUES.tolist()
    packed(plain).unlink()
    with pytest.raises(DataError, match="is not a file; delete"):
        read_idx(plain, 3)


def test_sizes_that_overflow_are_no_sizes(plain):
    """2**32 * 2**32 / ... is 0 in 64 bits, and so is what the file holds."""
    shape = (2**31).to_bytes(4, "big") * 2 + (4).to_bytes(4, "big")
    plain.write_bytes(bytes((0, 0, 8, 3)) + shape)
    packed(plain).unlink()
    with pytest.raises(DataError, match=f"holds 0 values where its header promises {2**64}"):
        read_idx(plain, 3)


def test_what_unpacks_to_far_more_than_any_data_set_is_not_unpacked(plain, monkeypatch):
    monkeypatch.setattr(idx, "_MOST_BYTES", 50)
    with pytest.raises(DataError, match=r"holds over 50 bytes; .*unpacks to over 50 bytes"):
        read_idx(plain, 3)
