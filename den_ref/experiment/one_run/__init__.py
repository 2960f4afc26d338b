"""One run: a method learns a stream of tasks, from the plan to the table at the end.

A plan (method, options, stream, seed) is followed task by task; each is measured, saved and shown.  Stands on ``disk``.
"""
