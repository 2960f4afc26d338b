"""CPU seconds of steps that take turns, so that their ratios hold on a busy machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping


def least_seconds(steps: Mapping[str, Callable[[int], object]], count: int, rounds: int) -> dict[str, float]:
    """CPU seconds of one step of each: name -> the least mean over ``count`` steps, of so many rounds."""
    least = dict.fromkeys(steps, float("inf"))
    for _ in range(rounds):
        for name, step in steps.items():
            started = time.process_time()
            for i in range(count):
                step(i)
            least[name] = min(least[name], (time.process_time() - started) / count)
    return least
