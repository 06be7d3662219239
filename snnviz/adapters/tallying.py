"""What one layer with weights is given in runs of a network, summed."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from math import prod
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

from snnviz.adapters.protocol import Feed
from snnviz.metrics.operations import LayerOperations, Sees, met_weights, reach

Weighted = (nn.Linear, _ConvNd)
"""The layers whose products are counted; a transposed convolution is of the latter, too."""

# What is given in axes of images and then of steps.
_BY_IMAGE = ("images first", "together", "time third")


@dataclass(frozen=True)
class Run:
    """A run of a network.

    Attributes:
        images: How many images it is of.
        T: Number of time steps.
        feed: In which axes the network is given them.
    """

    images: int
    T: int
    feed: Feed

    def steps(self, leading: tuple[int, ...]) -> int:
        """How many steps a call is of whose input has those axes before channels and places."""
        both = self.images * self.T
        if leading[:2] in self._pairs() or leading[:1] == (both,):
            return self.T
        return 1 if leading[:1] == (self.images,) or prod(leading) % both else self.T

    def _pairs(self) -> tuple[tuple[int, int], ...]:
        """The axes of images and steps, in the order in which they may stand."""
        by_step, by_image = (self.T, self.images), (self.images, self.T)
        if self.feed == "image":  # it repeats images itself, in either order
            return by_step, by_image
        return (by_image if self.feed in _BY_IMAGE else by_step,)

    def is_still(self, x: Tensor) -> bool:
        """Whether the same entered at each of the steps that one call is of."""
        for axes in self._pairs():
            each = x.reshape(*axes, -1)
            one = each[:1] if axes[0] == self.T else each[:, :1]
            if bool((each == one).all()):
                return True
        return False


@dataclass
class Tally:
    """What one layer does in a run of some images.

    Attributes:
        module: The layer.
        front: Whether it is called before all neurons, so that it sees the images.
        steps: At how many steps it was run.
        inputs: Numbers that entered it.
        outputs: Numbers that left it.
        macs: Products if every input counts, without zeros that pad a map.
        padded_macs: The same with those.
        spikes: What entered it, summed.
        events: How much of that is not 0.
        synops: Each input times the weights that it meets.
        uses: How many weights those meet that are not 0.
        whole: Whether all that entered it are whole numbers.
        sizes: Of all calls the smallest and the largest that entered it besides 0.
        varied: Whether other numbers entered it at other steps.
    """

    module: nn.Module
    front: bool = False
    steps: int = 0
    inputs: float = 0
    outputs: float = 0
    macs: float = 0
    padded_macs: float = 0
    spikes: float = 0
    events: float = 0
    synops: float = 0
    uses: float = 0
    whole: bool = True
    sizes: set[float] = field(default_factory=set)
    varied: bool = False
    last: Tensor | None = None

    def hear(self, x: Tensor, output: Tensor, run: Run) -> None:
        """Take a call with its input and output."""
        module = cast("Any", self.module)
        x = x.detach()
        places = len(getattr(module, "kernel_size", ()))
        steps = run.steps(tuple(x.shape[: -1 - places]))
        if self.front:
            self._compare(x, steps, run)
        met, fan_out = _met(module, x, output), fan_outs(module)
        self.steps += steps
        self.inputs += x.numel()
        self.outputs += output.numel()
        self.macs += dense_macs(module, x, output)
        from_input = isinstance(module, _ConvTransposeNd)
        self.padded_macs += (x if from_input else output).numel() * module.weight[0].numel()
        # Sums of half precision would be rounded.
        size = x.abs().to(torch.promote_types(x.dtype, torch.float32))
        self._weigh(size.reshape(-1, met.numel()), met.reshape(-1).to(size), fan_out)
        self.whole = self.whole and (self.sizes <= {1.0} or bool((x == x.round()).all()))

    def _weigh(self, size: Tensor, met: Tensor, fan_out: int) -> None:
        """Take what entered, without signs, as rows of places that meet so many weights."""
        fired = size != 0
        # Whole numbers, whose sums over one map are exact in float32; over all maps in float64.
        columns = torch.stack([torch.ones_like(met), met], 1)
        counts, uses = (fired.to(met) @ columns).sum(0, dtype=torch.float64).tolist()
        self.events += counts
        self.uses += uses * fan_out
        if counts and bool((fired == (size == 1)).all()):
            self.sizes.add(1.0)
        elif counts:
            found = size[fired]
            self.sizes |= {float(found.min()), float(found.max())}
            counts, uses = (size @ columns).sum(0, dtype=torch.float64).tolist()
        self.spikes += counts
        self.synops += uses * fan_out

    def _compare(self, x: Tensor, steps: int, run: Run) -> None:
        """Note whether what enters it is another at other steps."""
        if steps > 1:
            self.varied = self.varied or not run.is_still(x)
        elif self.last is not None and self.last.shape == x.shape:
            self.varied = self.varied or not torch.equal(self.last, x)
        self.last = x.clone()

    def add(self, other: "Tally", share: float = 1) -> None:
        """Add what it does in another run, or take a share of that away."""
        for name in (
            *("inputs", "outputs", "macs", "padded_macs"),
            *("spikes", "events", "synops", "uses"),
        ):
            setattr(self, name, getattr(self, name) + share * getattr(other, name))
        self.steps = self.steps or other.steps
        self.front = self.front or other.front
        self.whole = self.whole and other.whole
        self.varied = self.varied or other.varied
        self.sizes |= other.sizes

    def operations(
        self, name: str, images: int, T: int, sizes: AbstractSet[float]
    ) -> LayerOperations:
        """The same for one image.

        Args:
            name: The layer's.
            images: Number of images.
            T: Number of time steps.
            sizes: Those of the spikes that neurons of the network emit.
        """
        module = cast("Any", self.module)
        steps = T if self.steps % T == 0 else 1
        each = images * steps
        sees = self._sees(sizes)
        return LayerOperations(
            name=name,
            kind=type(module).__name__,
            sees=sees,
            steps=steps,
            inputs=round(self.inputs / each),
            outputs=round(self.outputs / each),
            weights=module.weight.numel(),
            bias=module.bias is not None,
            channels=getattr(module, "out_channels", None) or module.out_features,
            fan_out=fan_outs(module),
            kernel=tuple(getattr(module, "kernel_size", ())),
            stride=tuple(getattr(module, "stride", ())),
            macs=round(self.macs / each),
            padded_macs=round(self.padded_macs / each),
            spikes=self._of(sees, self.events, self.spikes, images),
            synops=self._of(sees, self.uses, self.synops, images),
            most=round(max(self.sizes)) if sees == "counts" else 1,
        )

    def _sees(self, sizes: AbstractSet[float]) -> Sees:
        if self.front and not self.varied:
            return "values"
        if self.whole:
            return "spikes" if self.sizes <= {1.0} else "counts"
        # One number besides 0 may be the size of spikes; or an average that is always the same.
        return "spikes" if len(self.sizes) == 1 and self.sizes <= sizes else "values"

    @staticmethod
    def _of(sees: Sees, events: float, counts: float, images: int) -> float | None:
        return None if sees == "values" else (events if sees == "spikes" else counts) / images


def fan_outs(module: Any) -> int:
    """To how many channels or features each that enters a layer is connected."""
    if isinstance(module, nn.Linear):
        return int(module.out_features)
    return int(module.out_channels // module.groups)


def dense_macs(module: Any, x: Tensor, output: Tensor) -> int:
    """Multiply-accumulates of a call if every input counts, without zeros that pad a map.

    Args:
        module: A convolution or linear layer.
        x: What enters it.
        output: What it returns.
    """
    met = _met(module, x, output)
    return x.numel() // met.numel() * int(met.sum()) * fan_outs(module)


def _met(module: Any, x: Tensor, output: Tensor) -> Tensor:
    """How many weights of a kernel each place of a map meets; 1 for a linear layer."""
    places = len(getattr(module, "kernel_size", ()))
    sides, outputs = (each.shape[each.ndim - places :] for each in (x, output))
    transposed = isinstance(module, _ConvTransposeNd)
    directions = []
    for axis, (side, reached) in enumerate(zip(sides, outputs, strict=True)):
        # As it pads: the last direction comes first there.
        padded = module._reversed_padding_repeated_twice  # noqa: SLF001 - no public way
        before = module.padding[axis] if transposed else padded[2 * (len(sides) - 1 - axis)]
        directions.append(
            reach(
                side, reached,
                kernel=module.kernel_size[axis], stride=module.stride[axis], before=before,
                dilation=module.dilation[axis], mode=module.padding_mode, transposed=transposed,
            )
        )  # fmt: skip
    return torch.from_numpy(np.ascontiguousarray(met_weights(directions)))
