"""Ten thousand from one address are slowed, and nobody else notices; how fast the branches are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from xml.etree.ElementTree import Element

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from portal.core.calendar import now, today
from portal.core.db import db
from portal.joining import figures, service, views
from portal.joining.figures import DAY, HOUR, shown
from portal.joining.models import Application, JoinCode, Reason
from portal.joining.models import ApplicationState as S
from portal.joining.service import Filters
from portal.joining.workflow import JOINING
from portal.org.models import OrgUnit, User
from tests import factories
from tests.client import XHTML, DistrustfulClient, client_of, find_form, form_values, links, parse, words
from tests.factories import a_person
from tests.joining.conftest import People, typed

FLOODER, NEIGHBOUR = {"REMOTE_ADDR": "203.0.113.7"}, {"REMOTE_ADDR": "203.0.113.8"}
BURST = 6


@pytest.fixture
def short_burst(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow down sooner than the house does; tests/joining/test_views.py has an office of 60 served at once."""
    monkeypatch.setattr(views, "AT_ONCE", f"{BURST} per 10 minutes")


def flood(browser: DistrustfulClient, code: JoinCode, times: int) -> list[int]:
    """Send so many forms without anything in them."""
    path = f"/joining/apply/{code.token}"
    return [browser.post(path, data={"name": ""}, environ_base=FLOODER).status_code for _ in range(times)]


def test_a_flood_is_slowed_and_the_neighbour_served(
    app: Flask, client: DistrustfulClient, code: JoinCode, short_burst: None
) -> None:
    path, neighbour = f"/joining/apply/{code.token}", client_of(app)
    with time_machine.travel(now(), tick=False) as clock:
        at_once = flood(client, code, BURST)
        beyond = flood(client, code, 3)
        form = form_values(find_form(neighbour.get(path).text, path)[0])
        filled = form | typed(a_person().values) | {"consent": "y"}
        served = neighbour.post(path, data=filled, environ_base=NEIGHBOUR)
        seen = client.get(path, environ_base=FLOODER)
        clock.shift(2)
        later = flood(client, code, 2)

    assert set(at_once) == {422}
    assert beyond == [422, 429, 429]
    assert (served.status_code, served.location) == (302, "/joining/receipt")
    assert seen.status_code == 200
    assert later == [422, 429]
    assert db.session.scalar(select(func.count(Application.id))) == 1


def test_who_has_to_wait_loses_nothing_and_is_told_how_long(
    client: DistrustfulClient, code: JoinCode, short_burst: None
) -> None:
    path = f"/joining/apply/{code.token}"
    with time_machine.travel(now(), tick=False) as clock:
        form = form_values(find_form(client.get(path).text, path)[0])
        filled = form | typed(a_person().values) | {"consent": "y"}
        flood(client, code, BURST + 1)
        slowed = client.post(path, data=filled, environ_base=FLOODER)
        again = form_values(find_form(slowed.text, path)[0])
        clock.shift(float(slowed.headers["Retry-After"]))
        sent = client.post(path, data=again, environ_base=FLOODER)

    assert (slowed.status_code, slowed.headers["Retry-After"]) == (429, "2")
    assert "请过几秒再按一次提交" in words(slowed.text)
    assert {name: again[name] for name in ("name", "id_number", "mobile")} == {
        name: filled[name] for name in ("name", "id_number", "mobile")
    }
    assert sent.status_code == 302


def test_drafts_keep_the_same_pace(client: DistrustfulClient, code: JoinCode, short_burst: None) -> None:
    path = f"/joining/apply/{code.token}"
    with time_machine.travel(now(), tick=False):
        flood(client, code, BURST + 1)
        kept = client.submit(path, {"name": "周半张", "consent": "y", "keep": "1"}, environ_base=FLOODER)

    assert kept.status_code == 429
    assert db.session.scalar(select(func.count(Application.id))) == 0


# --- figures --------------------------------------------------------------------------------------------------------


@pytest.fixture
def known(tree: dict[str, OrgUnit], people: People) -> dict[str, Application]:
    """Applications whose steps took known times."""
    items = {
        "quick": factories.make_application(tree["a"], S.BRANCH_OK),
        "slow": factories.make_application(tree["a"], S.APPROVED),
        "late": factories.make_application(tree["a"]),
        "returned": factories.make_application(tree["a"]),
        "other": factories.make_application(tree["b"], S.APPROVED),
    }
    JOINING.fire(
        items["returned"], "return", people.branch, comment="请换照片", wrong_fields=["photo"], reason=Reason.PHOTO
    )
    JOINING.fire(items["late"], "reject", people.union, comment="未入职", reason=Reason.NOT_OURS)
    at = now()
    for item, opinion, decision in ((items["quick"], 3 * HOUR, None), (items["slow"], 5 * DAY, 30 * HOUR)):
        item.asked_at = item.submitted_at = at - 10 * DAY
        item.opinion_at = item.asked_at + opinion
        item.decided_at = item.opinion_at + decision if decision else None
    db.session.commit()
    return items


def test_the_figures_are_those_of_the_cases(people: People, known: dict[str, Application]) -> None:
    rows, total = figures.figures(people.union, str(today().year))
    ours, theirs = rows

    assert [row.unit.code for row in rows if row.unit] == ["GH01", "GH02"]
    assert (ours.sent, theirs.sent, total.sent) == (4, 1, 5)
    assert (ours.opinion.middle, ours.opinion.longest) == (shown((5 * DAY + 3 * HOUR) / 2), "5.0 天")
    assert (ours.decision.middle, ours.decision.longest) == ("30 小时", "30 小时")
    assert dict(ours.returned) == {Reason.PHOTO: 1}
    assert dict(ours.rejected) == dict(total.rejected) == {Reason.NOT_OURS: 1}
    assert len(total.opinion.each) == len(ours.opinion.each) + len(theirs.opinion.each)
    branch_rows, branch_total = figures.figures(people.branch, str(today().year))
    assert ([row.unit for row in branch_rows], branch_total.sent) == ([ours.unit], 4)
    assert figures.figures(people.union, "1999")[1].sent == figures.figures(people.union, "x")[1].sent == 0
    assert figures.figures(people.admin, str(today().year))[1].sent == 0


def test_a_number_leads_to_as_many_cases(
    people: People, known: dict[str, Application], client_of: Callable[[User | None], DistrustfulClient]
) -> None:
    browser = client_of(people.union)
    page = browser.get("/joining/figures")
    found = {}
    for href in links(page.text):
        if href.startswith("/joining/?"):
            listed = words(browser.get(href).text)
            found[href] = listed[listed.index("共 ") :].split()[1]

    assert len(found) >= 10
    year = today().year
    assert found[f"/joining/?state=all&unit=GH01&year={year}&reason=returned-photo"] == "1"
    assert found[f"/joining/?state=all&unit=GH01&year={year}"] == "4"
    shown_numbers = [
        (element.get("href"), "".join(element.itertext()))
        for element in _anchors(page.text)
        if element.get("href") in found
    ]
    assert [(href, number) for href, number in shown_numbers if found[str(href)] != number] == []


def _anchors(page: str) -> list[Element]:
    return list(parse(page).iter(f"{XHTML}a"))


def test_a_unit_with_others_below_it_leads_nowhere_wrong(tree: dict[str, OrgUnit], people: People) -> None:
    group = factories.make_unit(tree["a"], code="GH0101", name="英语系工会小组")
    factories.make_application(tree["a"])
    factories.make_application(group)

    rows, _ = figures.figures(people.union, str(today().year))

    assert [(row.unit.code, row.is_exact) for row in rows if row.unit] == [("GH01", False), ("GH0101", True)]


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (timedelta(minutes=7), "7 分钟"),
        (timedelta(hours=5, minutes=59), "5 小时"),
        (timedelta(days=2, hours=12), "2.5 天"),
    ],
)
def test_times_read_as_people_say_them(time: timedelta, text: str) -> None:
    assert shown(time) == text


@pytest.mark.parametrize("reason", ["returned", "returned-photo", "rejected-not_ours", "returned-no", "x", "returned-"])
def test_the_filter_by_reason_shows_what_it_names(people: People, known: dict[str, Application], reason: str) -> None:
    expected = {
        "returned": [known["returned"]],
        "returned-": [known["returned"]],
        "returned-photo": [known["returned"]],
        "rejected-not_ours": [known["late"]],
    }

    assert service.listing(people.union, Filters(state="all", reason=reason)).rows == expected.get(reason, [])
