"""How long it will take, judged by the tasks learnt so far."""

import time


class Clock:
    """Seconds per task since it was started; ``learnt`` is how many tasks were learnt by then."""

    def __init__(self, learnt: int):
        self.started, self.at_start = time.monotonic(), learnt

    def left(self, learnt: int, tasks: int) -> float | None:
        """Seconds until all tasks are learnt, if they take as long as those so far; None before one is learnt."""
        if learnt == self.at_start:
            return None
        return (time.monotonic() - self.started) / (learnt - self.at_start) * (tasks - learnt)


def time_left(seconds: float | None) -> str:
    """The end of a line of progress; "" if nothing is known yet.

    >>> time_left(200.0), time_left(None)
    (', about 3 min left', '')
    """
    return "" if seconds is None else f", about {duration(seconds)} left"


def duration(seconds: float) -> str:
    """
    >>> duration(8), duration(200), duration(9000)
    ('8 s', '3 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
