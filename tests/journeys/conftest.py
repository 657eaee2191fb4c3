"""The journeys go through a served school with a real browser."""

import pytest

from tests.serving import chromium, desk, school, seeded

pytest.register_assert_rewrite("tests.journeys.applicant")  # its failed checks say what they saw

__all__ = ["chromium", "desk", "school", "seeded"]
