"""The lab: DEN in a browser, to be touched; its mathematics is held against the golden values.

==================  ===========================================================================================
``mathematics.js``  proxes, solvers, Eq. 2-6, Algorithms 1-4 in JavaScript; also a program for ``den-ref golden check``
==================  ===========================================================================================
"""

from pathlib import Path

#: The one file of JavaScript that computes; what it computes is that of ``den_ref.core`` and ``den_ref.den``.
MATHEMATICS = Path(__file__).with_name("mathematics.js")
