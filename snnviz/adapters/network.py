"""`NetworkEncoder`: the first layer of neurons of any network, or another that is named."""

import warnings
from collections.abc import Sequence
from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from snnviz.adapters.chunks import chunks
from snnviz.adapters.encoder import Encoder
from snnviz.adapters.feeding import Source, as_source, normalized
from snnviz.adapters.fields import field_of
from snnviz.adapters.finding import device_of, unwrapped, wrapping
from snnviz.adapters.kernels import find_kernels, find_macs
from snnviz.adapters.knowing import Knowledge, in_channels_of
from snnviz.adapters.recorder import Probes, Recorder, check_steps
from snnviz.adapters.state import Start, copy_network
from snnviz.adapters.stepping import Known, Stepping
from snnviz.adapters.still import record_still
from snnviz.errors import ConfigError
from snnviz.records.receptive_field import ReceptiveField
from snnviz.records.spikes import SpikeRecord


class NetworkEncoder(Encoder):
    """The encoder of a network that is run as it is.

    It is found by running the network on the first images: which layer is called first, and
    whether its drive is the same at each step. Then the drive is computed once, and the neurons
    alone are stepped, or their first spikes found by exact thresholds. The first images are also
    recorded from the network's own run; where the two differ, all are, and a warning says so.

    Args:
        net: The network; the encoder has a copy of it, so that its later training does not matter.
        layer: Name of the layer of neurons; None: the first that is called.
        T: Number of time steps where `encode` is told none; None: as many as the network says.
        mean: What the network expects to be subtracted from images in [0, 1]: one number, or one a
            channel; None: nothing.
        std: What it expects them to be divided by after that.
        copy: Whether the encoder has a copy of the network; without, it changes with it.
        probes: What others found of the network itself, without a copy.
        prefix: As for `snnviz.adapters.recorder.Recorder`.

    Raises:
        ConfigError: It has no spiking neurons, or no layer of that name.
    """

    def __init__(
        self,
        net: nn.Module,
        layer: str | None = None,
        T: int | None = None,
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        copy: bool = True,
        probes: Probes | None = None,
        prefix: str | None = None,
    ) -> None:
        bare, prefix = unwrapped(net), wrapping(net) if prefix is None else prefix
        self._net = copy_network(bare) if copy else bare
        if copy and self._net is bare:
            warnings.warn(
                f"{type(bare).__name__} cannot be copied faithfully: the encoder uses the network "
                "itself, and changes with it",
                stacklevel=3,
            )
        self._layer, self._prefix = layer, prefix
        self._normalization = (mean, std)
        self._recorder = Recorder(self._net, layer, None if copy else probes, prefix=prefix)
        self._knowledge = Knowledge(self._recorder)
        self.T = T or self._recorder.stated or 4
        self._told_T = T is not None
        self.layer = layer or ""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of its neurons for one of the last images."""
        return self._seen.site.shape

    @property
    def channels(self) -> int:
        """Number of feature maps, or of neurons of a linear layer."""
        return self.shape[0]

    @property
    def in_channels(self) -> int:
        """Channels of the images that its first convolution takes; 1 where it has none."""
        return in_channels_of(self._net)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return device_of(self._net)

    @property
    def kernels(self) -> NDArray[np.float32]:
        """Weights of the layer between the pixels and the neurons, float32 [K, C, kh, kw]; a copy.

        Those of a linear layer are its receptive fields, as large as the image.

        Raises:
            ConfigError: There are several such layers, or none.
        """
        known = self._seen
        with self._recorder.running() as start:
            reach = Stepping(self._net, known, start).reach
            return find_kernels(self._net, known.site, reach, self._knowledge.sample)

    def macs(self, shape: tuple[int, int, int]) -> int:
        """Multiply-accumulates of the layer between the pixels and the neurons, for an image.

        Args:
            shape: (C, H, W) of the image, which the network knows already.

        Raises:
            ConfigError: There are several such layers, or none.
        """
        del shape
        known = self._seen
        with self._recorder.running() as start:
            reach = Stepping(self._net, known, start).reach
            return find_macs(self._net, known.site, reach, self._knowledge.sample)

    def receptive_field(self) -> ReceptiveField:
        """Which pixels a neuron can depend on, from what is computed between them and an image.

        Raises:
            ConfigError: Something of that is not known.
        """
        known, sample = self._seen, self._knowledge.sample
        with self._recorder.running() as start, torch.enable_grad():
            pixels = sample.values.detach().clone().requires_grad_()
            source = Source(pixels, sequence=sample.sequence)
            drive = Stepping(self._net, known, start).reach(source).entered
            assert drive is not None  # noqa: S101 - it was reached
            try:
                return field_of(drive, pixels, maps=len(known.site.shape) == 3)
            finally:
                start.begin()

    def integrates(self) -> tuple[float, float | None] | None:
        """`v_threshold` and `v_reset` of integrate-and-fire neurons, None of others."""
        layer = self._seen.site.layer
        return layer.framework.integrates(layer.module)

    @property
    def neurons(self) -> str:
        """The class of its neurons, and whose it is."""
        layer = self._seen.site.layer
        return f"{layer.kind} of {layer.framework.name}"

    def to(self, device: str | torch.device) -> "NetworkEncoder":
        """The same encoder, computing on `device`."""
        mean, std = self._normalization
        T = self.T if self._told_T else None
        moved = NetworkEncoder(self._net, self._layer, T, mean=mean, std=std, prefix=self._prefix)
        moved._net.to(device)
        return moved

    def prepare(self, images: Tensor | NDArray[np.floating], T: int | None = None) -> None:
        """Run the network on the first images, to know how it takes them."""
        source = self._source(images)
        with self._recorder.running() as start:
            self._steps(self._know(source, T, start), source, T)

    def encode(
        self,
        images: Tensor | NDArray[np.floating],
        T: int | None = None,
        *,
        sequence: bool = False,
    ) -> SpikeRecord:
        """The spikes of `images` over T steps, from the network's start.

        Args:
            images: Floats [N, ...] as the network takes an image; or a sequence [T, N, ...].
            T: Number of time steps, >= 1; None: as many as the network says, or 4.
            sequence: Whether `images` are a sequence, such as event frames.

        Raises:
            ShapeError: They are no finite floats.
            ConfigError: T is below 1; the network cannot be run so, draws random numbers, or emits
                no spikes.
        """
        check_steps(T)
        source = self._source(images, sequence=sequence)
        with self._recorder.running() as start:
            known = self._know(source, T, start)
            T = self._steps(known, source, T)
            if not known.found.way.loops or known.steps == 1:
                self._recorder.check_steps(known.found, T)
            still = known.is_still and not source.sequence
            if still and self._knowledge.proves(known, source, T, start):
                return record_still(Stepping(self._net, known, start), known, source, T)
            own, _ = self._recorder.own(known.found, source, T, [known.site], start)
            return own[known.site.name].record

    def drive(self, images: Tensor | NDArray[np.floating]) -> Tensor:
        """Input current of the neurons, float32 [N, ...]; it does not change with t."""
        source = self._source(images)
        with self._recorder.running() as start:
            known = self._know(source, None, start)
            if not known.is_still:
                raise ConfigError(
                    f"the input current of {known.site.name} changes with t; leave out what shows "
                    "it"
                )
            stepping = Stepping(self._net, known, start)
            parts = [
                stepping.drive(chunk)[0][:count] for chunk, count in chunks(source, known.found)
            ]
        return torch.cat(parts).float()

    def record_size(self, image_size: tuple[int, int], T: int) -> int:
        """About how many bytes the record of an image of that height and width takes.

        The layer's size is taken to grow with the image's, from that of the last images.
        """
        neurons, seen = int(np.prod(self.shape)), self._knowledge.sample.values.shape[-2:]
        larger = int(np.prod(image_size)) / max(1, int(np.prod(seen)))
        trains = 0 if self.is_renewal else -(-T // 8)
        return ceil(neurons * larger) * (np.min_scalar_type(T).itemsize + trains)

    def encode_sequence(self, frames: NDArray[np.floating], T: int | None = None) -> SpikeRecord:
        """The spikes of sequences of inputs, such as event frames, over T steps."""
        return self.encode(frames, T, sequence=True)

    def _source(self, images: Tensor | NDArray[np.floating], *, sequence: bool = False) -> Source:
        """The images as the network expects them."""
        source = as_source(images, self._net, sequence=sequence)
        return normalized(source, *self._normalization)

    @property
    def node(self) -> nn.Module:
        """The layer of neurons itself."""
        return self._seen.site.layer.module

    @property
    def _seen(self) -> Known:
        if self._knowledge.last is None:
            self._run_on_noise()
        assert self._knowledge.last is not None  # noqa: S101 - it was run
        return self._knowledge.last

    def _run_on_noise(self) -> None:
        """Run the network on images of usual sizes, where it has not been run on any yet."""
        with self._recorder.running() as start:
            self.layer = self._knowledge.of_noise(start).site.name

    def _know(self, source: Source, T: int | None, start: Start) -> Known:
        """How the network takes images like these."""
        known = self._knowledge.of(source, T, start)
        self.layer = known.site.name
        return known

    def _steps(self, known: Known, source: Source, T: int | None) -> int:
        if T is None and self._told_T and not source.sequence:
            T = self.T
        steps = self._recorder.steps(known.found, source, T)
        if T is None:
            self.T = steps
        return steps


def split_encoder(
    net: nn.Module,
    layer: str | None = None,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> Encoder:
    """The encoder of `net`: all up to and with its first layer of spiking neurons.

    Which layer that is, and what enters it, is found when images are encoded, by running the
    network: neither the order of registration nor what kind of code its `forward` is matters.

    Args:
        net: A network with spiking neurons of SpikingJelly, snnTorch, Norse or sinabs.
        layer: The name of another layer, as `named_modules` has it, to be recorded instead.
        mean: What the network expects to be subtracted from images in [0, 1]: one number, or one a
            channel; None: nothing.
        std: What it expects them to be divided by after that.

    Raises:
        ConfigError: It has no spiking neurons, or no such layer.

    Example:
        >>> from torch import nn
        >>> from spikingjelly.activation_based import neuron
        >>> first = nn.Sequential(nn.Flatten(), nn.Linear(784, 5), neuron.IFNode())
        >>> net = nn.Sequential(*first, nn.Linear(5, 3), neuron.IFNode())
        >>> snnviz.split_encoder(net).encode(snnviz.garments(2).batch([0, 1]), T=4).shape
        (2, 5)
    """
    return NetworkEncoder(net, layer, mean=mean, std=std)
