"""The demo: a university or a city whose people do not exist, to try the portal on."""

from .populate import populate

__all__ = ["populate"]
