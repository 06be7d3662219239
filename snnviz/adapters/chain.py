"""`ChainEncoder`: stateless layers and SpikingJelly's neurons behind them, without a network."""

from copy import deepcopy
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from spikingjelly.activation_based import functional, neuron
from torch import Tensor, nn

from snnviz.adapters.checks import check_images
from snnviz.adapters.encoder import Encoder
from snnviz.adapters.fields import field_of
from snnviz.adapters.fusing import is_worth, proven
from snnviz.adapters.threads import keep_freed_memory, map_threads
from snnviz.device import full_precision
from snnviz.errors import ConfigError, ShapeError
from snnviz.neurons.first_spike import drive_thresholds, first_spike
from snnviz.neurons.fused import MOST_STEPS, Convolution
from snnviz.records.receptive_field import ReceptiveField
from snnviz.records.spikes import SpikeRecord

# Up to so many neurons, of one image or more, get their drive at once: 8 MB. With less, threads
# would wait for each other between the steps for longer than the cache saves.
_CHUNK = 1 << 21
# Below so many, another thread is not worth its start.
_SMALL_CHUNK = 1 << 19


@dataclass(frozen=True, repr=False)
class ChainEncoder(Encoder):
    """A stateless prefix and the layer of spiking neurons behind it, known to be a chain.

    It never runs SpikingJelly's neuron where exact thresholds give the same: that it is the same is
    held by the tests, for every float near a threshold. `snnviz.adapters.network` does this for
    any network, and proves it each time.

    Attributes:
        prefix: The stateless layers, in evaluation mode.
        node: The spiking neurons, single-step.
        T: Number of time steps of a recording, where `encode` is told none.
        layer: The name of the neurons.
    """

    prefix: nn.Sequential
    node: nn.Module
    T: int = 4
    layer: str = ""

    @classmethod
    def of(cls, prefix: nn.Sequential, node: nn.Module, T: int) -> "ChainEncoder":
        """One in evaluation mode and float32, which holds the modules themselves."""
        whole = prefix.eval().float().to(memory_format=torch.contiguous_format)
        encoder = cls(whole, node.eval(), T)
        for module in (encoder.prefix, encoder.node):
            functional.set_step_mode(module, "s")
        functional.reset_net(encoder.node)
        return encoder

    @property
    def in_channels(self) -> int:
        """Channels of the images it takes."""
        return self._convolutions[0].in_channels

    @property
    def channels(self) -> int:
        """Number of feature maps, K."""
        return self._convolutions[-1].out_channels

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._convolutions[0].weight.device

    @property
    def reach(self) -> int | None:
        """How many rows of pixels away a neuron's drive looks; None where rows are not alone.

        They are where its neurons are a renewal process behind nothing but convolutions that keep
        the size, with zeros around, and what looks at each pixel alone.
        """
        rows = 0
        for layer in self.prefix:
            if isinstance(layer, nn.Conv2d):
                height, dilation = layer.kernel_size[0], layer.dilation[0]
                around = dilation * (height - 1)
                keeps = layer.stride == (1, 1) and layer.padding_mode == "zeros"
                padding = layer.padding if isinstance(layer.padding, tuple) else (around // 2,)
                if not keeps or around % 2 or padding[0] * 2 != around:
                    return None
                rows += around // 2
            elif not isinstance(layer, (nn.BatchNorm2d, nn.Identity)):
                return None
        # Between two convolutions the rows beyond the border are zeros, which a strip's are not.
        return rows if len(self._convolutions) == 1 and self.is_renewal else None

    @property
    def kernels(self) -> NDArray[np.float32]:
        """Weights of the convolution before the neurons, float32 [K, C, kh, kw]; a copy."""
        weight = self._convolutions[-1].weight
        return weight.detach().to("cpu", torch.float32, copy=True).numpy()

    @torch.no_grad()
    def macs(self, shape: tuple[int, int, int]) -> int:
        """Multiply-accumulates of the convolution before the neurons for an image (C, H, W)."""
        # What counts them loads SciPy, for which small sets of figures would wait.
        from snnviz.adapters.tallying import dense_macs  # noqa: PLC0415

        found: list[int] = []
        handle = self._convolutions[-1].register_forward_hook(
            lambda layer, inputs, output: found.append(dense_macs(layer, inputs[0], output))
        )
        try:
            self.prefix(torch.zeros(1, *shape, device=self.device))
        finally:
            handle.remove()
        return found[0]

    def receptive_field(self) -> ReceptiveField:
        """Which pixels a neuron can depend on, from the prefix."""
        side = 1 + sum(
            layer.dilation[axis] * (layer.kernel_size[axis] - 1) + layer.stride[axis]
            for layer in self._convolutions
            for axis in range(2)
        )
        pixels = torch.zeros(
            1, self.in_channels, side, side, device=self.device, requires_grad=True
        )
        with torch.enable_grad():
            return field_of(self.prefix(pixels), pixels)

    def integrates(self) -> tuple[float, float | None] | None:
        """Those of IFNode; its subclasses may leak or adapt, so only the class itself counts."""
        if type(self.node) is not neuron.IFNode:
            return None
        values = cast("Any", self.node)
        reset = values.v_reset
        return float(values.v_threshold), None if reset is None else float(reset)

    @property
    def neurons(self) -> str:
        """The class of its neurons."""
        return type(self.node).__name__

    @property
    def _convolutions(self) -> list[nn.Conv2d]:
        return [layer for layer in self.prefix if isinstance(layer, nn.Conv2d)]

    def to(self, device: str | torch.device) -> "ChainEncoder":
        """The same encoder, computing on `device`."""
        prefix, node = deepcopy((self.prefix, self.node))
        return replace(self, prefix=prefix.to(device), node=node.to(device))

    def encode(self, images: Tensor | NDArray[np.floating], T: int | None = None) -> SpikeRecord:
        """The spikes of `images` over T steps, from reset.

        The prefix runs once an image. Neurons that are a renewal process need no simulation: the
        drive is compared with the exact thresholds of `snnviz.neurons.first_spike`, which gives
        what stepping the neuron gives. Others are stepped.

        Args:
            images: Floats [N, C, H, W] in [0, 1], tensor or array; C is `in_channels`.
            T: Number of time steps, >= 1; None takes the encoder's own.

        Raises:
            ShapeError: The images have another shape, type or range.
            ConfigError: T is below 1.
        """
        T = self.T if T is None else T
        if T < 1:
            raise ConfigError(f"T must be at least 1, got {T}")
        images = check_images(images, self.in_channels)
        if self.is_renewal:
            return self._encode_renewal(images, T)
        return self._encode_stepwise(images, T)

    def record_size(self, image_size: tuple[int, int], T: int) -> int:
        """About how many bytes the record of an image of that height and width takes."""
        neurons = self.channels * image_size[0] * image_size[1]
        trains = 0 if self.is_renewal else -(-T // 8)
        return neurons * (np.min_scalar_type(T).itemsize + trains)

    @torch.inference_mode()
    def drive(self, images: Tensor | NDArray[np.floating]) -> Tensor:
        """Input current of the neurons, float32 [N, K, H, W]; it does not change with t."""
        # A clone, because the last bits of a convolution depend on the strides of its input, and
        # contiguous() leaves those of one-channel images as they are.
        images = (
            torch.as_tensor(images).to(self.device).clone(memory_format=torch.contiguous_format)
        )
        with full_precision(self.device):
            drive: Tensor = self.prefix(images)
        # Not a number would compare as larger than every threshold and pass for a spike.
        if not torch.isfinite(drive.sum()):
            raise ShapeError("the drive is not finite; check the encoder's weights and BatchNorm")
        return drive

    def _encode_renewal(self, images: Tensor, T: int) -> SpikeRecord:
        thresholds = drive_thresholds(*self.renewal_parameters(), T)
        there = torch.tensor(thresholds, device=self.device)

        def times(chunk: Tensor) -> NDArray[np.integer]:
            drive = self.drive(chunk)
            if drive.device.type == "cpu":
                return first_spike(drive.numpy(), thresholds)
            passed = torch.bucketize(drive, there, out_int32=True, right=True)
            return (T - passed).cpu().numpy().astype(np.min_scalar_type(T))

        def write(chunk: Tensor, target: NDArray[np.integer]) -> None:
            target[:] = times(chunk)

        # The first image tells how large the maps are, so that the others' go where they stay.
        if self.device.type == "cpu" and (layer := self._proven(images, T)) is not None:
            keep_freed_memory()
            times_of_all = layer.first_spike(images.numpy(), thresholds, torch.get_num_threads())
            return SpikeRecord(T, times_of_all)
        one = times(images[:1])
        first = np.empty((len(images), *one.shape[1:]), one.dtype)
        first[:1] = one
        if len(images) > 1:
            chunks = self._chunks(images[1:])
            ends = np.cumsum([len(chunk) for chunk in chunks])
            run = map_threads if self.device.type == "cpu" else map
            for _ in run(write, chunks, np.split(first[1:], ends[:-1])):
                pass
        return SpikeRecord.from_first_spike(first, T)

    def _proven(self, images: Tensor, T: int) -> Convolution | None:
        """The prefix as one compiled pass, where that is worth it and gives torch's drive."""
        if T > MOST_STEPS or not is_worth(images[:, 0].numel() * self.channels):
            return None
        # Threads of torch's that wait for its next layer would keep others from their processors.
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        # With several channels torch adds up in another order where the images are few and small.
        few = min(1 if self.in_channels == 1 else 16, len(images))
        try:
            some = images[images.flatten(1).sum(1).topk(few).indices]
            return proven(self.prefix, images.numpy(), some.numpy(), self.drive(some))
        finally:
            torch.set_num_threads(before)

    def _encode_stepwise(self, images: Tensor, T: int) -> SpikeRecord:
        return SpikeRecord.joined(
            [self._step(self.drive(chunk), T) for chunk in self._chunks(images)]
        )

    @torch.inference_mode()
    def _step(self, drive: Tensor, T: int) -> SpikeRecord:
        """The record of stepping the neurons from reset."""
        functional.reset_net(self.node)
        steps = (self.node(drive).bool().cpu().numpy() for _ in range(T))
        record = SpikeRecord.from_steps(steps, T)
        functional.reset_net(self.node)
        return record

    def _chunks(self, images: Tensor) -> tuple[Tensor, ...]:
        """The images in parts of one length, except the last: as many for each thread."""
        neurons = self.channels * images[0, 0].numel()
        threads = torch.get_num_threads() if self.device.type == "cpu" else 1
        most = max(1, _CHUNK // neurons)
        even = ceil(len(images) / (threads * ceil(len(images) / (threads * most))))
        size = max(even, min(most, _SMALL_CHUNK // neurons))
        chunks: tuple[Tensor, ...] = torch.split(images, size)
        return chunks
