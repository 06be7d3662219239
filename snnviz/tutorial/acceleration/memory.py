"""What the C library does with freed memory."""

import ctypes
import sys
from functools import cache

# <malloc.h> of glibc.
_TRIM_THRESHOLD = -1
_MMAP_MAX = -4
# <sys/mman.h> of Linux; pages of 2 MB where the processor and the system have them.
_MADV_HUGEPAGE = 14
_LARGE_PAGE = 1 << 21
# What an iteration of the tutorial's network in batches of 128 images makes, or two.
_ROOM = 1 << 29


@cache
def keep_freed_memory() -> None:
    """Have the C library keep what is freed for what is allocated next, where it is glibc.

    By itself glibc returns tensors of more than 32 MB to the system when they are freed. To get
    them back, page by page and zeroed, in every iteration takes longer than to fill them. It holds
    for the whole process from now on.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    mallopt = getattr(library, "mallopt", None)
    if library is None or mallopt is None:
        return
    mallopt(_MMAP_MAX, 0)
    mallopt(_TRIM_THRESHOLD, 2**31 - 1)
    # The heap grows by what was never touched, and keeps it: room for what an iteration makes.
    library.malloc.restype, library.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    library.free.argtypes = [ctypes.c_void_p]
    library.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    if room := library.malloc(_ROOM):
        start = -(-room // _LARGE_PAGE) * _LARGE_PAGE
        library.madvise(start, _ROOM - _LARGE_PAGE, _MADV_HUGEPAGE)
        library.free(room)
