"""The multi-step network on the kernels: the same layers over the same parameters."""

from types import ModuleType

from spikingjelly.activation_based import functional, surrogate
from torch import Tensor, nn

from snnviz.errors import ConfigError
from snnviz.tutorial.cuda import functions
from snnviz.tutorial.cuda.launching import MAX_STEPS, check_available
from snnviz.tutorial.cuda.reference import Neuron
from snnviz.tutorial.network import ConvSNN, NetworkConfig, StepMode


class Fused(nn.Module):
    """What the multi-step `net` computes, with its neurons and the pooling after them as kernels.

    The first layer's drive is never repeated T times, potentials and unpooled spikes are never
    stored, and of the last layer's spikes only the rate. Convolutions, normalization and products
    are torch's, under autocast as in `net`; potentials are float32 in any case.

    Attributes:
        net: The plain network; parameters, buffers and the mode are its own.
    """

    def __init__(self, net: ConvSNN, kernels: ModuleType = functions) -> None:
        super().__init__()
        self.net = net
        self._kernels = kernels
        config = net.config
        self._neuron = Neuron(config.v_threshold, config.v_reset, surrogate.ATan().alpha)

    def forward(self, images: Tensor) -> Tensor:
        """Firing rates of the output neurons, float32 [N, num_classes], as of `net(images)`."""
        net, neuron, kernels = self.net, self._neuron, self._kernels
        _, _, *convolution, _, _ = net.conv
        _, first_linear, _, second_linear, _ = net.fc
        spikes = kernels.fire_still_and_pool(net.static_conv(images), neuron, net.T)
        drive = functional.seq_to_ann_forward(spikes, convolution)
        spikes = kernels.fire_and_pool(drive, neuron)
        drive = first_linear(spikes.flatten(2))
        drive = second_linear(kernels.fire(drive, neuron))
        rates: Tensor = kernels.fire_rate(drive, neuron)
        return rates


def fuse(net: ConvSNN) -> Fused:
    """The network on the kernels, which holds `net` and no parameters of its own.

    Args:
        net: A multi-step network on a CUDA device.

    Raises:
        ConfigError: It is single-step, has other neurons, pooling or more steps than the kernels
            take, or lies on another device, or CuPy is not installed.
    """
    check_network(net.step_mode, net.config)
    check_available(next(net.parameters()).device)
    return Fused(net)


def check_network(step_mode: StepMode, config: NetworkConfig) -> None:
    """Refuse what the kernels do not compute.

    Raises:
        ConfigError: The network is single-step, leaks, averages, or has more steps than the kernels
            take.
    """
    if config.neuron != "if" or config.pooling != "max":
        raise ConfigError(
            "cupy: its kernels are of neurons that do not leak and of max pooling, got "
            f"{config.neurons} and {config.pooling} pooling",
            "leave `cupy` out",
        )
    if step_mode != "m":
        raise ConfigError(
            f"cupy: its network is multi-step, got the step mode {step_mode}",
            "leave `cupy` or `step_mode` out",
        )
    if config.T > MAX_STEPS:
        raise ConfigError(
            f"cupy: its kernels take up to {MAX_STEPS} time steps, got {config.T}",
            "leave `cupy` out",
        )
