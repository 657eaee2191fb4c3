"""The disk is full: whoever writes is told so in Chinese, nothing is half done, and reading goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, text
from werkzeug.test import TestResponse

from portal.core import crypto
from portal.core.calendar import today
from portal.core.db import db
from portal.core.web import limiter
from portal.joining.models import Application
from portal.joining.models import ApplicationState as S
from tests import client as distrust
from tests import factories
from tests.faults.conftest import Scene
from tests.faults.test_at_once import form

SENTENCE = "服务器磁盘已满，本次操作没有保存，请联系系统管理员清理磁盘后重试"
AT_MOST = 12  # requests until the last page is full


class FullDisk:
    """SQLite may not take one page more than the file has now: it then answers as on a full disk."""

    def __init__(self) -> None:
        self._engine = db.engine
        self._pages = db.session.execute(text("PRAGMA page_count")).scalar_one()

    def __enter__(self) -> None:
        db.session.remove()
        self._engine.dispose()
        event.listen(self._engine, "connect", self._limit)

    def _limit(self, connection: Any, record: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {self._pages}")

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "connect", self._limit)
        db.session.remove()
        self._engine.dispose()


def until_refused(send: Callable[[], TestResponse], scene: Scene) -> tuple[TestResponse, bool]:
    """Send until there is no room; return the refusal and whether it left everything as it was before."""
    for _ in range(AT_MOST):
        limiter.reset()
        before = scene.counts()
        answer = send()
        if answer.status_code != 302:
            return answer, scene.counts() == before
    raise AssertionError("the disk never filled")


@pytest.mark.parametrize("prepared", ["sqlite"], indirect=True)  # PostgreSQL keeps its own files
def test_a_full_disk_is_a_sentence_and_changes_nothing(scene: Scene) -> None:
    unit = db.session.get_one(Application, scene.item_id).unit
    waiting = [factories.make_application(unit, S.BRANCH_OK).id for _ in range(AT_MOST)]
    path = f"/joining/apply/{factories.make_code(unit).token}"
    db.session.commit()
    phone, operator = distrust.client_of(scene.app), scene.browsers["first"]

    def apply() -> TestResponse:
        return phone.post(path, data=form(factories.a_person().values, crypto.random_token()))

    def approve() -> TestResponse:
        return operator.post(f"/joining/{waiting[-1]}/approve", data={"study_date": today().isoformat()})

    def approve_next() -> TestResponse:
        waiting.pop()
        return approve()

    with FullDisk():
        refused, form_left_nothing = until_refused(apply, scene)
        not_approved, approval_left_nothing = until_refused(approve_next, scene)
        reading = operator.get(f"/joining/{waiting[-1]}")

    assert (refused.status_code, not_approved.status_code, reading.status_code) == (503, 503, 200)
    assert SENTENCE in refused.text
    assert SENTENCE in not_approved.text
    assert (form_left_nothing, approval_left_nothing) == (True, True)
    assert scene.chain() is None
    assert (apply().status_code, approve().status_code) == (302, 302)  # now that there is room again
