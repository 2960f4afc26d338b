"""``den-ref run`` end to end with its defaults: CPU time of one core, and peak memory.

    python tests/benchmarks/bench_run.py
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

MINUTE, MEGABYTES = 60, 600

#: Runs the command and prints what it used.  In a process of its own: a child's peak counts its parent's before it starts.
MEASURED = """
import json, resource, subprocess, sys
subprocess.run([sys.executable, "-m", "den_ref", "run"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""


def ratios() -> dict:
    """Shares of a minute of one core and of 600 MB that one run takes, its process start included."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", MEASURED], env=environment, check=True, capture_output=True, text=True)
    seconds, megabytes = json.loads(done.stdout)
    return {"run": {"CPU time over a minute": seconds / MINUTE, "peak memory over 600 MB": megabytes / MEGABYTES}}


if __name__ == "__main__":
    print(ratios())
