"""What a lesson needs: ``predictions`` of a reader, compared with what came out, and a ``slider``."""

from .predictions import Predictions
from .slider import slider

__all__ = ["Predictions", "slider"]
