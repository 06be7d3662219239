"""What scoring asks of a network that answers: its sizes, its rates, its spikes layer by layer."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

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
    def votes(self) -> int:
        """Output neurons of each class."""

    @property
    def channels(self) -> int:
        """Feature maps of the encoder."""


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

    def fast(self, images: int) -> nn.Module:
        """What computes the same rates, fastest for about so many images."""

    def firing_rates(self, images: Tensor) -> Tensor:
        """Firing rate of each class, [N, classes] in [0, 1], of floats [N, C, H, W]."""

    def output_spikes(self, drive: Tensor, observe: Observe | None = None) -> Iterator[Tensor]:
        """The spikes of each class and step, T times [N, classes], of the encoder's drive."""
