"""Many runs: methods times seeds, each cell an ordinary run.  Stands on ``disk`` and ``one_run``.

=================  ==================================================
``grid``           cells, their folders, grid.json
``standard_grid``  the comparison that comes with the package
``paper_grid``     the networks of the paper, at its sizes
``all_cells``      learning all cells on an executor, and watching it
``one_cell``       what a worker does: claim a cell, learn it
``processes``      an executor: each call in a process of its own
``cluster``        an executor: Dask
``grid_display``   what a grid says while it is learnt
=================  ==================================================
"""
