"""Where a run ran: versions, BLAS, threads.  The same run gives the same bits only where these are the same."""

import os
import platform
from typing import Any

import numpy as np
import scipy

import den_ref

#: Environment variables that set the number of BLAS threads.
THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
                    "OMP_NUM_THREADS")


def environment() -> dict[str, Any]:
    """Versions, machine and BLAS of this process, in JSON types."""
    return {
        "den_ref": den_ref.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "blas": _blas(),
        "blas_threads": _blas_threads(),
        "thread_variables": {name: os.environ[name] for name in THREAD_VARIABLES if name in os.environ},
    }


def _blas() -> str | None:
    """Name and version of the BLAS NumPy was built with, None if this NumPy does not tell."""
    try:
        blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{blas['name']} {blas['version']}"
    except (TypeError, KeyError):
        return None


def _blas_threads() -> int | None:
    """The number of threads BLAS uses; None if threadpoolctl, which can tell, is not installed."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return None
    return max((pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"), default=None)
