"""Data sets and pictures as files on disk, good and bad."""

import gzip
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from snnviz.data import (
    ImageSet,
    choose_indices,
    fashion_mnist,
    load_dataset,
    load_picture,
    load_pictures,
    to_input,
)
from snnviz.errors import ConfigError, DataError


def write_idx(path, array):
    header = struct.pack(">4B", 0, 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(header + array.tobytes())


@pytest.fixture
def raw(tmp_path, rng):
    """A folder like Fashion-MNIST's with 5 images of 3 x 4."""
    folder = tmp_path / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    for prefix in ("train", "t10k"):
        write_idx(folder / f"{prefix}-images-idx3-ubyte", rng.integers(0, 256, (5, 3, 4), np.uint8))
        write_idx(folder / f"{prefix}-labels-idx1-ubyte", np.arange(5, dtype=np.uint8))
    return folder


@pytest.fixture
def no_network(monkeypatch):
    """Any attempt to reach another machine fails at once."""

    def refuse(*_args, **_kwargs):
        raise OSError("no network in tests")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


def test_real_images_are_what_torchvision_reads(data_dir):
    from torchvision.datasets import FashionMNIST
    from torchvision.transforms import ToTensor

    if len(list((data_dir / "FashionMNIST" / "raw").glob("*-ubyte"))) < 4:
        pytest.skip("torchvision reads unpacked files only")
    for split, total in (("test", 10_000), ("train", 60_000)):
        ours = fashion_mnist(data_dir, split)
        theirs = FashionMNIST(data_dir, train=split == "train", transform=ToTensor())
        assert len(ours) == len(theirs) == total
        assert ours.classes == tuple(theirs.classes)
        assert np.array_equal(ours.labels, theirs.targets.numpy())
        for index in (0, 1, total - 1):
            assert torch.equal(torch.from_numpy(ours.batch([index]))[0], theirs[index][0])


@pytest.mark.parametrize("place", ["root", "FashionMNIST", "raw"])
def test_the_folder_may_be_named_at_any_depth(raw, place):
    root = {"root": raw.parents[1], "FashionMNIST": raw.parent, "raw": raw}[place]
    images = fashion_mnist(root)
    assert images.images.shape == (5, 3, 4)
    assert images.labels.tolist() == [0, 1, 2, 3, 4]


def test_gzipped_files_are_read(raw):
    plain = fashion_mnist(raw)
    for path in list(raw.iterdir()):
        path.with_suffix(".gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert np.array_equal(fashion_mnist(raw, download=False).images, plain.images)


def test_broken_files_are_named(raw):
    images = raw / "t10k-images-idx3-ubyte"
    whole = images.read_bytes()
    for broken in (b"", whole[:3], whole[:10], whole[:-1], whole + b"x", b"\x89PNG" + whole[4:]):
        images.write_bytes(broken)
        with pytest.raises(DataError, match="t10k-images-idx3-ubyte"):
            fashion_mnist(raw)
    images.write_bytes(whole)
    write_idx(raw / "t10k-labels-idx1-ubyte", np.arange(4, dtype=np.uint8))
    with pytest.raises(DataError, match="5 images but 4 labels"):
        fashion_mnist(raw)
    packed = images.with_suffix(".gz")
    images.unlink()
    good = gzip.compress(whole)
    for broken in (good[:-6], good[:10] + b"\xff" * 20 + good[30:], b"no gzip"):
        packed.write_bytes(broken)
        with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte\.gz"):
            fashion_mnist(raw)


@pytest.mark.parametrize(
    ("images", "labels", "found"),
    [
        ((5, 12), (5,), "images-idx3-ubyte holds an array of 2 dimensions .* has 3"),
        ((5, 3, 4), (5, 1), "labels-idx1-ubyte holds an array of 2 dimensions .* has 1"),
        ((1,) * 60, (5,), "images-idx3-ubyte holds an array of 60 dimensions .* has 3"),
    ],
)
def test_arrays_of_other_dimensions_are_not_fashion_mnist(images, labels, found, raw):
    write_idx(raw / "t10k-images-idx3-ubyte", np.zeros(images, np.uint8))
    write_idx(raw / "t10k-labels-idx1-ubyte", np.zeros(labels, np.uint8))
    with pytest.raises(DataError, match=found):
        fashion_mnist(raw)


def test_a_split_without_images_or_of_another_name_is_refused(raw):
    write_idx(raw / "t10k-images-idx3-ubyte", np.zeros((0, 28, 28), np.uint8))
    write_idx(raw / "t10k-labels-idx1-ubyte", np.zeros(0, np.uint8))
    with pytest.raises(DataError, match="no images of the test split"):
        fashion_mnist(raw)
    with pytest.raises(ConfigError, match="no split 'dev'; choose one of train, test"):
        fashion_mnist(raw, "dev")


def test_without_files_and_network_the_error_names_the_ways_out(tmp_path, no_network):  # noqa: ARG001
    with pytest.raises(DataError) as caught:
        fashion_mnist(tmp_path)
    message = str(caught.value)
    for way in (
        str(tmp_path / "FashionMNIST" / "raw"),
        "`root`",
        "`garments()`",
        "`load_picture()`",
    ):
        assert way in message
    assert "\n" not in message
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DataError):
        fashion_mnist(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DataError, match="is not there"):
        fashion_mnist(tmp_path, download=False)


def test_of_two_that_download_one_does_and_neither_reads_half_a_file(raw, tmp_path, monkeypatch):
    """Ranks, or two commands: torchvision writes files bit by bit under their own names."""
    roots = []

    class Slow:
        def __init__(self, root, download):
            assert download
            roots.append(Path(root))
            folder = Path(root) / "FashionMNIST" / "raw"
            folder.mkdir(parents=True)
            for path in raw.iterdir():
                data = path.read_bytes()
                (folder / path.name).write_bytes(data[:7])
                time.sleep(0.05)
                (folder / path.name).write_bytes(data)

    monkeypatch.setattr("torchvision.datasets.FashionMNIST", Slow)
    new = tmp_path / "new"
    with ThreadPoolExecutor(3) as pool:
        sets = list(pool.map(fashion_mnist, [new] * 3, ["test", "train", "test"]))
    assert len(roots) == 1
    for ours, split in zip(sets, ["test", "train", "test"], strict=True):
        expected = fashion_mnist(raw, split)
        assert np.array_equal(ours.images, expected.images)
        assert np.array_equal(ours.labels, expected.labels)
    names = {path.name for path in (new / "FashionMNIST" / "raw").iterdir()}
    assert names == {path.name for path in raw.iterdir()}, "and nothing else stays"


def test_load_dataset_by_name(raw):
    assert len(load_dataset("fashion-mnist", "test", raw, count=2)) == 2
    assert len(load_dataset("garments", "train", Path("nowhere"), count=7)) == 7
    with pytest.raises(ConfigError, match=r"no data set, folder or file 'emnist2'; did you mean"):
        load_dataset("emnist2", "test", raw)
    for split, most in (("test", 10_000), ("train", 60_000)):
        with pytest.raises(ConfigError, match=f"{most + 1} of {most} garments"):
            load_dataset("garments", split, Path("nowhere"), count=most + 1)
        with pytest.raises(ConfigError, match=f"choose 1 to {most}"):
            load_dataset("garments", split, Path("nowhere"), count=10**21)
    with pytest.raises(ConfigError, match="6 of 5"):
        load_dataset("fashion-mnist", "test", raw, count=6)


def test_scaling_is_exact_for_every_byte():
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    expected = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16).float().div(255)
    assert np.array_equal(to_input(levels), expected.numpy())


@given(total=st.integers(1, 50), data=st.data())
def test_choosing(total, data):
    count = data.draw(st.integers(1, total))
    assert choose_indices(total, count) == list(range(count))
    assert choose_indices(total, None) == list(range(total))
    seed = data.draw(st.integers(0, 1000))
    drawn = choose_indices(total, count, shuffle=True, seed=seed)
    assert len(set(drawn)) == count
    assert choose_indices(total, total, shuffle=True, seed=seed)[:count] == drawn
    assert sorted(choose_indices(total, None, shuffle=True, seed=seed)) == list(range(total))
    assert choose_indices(total, None, indices=[count - 1, 0, count - 1]) == list(
        dict.fromkeys([count - 1, 0])
    )


def test_impossible_choices():
    for index in (10, -1):
        with pytest.raises(ConfigError, match=rf"index {index} .*0 to 9"):
            choose_indices(10, 2, indices=[0, index])
    for count in (0, 11):
        with pytest.raises(ConfigError, match=f"{count} of 10"):
            choose_indices(10, count)


def test_arrays_that_do_not_belong_together():
    with pytest.raises(DataError, match="uint8"):
        ImageSet("x", np.zeros((2, 3, 4), np.float32))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="2 images but 3 labels"):
        ImageSet("x", np.zeros((2, 3, 4), np.uint8), np.zeros(3, np.uint8))
    labels = np.array([1, 2], np.uint8)
    assert len(ImageSet("x", np.zeros((2, 3, 4), np.uint8), labels, ("a", "b", "c"))) == 2
    with pytest.raises(DataError, match="a label 2 and 2 classes, 0 to 1"):
        ImageSet("x", np.zeros((2, 3, 4), np.uint8), labels, ("a", "b"))


LEVELS = np.array([[0, 100, 255], [7, 8, 9]], np.uint8)


@pytest.mark.parametrize(
    "picture",
    [
        Image.fromarray(LEVELS),
        Image.fromarray(np.stack([LEVELS] * 3, axis=-1)),
        Image.fromarray(np.dstack([LEVELS, np.full_like(LEVELS, 255)])),
        Image.fromarray(np.dstack([np.full_like(LEVELS, 255)] * 3 + [LEVELS])),
        Image.fromarray(LEVELS.astype(np.uint16) * 257),
        Image.fromarray(LEVELS.astype(np.int32) * 257),
    ],
    ids=["grey", "RGB", "grey and alpha", "white behind alpha", "16 bits", "32 bits"],
)
def test_pictures_become_grey_levels(picture, tmp_path):
    path = tmp_path / ("picture.tiff" if picture.mode == "I" else "picture.png")
    picture.save(path)
    assert np.array_equal(load_picture(path), LEVELS)


def test_pixels_that_are_no_numbers_do_not_darken_the_others(tmp_path):
    levels = np.array([[0, 0.2, np.nan], [np.inf, 1, -np.inf]], np.float32)
    Image.fromarray(levels).save(tmp_path / "measured.tiff")
    assert load_picture(tmp_path / "measured.tiff").tolist() == [[0, 51, 0], [255, 255, 0]]


def test_a_picture_without_any_number_is_refused(tmp_path):
    Image.fromarray(np.full((2, 3), np.nan, np.float32)).save(tmp_path / "empty.tiff")
    with pytest.raises(DataError, match=r"empty\.tiff: all its pixels are NaN"):
        load_picture(tmp_path / "empty.tiff")


def test_a_picture_is_turned_upright_and_of_an_animation_the_first_frame_is_taken(tmp_path):
    picture = Image.fromarray(np.arange(48, dtype=np.uint8).reshape(6, 8) * 5)
    exif = Image.Exif()
    exif[0x0112] = 6  # taken with the camera turned
    picture.save(tmp_path / "turned.png", exif=exif)
    assert load_picture(tmp_path / "turned.png").shape == (8, 6)
    white = Image.new("L", (8, 6), 255)
    picture.save(tmp_path / "moving.gif", save_all=True, append_images=[white])
    assert np.array_equal(load_picture(tmp_path / "moving.gif"), np.asarray(picture))


def test_a_large_picture_is_scaled_down(tmp_path):
    Image.new("L", (400, 100), 50).save(tmp_path / "wide.png")
    assert load_picture(tmp_path / "wide.png").shape == (64, 256)
    assert load_picture(tmp_path / "wide.png", max_side=40).shape == (10, 40)
    assert load_picture(tmp_path / "wide.png", max_side=400).shape == (100, 400)
    with pytest.raises(ConfigError, match="at least 1"):
        load_picture(tmp_path / "wide.png", max_side=0)


def test_files_that_are_no_pictures_are_named(tmp_path):
    good = tmp_path / "good.png"
    Image.fromarray(LEVELS).save(good)
    cases = {
        "text.png": b"hello",
        "empty.png": b"",
        "cut.png": good.read_bytes()[:-30],
        "huge.bmp": struct.pack(
            "<2sIHHIIiiHHIIiiII", b"BM", 54, 0, 0, 54, 40, 60000, 60000, 1, 24, 0, 0, 0, 0, 0, 0
        ),
    }
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=name):
            load_picture(tmp_path / name)
    for missing in (tmp_path / "missing.png", tmp_path):
        with pytest.raises(DataError, match="cannot open"):
            load_picture(missing)


def test_pictures_are_numbered_and_know_their_file(tmp_path):
    for name in ("b.png", "a.png"):
        Image.fromarray(LEVELS).save(tmp_path / name)
    samples = load_pictures([tmp_path / "b.png", tmp_path / "a.png"])
    assert [(s.index, s.source, s.label) for s in samples] == [
        (0, "b.png", None),
        (1, "a.png", None),
    ]
