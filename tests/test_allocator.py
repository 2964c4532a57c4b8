"""Freed memory that is used again, counted in the system's page faults."""

import os
import platform
import subprocess
import sys

import pytest

from polysteer.allocator import _OWN_SETTINGS

USE_AND_FREE = """
import resource
from polysteer.allocator import keep_freed_memory

def count_faults(n_rounds):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(n_rounds):
        blocks = [b"x" * (3 << 20) for _ in range(8)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

count_faults(2)
by_default, is_set = count_faults(10), {call}
count_faults(2)
print(by_default, is_set, count_faults(10))
"""


def measure(call: str, **settings: str) -> list[int]:
    """Page faults before the call, what it answered, and page faults after."""
    environment = {name: value for name, value in os.environ.items() if name not in _OWN_SETTINGS}
    printed = subprocess.run(
        [sys.executable, "-c", USE_AND_FREE.replace("{call}", call)],
        env=environment | settings,
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(word == "True") if word.isalpha() else int(word) for word in printed.stdout.split()]


pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's malloc alone is set")


def test_freed_memory_is_used_again() -> None:
    by_default, is_set, kept = measure("keep_freed_memory()")
    assert is_set
    assert kept < 100 < 10_000 < by_default


def test_what_the_environment_says_of_malloc_stands() -> None:
    by_default, is_set, after = measure("keep_freed_memory()", MALLOC_TRIM_THRESHOLD_="131072")
    assert not is_set
    assert min(by_default, after) > 10_000
