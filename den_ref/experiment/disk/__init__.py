"""What runs leave on disk, and who reads it again.  The lowest room: it imports none of the others.

===============  ======================================================
``files``        written whole or not at all
``json_files``   JSON for people to read: strict values, version, shape
``archives``     arrays with a header, their SHA-256 in it: ``.npz``
``results``      what stands in results.json, and reading it
``steps``        steps that a run keeps, and their way back
``owner``        the one process that learns in a folder
``environment``  versions, BLAS, threads
===============  ======================================================
"""
