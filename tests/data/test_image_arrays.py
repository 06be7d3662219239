"""Images from `.npy` and `.npz` files: names, axes, levels, and files that are none."""

import pickle
import struct
import warnings
import zipfile

import numpy as np
import pytest

from snnviz.data import load_dataset, load_image_arrays
from snnviz.errors import DataError, SnnvizError


@pytest.fixture
def colours(rng):
    return rng.integers(2, 256, (5, 3, 4, 6), np.uint8)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "set.npz"


@pytest.mark.parametrize(
    ("images", "labels"),
    [("images", "labels"), ("x", "y"), ("data", "targets"), ("X", "Y"), ("x_test", "y_test"),
     ("test_images", "test_labels"), ("X_test", "y_test")],
)  # fmt: skip
def test_arrays_are_found_by_their_names(images, labels, path, colours):
    np.savez_compressed(path, **{labels: np.arange(5)[::-1], images: colours[:, 0]})
    found = load_image_arrays(path, "test")
    assert np.array_equal(found.images, colours[:, 0])
    assert found.labels.tolist() == [4, 3, 2, 1, 0]
    assert found.classes == ("0", "1", "2", "3", "4")
    assert found.name == str(path)


def test_keras_like_names_follow_the_split(path, colours):
    np.savez(path, x_train=colours[:3, 0], y_train=[[1], [2], [3]], x_test=colours[3:, 1],
             y_test=[0, 9], classes=[f"c{n}" for n in range(10)])  # fmt: skip
    train, test = (load_dataset(str(path), split, path) for split in ("train", "test"))
    assert np.array_equal(train.images, colours[:3, 0])
    assert np.array_equal(test.images, colours[3:, 1])
    assert (train.labels.tolist(), test.labels.tolist()) == ([1, 2, 3], [0, 9])
    assert test.classes[9] == "c9"
    np.savez(path, x_train=colours[:3, 0])
    with pytest.raises(DataError, match="no images to test, it has x_train; choose the split"):
        load_image_arrays(path, "test")


@pytest.mark.filterwarnings("error")
def test_where_nothing_is_assumed_nothing_is_said(path, colours):
    np.savez(path, images=colours[:, 0])
    assert load_image_arrays(path).labels is None


def test_a_file_without_parts_says_so_to_who_trains(path, colours):
    np.savez(path, images=colours[:, 0])
    with pytest.warns(UserWarning, match="no parts to train and to test"):
        load_image_arrays(path, "train")


@pytest.mark.parametrize("form", ["npz", "npy"])
def test_which_axes_are_taken_for_which_is_said(form, tmp_path, colours):
    path = tmp_path / f"x.{form}"
    save = np.save if form == "npy" else np.savez
    save(path, colours.transpose(0, 2, 3, 1))
    with pytest.warns(UserWarning, match=r"x\.np. ?.*\[5, 4, 6, 3\] is read as \[N, H, W, C\]: 5 images of 4 x 6"):  # noqa: E501  # fmt: skip
        assert np.array_equal(load_image_arrays(path).images, colours)
    save(path, colours)
    with pytest.warns(UserWarning, match=r"\[5, 3, 4, 6\] is read as \[N, C, H, W\]: 5 images"):
        assert np.array_equal(load_image_arrays(path).images, colours)
    save(path, colours[:, :, :3, :3])
    with pytest.warns(UserWarning, match=r"\[N, C, H, W\], not as \[N, H, W, C\]"):
        assert np.array_equal(load_image_arrays(path).images, colours[:, :, :3, :3])
    save(path, colours[:, :1].transpose(0, 2, 3, 1))
    with pytest.warns(UserWarning, match=r"\[5, 4, 6, 1\] .* grey"):
        assert np.array_equal(load_image_arrays(path).images, colours[:, 0])
    save(path, colours[0])
    with pytest.warns(UserWarning, match=r"\[3, 4, 6\] is read as \[N, H, W\]: 3 images .* grey"):
        assert load_image_arrays(path).channels == 1


@pytest.mark.filterwarnings("ignore:.* is read as")
def test_floats_become_bytes_and_what_is_rounded_is_said(path, colours):
    for dtype in (np.float32, np.float64):
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "its floats")
            np.savez(path, images=colours.astype(dtype) / dtype(255))
            assert np.array_equal(load_image_arrays(path).images, colours)
    np.savez(path, images=np.full((2, 4, 4), 0.7))
    with pytest.warns(UserWarning, match="floats are rounded to the 256 levels"):
        assert (load_image_arrays(path).images == np.rint(0.7 * 255)).all()
    np.savez(path, images=colours[:, 0] > 100)
    assert np.array_equal(load_image_arrays(path).images, (colours[:, 0] > 100) * np.uint8(255))
    np.savez(path, images=(colours[:, 0] > 100).astype(np.uint8))
    with pytest.warns(UserWarning, match="its bytes are 0 and 1, of 255 levels: nearly black"):
        assert load_image_arrays(path).images.max() == 1


@pytest.mark.filterwarnings("ignore:.* is read as")
@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"images": np.full((2, 4, 4), 1.01)}, r"floats must be in \[0, 1\], got 0 to 1.01"),
        ({"images": np.full((2, 4, 4), np.nan)}, r"floats must be in \[0, 1\]"),
        ({"images": np.full((2, 4, 4), -0.5)}, "got -0.5 to 0"),
        ({"images": np.zeros((2, 4, 4), np.int64)}, "got int64; convert them"),
        ({"images": np.zeros((2, 16), np.uint8)}, r"images must be .* got \[2, 16\]; reshape"),
        ({"images": np.zeros((2, 4, 5, 4), np.uint8)}, r"got \[2, 4, 5, 4\]; reshape"),
        ({"images": np.zeros((2, 5, 2, 4, 4), np.uint8)}, "may be event frames"),
        ({"frames": np.zeros((5, 2, 4, 4))}, "holds event frames"),
        ({"images": np.zeros((0, 4, 4), np.uint8)}, r"holds an array of no images, \[0, 4, 4\]"),
        ({"a": np.zeros(3), "b": np.zeros(3)}, "holds a, b, none of which is called images, x"),
        ({"x": np.zeros((2, 4, 4), np.uint8), "y": np.arange(3)}, "2 images but 3 labels"),
        ({"x": np.zeros((2, 4, 4), np.uint8), "y": np.array([-1, 0])}, "labels must be whole"),
        ({"x": np.zeros((2, 4, 4), np.uint8), "y": np.eye(2)}, r"y must be whole numbers \[N\]"),
        ({"x": np.zeros((2, 4, 4), np.uint8), "y": np.array([0, 2**40])}, "at most 100000 classes"),
        (
            {"x": np.zeros((2, 4, 4), np.uint8), "y": np.arange(2), "classes": np.array(["a"])},
            "a label 1 and 1 classes",
        ),
        (
            {"x": np.zeros((2, 4, 4), np.uint8), "y": np.arange(2), "classes": np.arange(2)},
            r"classes must be text \[classes\], got int64",
        ),
    ],
)
def test_what_is_no_labelled_images_is_refused_in_one_line(arrays, told, path):
    np.savez(path, **arrays)
    with pytest.raises(DataError, match=told) as caught:
        load_image_arrays(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_names_of_arrays_do_not_break_the_line(path):
    np.savez(path, **{f"a\nb{n}": np.zeros(3) for n in range(500)})
    with pytest.raises(DataError, match=r"holds a b0, a b1, .*, \.\.\., none of which") as caught:
        load_image_arrays(path)
    assert len(str(caught.value)) < 300 + len(str(path))


class Malicious:
    def __reduce__(self):
        return (exec, ("raise SystemExit('code of the file ran')",))


def test_pickled_objects_are_never_read(tmp_path):
    objects = np.array([Malicious(), None], object)
    np.save(tmp_path / "a.npy", objects)
    np.savez(tmp_path / "b.npz", images=objects)
    (tmp_path / "c.npy").write_bytes(pickle.dumps(Malicious()))
    for name, told in (("a.npy", "pickled"), ("b.npz", "pickled"), ("c.npy", "neither an .npy")):
        with pytest.raises(DataError, match=told):
            load_image_arrays(tmp_path / name)


def test_broken_files_are_named(tmp_path, colours):
    for name, save in (("a.npy", np.save), ("a.npz", np.savez_compressed)):
        path = tmp_path / name
        save(path, colours[:, 0])
        whole = path.read_bytes()
        for cut in (0, 1, 5, 30, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:cut])
            with pytest.raises(DataError, match=name):
                load_image_arrays(path)
        path.write_bytes(whole[:-90] + b"\xff" * 30 + whole[-60:])
        try:
            load_image_arrays(path)  # pixels of an .npy may be anything
        except SnnvizError as error:
            assert name in str(error)  # noqa: PT017
    with pytest.raises(DataError, match=r"missing\.npz: No such file"):
        load_image_arrays(tmp_path / "missing.npz")


def test_what_a_header_promises_is_looked_at_before_memory_is_taken(tmp_path):
    path = tmp_path / "bomb.npy"
    header = "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000, 10000, 10000), }"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header.encode() + b"\n"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"promises 100000000000000 bytes and .* are there"):
        load_image_arrays(path)
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w") as archive:
        archive.writestr("images.npy", content)
    with pytest.raises(DataError, match="promises 100000000000000 bytes"):
        load_image_arrays(tmp_path / "bomb.npz")


def test_arrays_in_columns_are_read_as_they_are(tmp_path, colours):
    np.save(tmp_path / "x.npy", np.asfortranarray(colours[:, 0]))
    assert np.array_equal(load_image_arrays(tmp_path / "x.npy").images, colours[:, 0])
