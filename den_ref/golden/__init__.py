"""Golden values: check any implementation of DEN, piece by piece, and learn what went wrong.

In a test suite of your own::

    import pytest
    from den_ref.golden import cases

    @pytest.mark.parametrize("case", cases("soft_threshold"), ids=str)
    def test_soft_threshold(case):
        case.check(my_soft_threshold(**case.arguments()))

From the command line, in any language: ``den-ref golden check``; see ``docs/golden.md``.
"""

from .adapters.python import PythonAdapter

from .ask import check_all
from .case import Case, Vector
from .format import VECTORS, cases, vectors
from .values import SCHEMA

__all__ = ["SCHEMA", "VECTORS", "Case", "Vector", "cases", "check", "vectors"]


def check(adapter, *only: str, precision: str = "f64") -> list:
    """Check a module, or anything with functions named as the operations; the list of results.

    Parameters
    ----------
    adapter : module or object
    *only : str
        Operations or ids, also with * and ?; all cases by default.
    precision : {"f64", "f32"}

    Returns
    -------
    list of den_ref.golden.judge.Result
        One per case, with ``verdict``, ``differences`` and ``mistakes``.
    """
    return list(check_all(PythonAdapter(adapter), cases(*only), precision))
