"""A process is killed in the middle of an approval: afterwards there is all of it or nothing, and it can be done."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable
from contextvars import Context
from typing import Any

import pytest
from flask import has_request_context
from sqlalchemy import event

from portal.core.calendar import today
from portal.core.db import db
from portal.joining.models import ApplicationState as S
from tests.faults.conftest import Scene, one_approval

# the end of a statement, or of the transaction, in the order in which an approval comes to them
STATEMENTS = {
    "the state is moved": "UPDATE applications SET state",
    "the number is taken": "INSERT INTO number_counters",
    "the account is opened": "INSERT INTO users",
    "the member is written": "INSERT INTO members",
    "the version is written": "INSERT INTO member_versions",
    "the change is written": "INSERT INTO membership_changes",
    "the application is settled": "UPDATE applications SET decided_at",
    "the notices are written": "INSERT INTO notices",
    "the trace is written": "INSERT INTO audit_events",
    "the chain is locked": "SELECT audit_heads",
    "the trace is sealed": "UPDATE audit_events SET seq",
    "the chain is moved": "UPDATE audit_heads",
}
STEPS = [f"{when} {what}" for what in STATEMENTS for when in ("before", "after")]
STEPS += ["before the commit", "after the commit"]


def die(*_: Any) -> None:
    """End at once, with nothing flushed, closed or rolled back; what the test's own client commits is no step."""
    if has_request_context():
        os.kill(os.getpid(), signal.SIGKILL)


def die_at(step: str) -> None:
    """Let this process die at `step` of its next approval."""
    when, _, what = step.partition(" ")
    if what == "the commit":
        session = db.session.session_factory  # every session of the process
        event.listen(db.engine, "commit", die) if when == "before" else event.listen(session, "after_commit", die)
        return
    name = {"before": "before_cursor_execute", "after": "after_cursor_execute"}[when]
    wanted = words(STATEMENTS[what])

    def look(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if words(statement).startswith(wanted):
            die()

    event.listen(db.engine, name, look)


def words(statement: str) -> str:
    """Return a statement in one line."""
    return " ".join(statement.replace('"', "").split())


def in_a_child(act: Callable[[], object]) -> int:
    """Do `act` in a process forked from this one; return its exit code, negative for the signal that killed it."""
    db.session.remove()
    db.engine.dispose()  # connections do not survive a fork
    child = os.fork()
    if child == 0:
        try:
            Context().run(act)
        except BaseException:
            traceback.print_exc()
            os._exit(3)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def approve(scene: Scene, who: str = "first") -> int:
    """Approve the application; return the status of the answer."""
    return scene.browsers[who].post(scene.path, data={"study_date": today().isoformat()}).status_code


@pytest.mark.parametrize("step", STEPS)
def test_an_approval_that_is_killed_happened_wholly_or_not_at_all(scene: Scene, step: str) -> None:
    before = scene.counts()

    def approve_and_die() -> None:
        with scene.app.app_context():
            die_at(step)
            approve(scene)

    ended = in_a_child(approve_and_die)
    killed, state, chain = scene.counts(), scene.state(), scene.chain()
    answer = approve(scene)
    after = scene.counts()

    assert ended == -signal.SIGKILL
    assert chain is None
    if step == "after the commit":
        assert (state, answer) == (S.APPROVED, 409)
    else:
        assert (state, killed) == (S.BRANCH_OK, before)
        assert answer == 302
    assert scene.state() == S.APPROVED
    untold = {"notices", "audit_events"}  # more than one for an approval, and one for a refusal
    assert {name: after[name] for name in after if name not in untold} == {
        name: count for name, count in one_approval(before).items() if name not in untold
    }
    assert after["audit_events"] > before["audit_events"]
    assert after["notices"] > before["notices"]
