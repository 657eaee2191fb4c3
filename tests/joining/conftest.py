"""What the tests of joining stand on: a unit's code, people who decide, and the form as a person types it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from portal.joining.models import JoinCode
from portal.org.models import OrgUnit, User
from portal.org.permissions import Role
from tests import factories


@dataclass(frozen=True)
class People:
    """Who works at the school: at branch a, at branch b, and at the union."""

    branch: User
    other_branch: User
    union: User
    chair: User
    admin: User
    nobody: User


@pytest.fixture
def people(tree: dict[str, OrgUnit], user_as: Callable[..., User]) -> People:
    """One account for each."""
    return People(
        branch=user_as(Role.BRANCH_OPERATOR, tree["a"], name="方分会"),
        other_branch=user_as(Role.BRANCH_CHAIR, tree["b"], name="别分会"),
        union=user_as(Role.UNION_OPERATOR, tree["root"], name="总操作"),
        chair=user_as(Role.UNION_CHAIR, tree["root"], name="总主席"),
        admin=user_as(Role.SUPER_ADMIN, tree["root"], name="管系统"),
        nobody=user_as(name="路人甲"),
    )


@pytest.fixture
def code(tree: dict[str, OrgUnit]) -> JoinCode:
    """The join code of branch a."""
    return factories.make_code(tree["a"])


def typed(values: dict[str, Any]) -> dict[str, Any]:
    """Return values as a person types them into the form, by the names of its inputs."""
    inputs: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for number, row in enumerate(value):
                inputs |= {f"{name}-{number}-{column}": cell or "" for column, cell in row.items()}
        elif isinstance(value, dict):
            inputs |= {f"{name}-{column}": cell or "" for column, cell in value.items()}
        elif isinstance(value, date):
            inputs[name] = f"{value:%Y-%m}" if name == "work_start_date" else value.isoformat()
        elif value is not None:
            inputs[name] = value
    return inputs
