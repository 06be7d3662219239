"""Whose files lie in the place of Fashion-MNIST's: published ones, their beginning, another set."""

import gzip
import struct
import warnings

import numpy as np
import pytest

from snnviz.cli import main
from snnviz.data import fashion_mnist, published
from snnviz.data.fashion_mnist import CLASSES
from snnviz.errors import DataError

# As Yann LeCun's page and every textbook show them: the first digits of MNIST.
MNIST_TRAIN = (5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5)
MNIST_TEST = (7, 2, 1, 0, 4, 1, 4, 9, 5, 9, 0, 6)


def idx_bytes(array):
    array = np.asarray(array, np.uint8)
    return struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_split(folder, prefix, images, labels):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{prefix}-images-idx3-ubyte").write_bytes(idx_bytes(images))
    (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(idx_bytes(labels))


@pytest.fixture
def digits(tmp_path, rng):
    """A folder with twelve "digits" of each split where Fashion-MNIST is looked for."""
    for prefix, labels in (("train", MNIST_TRAIN), ("t10k", MNIST_TEST)):
        images = rng.integers(0, 256, (12, 28, 28), np.uint8)
        write_split(tmp_path / "FashionMNIST" / "raw", prefix, images, labels)
    return tmp_path


@pytest.mark.parametrize("count", [1, 5, 40, None])
def test_the_published_files_and_their_beginning_are_fashion_mnist(count, data_dir, tmp_path):
    for split, prefix in (("test", "t10k"), ("train", "train")):
        whole = fashion_mnist(data_dir, split)
        if count is None:
            assert (whole.name, whole.classes) == ("fashion-mnist", CLASSES)
            continue
        write_split(tmp_path, prefix, whole.images[:count], whole.labels[:count])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            few = fashion_mnist(tmp_path, split)
        assert (few.name, few.classes, len(few)) == ("fashion-mnist", CLASSES, count)


def test_published_images_with_other_labels_are_not(data_dir, tmp_path):
    whole = fashion_mnist(data_dir)
    write_split(tmp_path, "t10k", whole.images[:4], (whole.labels[:4] + 1) % 10)
    with pytest.warns(UserWarning, match="not Fashion-MNIST as published"):
        assert fashion_mnist(tmp_path).name == "not fashion-mnist"
    changed = whole.images.copy()
    changed[77, 5, 5] ^= 1
    write_split(tmp_path, "t10k", changed, whole.labels)
    with pytest.warns(UserWarning, match="by their checksums"):
        assert fashion_mnist(tmp_path).name == "not fashion-mnist"


@pytest.mark.parametrize("split", ["train", "test"])
def test_digits_are_called_digits(split, digits):
    with pytest.warns(UserWarning, match="not Fashion-MNIST as published but MNIST"):
        found = fashion_mnist(digits, split)
    assert found.name == "mnist"
    label = {"train": "5", "test": "7"}[split]
    assert next(found.samples([0])).class_name == label, "and no garment"


def test_a_whole_set_is_known_by_its_checksums(digits, monkeypatch):
    """Not by its first labels only: with the sums of these very files."""
    raw = digits / "FashionMNIST" / "raw"
    images, labels = (raw / f"t10k-{kind}-ubyte" for kind in ("images-idx3", "labels-idx1"))
    sums = [published.md5(path.read_bytes()).hexdigest() for path in (images, labels)]
    known = published._Published(*sums, "0", 12)
    monkeypatch.setitem(published._SUMS, "kindred", {"test": known, "train": known})
    with pytest.warns(UserWarning, match="but KINDRED"):
        assert fashion_mnist(digits).name == "kindred"


@pytest.mark.parametrize("unpacked", [True, False])
def test_another_set_is_known_by_its_packed_labels(unpacked, tmp_path, monkeypatch):
    labels = tmp_path / "t10k-labels-idx1-ubyte"
    write_split(tmp_path, "t10k", np.zeros((3, 28, 28)), [2, 0, 1])
    packed = gzip.compress(labels.read_bytes())
    labels.with_name(labels.name + ".gz").write_bytes(packed)
    if not unpacked:
        labels.unlink()
    monkeypatch.setitem(published._PACKED_LABELS, published.md5(packed).hexdigest(), "kmnist")
    with pytest.warns(UserWarning, match="but KMNIST"):
        assert fashion_mnist(tmp_path).name == "kmnist"


def test_the_manifest_names_the_digits_and_one_line_says_so(digits, capsys, tmp_path):
    with pytest.raises(SystemExit) as ended:
        main(["visualize", "-T", "2", "--data-dir", str(digits), "--out-dir", str(tmp_path / "o")])
    assert ended.value.code == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert "but MNIST" in line
    manifest = (tmp_path / "o" / "manifest.json").read_text()
    assert '"dataset": "mnist"' in manifest
    assert not any(name in manifest for name in (*CLASSES, "fashion"))


def test_a_training_on_digits_goes_on_with_them(digits, capsys, tmp_path):
    """Their name is no choice of --dataset; the run to go on with still finds them."""
    options = ["train", "-T", "1", "-channels", "2", "-b", "4", "-device", "cpu", "-q"]
    options += ["--data-dir", str(digits), "--out-dir", str(tmp_path / "logs"), "--n-images", "8"]
    with pytest.raises(SystemExit) as ended:
        main([*options, "-epochs", "1"])
    assert ended.value.code == 0
    (run,) = (tmp_path / "logs").iterdir()
    assert '"train_set": "mnist"' in (run / "config.json").read_text()
    with pytest.raises(SystemExit) as ended:
        main(["train", "-resume", str(run), "-epochs", "2", "-device", "cpu"])
    output = capsys.readouterr()
    assert ended.value.code == 0, output.err
    assert "epoch=1" in output.out
    assert '"n_images": 8' in (run / "config.json").read_text()


def test_labels_of_another_number_are_named_with_a_remedy(digits):
    raw = digits / "FashionMNIST" / "raw"
    (raw / "t10k-labels-idx1-ubyte").write_bytes(idx_bytes(np.arange(4)))
    with pytest.raises(DataError, match=r"12 images but 4 labels .*; delete both"):
        fashion_mnist(digits)


def test_labels_of_another_data_set_are_one_line(tmp_path):
    """The error says it all: no note on the name of a set that there is not."""
    write_split(tmp_path / "FashionMNIST" / "raw", "t10k", np.zeros((3, 28, 28)), [0, 255, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DataError, match="there is a label 255 and 10 classes"):
            fashion_mnist(tmp_path, "test", download=False)
