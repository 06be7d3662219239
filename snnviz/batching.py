"""Many things a few at a time."""

from collections.abc import Iterator


def batches(count: int, size: int) -> Iterator[slice]:
    """Slices that together take `count` things in their order, `size` at a time.

    Args:
        count: How many there are; none give no slice.
        size: How many a slice takes; the last one may take fewer.

    Raises:
        ValueError: `size` is below 1.

    Example:
        >>> list(batches(5, 2))
        [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    if size < 1:
        raise ValueError(f"a batch holds at least 1, got {size}")
    for start in range(0, count, size):
        yield slice(start, min(count, start + size))
