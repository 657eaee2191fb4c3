"""Every page, looked at in a real browser."""

from tests.serving import chromium, desk, school, seeded

__all__ = ["chromium", "desk", "school", "seeded"]
