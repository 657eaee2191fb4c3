"""The people who import."""

from __future__ import annotations

import pytest

from portal.org.models import User
from portal.org.permissions import Role


@pytest.fixture
def union(tree, user_as) -> User:
    """The union's operator."""
    return user_as(Role.UNION_OPERATOR, tree["root"])


@pytest.fixture
def clerk(tree, user_as) -> User:
    """The operator of branch a."""
    return user_as(Role.BRANCH_OPERATOR, tree["a"])
