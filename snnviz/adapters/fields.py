"""Which pixels a neuron can depend on, from the layers that its drive came through.

A run with gradients leaves a graph of what was computed. It is walked from the drive to the image:
convolutions and poolings widen what is seen, branches see what either sees (A. Araujo et al.,
"Computing receptive fields of convolutional neural networks", Distill 2019), and what mixes all
places sees the whole image. What is not known is refused: no number is better than a wrong one.
"""

import re
from typing import Any, NamedTuple, cast

from torch import Tensor

from snnviz.errors import ConfigError
from snnviz.records.receptive_field import ReceptiveField

Node = Any

# What looks at each place alone. What a user's own autograd function does is not known: it is
# taken as a neuron's surrogate, which is one of these.
_ALONE = frozenset(
    re.findall(
        r"\w+",
        """Abs Add Alias Clamp ClampMax ClampMin Clone Copy CudnnBatchNorm Div Elu Erf Exp Expand
        Expm1 Gelu Hardtanh Hardsigmoid Hardswish LeakyRelu Lerp Log Log1P MaskedFill Maximum
        Minimum MiopenBatchNorm Mul NativeBatchNorm NativeDropout Neg Pow Reciprocal Relu Rsub Rsqrt
        Sigmoid Sign Silu Softplus Sqrt Sub Tanh Threshold ToCopy Where""",
    )
)
# What may move places about: taken where it leaves the last two sides as they are.
_SHAPED = frozenset(
    re.findall(
        r"\w+",
        """Cat Repeat ReshapeAlias Select Slice Split SplitWithSizes Squeeze Stack Unbind Unflatten
        Unsqueeze UnsafeView View""",
    )
)
# What sees everything, where it leaves others.
_REDUCED = frozenset(("Mean", "Sum"))
_WHOLE = frozenset(("Addmm", "Mm", "Bmm", "Addmv", "Mv", "Linear", "Baddbmm"))


class _Seen(NamedTuple):
    """Pixels along one side: the first and last of the neuron at 0, and how far the next looks."""

    first: int
    last: int
    step: int

    def through(self, kernel: int, stride: int, padding: int, dilation: int) -> "_Seen":
        """What that sees of what enters a layer."""
        return _Seen(
            self.first * stride - padding,
            self.last * stride - padding + dilation * (kernel - 1),
            self.step * stride,
        )


_Sides = tuple[_Seen, _Seen] | None
"""Rows and columns; None: the whole image."""


def field_of(drive: Tensor, pixels: Tensor, *, maps: bool = True) -> ReceptiveField:
    """The receptive field of neurons whose drive was computed from `pixels` with gradients.

    Args:
        drive: In the layer's own axes, the last two a map's where it has maps.
        pixels: The leaf that wants a gradient, [..., H, W].
        maps: Whether neurons lie in maps; others are taken to see the whole image.

    Raises:
        ConfigError: No gradient reaches the pixels, or something on the way is not known.
    """
    if drive.grad_fn is None:
        raise ConfigError("its drive has no gradient that leads to the pixels")
    start: _Sides = (_Seen(0, 0, 1), _Seen(0, 0, 1)) if maps else None
    seen: dict[Node, _Sides] = {drive.grad_fn: start}
    reached: list[_Sides] = []
    for node in _in_order(drive.grad_fn):
        if node not in seen:
            continue
        if getattr(node, "variable", None) is pixels:
            reached.append(seen[node])
            continue
        inputs = [each for each, _ in node.next_functions if each is not None]
        if not inputs:
            continue
        passed = _before(node, seen[node])
        # Of a convolution and of a normalization the first is what enters it.
        first_only = _kind(node) == "Convolution" or "BatchNorm" in _kind(node)
        for each in [node.next_functions[0][0]] if first_only else inputs:
            if each is not None:
                seen[each] = passed if each not in seen else _joined(seen[each], passed)
    if not reached:
        raise ConfigError("its drive has no gradient that leads to the pixels")
    height, width = pixels.shape[-2:]
    if reached[0] is None:
        return ReceptiveField(0, 0, height, width, 0, 0)
    rows, columns = reached[0]
    return ReceptiveField(
        rows.first, columns.first, rows.last - rows.first + 1, columns.last - columns.first + 1,
        rows.step, columns.step,
    )  # fmt: skip


def _in_order(root: Node) -> list[Node]:
    """All nodes behind `root`, each before what it was computed from."""
    done: dict[Node, None] = {}
    entered, stack = {root}, [(root, iter(root.next_functions))]
    while stack:
        node, rest = stack[-1]
        found = next((each for each, _ in rest if each is not None and each not in entered), None)
        if found is None:
            done[node] = None
            stack.pop()
        else:
            entered.add(found)
            stack.append((found, iter(found.next_functions)))
    return list(done)[::-1]


def _kind(node: Node) -> str:
    name = str(node.name()).rpartition("::")[2]
    return name.rstrip("0123456789").removesuffix("Backward")


def _before(node: Node, sides: _Sides) -> _Sides:
    """What is seen of what entered a node, where `sides` is what is seen of what left it."""
    kind = _kind(node)
    if sides is None or kind in _ALONE:
        return sides
    if kind in _WHOLE or kind == "AdaptiveAvgPool2D":
        return None
    if kind in ("Convolution", "MaxPool2DWithIndices", "AvgPool2D", "ConstantPadNd"):
        return _wider(node, kind, sides)
    moves = _moves(node)
    if kind in _REDUCED and moves:
        return None
    if moves:
        raise ConfigError(f"what rearranges places ({kind}) lies before")
    if kind in _SHAPED or kind in _REDUCED or type(node).__module__ == "torch.autograd.function":
        return sides
    raise ConfigError(f"an operation that is not known here ({kind}) lies before")


def _wider(node: Node, kind: str, sides: tuple[_Seen, _Seen]) -> _Sides:
    """The same through a convolution, a pooling, or zeros around."""

    def saved(name: str) -> Any:
        return getattr(node, f"_saved_{name}", None)

    if kind == "ConstantPadNd":
        left, top = [*saved("pad"), 0, 0][0:3:2]
        return _through(sides, (1, 1), (1, 1), (top, left), (1, 1))
    if kind == "Convolution":
        if saved("transposed") or saved("weight").ndim != 4:
            raise ConfigError("a transposed convolution, or none in two dimensions, lies before")
        kernel = _pair(saved("weight").shape[2:])
    else:
        kernel = _pair(saved("kernel_size"))
    stride, padding, dilation = (
        _pair(saved(name) or usual)
        for name, usual in (("stride", kernel), ("padding", 0), ("dilation", 1))
    )
    return _through(sides, kernel, stride, padding, dilation)


def _through(
    sides: tuple[_Seen, _Seen], kernel: Any, stride: Any, padding: Any, dilation: Any
) -> _Sides:
    rows, columns = (
        side.through(*(int(values[axis]) for values in (kernel, stride, padding, dilation)))
        for axis, side in enumerate(sides)
    )
    return rows, columns


def _joined(one: _Sides, other: _Sides) -> _Sides:
    """What two branches see together."""
    if one is None or other is None:
        return None
    if any(a.step != b.step for a, b in zip(one, other, strict=True)):
        raise ConfigError("branches of different strides meet before")
    rows, columns = (
        _Seen(min(a.first, b.first), max(a.last, b.last), a.step)
        for a, b in zip(one, other, strict=True)
    )
    return rows, columns


def _pair(values: Any) -> tuple[int, int]:
    if isinstance(values, int):
        return values, values
    listed = [int(value) for value in values]
    return cast("tuple[int, int]", tuple(listed if len(listed) == 2 else listed * 2))


def _moves(node: Node) -> bool:
    """Whether the last two sides of what leaves a node are others than of what entered it."""
    left = tuple(node._input_metadata[0].shape)  # noqa: SLF001
    entered = [each._input_metadata[0].shape for each, _ in node.next_functions  # noqa: SLF001
               if each is not None]  # fmt: skip
    return not entered or tuple(entered[0])[-2:] != left[-2:]
