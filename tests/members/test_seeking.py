"""Whole numbers are looked for at the pace of work, not at that of trying them out."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from portal.core.audit import AuditEvent
from portal.core.calendar import now
from portal.core.db import db
from portal.members import seeking
from portal.members.models import SearchText
from tests import factories
from tests.client import words


@pytest.fixture
def few(monkeypatch):
    """Three at once, and seven a day; the sentences say the house's own numbers."""
    monkeypatch.setattr(seeking, "AT_ONCE", 3)
    monkeypatch.setattr(seeking, "MOST", 7)


def look(browser, number: str):
    return browser.post("/members/search", data={"q": number})


def a_number(serial: int) -> str:
    return factories.id_number(birth=date(1985, 6, 15), sex="2", serial=serial * 2)


def traces(action: str) -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id)))


def test_after_many_whole_numbers_in_an_hour_one_waits_a_minute_for_each(client_of, people, few):
    browser, other = client_of(people["operator"]), client_of(people["union"])
    begun = now()
    with time_machine.travel(begun, tick=False) as clock:
        found = [look(browser, number) for number in (a_number(1), "13912345678", a_number(2))]
        slowed = look(browser, a_number(3))
        beside = look(other, a_number(3))
        clock.shift(timedelta(seconds=61))
        later = [look(browser, a_number(4)), look(browser, a_number(5))]
        clock.shift(timedelta(hours=1))
        an_hour_on = [look(browser, a_number(6)), look(browser, a_number(7))]

    assert [answer.status_code for answer in found] == [303, 303, 303]
    assert (slowed.status_code, seeking.SLOWED in words(slowed.text)) == (429, True)
    assert slowed.headers["Retry-After"]
    assert [answer.status_code for answer in (beside, *later, *an_hour_on)] == [303, 303, 429, 303, 303]


def test_a_days_numbers_come_to_an_end_and_the_trace_tells_who_tried_them(client_of, people, few):
    browser, numbers = client_of(people["operator"]), [a_number(serial) for serial in range(1, 9)]
    with time_machine.travel(now(), tick=False) as clock:
        answers = []
        for number in numbers:
            answers.append(look(browser, number))
            clock.shift(timedelta(minutes=2))
        clock.shift(timedelta(days=1))
        next_day = look(client_of(people["operator"]), numbers[0])

    assert [answer.status_code for answer in answers] == [303] * 7 + [429]
    assert seeking.SPENT in words(answers[-1].text)
    assert next_day.status_code == 303
    kept = traces(seeking.ACT)
    assert {event.actor_id for event in kept} == {people["operator"].id}
    assert len(kept) == 8
    assert [event.reason for event in traces("access.refuse")] == [seeking.SPENT]
    told = "".join(event.sealed_text("") for event in kept)
    assert [number for number in numbers if number in told or number[-4:] in told] == []


def test_open_numbers_and_words_do_not_count(client_of, people, member, few):
    browser = client_of(people["operator"])

    for text in ("20150012", "201500", "GH-2026-00001", "曾晓梅", "2015", "zxm") * 2:
        assert look(browser, text).status_code == 303

    assert traces(seeking.ACT) == []


def test_the_staff_number_of_someone_elsewhere_is_a_number_like_any_other(client_of, people, member, few):
    look(client_of(people["elsewhere"]), "20150012")

    assert len(traces(seeking.ACT)) == 1


def test_a_refused_search_keeps_no_number(client_of, people, few):
    browser = client_of(people["operator"])
    with time_machine.travel(now(), tick=False):
        for serial in range(1, 6):
            look(browser, a_number(serial))

    assert db.session.scalar(select(func.count(SearchText.id))) == 3
