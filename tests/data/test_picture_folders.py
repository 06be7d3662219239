"""Folders of pictures by class, beside torchvision's ImageFolder."""

import warnings

import numpy as np
import pytest
from PIL import Image

from snnviz.data import load_dataset, luma, picture_folder
from snnviz.errors import ConfigError, DataError

CLASSES = {"cat": 3, "ant": 2, "dog": 2}


def save(path, rng, size=(5, 7), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = size if mode == "L" else (*size, 3)
    Image.fromarray(rng.integers(0, 256, shape, np.uint8)).save(path)
    return path


@pytest.fixture
def root(tmp_path, rng):
    """Seven pictures of three classes, beside what is no picture."""
    for name, count in CLASSES.items():
        for n in range(count):
            save(tmp_path / "set" / name / f"{count - n}.png", rng)
    (tmp_path / "set" / "cat" / "Thumbs.db").write_bytes(b"no picture")
    (tmp_path / "set" / "cat" / ".hidden.png").write_bytes(b"no picture")
    (tmp_path / "set" / ".cache").mkdir()
    (tmp_path / "set" / "notes.txt").write_text("about")
    return tmp_path / "set"


def test_classes_and_order_are_those_of_image_folder(root):
    from torchvision.datasets import ImageFolder

    (root / "cat" / ".hidden.png").unlink()
    (root / ".cache").rmdir()
    theirs = ImageFolder(root)
    ours = load_dataset(str(root), "test", root)
    assert ours.name == str(root)
    assert ours.classes == tuple(theirs.classes) == ("ant", "cat", "dog")
    assert ours.labels.tolist() == theirs.targets == [0, 0, 1, 1, 1, 2, 2]
    for image, (picture, _) in zip(ours.images, theirs, strict=True):
        assert np.array_equal(image, np.asarray(picture).transpose(2, 0, 1))


def test_parts_follow_the_split_and_number_their_classes_alike(tmp_path, rng):
    for part, names in (("train", "abc"), ("test", "ac")):
        for name in names:
            save(tmp_path / part / name / "0.png", rng, mode="L")
    train = load_dataset(str(tmp_path), "train", tmp_path)
    assert (train.labels.tolist(), train.classes) == ([0, 1, 2], ("a", "b", "c"))
    with pytest.warns(UserWarning, match="test has no pictures of b"):
        test = load_dataset(str(tmp_path), "test", tmp_path)
    assert (test.labels.tolist(), test.classes) == ([0, 2], ("a", "b", "c"))
    assert not np.array_equal(train.images[0], test.images[0])


def test_a_part_for_validation_stands_for_the_test_and_none_is_refused(tmp_path, rng):
    save(tmp_path / "train" / "a" / "0.png", rng)
    with pytest.raises(DataError, match="has no folder test, it has train; choose the other"):
        picture_folder(tmp_path, "test")
    save(tmp_path / "val" / "a" / "1.png", rng)
    with pytest.warns(UserWarning, match="no folder test: val is taken as it"):
        assert [path.name for path in picture_folder(tmp_path, "test").paths] == ["1.png"]


def test_a_set_without_parts_says_so_to_who_trains(root):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture_folder(root, "test")
    with pytest.warns(UserWarning, match="all its pictures are in both"):
        assert len(picture_folder(root, "train")) == 7


def test_grey_pictures_are_grey_and_one_in_colour_makes_all_so(tmp_path, rng):
    grey = save(tmp_path / "a" / "0.png", rng, mode="L")
    images = load_dataset(str(tmp_path), "test", tmp_path)
    assert images.shape == (1, 5, 7)
    colour = save(tmp_path / "b" / "0.png", rng)
    images = load_dataset(str(tmp_path), "test", tmp_path)
    assert images.shape == (3, 5, 7)
    levels = np.asarray(Image.open(grey))
    assert np.array_equal(images.images[0], np.stack([levels] * 3))
    asked = load_dataset(str(tmp_path), "test", tmp_path, channels=1)
    assert np.array_equal(asked.images[1], np.asarray(Image.open(colour).convert("L")))
    with pytest.raises(ConfigError, match="images of 2 channels"):
        load_dataset(str(tmp_path), "test", tmp_path, channels=2)


def test_pictures_of_two_sizes_need_one_to_be_scaled_to(root, rng):
    from torchvision.transforms import Resize

    odd = save(root / "dog" / "9.png", rng, (6, 7))
    with pytest.raises(DataError, match=r"9\.png is 6 x 7 pixels, .*1\.png 5 x 7; choose"):
        load_dataset(str(root), "test", root)
    images = load_dataset(str(root), "test", root, size=(4, 9))
    assert images.shape == (3, 4, 9)
    scaled = np.asarray(Resize((4, 9))(Image.open(odd)))
    assert np.array_equal(images.images[-1], scaled.transpose(2, 0, 1))
    for size in ((0, 4), (4, 20_000)):
        with pytest.raises(ConfigError, match="height and width must be in 1 to 10000"):
            load_dataset(str(root), "test", root, size=size)


def test_single_samples_are_read_when_they_are_asked_for(root, rng):
    save(root / "dog" / "9.png", rng, (6, 8))
    (root / "ant" / "1.png").write_bytes(b"broken")
    folder = picture_folder(root)
    last, second = folder.samples([7, 1])
    assert (last.index, last.label, last.class_name, last.source) == (7, 2, "dog", "9.png")
    assert last.channels.shape == (3, 6, 8)
    assert np.array_equal(last.image, luma(last.colour))
    assert second.index == 1
    with pytest.raises(DataError, match=r"cannot open .*ant/1\.png"):
        next(folder.samples([0]))


def test_of_a_set_in_order_some_are_taken_evenly(root):
    whole = load_dataset(str(root), "test", root)
    with pytest.warns(UserWarning, match=r"in the order of its classes: 3 of its 7 images"):
        some = load_dataset(str(root), "test", root, count=3)
    assert some.labels.tolist() == [0, 1, 1]
    assert np.array_equal(some.images, whole.images[[0, 2, 4]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(load_dataset(str(root), "test", root, count=6)) == 6  # all three classes
        assert len(load_dataset(str(root), "test", root, count=7)) == 7
    for count in (0, 8):
        with pytest.raises(ConfigError, match=f"cannot take {count} of 7 images"):
            load_dataset(str(root), "test", root, count=count)


def test_pictures_in_no_folder_have_no_labels(tmp_path, rng):
    for n in range(2):
        save(tmp_path / f"{n}.png", rng)
    (tmp_path / "empty").mkdir()
    with pytest.warns(UserWarning, match="in no folders of classes: they have no labels"):
        images = load_dataset(str(tmp_path), "test", tmp_path)
    assert (len(images), images.labels, images.classes) == (2, None, ())
    save(tmp_path / "empty" / "2.png", rng)
    with pytest.warns(UserWarning, match=r"2 pictures in no folder of a class, such as 0\.png"):
        assert len(picture_folder(tmp_path)) == 1


def test_a_folder_without_pictures_is_refused(tmp_path):
    (tmp_path / "MNIST").mkdir()
    (tmp_path / "MNIST" / "train.bin").write_bytes(b"x")
    with pytest.raises(DataError, match=r"no pictures in .* put those of each class into a folder"):
        load_dataset(str(tmp_path), "test", tmp_path)


def test_large_pictures_are_scaled_down_as_others_are(tmp_path, rng):
    save(tmp_path / "a" / "0.png", rng, (30, 60))
    with pytest.warns(UserWarning, match="scaled down to 20 pixels on the longest side"):
        images = load_dataset(str(tmp_path), "test", tmp_path, max_side=20)
    assert images.shape == (3, 10, 20)
