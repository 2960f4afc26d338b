"""den_ref's own answers to the golden cases."""
