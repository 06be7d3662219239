"""What scoring asks of a network that answers: its sizes, its rates, its spikes layer by layer."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

Observe = Callable[[nn.Module, Tensor, Tensor], None]


class Sizes(Protocol):
    """Sizes of a network, as `snnviz.NetworkConfig` has them."""

    @property
    def in_channels(self) -> int:
        """Channels of the input image."""

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of the input image in pixels."""

    @property
    def num_classes(self) -> int:
        """Classes."""

    @property
    def channels(self) -> int:
        """Feature maps of the encoder."""


class Counted(NamedTuple):
    """What a network's layers did on some images.

    Attributes:
        steps: Spikes of each class at each step, ints [T, N, classes].
        spikes: How many each layer of neurons had, all images and steps together, by its name.
        synops: How often a spike met a weight in each layer that sees spikes.
    """

    steps: Tensor
    spikes: dict[str, int]
    synops: dict[str, int]


class Counter(Protocol):
    """What counts the spikes of all layers in one pass, see `Classifier.counter`."""

    @property
    def batch(self) -> int:
        """How many images it is best to count at once."""

    def count(self, images: Tensor) -> Counted:
        """What all layers do on floats [N, C, H, W] in [0, 1]."""

    def rates(self, images: Tensor) -> Tensor:
        """Firing rate of each class, [N, classes] in [0, 1]."""

    def encode(self, images: Tensor) -> NDArray[np.uint8]:
        """First-spike times of the encoder's neurons, [N, channels, H, W], T where silent."""

    def count_encoded(self, encoded: Iterable[NDArray[np.uint8]], images: int) -> Counted:
        """What all layers do on so many images, of which the first was encoded."""


class Classifier(Protocol):
    """A spiking network that answers with a firing rate for each class, over T steps."""

    training: bool
    static_conv: nn.Sequential

    @property
    def config(self) -> Any:
        """Its `Sizes`."""

    @property
    def T(self) -> int:  # noqa: N802
        """Number of time steps."""

    def eval(self) -> Any:
        """Evaluation mode, as `torch.nn.Module` has it."""

    def train(self, mode: bool = True) -> Any:
        """Training mode, or not."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """All its parameters."""

    def named_modules(self) -> Iterator[tuple[str, nn.Module]]:
        """All its layers with their names."""

    def counter(self, images: int, threads: int | None = None) -> Counter | None:
        """What counts all spikes, where there is one that pays for about so many images.

        It keeps the weights as they are now.
        """

    def firing_rates(self, images: Tensor) -> Tensor:
        """Firing rate of each class, [N, classes] in [0, 1], of floats [N, C, H, W]."""

    def output_spikes(self, drive: Tensor, observe: Observe | None = None) -> Iterator[Tensor]:
        """The spikes of each class and step, T times [N, classes], of the encoder's drive."""
