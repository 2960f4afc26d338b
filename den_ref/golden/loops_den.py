"""The loop-only twins' answers to the operations of DEN."""

from __future__ import annotations

from ..den import naive
from .ours_den import Answers

FUNCTIONS = Answers(naive)
