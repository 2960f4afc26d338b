"""The search for a method's options on validation data.  Stands on ``disk``, ``one_run`` and the Markdown of ``pages``.

====================  ================================================================
``search_spaces``     what is tried of which method
``paper_spaces``      the same on the paper's stream
``attribute_spaces``  the same on fifty small tasks
``filter_spaces``     the same for networks with filters
``search``            the sequence of runs
``all_searches``      one search after the other, of every method on the paper's stream
``one_try``           a run of a search
``record``            every run a line of a file, and what the runs come to
``tuning_page``       the records as a page for people
====================  ================================================================
"""
