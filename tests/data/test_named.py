"""Torchvision's sets by name: tiny files in the sets' own formats, beside torchvision."""

import bz2
import pickle
import socket
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from snnviz.data import DATASETS, load_dataset
from snnviz.data.named import NAMED
from snnviz.errors import DataError

COUNTS = {"train": 6, "test": 4}


def write_idx(path, array, kind=8):
    path.parent.mkdir(parents=True, exist_ok=True)
    header = struct.pack(">4B", 0, 0, kind, array.ndim) + struct.pack(
        f">{array.ndim}I", *array.shape
    )
    path.write_bytes(header + array.tobytes())


def grey(rng, split):
    return rng.integers(0, 256, (COUNTS[split], 5, 7), np.uint8)


def mnist(root, rng, name):
    for split, prefix in (("train", "train"), ("test", "t10k")):
        raw = root / name / "raw"
        write_idx(raw / f"{prefix}-images-idx3-ubyte", grey(rng, split))
        write_idx(raw / f"{prefix}-labels-idx1-ubyte", rng.integers(0, 10, COUNTS[split], np.uint8))


def emnist(root, rng, name):
    for split, count in COUNTS.items():
        raw = root / name / "raw"
        write_idx(raw / f"emnist-balanced-{split}-images-idx3-ubyte", grey(rng, split))
        write_idx(
            raw / f"emnist-balanced-{split}-labels-idx1-ubyte",
            rng.integers(0, 47, count, np.uint8),
        )


def qmnist(root, rng, name):
    for split, count in COUNTS.items():
        raw = root / name / "raw"
        write_idx(raw / f"qmnist-{split}-images-idx3-ubyte", grey(rng, split))
        labels = rng.integers(0, 10, (count, 8)).astype(">i4")
        write_idx(raw / f"qmnist-{split}-labels-idx2-int", labels, kind=12)


def cifar(root, rng, name):
    fine = name == "CIFAR100"
    folder = root / ("cifar-100-python" if fine else "cifar-10-batches-py")
    folder.mkdir()
    for file in ["train", "test"] if fine else [*(f"data_batch_{n}" for n in range(1, 6)),
                                                "test_batch"]:  # fmt: skip
        data = rng.integers(0, 256, (2, 3072), np.uint8)
        labels = rng.integers(0, 10, 2).tolist()
        entry = {"data": data, "fine_labels" if fine else "labels": labels}
        (folder / file).write_bytes(pickle.dumps(entry))
    names = [f"class {n}" for n in range(100 if fine else 10)]
    meta = {"fine_label_names" if fine else "label_names": names}
    (folder / ("meta" if fine else "batches.meta")).write_bytes(pickle.dumps(meta))


def svhn(root, rng, _name):
    for split, count in COUNTS.items():
        savemat(
            root / f"{split}_32x32.mat",
            {
                "X": rng.integers(0, 256, (32, 32, 3, count), np.uint8),
                "y": np.arange(10, 10 - count, -1, dtype=np.uint8)[:, None],
            },
        )


def stl10(root, rng, _name):
    folder = root / "stl10_binary"
    folder.mkdir()
    for split, count in COUNTS.items():
        rng.integers(0, 256, (count, 3, 96, 96), np.uint8).tofile(folder / f"{split}_X.bin")
        rng.integers(1, 11, count, np.uint8).tofile(folder / f"{split}_y.bin")
    (folder / "unlabeled_X.bin").write_bytes(b"")
    (folder / "class_names.txt").write_text("\n".join(f"thing {n}" for n in range(10)))


def usps(root, rng, _name):
    for split, file in (("train", "usps.bz2"), ("test", "usps.t.bz2")):
        lines = [
            f"{rng.integers(1, 11)} "
            + " ".join(f"{n + 1}:{value:.4f}" for n, value in enumerate(rng.uniform(-1, 1, 256)))
            for _ in range(COUNTS[split])
        ]
        (root / file).write_bytes(bz2.compress("\n".join(lines).encode()))


def gtsrb(root, rng, _name):
    training = root / "gtsrb" / "GTSRB" / "Training"
    test = root / "gtsrb" / "GTSRB" / "Final_Test" / "Images"
    test.mkdir(parents=True)
    rows = ["Filename;Width;Height;ClassId"]
    for n in range(6):
        picture = Image.fromarray(rng.integers(0, 256, (30 + n, 20 + 2 * n, 3), np.uint8))
        folder = training / f"{n // 2:05}"
        folder.mkdir(parents=True, exist_ok=True)
        picture.save(folder / f"{n}.ppm")
        if n < 4:
            picture.save(test / f"{n:05}.ppm")
            rows.append(f"{n:05}.ppm;{picture.width};{picture.height};{(7 * n) % 43}")
    (root / "gtsrb" / "GT-final_test.csv").write_text("\n".join(rows))


WRITERS = {
    "MNIST": mnist,
    "KMNIST": mnist,
    "EMNIST": emnist,
    "QMNIST": qmnist,
    "CIFAR10": cifar,
    "CIFAR100": cifar,
    "SVHN": svhn,
    "STL10": stl10,
    "USPS": usps,
    "GTSRB": gtsrb,
}


def test_each_named_set_is_tried_here():
    assert list(WRITERS) == list(NAMED)
    assert set(WRITERS) < set(DATASETS)


@pytest.fixture
def unchecked(monkeypatch):
    """Torchvision takes files of other checksums than the published ones."""
    modules = ("cifar", "stl10", "svhn", "utils", "mnist")
    for module in modules:
        monkeypatch.setattr(
            f"torchvision.datasets.{module}.check_integrity",
            lambda path, _md5=None: Path(path).exists(),
        )


def theirs(name, root, split):
    from torchvision import datasets

    part = {"split": split} if name in ("SVHN", "STL10", "GTSRB") else {"train": split == "train"}
    part |= {"split": "balanced"} if name == "EMNIST" else {}
    return getattr(datasets, name)(root, **part)


@pytest.mark.filterwarnings("ignore:of EMNIST's parts", "ignore:the pictures of GTSRB")
@pytest.mark.parametrize("split", COUNTS)
@pytest.mark.parametrize("name", WRITERS)
def test_images_labels_and_classes_are_torchvisions(name, split, tmp_path, rng, unchecked):  # noqa: ARG001
    WRITERS[name](tmp_path, rng, name)
    ours = load_dataset(name, split, tmp_path)
    expected = theirs(name, tmp_path, split)
    assert ours.name == name
    assert len(ours) == len(expected) > 0
    for sample, (picture, label) in zip(ours.samples(range(len(ours))), expected, strict=True):
        if name == "GTSRB":
            picture = picture.resize((32, 32), Image.Resampling.BILINEAR)  # noqa: PLW2901
        pixels = np.asarray(picture)
        assert np.array_equal(
            sample.channels, pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
        )
        assert sample.label == label
        names = getattr(expected, "classes", None) or [str(n) for n in range(43)]
        assert sample.class_name == names[label]


def test_names_are_taken_in_any_spelling(tmp_path, rng, unchecked):  # noqa: ARG001
    WRITERS["CIFAR10"](tmp_path, rng, "CIFAR10")
    whole = load_dataset("CIFAR10", "train", tmp_path)
    assert (whole.shape, len(whole)) == ((3, 32, 32), 10)
    for spelled in ("cifar10", "CIFAR-10", "cifar_10", "Cifar 10"):
        assert np.array_equal(load_dataset(spelled, "train", tmp_path).images, whole.images)


def test_of_emnist_the_part_and_the_turned_images_are_said(tmp_path, rng):
    WRITERS["EMNIST"](tmp_path, rng, "EMNIST")
    with pytest.warns(UserWarning, match="balanced one .* 47 classes; .* rows and columns"):
        assert len(load_dataset("emnist", "test", tmp_path).classes) == 47


def test_pictures_of_many_sizes_are_scaled_and_it_is_said(tmp_path, rng):
    WRITERS["GTSRB"](tmp_path, rng, "GTSRB")
    with pytest.warns(UserWarning, match="GTSRB vary in size: each is scaled to 32 x 32"):
        assert load_dataset("gtsrb", "test", tmp_path).shape == (3, 32, 32)
    images = load_dataset("gtsrb", "test", tmp_path, size=(10, 12), channels=1, count=2)
    assert (images.shape, images.labels.tolist()) == ((1, 10, 12), [0, 7])


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise OSError("no network in tests")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


@pytest.mark.parametrize("name", WRITERS)
def test_without_files_and_network_it_is_one_line_and_nothing_is_left(name, tmp_path, no_network):  # noqa: ARG001
    line = rf"^no {name} in .* could not be downloaded; put its files [^\n]*$"
    with pytest.raises(DataError, match=line):
        load_dataset(name, "test", tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


def test_what_is_downloaded_is_moved_in_place_and_no_file_replaced(tmp_path, rng, monkeypatch):
    from torchvision import datasets

    def download(self):
        assert self.root != str(tmp_path), "beside, not in place"
        WRITERS["QMNIST"](Path(self.root), rng, "QMNIST")

    monkeypatch.setattr(datasets.QMNIST, "download", download)
    kept = tmp_path / "QMNIST" / "raw" / "notes.txt"
    kept.parent.mkdir(parents=True)
    kept.write_text("mine")
    assert len(load_dataset("qmnist", "test", tmp_path)) == 4
    kinds = ("images-idx3-ubyte", "labels-idx2-int")
    new = {f"qmnist-{split}-{kind}" for split in COUNTS for kind in kinds}
    assert {path.name for path in kept.parent.iterdir()} == {"notes.txt", *new}
    assert [path.name for path in tmp_path.iterdir()] == ["QMNIST"]
    monkeypatch.setattr(datasets.QMNIST, "download", None)  # not called again
    assert len(load_dataset("qmnist", "train", tmp_path)) == 6


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("MNIST", "MNIST/raw/t10k-images-idx3-ubyte"),
        ("MNIST", "MNIST/raw/t10k-labels-idx1-ubyte"),
        ("CIFAR10", "cifar-10-batches-py/test_batch"),
        ("USPS", "usps.t.bz2"),
        ("STL10", "stl10_binary/test_X.bin"),
    ],
)
@pytest.mark.parametrize("cut", [0, 9, -3])
def test_damaged_files_are_one_line(name, file, cut, tmp_path, rng):
    WRITERS[name](tmp_path, rng, name)
    path = tmp_path / file
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DataError) as caught:
        load_dataset(name, "test", tmp_path)
    message = str(caught.value)
    assert "\n" not in message
    assert name in message
    assert str(tmp_path) in message
