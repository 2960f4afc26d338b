"""Waiting for what other processes do, and whether they still live."""

import os
import time
from pathlib import Path


def wait_until(condition, seconds=120):
    """The condition's value when it is true; fails if it does not come true (a busy machine may take its time)."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("what was waited for did not come")


def alive(pid):
    """Whether a process lives; one that has ended and is not waited for does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/status")
    return not (status.exists() and "State:\tZ" in status.read_text())
