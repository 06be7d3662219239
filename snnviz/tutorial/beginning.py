"""The beginning of the tutorial's network: its encoder, and the convolution that it feeds."""

from spikingjelly.activation_based import functional
from torch import Tensor, nn

from snnviz.tutorial.layouts import Checkpoint
from snnviz.tutorial.network import (
    NetworkConfig,
    build_encoder_layers,
    build_neuron,
    build_pooling,
)


class Beginning(nn.Module):
    """An encoder and the layer behind it, run for T steps; layers are named as in `ConvSNN`.

    The convolution behind is not computed: how many of its weights a spike meets does not depend on
    their values, and nothing looks at what comes of it.

    Args:
        static_conv: What makes the drive.
        config: Sizes, number of steps and neurons.
    """

    def __init__(self, static_conv: nn.Module, config: NetworkConfig) -> None:
        super().__init__()
        self.T = config.T
        channels = config.channels
        self.static_conv = static_conv
        behind = nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False)
        setattr(behind, "forward", _zeros)  # noqa: B010 - a method, which mypy lets nobody assign
        self.conv = nn.Sequential(
            build_neuron(config),
            build_pooling(config),
            behind,
        )

    def forward(self, images: Tensor) -> Tensor:
        """Zeros in the shape of the layer behind, [N, channels, H // 2, W // 2]."""
        functional.reset_net(self)
        drive = self.static_conv(images)
        *_, behind = (self.conv(drive) for _ in range(self.T))
        zeros: Tensor = behind
        return zeros


def build_beginning(checkpoint: Checkpoint) -> Beginning:
    """The encoder of a checkpoint, and the layer behind it.

    Args:
        checkpoint: What holds at least an encoder.
    """
    static_conv = build_encoder_layers(checkpoint.config, checkpoint.state)[0]
    return Beginning(static_conv, checkpoint.config).eval()


def _zeros(spikes: Tensor) -> Tensor:
    """What a convolution that keeps sizes and maps returns, but zeros; of spikes [N, K, h, w]."""
    return spikes.new_zeros(1).expand_as(spikes)
