"""The benchmark: what the portal does, timed beside the least it could cost in the same run."""

from .runner import NAMES, run

__all__ = ["NAMES", "run"]
