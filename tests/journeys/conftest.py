"""The journeys go through a served school with a real browser."""

from tests.serving import chromium, desk, school, seeded

__all__ = ["chromium", "desk", "school", "seeded"]
