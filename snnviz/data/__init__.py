"""Images to look at: Fashion-MNIST, garments drawn by the package, any picture.

NumPy and Pillow only; nothing here needs torch. torchvision is imported only to download.
"""

from pathlib import Path

from snnviz.data.colour import luma
from snnviz.data.fashion_mnist import Split, fashion_mnist
from snnviz.data.garments import garments
from snnviz.data.images import ImageSet, Sample, choose_indices, to_input
from snnviz.data.normalization import normalize, parse_channels
from snnviz.data.pictures import load_picture, load_picture_set, load_pictures
from snnviz.data.published import FASHION_MNIST, IN_ITS_PLACE
from snnviz.data.selection import Selection, parse_selection
from snnviz.errors import ConfigError

__all__ = [
    "DATASETS",
    "FASHION_MNIST",
    "GARMENTS",
    "IMAGE_SIZE",
    "IN_ITS_PLACE",
    "MOST_GARMENTS",
    "ImageSet",
    "Sample",
    "Selection",
    "Split",
    "choose_indices",
    "fashion_mnist",
    "garments",
    "load_dataset",
    "load_picture",
    "load_picture_set",
    "load_pictures",
    "luma",
    "normalize",
    "parse_channels",
    "parse_selection",
    "to_input",
]

# Names of the data sets, and how many garments are drawn where nobody says.
DATASETS = (FASHION_MNIST, "garments")
GARMENTS = {"train": 6000, "test": 1000}
# As many as Fashion-MNIST has; they are all kept in memory.
MOST_GARMENTS = {"train": 60_000, "test": 10_000}
# Height and width of the images of all of them.
IMAGE_SIZE = (28, 28)


def load_dataset(name: str, split: Split, root: Path, *, count: int | None = None) -> ImageSet:
    """The data set called `name`.

    Args:
        name: One of `DATASETS`.
        split: "train" or "test".
        root: Where Fashion-MNIST's files are, or are downloaded to.
        count: Only the first so many images; None: all of Fashion-MNIST, 6,000 (train) or 1,000
            (test) garments, of which there can be as many as Fashion-MNIST has images.

    Raises:
        DataError: The files are missing, unreadable or not what their name says.
        ConfigError: There is no such data set, or it has fewer images.
    """
    if name == "garments":
        count, most = GARMENTS[split] if count is None else count, MOST_GARMENTS[split]
        if count > most:
            raise ConfigError(f"cannot take {count} of {most} garments; choose 1 to {most}")
        return garments(count, split)
    if name == FASHION_MNIST:
        return fashion_mnist(root, split).head(count)
    raise ConfigError(f"no data set {name!r}; choose from {', '.join(DATASETS)}")
