"""Images to look at: data sets by name, garments drawn by the package, pictures, arrays, events.

NumPy and Pillow only; nothing here needs torch. torchvision is imported only to download, and to
read its sets other than Fashion-MNIST.
"""

from snnviz.data.colour import luma
from snnviz.data.datasets import (
    DATASETS,
    GARMENTS,
    KNOWN_SIZES,
    MOST_GARMENTS,
    dataset_name,
    has_parts,
    load_dataset,
    open_dataset,
)
from snnviz.data.fashion_mnist import Split, fashion_mnist
from snnviz.data.frames import (
    OFF_COLOUR,
    ON_COLOUR,
    Frames,
    draw_frames,
    frames_samples,
    load_frames,
    load_recordings,
)
from snnviz.data.garments import garments
from snnviz.data.image_arrays import load_image_arrays
from snnviz.data.images import ImageSet, Sample, choose_indices, to_input
from snnviz.data.normalization import normalize, parse_channels
from snnviz.data.picture_folders import PictureFolder, picture_folder
from snnviz.data.pictures import load_picture, load_picture_set, load_pictures
from snnviz.data.published import FASHION_MNIST, IN_ITS_PLACE
from snnviz.data.selection import Selection, parse_selection

__all__ = [
    "DATASETS",
    "FASHION_MNIST",
    "GARMENTS",
    "IN_ITS_PLACE",
    "KNOWN_SIZES",
    "MOST_GARMENTS",
    "OFF_COLOUR",
    "ON_COLOUR",
    "Frames",
    "ImageSet",
    "PictureFolder",
    "Sample",
    "Selection",
    "Split",
    "choose_indices",
    "dataset_name",
    "draw_frames",
    "fashion_mnist",
    "frames_samples",
    "garments",
    "has_parts",
    "load_dataset",
    "load_frames",
    "load_image_arrays",
    "load_picture",
    "load_picture_set",
    "load_pictures",
    "load_recordings",
    "luma",
    "normalize",
    "open_dataset",
    "parse_channels",
    "parse_selection",
    "picture_folder",
    "to_input",
]
