"""The search for a method's options on validation data, its record, and the page about it.

Stands on ``disk``, ``one_run`` and the Markdown of ``pages``.
"""
