"""The tutorial's convolutional spiking network, on SpikingJelly's own neurons.

Layers and attribute names are those of SpikingJelly's `PythonNet`
(spikingjelly 0.0.0.0.12, `clock_driven.examples.conv_fashion_mnist`), so that a state dict of
either loads strictly into the other.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import torch
from spikingjelly.activation_based import functional, neuron, surrogate
from torch import Tensor, nn

from snnviz.errors import ConfigError, check_integer
from snnviz.neurons.rule import IntegrateAndFire
from snnviz.scoring.classifier import Observe

if TYPE_CHECKING:
    from snnviz.tutorial.acceleration.counting import CountingPass

StepMode = Literal["s", "m"]
NeuronKind = Literal["if", "lif"]
Pooling = Literal["max", "avg"]


@dataclass(frozen=True)
class NetworkConfig:
    """What has to be known, beside its weights, to build a network again.

    Attributes:
        T: Number of time steps, >= 1.
        channels: Feature maps of both convolutions, >= 1; the hidden layer has `16 * channels`.
        in_channels: Channels of the input image, >= 1.
        image_size: Height and width of the input image in pixels, each >= 4.
        num_classes: Classes, >= 1.
        v_threshold: Threshold of every neuron, above `v_reset`, or 0 where that is None.
        v_reset: Membrane potential after a spike (hard reset); None subtracts the threshold.
        neuron: "if" for integrate-and-fire neurons, "lif" for leaky ones: SpikingJelly's `IFNode`
            and `LIFNode`.
        tau: Membrane time constant of leaky neurons in steps, above 1; None for others.
        decay_input: Whether the input of leaky neurons is divided by `tau`, as the leak is.
        pooling: What both poolings keep of 2 x 2 spikes: "max", whether there is one, or "avg",
            the share of them, so that the next layer is given 0, 1/4, 1/2, 3/4 or 1.

    Example:
        >>> config = snnviz.NetworkConfig(T=8, channels=64, v_reset=None)  # a soft reset
        >>> config.T, config.v_threshold
        (8, 1.0)
    """

    T: int = 4
    channels: int = 128
    in_channels: int = 1
    image_size: tuple[int, int] = (28, 28)
    num_classes: int = 10
    v_threshold: float = 1.0
    v_reset: float | None = 0.0
    neuron: NeuronKind = "if"
    tau: float | None = None
    decay_input: bool = True
    pooling: Pooling = "max"

    def __post_init__(self) -> None:
        """Refuse what no network can have.

        Raises:
            ConfigError: A size is no whole number or too small, or neurons could not fire or rest.
        """
        for name in ("T", "channels", "in_channels", "num_classes"):
            check_integer(name, getattr(self, name), 1)
        if len(self.image_size) != 2:
            raise ConfigError(f"images have a height and a width, got {self.image_size}")
        for side in self.image_size:
            check_integer("height and width of the images", side, 4)
        if self.pooling not in get_args(Pooling):
            raise ConfigError(f"no pooling {self.pooling!r}; choose 'max' or 'avg'")
        self._check_neurons()
        # As SpikingJelly's neurons and comparisons with an image's shape take them.
        reset = None if self.v_reset is None else float(self.v_reset)
        plain = ("v_threshold", float(self.v_threshold)), ("v_reset", reset)
        for name, value in (*plain, ("image_size", tuple(self.image_size))):
            object.__setattr__(self, name, value)

    def _check_neurons(self) -> None:
        if not (self.v_reset or 0) < self.v_threshold < math.inf or self.v_reset == -math.inf:
            raise ConfigError(
                f"v_threshold must be a number above v_reset, got {self.v_threshold} and "
                f"{self.v_reset}"
            )
        if self.neuron not in ("if", "lif"):
            raise ConfigError(f"no neuron {self.neuron!r}; choose 'if' or 'lif'")
        if self.neuron == "if" and self.tau is not None:
            raise ConfigError(f"neurons of kind 'if' do not leak, got tau {self.tau}; choose 'lif'")
        if self.neuron == "lif" and not (self.tau is not None and 1 < self.tau < math.inf):
            raise ConfigError(f"neurons of kind 'lif' need a tau above 1, got {self.tau}")

    @property
    def neurons(self) -> str:
        """The neurons in words."""
        subtracts = self.v_reset is None
        reset = "a reset that subtracts it" if subtracts else f"a hard reset to {self.v_reset:g}"
        kind = "integrate-and-fire neurons (IFNode) with"
        if self.tau is not None:
            decay = "" if self.decay_input else " input that does not decay,"
            kind = f"leaky integrate-and-fire neurons (LIFNode) with tau {self.tau:g},{decay}"
        return f"{kind} v_threshold {self.v_threshold:g} and {reset}"

    @property
    def rule(self) -> IntegrateAndFire:
        """How its neurons charge, fire and reset."""
        return IntegrateAndFire(self.v_threshold, self.v_reset, self.tau, self.decay_input)

    def as_dict(self) -> dict[str, object]:
        """The same as plain values, for a checkpoint."""
        return asdict(self)


class ConvSNN(nn.Module):
    """Two convolution-BatchNorm-IF-pooling blocks and two linear-IF layers, run for T steps.

    `static_conv` is stateless and sees a still image, so it runs once, not T times.

    Args:
        config: Sizes, number of steps and the neurons' threshold and reset.
        step_mode: "s" steps through time in the outer loop, as the tutorial does; "m" hands all T
            steps to each layer at once. They share parameters and state-dict keys and agree in
            evaluation; in training BatchNorm of the second block sees each step alone ("s") or
            all steps together ("m").

    Example:
        >>> import torch
        >>> net = snnviz.ConvSNN(snnviz.NetworkConfig(T=4, channels=8)).eval()
        >>> net(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 10])
    """

    def __init__(self, config: NetworkConfig | None = None, step_mode: StepMode = "s") -> None:
        super().__init__()
        self.config = config = config or NetworkConfig()
        if step_mode not in ("s", "m"):
            raise ConfigError(f"step_mode must be 's' or 'm', got {step_mode!r}")
        self.step_mode = step_mode
        channels = config.channels
        height, width = (side // 2 // 2 for side in config.image_size)
        self.static_conv = build_static_conv(config)
        self.conv = nn.Sequential(
            self._neuron(),
            build_pooling(config),
            nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            self._neuron(),
            build_pooling(config),
        )
        self.fc = nn.Sequential(
            nn.Flatten(),
            nn.Linear(channels * height * width, channels * 4 * 4, bias=False),
            self._neuron(),
            nn.Linear(channels * 4 * 4, config.num_classes, bias=False),
            self._neuron(),
        )

    @property
    def T(self) -> int:  # noqa: N802
        """Number of time steps."""
        return self.config.T

    def _neuron(self) -> nn.Module:
        return build_neuron(self.config, self.step_mode)

    def forward(self, images: Tensor) -> Tensor:
        """Firing rates of the output neurons, [N, num_classes] in [0, 1].

        The neurons start from their reset state: two calls in a row do not influence each other.

        Args:
            images: Float tensor [N, in_channels, H, W] in [0, 1].
        """
        functional.reset_net(self)
        drive = self.static_conv(images)
        if self.step_mode == "m":
            return self._multi_step(drive).mean(0)
        spike_count = self.fc(self.conv(drive))
        for _ in range(1, self.T):
            spike_count = spike_count + self.fc(self.conv(drive))
        rates: Tensor = spike_count / self.T
        return rates

    @torch.no_grad()
    def firing_rates(self, images: Tensor) -> Tensor:
        """What calling it gives in evaluation, without a step of SpikingJelly's neurons.

        For short runs: the first of those steps imports torch's compiler, about two seconds. Sums
        and comparisons are the same and rounded alike.

        Args:
            images: Float tensor [N, in_channels, H, W] in [0, 1].
        """
        spikes = torch.stack(list(self.output_spikes(self.static_conv(images))))
        return spikes.mean(0)

    @torch.no_grad()
    def output_spikes(self, drive: Tensor, observe: Observe | None = None) -> Iterator[Tensor]:
        """The spikes of each class and step, T times [N, num_classes], as `firing_rates` says.

        Args:
            drive: `static_conv(images)`, [N, channels, H, W].
            observe: Called for every layer at every step, with the layer, its input and its output.
        """
        rule, layers = self.config.rule, (*self.conv, *self.fc)
        potentials: dict[nn.Module, Tensor | float] = {}
        for _ in range(self.T):
            x = drive
            for layer in layers:
                before = x
                if isinstance(layer, neuron.BaseNode):
                    v = rule.charge(potentials.get(layer, rule.start), x)
                    x = rule.fires(v).to(v.dtype)
                    potentials[layer] = rule.reset(v, x)
                else:
                    x = layer(x)
                if observe is not None:
                    observe(layer, before, x)
            yield x

    def counter(self, images: int, threads: int | None = None) -> "CountingPass | None":
        """What counts the spikes of all layers fastest, see `acceleration.counter`."""
        from snnviz.tutorial import acceleration  # noqa: PLC0415 - it imports this

        return acceleration.counter(self, images, threads)

    def _multi_step(self, drive: Tensor) -> Tensor:
        """Output spikes [T, N, outputs] for one drive [N, channels, H, W] at every step."""
        sequence = drive.unsqueeze(0).expand(self.T, *drive.shape)
        for layer in (*self.conv, *self.fc):
            if isinstance(layer, neuron.BaseNode):
                sequence = layer(sequence)
            else:
                sequence = functional.seq_to_ann_forward(sequence, layer)
        return sequence


def build_static_conv(config: NetworkConfig) -> nn.Sequential:
    """The stateless layers at the network's start: images [N, C, H, W] to drive [N, K, H, W]."""
    return nn.Sequential(
        nn.Conv2d(config.in_channels, config.channels, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(config.channels),
    )


def build_encoder_layers(config: NetworkConfig, state: Mapping[str, Tensor]) -> nn.Sequential:
    """The network's encoder alone, with its weights: `static_conv` and the first neurons.

    Args:
        config: Sizes and neurons.
        state: Weights under the network's names; others than the encoder's may be there.
    """
    static_conv = build_static_conv(config)
    prefix = "static_conv."
    static_conv.load_state_dict(
        {
            name.removeprefix(prefix): value
            for name, value in state.items()
            if name.startswith(prefix)
        }
    )
    layers = nn.Sequential()
    layers.add_module("static_conv", static_conv)
    layers.add_module("neurons", build_neuron(config))
    return layers.eval()


def build_pooling(config: NetworkConfig) -> nn.Module:
    """The 2 x 2 pooling of spikes, which has no weights."""
    return nn.MaxPool2d(2, 2) if config.pooling == "max" else nn.AvgPool2d(2, 2)


def build_neuron(config: NetworkConfig, step_mode: StepMode = "s") -> nn.Module:
    """A layer of integrate-and-fire neurons, leaky or not, with the ATan surrogate gradient.

    Under autocast as well their potentials are float32. SpikingJelly would take the type of the
    drive: sums of half precision round across the threshold, and its GPU kernels do not take them.
    """
    shared: dict[str, Any] = {
        "v_threshold": config.v_threshold,
        "v_reset": config.v_reset,
        "surrogate_function": surrogate.ATan(),
        "step_mode": step_mode,
    }
    node: nn.Module
    if config.tau is None:
        node = neuron.IFNode(**shared)
    else:
        node = neuron.LIFNode(tau=config.tau, decay_input=config.decay_input, **shared)
    node.register_forward_pre_hook(_in_float32)
    return node


def _in_float32(_node: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor] | None:
    (drive,) = inputs
    return (drive.float(),) if torch.is_autocast_enabled(drive.device.type) else None


def build_network(
    config: NetworkConfig | None = None, *, step_mode: StepMode = "s", seed: int | None = None
) -> ConvSNN:
    """A network with freshly initialized weights.

    Args:
        config: Sizes and number of steps; the tutorial's where omitted.
        step_mode: "s" or "m", see `ConvSNN`.
        seed: Seed of the initialization; the global generator is left as it was. None draws from
            the global generator.

    Example:
        >>> one, other = (snnviz.build_network(seed=3) for _ in range(2))
        >>> one.static_conv[0].weight.equal(other.static_conv[0].weight)
        True
    """
    if seed is None:
        return ConvSNN(config, step_mode)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ConvSNN(config, step_mode)
