"""What the C library does with freed memory."""

import ctypes
import sys
from functools import cache

# <malloc.h> of glibc.
_TRIM_THRESHOLD = -1
_MMAP_MAX = -4


@cache
def keep_freed_memory() -> None:
    """Have the C library keep what is freed for what is allocated next, where it is glibc.

    By itself glibc returns tensors of more than 32 MB to the system when they are freed. To get
    them back, page by page and zeroed, in every iteration takes longer than to fill them. It holds
    for the whole process from now on.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_MMAP_MAX, 0)
        mallopt(_TRIM_THRESHOLD, 2**31 - 1)
