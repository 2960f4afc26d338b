"""``den-ref run`` end to end with its defaults: CPU time of one core, and peak memory.

    python tests/benchmarks/bench_run.py
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys

MINUTE, MEGABYTES = 60, 600


def ratios() -> dict:
    """Shares of a minute of one core and of 600 MB that one run takes, its process start included."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-m", "den_ref", "run"], env=environment, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"run": {"CPU time over a minute": (used.ru_utime + used.ru_stime) / MINUTE,
                    "peak memory over 600 MB": used.ru_maxrss / 1024 / MEGABYTES}}


if __name__ == "__main__":
    print(ratios())
