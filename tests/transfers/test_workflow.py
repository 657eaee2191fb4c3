"""The way of a transfer, against a table written by hand from domain/4-workflows.md 4d."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import DomainError
from portal.org.models import Grant
from portal.org.permissions import Role
from portal.transfers.models import Transfer, TurnDown
from portal.transfers.models import TransferState as S
from portal.transfers.workflow import TRANSFER
from tests import factories

# who: O the branch that she leaves, I the branch that receives, C and U chair and operator of the union, A the super
# administrator, F a foreign branch, H herself, with an office in the branch that she leaves
WHO = ("O", "I", "C", "U", "A", "F", "H")
# from | event | who may, and where it leads. `sent*` has the receiver's refusal as its mark; the union's operator does
# the daily work of every branch, its chair reviews alone; nobody has a hand in her own transfer.
TABLE = """
asked     confirm    O U   sent
asked     decline    O U   refused
sent      withdraw   O U   withdrawn
sent      approve    C U   approved
sent      return     C U   returned
sent      refuse     C U   refused
returned  resend     O U   sent
returned  withdraw   O U   withdrawn
approved  receive    I U   received
approved  turn_down  I U   sent*
approved  ask_back   O U   approved
approved  cancel     C U   cancelled
approved  force      C U   received
sent*     reroute    C U   approved
sent*     force      C U   received
sent*     cancel     C U   cancelled
"""
BEGINNINGS = ("asked", "sent", "sent*", "approved", "returned", "received", "refused", "withdrawn", "cancelled")
LATE = 40  # days: more than fifteen working days


def inputs_of(action: str, item: Transfer) -> dict[str, Any]:
    """What a step asks for."""
    asked: dict[str, dict[str, Any]] = {
        "resend": {"to": item.to_unit},
        "reroute": {"to": item.to_unit},
        "turn_down": {"reason": TurnDown.NOT_OURS},
    }
    return {"comment": "按调动通知办理", **asked.get(action, {})}


def stands(item: Transfer) -> str:
    """The state of a transfer as the table has it."""
    return f"{item.state.value}{'*' if item.turned_down and item.state is S.SENT else ''}"


def begin(tree: dict[str, Any], state: str) -> Transfer:
    """A transfer from a to b in this state, which has lain with the receiver for long where it got there."""
    if state == "sent*":
        item = factories.turn_down(factories.make_transfer(tree["a"], S.APPROVED, to=tree["b"]))
    else:
        item = factories.make_transfer(tree["a"], S(state), to=tree["b"])
    if item.handed_at:
        item.handed_at -= timedelta(days=LATE)
        db.session.commit()
    return item


@pytest.mark.parametrize("state", BEGINNINGS)
def test_every_event_by_everyone_is_as_the_table_has_it(tree, user_as, state: str) -> None:
    expected = {}
    for line in filter(None, TABLE.splitlines()):
        source, action, *who, target = line.split()
        if source == state:
            expected |= {(action, one): target for one in who}
    item = begin(tree, state)
    tree["f"] = factories.make_unit(tree["root"], code="GH09", name="附属中学分工会")
    people = {
        "O": user_as(Role.BRANCH_OPERATOR, tree["a"]),
        "I": user_as(Role.BRANCH_CHAIR, tree["b"]),
        "C": user_as(Role.UNION_CHAIR, tree["root"]),
        "U": user_as(Role.UNION_OPERATOR, tree["root"]),
        "A": user_as(Role.SUPER_ADMIN, tree["root"]),
        "F": user_as(Role.BRANCH_OPERATOR, tree["f"]),
        "H": item.member.user,
    }
    db.session.add(Grant(user=people["H"], role=Role.UNION_OPERATOR, unit=tree["root"], starts=today()))
    db.session.commit()

    found, offered = {}, {}
    for who, person in people.items():
        offered |= {(step.action, who): True for step in TRANSFER.open_steps(item, person)}
        for step in TRANSFER.steps:
            savepoint = db.session.begin_nested()
            try:
                TRANSFER.fire(item, step.action, person, **inputs_of(step.action, item))
                found[step.action, who] = stands(item)
            except DomainError:
                pass
            savepoint.rollback()

    assert found == expected
    assert set(offered) == set(expected)
