"""A convolution between images and drive, read off a network's own run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor
from torch.overrides import TorchFunctionMode

from snnviz.adapters.fusing import Normalization, as_numbers
from snnviz.neurons.fused import Convolution

# They tell nothing of values. Properties come as the functions that get them.
_ASK: frozenset[Any] = frozenset(
    {
        *(Tensor.dim, Tensor.size, Tensor.numel, Tensor.stride, Tensor.is_contiguous),
        *(Tensor.__len__, Tensor.is_floating_point, torch.is_floating_point, torch.numel),
        *(
            getattr(Tensor, name).__get__
            for name in ("shape", "ndim", "dtype", "device", "is_cuda", "layout", "requires_grad")
        ),
    }
)
# They repeat images or lay out their axes anew, the numbers of each as they were.
_LAY_OUT: frozenset[Any] = frozenset(
    {
        *(torch.repeat_interleave, torch.unsqueeze, torch.squeeze, torch.flatten, torch.unflatten),
        *(Tensor.repeat_interleave, Tensor.unsqueeze, Tensor.squeeze, Tensor.flatten),
        *(Tensor.unflatten, Tensor.reshape, torch.reshape, Tensor.view, Tensor.repeat),
        *(Tensor.expand, Tensor.contiguous, Tensor.detach),
    }
)
# They return what they are given where it is of that type and there already.
_MOVE: frozenset[Any] = frozenset({Tensor.to, Tensor.float, Tensor.cpu})


@dataclass(frozen=True, eq=False)
class _Origin:
    """How a tensor came from images: as they are, through a convolution, and normalized."""

    convolution: "_Convolving | None" = None
    normalization: Normalization | None = None

    def through(
        self, func: Callable[..., Any], args: tuple[Any, ...], given: dict[str, Any]
    ) -> "_Origin | None":
        """Where that comes from which a function makes of it; None where that is not known."""
        if func is torch.conv2d and self.convolution is None and args and args[0].ndim == 4:
            return _Origin(_Convolving(*args, **given))
        if func is F.batch_norm and self.convolution and self.normalization is None:
            normalization = _normalization(*args, **given)
            return None if normalization is None else replace(self, normalization=normalization)
        return None


@dataclass(frozen=True, eq=False)
class _Convolving:
    """The arguments of `torch.conv2d`."""

    input: Tensor
    weight: Tensor
    bias: Tensor | None = None
    stride: Any = 1
    padding: Any = 0
    dilation: Any = 1
    groups: int = 1


def _normalization(
    input: Tensor,  # noqa: A002 - the arguments of `torch.nn.functional.batch_norm`
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Normalization | None:
    del input, momentum
    if training or running_mean is None or running_var is None:
        return None
    return Normalization(running_mean, running_var, weight, bias, eps)


class Watch(TorchFunctionMode):
    """Surrounds a run of a network, and notes what its functions of tensors make of the images.

    Whatever but convolution, BatchNorm, and another layout touches them or what comes of them, or
    asks for their values, which a network may decide by, makes all of it unknown. What is left does
    the same to each image.
    """

    def __init__(self) -> None:
        super().__init__()
        # The tensors are kept, so that no other gets the number of one.
        self._origins: dict[int, tuple[Tensor, _Origin]] = {}
        self._known = True

    @contextmanager
    def over(self, images: Tensor) -> Iterator[None]:
        """In here what is made of these is noted."""
        self._origins[id(images)] = images, _Origin()
        with self:
            yield

    def found(self, drive: Tensor | None) -> Convolution | None:
        """What makes this tensor of images, as numbers; None where that is something else."""
        _, origin = self._origins.get(id(drive), (None, None))
        if not self._known or origin is None or origin.convolution is None:
            return None
        call = origin.convolution
        if call.groups != 1 or isinstance(call.padding, str):
            return None
        return as_numbers(
            call.weight, call.bias, origin.normalization,
            stride=call.stride, padding=call.padding, dilation=call.dilation,
        )  # fmt: skip

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call the function, and note what it made of images."""
        del types
        given = kwargs or {}
        result = func(*args, **given)
        if self._known and any(id(each) in self._origins for each in _leaves((args, given))):
            self._known = self._notes(func, args, given, result)
        return result

    def _notes(
        self, func: Callable[..., Any], args: tuple[Any, ...], given: dict[str, Any], result: Any
    ) -> bool:
        """Whether it is known what came of a function of images."""
        if func in _ASK:
            return True
        seen = {id(each): each for each in _leaves((args, given)) if id(each) in self._origins}
        key, of = seen.popitem()
        if seen or not isinstance(result, Tensor):
            return False
        origin: _Origin | None = self._origins[key][1]
        if func in _MOVE:
            return result is of
        if func in _LAY_OUT:
            known = _keeps_images(result, of)
        elif func is torch.stack:
            # Each image and each of its maps many times, in a new axis before theirs.
            dim = given.get("dim", args[1] if len(args) > 1 else 0)
            whole = all(each is of for each in args[0]) and dim % result.ndim < result.ndim - 3
            known = whole and _keeps_images(result, of)
        else:
            origin = self._origins[key][1].through(func, args, given)
            known = origin is not None and args[0] is of
        if known and origin is not None:
            self._origins[id(result)] = result, origin
        return known


def _keeps_images(result: Tensor, of: Tensor) -> bool:
    """Whether the last three axes, those of an image or of its maps, are as they were."""
    return min(result.ndim, of.ndim) > 3 and result.shape[-3:] == of.shape[-3:]


def _leaves(value: Any) -> Iterator[Any]:
    """What lists, tuples and dicts hold, however deep."""
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _leaves(each)
    elif isinstance(value, dict):
        yield from _leaves(list(value.values()))
    else:
        yield value
