"""The lab: DEN in a browser, to be touched; its mathematics is held against the golden values.

    den-ref lab --out lab.html

==================  ===========================================================================================
``mathematics.js``  proxes, solvers, Eq. 2-6, Algorithms 1-4 in JavaScript; also a program for ``den-ref golden check``
``pictures.js``     what the sliders show, drawn from these numbers
``lab.html``        the page around them, in English and Korean; ``lab.css`` its style
``page``            all of it as one file that needs no network
``questions``       twenty-five questions that mark themselves; their words are in ``questions.json``
==================  ===========================================================================================
"""

from pathlib import Path

#: The one file of JavaScript that computes; what it computes is that of ``den_ref.core`` and ``den_ref.den``.
MATHEMATICS = Path(__file__).with_name("mathematics.js")
