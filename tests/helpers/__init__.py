"""What several test files share, imported by its whole name: ``from tests.helpers.random_networks import copied``.

A file is called by what it holds, in two words (``random_networks``, ``math_mutants``); ``test_*.py`` holds tests alone
and is imported by nobody.  pytest's import mode is importlib (setup.cfg), which puts no folder of tests on Python's path:
there is no other way to a helper, and each is loaded once.
"""
