"""How snnviz reads each kind of input: as a library, and by its command line."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from snnviz import load_encoder
from snnviz.cli import main
from snnviz.data import fashion_mnist, load_picture
from snnviz.errors import SnnvizError
from snnviz.tutorial.layouts import load_checkpoint, load_training_state
from snnviz.tutorial.runs import read_curves
from tests.fuzz.runner import OUT


def read_checkpoint(folder: Path) -> None:
    """Open the file in every way that a command does; raise the first refusal where none opens."""
    (path,) = folder.iterdir()
    refusals, ways = [], (load_checkpoint, _encode, load_training_state)
    for way in ways:
        try:
            way(path)
        except SnnvizError as error:
            refusals.append(error)
    if len(refusals) == len(ways):
        raise refusals[0]
    for refusal in refusals:  # of one way, where another opens: one line, too
        if not str(refusal).isprintable():
            raise refusal


def _encode(path: Path) -> None:
    encoder = load_encoder(path)
    levels = np.linspace(0, 1, encoder.in_channels * 28 * 28, dtype=np.float32)
    encoder.encode(levels.reshape(1, -1, 28, 28))


def read_idx(folder: Path) -> None:
    """Open the test split, and take its first and its last image."""
    images = fashion_mnist(folder, "test", download=False)
    images.batch([0, len(images) - 1])
    list(images.samples([0, len(images) - 1]))


def read_picture(folder: Path) -> None:
    """Open the picture."""
    (path,) = folder.iterdir()
    image = load_picture(path)
    assert image.ndim == 2
    assert image.dtype == np.uint8
    assert 0 < max(image.shape) <= 256


def read_events(folder: Path) -> None:
    """Read the curves of the run."""
    read_curves(folder)


READERS: dict[str, Callable[[Path], None]] = {
    "checkpoint": read_checkpoint,
    "safetensors": read_checkpoint,
    "IDX": read_idx,
    "picture": read_picture,
    "events": read_events,
}


def command(kind: str) -> Callable[[Path], None]:
    """A reader that goes through the command line, as a user does."""

    def read(folder: Path) -> None:
        names = [path for path in folder.iterdir() if path.name != OUT]
        draw = ["visualize", "--n-images", "1", "-T", "2", "--out-dir", OUT]
        arguments = {
            "checkpoint": [*draw, "--dataset", "garments", "--ckpt", str(names[0])],
            "IDX": [*draw, "--data-dir", str(folder)],
            "picture": [*draw[:1], *draw[3:], "--max-side", "32", "--image", str(names[0])],
            "events": ["curves", str(folder), "--out-dir", OUT],
        }
        main(arguments["checkpoint" if kind == "safetensors" else kind])

    return read
