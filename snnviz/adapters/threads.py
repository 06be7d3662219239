"""Chunks of images shared out among torch's threads, and the memory that they free kept."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def map_threads(
    function: Callable[[Tensor, NDArray[np.integer]], None],
    chunks: Sequence[Tensor],
    targets: Sequence[NDArray[np.integer]],
) -> Iterator[None]:
    """`function` of each chunk and its target; each of torch's threads takes whole chunks."""
    keep_freed_memory()
    before = torch.get_num_threads()
    threads = min(before, len(chunks))
    if threads == 1:
        yield from map(function, chunks, targets)
        return
    # The threads share out chunks instead of each layer, so within one torch must not share again.
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield from pool.map(function, chunks, targets)
    finally:
        # That number is each thread's own, but threads yet to come inherit the last one set.
        torch.set_num_threads(before)


@cache
def keep_freed_memory() -> None:
    """Have the C library keep freed memory for the next chunk, where it is glibc."""
    # glibc returns large freed blocks to the system, and to fetch them again for every chunk costs
    # more than the convolution. To free a larger one, never touched, raises its limit to that size.
    torch.empty((1 << 25) - (1 << 16), dtype=torch.uint8, device="cpu")
