"""Images in the form in which a network takes them, and what its layers emit in one form."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from snnviz.adapters.finding import device_of
from snnviz.adapters.protocol import Axes, Feed
from snnviz.data import normalize
from snnviz.errors import ShapeError

# Whole numbers up to so many or more are bytes that nobody scaled.
_BYTES = 16
# Values of an image, or of a step of a sequence, from which on images are large.
_LARGE = 1 << 15


@dataclass(frozen=True, eq=False)
class Source:
    """Images that a network sees at each step: the same ones, or others at each.

    Attributes:
        values: Still images [N, ...]; or a sequence [T, N, ...].
        sequence: Whether it is a sequence.
    """

    values: Tensor
    sequence: bool = False

    def __len__(self) -> int:
        """Number of images, N."""
        return int(self.values.shape[1 if self.sequence else 0])

    @property
    def is_large(self) -> bool:
        """Whether the memory that a network takes for such an image has to be cared for."""
        return self.values[0].numel() >= _LARGE

    def take(self, images: list[int]) -> "Source":
        """Those images, in that order."""
        axis = 1 if self.sequence else 0
        index = torch.tensor(images, device=self.values.device)
        return Source(self.values.index_select(axis, index), self.sequence)

    def flat(self) -> "Source":
        """Each image as one row of numbers."""
        return Source(self.values.flatten(2 if self.sequence else 1), self.sequence)

    def to(self, device: torch.device, dtype: torch.dtype) -> "Source":
        """The same there, as that type."""
        return Source(self.values.to(device, dtype), self.sequence)

    def step(self, t: int) -> Tensor:
        """What is seen at step t, [N, ...]; a copy, since some neurons write into their input.

        Raises:
            ShapeError: It is a sequence of fewer steps.
        """
        if self.sequence and t >= len(self.values):
            raise ShapeError(
                f"the sequence has {len(self.values)} steps, T is {t + 1} or more; ask for fewer"
            )
        seen = self.values[t] if self.sequence else self.values
        copied: Tensor = seen.clone(memory_format=torch.contiguous_format)
        return copied

    def all_steps(self, T: int, feed: Feed) -> Tensor:
        """What is seen in T steps, in the axes that `Feed` names; a copy.

        Raises:
            ShapeError: It is a sequence of fewer steps.
        """
        if not self.sequence:
            steps = self.values.unsqueeze(0).repeat(T, *[1] * self.values.ndim)
        elif len(self.values) < T:
            raise ShapeError(f"the sequence has {len(self.values)} steps, T is {T}; ask for fewer")
        else:
            steps = self.values[:T].clone(memory_format=torch.contiguous_format)
        if feed in ("time first", "steps together"):
            return steps if feed == "time first" else steps.flatten(0, 1)
        by_image = steps.transpose(0, 1).contiguous()
        if feed == "time third" and by_image.ndim > 3:
            return by_image.transpose(1, 2).contiguous()
        if feed == "time last":
            return by_image.movedim(1, -1).contiguous()
        return by_image if feed == "images first" else by_image.flatten(0, 1)


def by_step(value: Tensor, axes: Axes, images: int, steps: int | None = None) -> Tensor:
    """A call's drive or spikes as [t, N, ...].

    Args:
        value: In the layer's axes.
        axes: Which those are.
        images: Number of images, where steps and images share an axis.
        steps: How many steps the layer takes, where it takes no other number.
    """
    if axes == "step":
        return value.unsqueeze(0)
    if axes == "time first":
        return value
    if axes == "images first":
        return value.transpose(0, 1)
    count = steps or max(1, len(value) // images)
    split: Tensor = value.unflatten(0, (-1, count))
    return split.transpose(0, 1)


def in_axes(steps: Tensor, axes: Axes) -> Tensor:
    """The other way: what a layer of those axes takes for [t, N, ...]; one step for "step"."""
    if axes == "step":
        return steps[0]
    if axes == "time first":
        return steps
    by_image = steps.transpose(0, 1)
    return by_image if axes == "images first" else by_image.flatten(0, 1)


def as_source(
    images: Tensor | NDArray[np.generic], net: nn.Module, *, sequence: bool = False
) -> Source:
    """Images as the network can be given them: on its device, of its type.

    Raises:
        ShapeError: They are no finite floats, have no axis of images, or there are none.
    """
    if not isinstance(images, (Tensor, np.ndarray)) or getattr(images, "is_sparse", False):
        raise ShapeError(f"images are a dense tensor or array, got {type(images).__name__}")
    if isinstance(images, np.ndarray) and images.dtype.kind not in "fiub":
        raise ShapeError(f"images must be floats, got {images.dtype}")
    if isinstance(images, np.ndarray):
        native = images.dtype.newbyteorder("=")
        images = np.require(images, native, ("C_CONTIGUOUS", "WRITEABLE"))
    values = torch.as_tensor(images).detach()
    least = 3 if sequence else 2
    form = "[T, N, ...]" if sequence else "[N, ...]"
    if values.ndim < least or 0 in values.shape:
        raise ShapeError(f"images must be {form} with no side of 0, got {list(values.shape)}")
    if not values.is_floating_point():
        raise ShapeError(f"images must be floats, got {values.dtype}; divide by 255")
    if not torch.isfinite(values).all():
        raise ShapeError("images must be finite, and some values are nan or infinite")
    top = float(values.max())
    if (
        not sequence
        and top >= _BYTES
        and values.min() >= 0
        and bool((values == values.round()).all())
    ):
        raise ShapeError(f"images are whole numbers up to {top:g}; divide by 255")
    dtype = next((p.dtype for p in net.parameters() if p.is_floating_point()), torch.float32)
    return Source(values.to(device_of(net), dtype), sequence)


def normalized(source: Source, mean: Sequence[float] | None, std: Sequence[float] | None) -> Source:
    """Images as a network expects them: less the mean, over the standard deviation."""
    if mean is None and std is None:
        return source
    whole = source.values.flatten(0, 1) if source.sequence else source.values
    normal = torch.from_numpy(normalize(whole.cpu().float().numpy(), mean or (0,), std or (1,)))
    return Source(normal.to(source.values).reshape(source.values.shape), source.sequence)


def form_of(source: Source) -> tuple[Any, ...]:
    """What images have in common that a network takes in one way."""
    return source.sequence, source.values.shape[2 if source.sequence else 1 :]


def brightest(source: Source) -> Source:
    """Still images by falling brightness."""
    levels = source.values.flatten(1).double().abs().sum(1)
    return source.take(levels.argsort(descending=True, stable=True).tolist())


def brightness(source: Source) -> float:
    """How bright the brightest still image is."""
    return float(source.values.flatten(1).double().abs().sum(1).max())
