"""What lies beside the weights, read as the plain values that it stands for.

A training script keeps its numbers as it computed them: Python's, NumPy's, tensors of no dimension.
They all are numbers here. A `StandIn` that is none of those is told by the name of its class.
"""

import itertools
import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from snnviz.checkpoint.reading import StandIn, as_dict
from snnviz.errors import CheckpointError

_NUMPY = re.compile(r"numpy\._?core\.multiarray\.(scalar|_reconstruct)")
# A state of an optimizer is four deep, and has a few hundred parts.
_DEEPEST = 50
_MOST_PARTS = 200_000
_DTYPE = re.compile(r"[fiu][1248]")
_KINDS = {
    dict: "a dict", list: "a list", tuple: "a tuple", str: "text", bytes: "bytes", bool: "a truth "
    "value", int: "a number", float: "a number", type(None): "None", Tensor: "a tensor",
}  # fmt: skip


def kind_of(value: object) -> str:
    """What `value` is, in words for the user; of a stand-in the class that the file names."""
    if isinstance(value, StandIn) and _NUMPY.fullmatch(value.global_name):
        return "a NumPy array or scalar"
    if isinstance(value, StandIn):
        return f"an object of class {ascii(value.global_name)[1:-1][:80]}"
    if isinstance(value, dict):
        return "a dict"
    return _KINDS.get(type(value), f"an object of class {type(value).__name__}")


def number(value: object) -> int | float | None:
    """The number that `value` is, None where it is none.

    Python's whole numbers and floats, NumPy's, and tensors and arrays of one element; a truth value
    is no number.
    """
    if type(value) in (int, float):
        return value  # type: ignore[return-value]
    if isinstance(value, Tensor):
        if value.numel() != 1 or value.is_complex() or value.layout is not torch.strided:
            return None
        found = value.detach().reshape(()).item()
    else:
        array = numpy_array(value)
        if array is None or array.size != 1:
            return None
        found = array.reshape(()).item()
    return found if type(found) in (int, float) else None


def plain(value: object, what: str) -> Any:
    """`value` as dicts, lists, tensors, text and numbers.

    Args:
        value: Of a file.
        what: What it is, for the error.

    Raises:
        CheckpointError: It holds something else, itself, or the same again and again.
    """
    return _plain(value, what, 0, itertools.count())


def _plain(value: object, what: str, depth: int, visits: Iterator[int]) -> Any:
    if depth > _DEEPEST or next(visits) > _MOST_PARTS:
        raise CheckpointError(f"{what} nests without end; no checkpoint does")
    if (found := as_dict(value)) is not None:
        return {key: _plain(item, what, depth + 1, visits) for key, item in found.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, what, depth + 1, visits) for item in value]
    if value is None or isinstance(value, (bool, str, Tensor)):
        return value
    if (found_number := number(value)) is not None:
        return found_number
    raise CheckpointError(f"{what} holds {kind_of(value)}, expected numbers, text and tensors")


def numpy_array(value: object) -> NDArray[Any] | None:
    """The array or scalar of NumPy's that a file holds, None where `value` is none.

    Its parts as NumPy pickles them: a scalar is made of its type and its bytes, an array of its
    shape, type, order and bytes.
    """
    if not isinstance(value, StandIn) or not (kind := _NUMPY.fullmatch(value.global_name)):
        return None
    parts: Any = value.args if kind[1] == "scalar" else value.state
    shape: tuple[Any, ...]
    match parts:
        case (StandIn() as dtype_part, bytes() as data):
            shape, column_major = (), False
        case (_, tuple() as shape, StandIn() as dtype_part, column_major, bytes() as data):
            pass
        case _:
            return None
    dtype = _dtype(dtype_part)
    if dtype is None or not all(type(side) is int and side >= 0 for side in shape):
        return None
    if math.prod(shape) * dtype.itemsize != len(data):
        return None
    return np.frombuffer(data, dtype).reshape(shape, order="F" if column_major else "C")


def _dtype(value: StandIn) -> np.dtype[Any] | None:
    """NumPy's type of numbers, from what a file says of it."""
    if value.global_name != "numpy.dtype" or not value.args:
        return None
    code, state = value.args[0], value.state
    if not isinstance(code, str) or not _DTYPE.fullmatch(code):
        return None
    order = state[1] if isinstance(state, tuple) and len(state) > 1 else "="
    return np.dtype(code).newbyteorder(">" if order == ">" else "<")
