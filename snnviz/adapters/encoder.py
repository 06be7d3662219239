"""The encoder of a spiking network: tensors in, `SpikeRecord` out.

A network that is fed a still image begins with layers that keep no state and a layer of spiking
neurons. Those are its encoder from pixels to spikes.
"""

from abc import ABC, abstractmethod
from contextlib import suppress
from importlib import import_module
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from snnviz.display import kernel_picture, summary, thumbnail
from snnviz.errors import ConfigError, SnnvizError
from snnviz.records.receptive_field import ReceptiveField
from snnviz.records.spikes import SpikeRecord

# So many kernels a notebook shows.
_SHOWN = 32


class Encoder(ABC):
    """From images to the spikes of a layer of neurons.

    Every recording starts from the neurons' reset state and leaves no trace. Make one with
    `snnviz.split_encoder` or `snnviz.load_encoder`.

    Attributes:
        T: Number of time steps of a recording, where `encode` is told none.
        layer: The name of its layer of neurons in the network that it is of.

    Example:
        >>> encoder = snnviz.load_encoder()
        >>> encoder.channels, encoder.neurons
        (128, 'IFNode')
        >>> encoder.encode(snnviz.garments(2).batch([0, 1]), T=4).count(3).shape
        (2, 128, 28, 28)
    """

    T: int
    layer: str

    def __repr__(self) -> str:
        """Its class, layer and number of time steps."""
        return f"<{type(self).__name__}{f' of layer {self.layer}' * bool(self.layer)}, T={self.T}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: its facts, and its kernels."""
        facts: dict[str, object] = {"layer": self.layer or "the first", "T": self.T}
        pictures = []
        # What needs images of a network is not known before it was given some.
        with suppress(SnnvizError):
            facts |= {"neurons": self.neurons, "channels": self.channels}
            kernels = self.kernels
            facts["kernels"] = f"{list(kernels.shape)} (K, C, kh, kw)"
            pictures.append(thumbnail(kernel_picture(kernels[:_SHOWN]), _caption(len(kernels))))
        return summary(type(self).__name__, facts, *pictures)

    @property
    @abstractmethod
    def in_channels(self) -> int:
        """Channels of the images it takes."""

    @property
    @abstractmethod
    def channels(self) -> int:
        """Number of feature maps, K."""

    @property
    @abstractmethod
    def device(self) -> torch.device:
        """Where it computes."""

    @property
    @abstractmethod
    def kernels(self) -> NDArray[np.float32]:
        """Weights of the convolution before the neurons, float32 [K, C, kh, kw]; a copy.

        Raises:
            ConfigError: No single layer of weights lies between the pixels and the neurons.
        """

    @abstractmethod
    def macs(self, shape: tuple[int, int, int]) -> int:
        """Multiply-accumulates of that convolution for an image; nothing for zeros that pad it.

        Args:
            shape: (C, H, W) of the image.

        Raises:
            ConfigError: As `kernels`.
        """

    def receptive_field(self) -> ReceptiveField:
        """Which pixels a neuron can depend on, from the layers between them and the image.

        Raises:
            ConfigError: Something between them is not known.
        """
        raise ConfigError(f"what lies before the neurons of {type(self).__name__} is not known")

    @abstractmethod
    def integrates(self) -> tuple[float, float | None] | None:
        """`v_threshold` and `v_reset` of integrate-and-fire neurons, None of others.

        A `v_reset` of None subtracts the threshold.
        """

    @property
    @abstractmethod
    def neurons(self) -> str:
        """The class of its neurons."""

    @property
    def is_renewal(self) -> bool:
        """Whether its neurons start every interval from the same state under constant drive.

        True for integrate-and-fire neurons with a hard reset, and for nothing that adapts, leaks or
        resets by subtraction.
        """
        parameters = self.integrates()
        return parameters is not None and parameters[1] is not None

    def membrane_parameters(self) -> tuple[float, float | None]:
        """The same as `integrates`, of neurons whose potential is known from their drive.

        Raises:
            ConfigError: They do more than integrate and fire.
        """
        if (parameters := self.integrates()) is None:
            raise ConfigError(
                f"the membrane potential is drawn for SpikingJelly's IFNode, not for "
                f"{self.neurons}; leave out the kinds membrane and raster"
            )
        return parameters

    def renewal_parameters(self) -> tuple[float, float]:
        """The same of neurons with a hard reset, for `snnviz.neurons.first_spike`.

        Raises:
            ConfigError: They are none.
        """
        v_threshold, v_reset = self.membrane_parameters()
        if v_reset is None:
            raise ConfigError("neurons that subtract their threshold have no first-spike rule")
        return v_threshold, v_reset

    @abstractmethod
    def to(self, device: str | torch.device) -> "Encoder":
        """The same encoder, computing on `device`."""

    @abstractmethod
    def encode(self, images: Tensor | NDArray[np.floating], T: int | None = None) -> SpikeRecord:
        """The spikes of `images` over T steps, from reset.

        Args:
            images: Floats [N, C, H, W], tensor or array, as the encoder takes them.
            T: Number of time steps, >= 1; None takes the encoder's own.

        Raises:
            ShapeError: The images have another shape, type or range.
            ConfigError: T is below 1, or the encoder's network cannot be run so.
        """

    def encode_sequence(self, frames: NDArray[np.floating], T: int | None = None) -> SpikeRecord:
        """The spikes of sequences of inputs, such as event frames, over T steps, from reset.

        Args:
            frames: Floats [T, N, C, H, W].
            T: Number of time steps, up to that of `frames`; None: as many.

        Raises:
            ConfigError: The encoder is for still images.
            ShapeError: As `encode`.
        """
        del frames, T
        raise ConfigError(
            "this encoder is of a network for still images, and event frames change with t; give "
            "a network that takes them"
        )

    @abstractmethod
    def drive(self, images: Tensor | NDArray[np.floating]) -> Tensor:
        """Input current of the neurons, float32 [N, ...]; it does not change with t.

        Raises:
            ShapeError: As `encode`.
            ConfigError: It does change.
        """

    def widget(self, images: Any, T: int | None = None, **options: Any) -> Any:
        """The page of `snnviz report` as a Jupyter widget, see `snnviz.widget`.

        Args:
            images: Samples, or floats in [0, 1], [N, C, H, W].
            T: Number of time steps; None takes the encoder's own.
            options: As `snnviz.widget` takes them.

        Raises:
            ConfigError: anywidget is not installed, or the encoder cannot be run so.
            ShapeError: The images do not suit the encoder.
        """
        # Recording knows nothing of pages: this is a shorter way to write snnviz.widget(self, ...).
        return import_module("snnviz.report").widget(self, images, T, **options)

    @abstractmethod
    def record_size(self, image_size: tuple[int, int], T: int) -> int:
        """About how many bytes the record of an image of that height and width takes."""

    def prepare(self, images: Tensor | NDArray[np.floating], T: int | None = None) -> None:
        """Find out what has to be known of images like these, before anything is asked of it.

        Args:
            images: As for `encode`; two are enough.
            T: As for `encode`.

        Raises:
            ShapeError: As `encode`.
            ConfigError: As `encode`.
        """
        del images
        if T is not None and T < 1:
            raise ConfigError(f"T must be at least 1, got {T}")


def _caption(count: int) -> str:
    shown = "All" if count <= _SHOWN else f"The first {_SHOWN} of {count}"
    return f"{shown} kernels, blue below 0 and orange above, paler towards 0"
