"""Every page, looked at in a real browser."""

import pytest

pytest.register_assert_rewrite("tests.serving")  # its failed checks say what they saw
from tests.serving import chromium, desk, school, seeded  # noqa: E402 -- after the line above

__all__ = ["chromium", "desk", "school", "seeded"]
