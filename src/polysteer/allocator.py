"""How the process's memory allocator treats what was freed: for programs to call once, as `steer` does."""

import ctypes
import os
import sys

# Of glibc's malloc.h. What is larger than the first is given back when it is freed, as malloc's own limit is.
_MMAP_THRESHOLD, _LARGEST_KEPT = -3, 32 << 20
_TRIM_THRESHOLD, _MOST_KEPT = -1, 256 << 20
_OWN_SETTINGS = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")


def keep_freed_memory() -> bool:
    """Let freed memory wait for its next use, up to 256 MiB of it; whether that could be set.

    By default glibc hands a layer's activations back to the system as they are freed, and gets them anew,
    page by page, in the next layer: up to a quarter of a small model's time on a CPU. Nothing is done
    elsewhere than in glibc, nor where the environment says how malloc should behave.
    """
    if sys.platform != "linux" or any(name in os.environ for name in _OWN_SETTINGS):
        return False
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is None:
        return False
    settings = ((_MMAP_THRESHOLD, _LARGEST_KEPT), (_TRIM_THRESHOLD, _MOST_KEPT))
    return all(set_option(option, size) for option, size in settings)
