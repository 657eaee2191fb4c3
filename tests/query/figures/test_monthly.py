"""The monthly report balances for every unit: hand counts, plain Python over a population, page, paper and people."""

from __future__ import annotations

import io
from collections import Counter
from datetime import date

import pdfplumber
import pytest
import time_machine

from portal.core.actors import SHELL
from portal.core.db import db
from portal.core.errors import DomainError
from portal.members import history
from portal.members.enums import ChangeType
from portal.members.models import MembershipChange
from portal.org.permissions import Role
from portal.query.figures import monthly, reports
from portal.query.figures.reports import TOTAL, UNASSIGNED, Wish
from tests import factories
from tests.client import links, words
from tests.query.people import EDITED, noon, populate

BEFORE, MONTH_END, LATER = date(2026, 1, 15), date(2026, 2, 28), date(2026, 3, 2)
ENDS = {"retained": "保留会籍", "transferred_out": "转出", "withdrawn": "退会", "expelled": "除名", "deceased": "去世"}


def begun(unit, name, day, **values):
    with time_machine.travel(noon(day), tick=False):
        person = factories.a_person(name=name, **values).values
        return history.begin(person, unit, SHELL, reason="入会")


def changed(member, day, **values):
    with time_machine.travel(noon(day), tick=False):
        history.write(member, values, SHELL, reason="变动")


def on_record(member, kind, day):
    db.session.add(MembershipChange(member=member, kind=kind, on_date=day))


@pytest.fixture
def february(tree):
    """A month in which everything happens once at least, most of it in branch a."""
    a, b = tree["a"], tree["b"]
    old = {name: begun(a, name, BEFORE) for name in ("甲留", "乙转", "丙退", "丁除", "戊逝", "己出", "庚外", "辛在")}
    old["壬来"] = begun(b, "壬来", BEFORE)
    old["癸复"] = begun(a, "癸复", BEFORE, membership_status="retained")
    old["子逝"] = begun(a, "子逝", BEFORE, membership_status="retained")
    for day, name, values in (
        (2, "甲留", {"membership_status": "retained"}),
        (3, "乙转", {"branch": b}),
        (4, "丙退", {"membership_status": "withdrawn"}),
        (5, "丁除", {"membership_status": "expelled"}),
        (6, "戊逝", {"membership_status": "deceased"}),
        (7, "己出", {"membership_status": "transferred_out"}),
        (8, "庚外", {"counted_here": False}),
        (9, "壬来", {"branch": a}),
        (10, "癸复", {"membership_status": "active"}),
        (11, "子逝", {"membership_status": "deceased"}),
    ):
        changed(old[name], date(2026, 2, day), **values)
    on_record(begun(a, "丑新", date(2026, 2, 28)), ChangeType.JOINED, date(2026, 2, 28))
    on_record(begun(a, "寅入", date(2026, 2, 1)), ChangeType.TRANSFERRED_IN, date(2026, 2, 1))
    on_record(begun(a, "卯补", date(2026, 2, 12)), ChangeType.JOINED, date(2012, 9, 1))  # entered late
    with time_machine.travel(noon(date(2026, 2, 14)), tick=False):  # goes and comes back within the month
        history.write(old["辛在"], {"branch": b}, SHELL, reason="变动")
    changed(old["辛在"], date(2026, 2, 16), branch=a)
    changed(old["辛在"], LATER, membership_status="withdrawn")  # not this month's
    db.session.commit()


def numbers(report):
    return {row.label: dict(zip(report.columns, [cell.number for cell in row.cells], strict=True))
            for row in (*report.rows, report.totals)}  # fmt: skip


def nonzero(line):
    return {label: number for label, number in line.items() if number}


def test_a_month_in_which_everything_happens(tree, user_as, february):
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    with time_machine.travel(noon(LATER), tick=False):
        wish = Wish(tree["root"], MONTH_END)
        active, kept = monthly.monthly(operator, wish), monthly.retained(operator, wish)

    of_active, of_kept = numbers(active), numbers(kept)
    assert active.title == "会员动态月报（2026年2月）"
    assert nonzero(of_active[tree["a"].name]) == {
        "期初": 8, "入会": 1, "转入": 1, "校内转入": 2, "恢复会籍": 1, "转出": 1, "校内转出": 2, "保留会籍": 1,
        "退会": 1, "除名": 1, "去世": 1, "期末": 6,
    }  # fmt: skip
    # 庚外 is counted elsewhere now, 卯补 was entered late: the one takes from, the other adds to the corrections
    assert of_active[tree["a"].name]["更正(±)"] == 0
    assert nonzero(of_active[tree["b"].name]) == {"期初": 1, "校内转入": 2, "校内转出": 2, "期末": 1}
    assert nonzero(of_active[UNASSIGNED]) == {}
    assert (of_active[TOTAL]["期初"], of_active[TOTAL]["期末"]) == (9, 7)
    assert of_active[TOTAL]["校内转入"] == of_active[TOTAL]["校内转出"] == 4
    assert nonzero(of_kept[tree["a"].name]) == {"期初": 2, "保留会籍": 1, "恢复会籍": 1, "去世": 1, "期末": 1}


def test_every_row_balances_and_equals_what_plain_python_sees(tree, user_as):
    people = populate(tree, 60)
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    names = {tree[key].code: tree[key].name for key in ("a", "b", "closed")} | {"GH": UNASSIGNED}
    expected = {name: Counter() for name in names.values()}

    def place(person, status):
        return names[person["branch"]] if person["counted_here"] and person["membership_status"] == status else None

    for number, now in people.now.items():
        was, came = (place(one, "active") for one in (people.past[number], now))
        if was:
            expected[was]["期初"] += 1
        if came:
            expected[came]["期末"] += 1
        if was and came and was != came:
            expected[was]["校内转出"] += 1
            expected[came]["校内转入"] += 1
        elif was and not came:
            status = now["membership_status"]
            expected[was][ENDS.get(status, "更正(±)")] += 1 if status in ENDS else -1
        elif came and not was:
            back = people.past[number]["membership_status"] == "retained"
            joined = people.past[number]["membership_status"] != "active" and any(
                kind == "1" and on.isoformat().startswith("2025-09") for kind, on in now["changes"]
            )
            expected[came]["恢复会籍" if back else "入会" if joined else "更正(±)"] += 1

    with time_machine.travel(noon(LATER), tick=False):
        wish = Wish(tree["root"], EDITED.replace(day=30))
        for make in (monthly.monthly, monthly.retained):
            report = make(operator, wish)
            for row in (*report.rows, report.totals):
                assert monthly.balances(row, report.columns), row
            for column, cell in enumerate(report.totals.cells):
                assert sum(row.cells[column].number for row in report.rows) == cell.number
        found = numbers(monthly.monthly(operator, wish))

    assert {label: nonzero(found[label]) for label in expected} == {
        label: {name: number for name, number in line.items() if number} for label, line in expected.items()
    }
    assert found[TOTAL]["校内转入"] > 0
    assert found[TOTAL]["更正(±)"] != 0


def test_a_branch_and_the_union_see_the_same_month(tree, user_as, february):
    operator, chair = user_as(Role.UNION_OPERATOR, tree["root"]), user_as(Role.BRANCH_CHAIR, tree["a"])
    with time_machine.travel(noon(LATER), tick=False):
        of_union = numbers(monthly.monthly(operator, Wish(tree["root"], MONTH_END)))
        own = numbers(monthly.monthly(chair, Wish(tree["a"], MONTH_END)))

    assert own[tree["a"].name] == of_union[tree["a"].name] == own[TOTAL]


def test_a_day_that_has_not_come_is_refused(tree, user_as, client_of):
    operator = user_as(Role.UNION_OPERATOR, tree["root"])

    with pytest.raises(DomainError, match="月报只能统计到今天"):
        monthly.monthly(operator, Wish(tree["root"], date(2199, 1, 1)))
    page = client_of(operator).get("/query/reports/monthly?as_of=2099-01-01")
    assert (page.status_code, "月报只能统计到今天" in words(page.text)) == (422, True)


def test_each_number_opens_its_people(tree, user_as, client_of, february):
    operator, chair = user_as(Role.UNION_OPERATOR, tree["root"]), user_as(Role.BRANCH_CHAIR, tree["a"])
    with time_machine.travel(noon(LATER), tick=False):
        report = monthly.monthly(operator, Wish(tree["root"], MONTH_END))
        for row, code in zip((*report.rows, report.totals), [*reports.places(operator, tree["root"]), ""], strict=True):
            for cell in row.cells[1:-1]:
                behind, _ = monthly.behind(operator, report.wish, monthly.ACTIVE, cell.kind, code)
                signs = sum(one.sign for one in behind) if cell.kind == "更正(±)" else len(behind)
                assert signs == cell.number, (row.label, cell)
        browser = client_of(chair)
        page = browser.get("/query/reports/monthly?unit=GH01&as_of=2026-02-28")
        left = next(link for link in links(page.text) if "kind=moved-out" in link)
        listed = words(browser.get(left).text)
        foreign = browser.get("/query/reports/monthly/moves?unit=GH02&as_of=2026-02-28&kind=joined")
        wrong = browser.get("/query/reports/ages/moves?as_of=2026-02-28&kind=joined")

    assert "乙转2026年2月3日" in listed
    assert f"{tree['a'].name}，正常{tree['b'].name}，正常" in listed
    assert (foreign.status_code, wrong.status_code) == (404, 404)


def test_the_month_on_paper(tree, user_as, client_of, february):
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    with time_machine.travel(noon(LATER), tick=False):
        paper = client_of(operator).post(
            "/query/reports/monthly?unit=GH&as_of=2026-02-28", data={"purpose": "报送二月月报", "kind": "pdf"}
        )

    with pdfplumber.open(io.BytesIO(paper.data)) as document:
        (table,) = document.pages[0].extract_tables()
        text = document.pages[0].extract_text()
    assert len(document.pages) == 1
    assert [cell.replace("\n", "") for cell in table[0]][:3] == ["单位", "期初", "入会"]
    assert table[-1] == ["合计", "9", "1", "1", "4", "1", "1", "4", "1", "1", "1", "1", "0", "7"]
    assert "会员动态月报（2026年2月）" in text.replace(" ", "")
