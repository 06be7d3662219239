"""Data sets by what a user calls them."""

import numpy as np
import pytest
from PIL import Image

from snnviz.data import DATASETS, dataset_name, has_parts, load_dataset
from snnviz.errors import ConfigError


@pytest.mark.parametrize("name", DATASETS)
def test_each_name_is_known_in_any_spelling_and_has_parts(name):
    for spelled in (name, name.upper(), name.lower(), f" {name.replace('-', '_')} "):
        assert dataset_name(spelled) == name
    assert has_parts(name)


@pytest.mark.parametrize(
    ("parts", "told"),
    [((), False), (("train",), False), (("test",), False), (("train", "val"), True),
     (("train", "test"), True), (("Training", "Testing"), True)],
)  # fmt: skip
def test_folders_and_files_have_parts_or_none(parts, told, tmp_path):
    pixels = np.zeros((2, 4, 4), np.uint8)
    for part in parts or (".",):
        for label in "ab":
            (tmp_path / "set" / part / label).mkdir(parents=True)
            Image.fromarray(pixels[0]).save(tmp_path / "set" / part / label / "0.png")
    assert has_parts(str(tmp_path / "set")) is told
    keys = [f"x_{part}" for part in parts if part in ("train", "test")] or ["x"]
    np.savez(tmp_path / "set.npz", **dict.fromkeys(keys, pixels))
    assert has_parts(str(tmp_path / "set.npz")) is (len(keys) == 2)


def test_other_images_are_scaled_as_pictures_are(tmp_path, rng):
    from torchvision.transforms import Resize

    pixels = rng.integers(2, 256, (3, 3, 8, 9), np.uint8)
    np.savez(tmp_path / "x.npz", images=pixels, labels=[0, 1, 2])
    images = load_dataset(str(tmp_path / "x.npz"), "test", tmp_path, size=(5, 12))
    assert images.shape == (3, 5, 12)
    for ours, image in zip(images.images, pixels, strict=True):
        theirs = Resize((5, 12))(Image.fromarray(image.transpose(1, 2, 0)))
        assert np.array_equal(ours.transpose(1, 2, 0), np.asarray(theirs))
    grey = load_dataset("garments", "test", tmp_path, size=(14, 14), count=3)
    assert (grey.shape, len(grey)) == ((1, 14, 14), 3)
    with pytest.raises(ConfigError, match="height and width must be in 1 to"):
        load_dataset("garments", "test", tmp_path, size=(0, 14), count=3)
