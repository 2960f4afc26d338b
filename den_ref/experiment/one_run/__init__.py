"""One run: a method learns a stream of tasks, from the plan to the table at the end.  Stands on ``disk``.

===============  ================================================================
``plan``         what is to be run: method, options, stream, seed
``presets``      options that fit a stream
``loop``         learn a task, measure, save, the next: the run itself
``run``          the run and everything measured on the way
``measure``      quality of a method on a task; its size
``separate``     what its size is held against on every screen
``branch``       going on from what another run has learnt
``checkpoint``   what is saved after every task, and going on from it
``restored``     the method of a checkpoint, validated whole
``display``      what a run says while it runs
``clock``        how long it will take
``final_table``  what it came to
``rows``         the same in long format, for a CSV file or pandas
===============  ================================================================
"""
