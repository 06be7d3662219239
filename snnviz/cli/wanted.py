"""What the user of `snnviz visualize` and `snnviz report` wants to see."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snnviz.data import Sample


@dataclass(frozen=True, eq=False)
class Wanted:
    """Layers of a network, on images.

    Attributes:
        ckpt: `--ckpt`.
        model: `--model`.
        device: Where torch computes.
        T: `-T`.
        layer: `--layer`.
        neuron: Which neurons a checkpoint has that does not say.
        stated: Their other parameters, by the options' names.
        mean: `--mean`.
        std: `--std`.
        predict: `--predict`.
        listing: `--list-layers`.
        quiet: `--quiet`.
        choice: The options that say which images.
        jobs: `--jobs`.
        samples: The images, where they are chosen already.
    """

    ckpt: Path | None
    model: str | None
    device: str
    T: int | None
    layer: tuple[str, ...]
    neuron: str | None
    stated: dict[str, Any]
    mean: tuple[float, ...] | None
    std: tuple[float, ...] | None
    predict: bool
    listing: bool
    quiet: bool
    choice: dict[str, Any]
    jobs: int = 1
    samples: "list[Sample] | None" = None
