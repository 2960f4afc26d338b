"""den_ref: a NumPy/SciPy reference of lifelong learning with dynamically expandable networks."""

__version__ = "0.1.0"
