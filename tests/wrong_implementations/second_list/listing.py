"""The second list, and the decorator that puts a function on it; the first list's page says how."""

from tests.wrong_implementations.listing import Wrong, puts_on

SECOND: list[Wrong] = []
wrong = puts_on(SECOND)
