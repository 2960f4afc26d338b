"""How well the tests bite: single-place faults of the package, two lists of 120, and which test notices each.

``faults.json``    the faults: a file, a text that stands in it once, what a programmer might have written instead
``verdicts.json``  per fault the test that noticed it, or "escaped": "blind" before any test was written with the list
                   in hand, "after" since
``second.json``, ``second_verdicts.json``
                   the same of a second list, written when the tests noticed all of the first
``listed``         the files, read and written
``__main__``       ``python -m tests.faults``: every fault of a list into a copy of the checkout, until a test fails

The faults are slips (``<`` for ``<=``, another axis, a stale value, a wrong word in a sentence), spread over all rooms.
They were chosen by reading the package alone, and committed before any of them was run.  No fault stands in both
lists.  The one in the report's script is noticed by a slow test alone, in a browser.  What escaped of the second list
was held against the tests that might notice it, not against the whole suite.
"""
