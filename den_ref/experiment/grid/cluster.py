"""Dask as an executor: the one place that knows of it."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

#: Seconds to wait for a scheduler to answer.
PATIENCE = 20


@contextmanager
def dask_executor(address: str) -> Iterator[Executor]:
    """The workers of the Dask scheduler at an address, say ``"tcp://10.0.0.1:8786"``, for ``compare(executor=...)``.

    Raises
    ------
    ValueError
        Without the package, or if no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ValueError('--dask: expected Dask to be installed: pip install "den_ref[dask]"') from error
    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, TypeError, ValueError) as error:
        raise ValueError(f"--dask: expected the address of a scheduler, such as tcp://10.0.0.1:8786, got {address!r} "
                         f"({error})") from error
    with client:
        yield client.get_executor()
