"""Two people, or one impatient thumb, send the same thing at the same moment: one effect, one friendly answer."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from portal.changes.objections import service as objecting
from portal.changes.workflow import CHANGES
from portal.core import crypto
from portal.core.calendar import today
from portal.core.db import db
from portal.core.web import limiter
from portal.joining.models import Application, Receipt
from portal.joining.models import ApplicationState as S
from portal.members import history
from portal.org.models import OrgUnit, User
from portal.org.permissions import Role
from portal.transfers.models import TransferState
from tests import client as distrust
from tests import factories
from tests.client import DistrustfulClient
from tests.faults.conftest import Scene, one_approval
from tests.joining.conftest import typed

ROUNDS = 4


def at_once(app: Flask, *requests: Callable[[], TestResponse]) -> list[TestResponse]:
    """Send requests from as many threads, all let go at the same moment."""
    db.session.remove()
    gate = Barrier(len(requests))

    def send(request: Callable[[], TestResponse]) -> TestResponse:
        with app.app_context():
            gate.wait(10)
            return request()

    with ThreadPoolExecutor(len(requests)) as threads:
        return list(threads.map(send, requests))


def copy_of(app: Flask, browser: DistrustfulClient) -> DistrustfulClient:
    """Return another window of the same browser: the same session."""
    other = distrust.client_of(app)
    with browser.session_transaction() as session, other.session_transaction() as same:
        same.update(session)
    return other


@pytest.mark.parametrize("second", ["second", "first"], ids=["two people", "one person twice"])
def test_two_approvals_at_once_have_one_effect(scene: Scene, second: str) -> None:
    data = {"study_date": today().isoformat()}
    others = {"first": copy_of(scene.app, scene.browsers["first"]), "second": scene.browsers["second"]}
    for _ in range(ROUNDS):
        scene.again()
        before = scene.counts()

        answers = at_once(
            scene.app,
            lambda: scene.browsers["first"].post(scene.path, data=data),
            lambda: others[second].post(scene.path, data=data),
        )

        statuses = [answer.status_code for answer in answers]
        assert sorted(statuses) == [302, 409]
        winner = scene.people[("first", second)[statuses.index(302)]]
        assert f"该事项已由 {winner} 处理，请刷新后查看" in answers[statuses.index(409)].text
        after = scene.counts()
        effects = one_approval(before)
        assert {name: after[name] for name in effects if name not in ("notices", "audit_events")} == {
            name: effects[name] for name in effects if name not in ("notices", "audit_events")
        }
        assert (scene.state(), scene.chain()) == (S.APPROVED, None)


def form(values: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the joining form as a phone sends it."""
    return typed(values) | {"form_key": key, "consent": "y"}


@pytest.mark.parametrize("is_one_form", [True, False], ids=["one form twice", "one person, two forms"])
def test_forms_sent_at_once_make_one_application(app: Flask, tree: dict[str, OrgUnit], is_one_form: bool) -> None:
    path = f"/joining/apply/{factories.make_code(tree['a']).token}"
    db.session.commit()
    for number in range(1, ROUNDS + 1):
        limiter.reset()
        person, key = factories.a_person().values, crypto.random_token()
        keys = [key, key if is_one_form else crypto.random_token()]
        phones = [distrust.client_of(app) for _ in keys]

        answers = at_once(
            app,
            lambda: phones[0].post(path, data=form(person, keys[0])),  # noqa: B023 -- sent within the round
            lambda: phones[1].post(path, data=form(person, keys[1])),  # noqa: B023 -- sent within the round
        )

        assert [(answer.status_code, answer.location) for answer in answers] == [(302, "/joining/receipt")] * 2
        codes = set()
        for phone in phones:
            with phone.session_transaction() as session:
                codes.add(session["receipt"])
        assert len(codes) == (1 if is_one_form else 2)
        assert db.session.scalar(select(func.count()).select_from(Application)) == number
        assert db.session.scalar(select(func.count()).select_from(Receipt)) == number * len(codes)
        db.session.rollback()


def test_decisions_about_one_member_at_once_never_wait_for_each_other(
    app: Flask, tree: dict[str, OrgUnit], client_of: Callable[..., DistrustfulClient]
) -> None:
    union, editor = (factories.make_user(role, tree["root"]) for role in (Role.UNION_CHAIR, Role.UNION_OPERATOR))
    receiver = factories.make_user(Role.BRANCH_OPERATOR, tree["b"])
    db.session.commit()
    windows = [client_of(user) for user in (receiver, union, editor)]
    numbers, answers = (tree["a"].id, tree["b"].id, editor.id), []
    for _ in range(ROUNDS):
        here, there = (db.session.get_one(OrgUnit, number) for number in numbers[:2])
        editor = db.session.get_one(User, numbers[2])
        member = factories.make_member(here, name="曾晓梅", prof_title="013", degree=None, department="教务处")
        asked = factories.make_change(here, member=member, prof_title="012")
        CHANGES.fire(asked, "pass_on", factories.Hand())
        edit = history.write(member, {"department": "财务处"}, editor, reason="工会修改")
        assert edit is not None
        assert member.user is not None
        objection = objecting.file(member.user, edit.id, text="应是教务处")
        other = factories.make_change(here, member=member, degree="201")
        CHANGES.fire(other, "pass_on", factories.Hand())
        moved = factories.make_transfer(here, TransferState.APPROVED, to=there, member=member)
        paths = f"/transfers/{moved.id}/receive", f"/act/objections/{objection.id}/set_back_by_union"
        agreed = f"/changes/{asked.id}/approve"
        db.session.commit()

        answers += at_once(
            app,
            lambda: windows[0].post(paths[0], data={}),  # noqa: B023 -- sent within the round
            lambda: windows[1].post(paths[1], data={}),  # noqa: B023 -- sent within the round
            lambda: windows[2].post(agreed, data={"on": today().isoformat()}),  # noqa: B023 -- sent within the round
        )

    assert {answer.status_code for answer in answers} <= {302, 303}
