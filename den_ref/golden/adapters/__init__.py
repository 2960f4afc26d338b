"""Whom a case is asked of: Python functions in this process, or a program in any language over a pipe."""
