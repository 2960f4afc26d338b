"""The workshop of the golden values: where each comes from, how it is written, and whether it is fit to be released.

    python -m tests.oracles.generate [--check] [NAME ...]
    python -m tests.oracles.lint [FILE ...]

``den_ref/golden/`` has what users of the values need: the files, and the checker.  What makes the files stands here,
outside the package, and imports nothing of what the values judge.
"""
