"""Many runs: methods times seeds, each cell an ordinary run, learnt in processes or on a cluster.

Stands on ``disk`` and ``one_run``.
"""
