"""What runs leave on disk, and who reads it again: whole files, results.json, kept steps, where a run ran.

The lowest room of the experiment: it imports none of the others.
"""
