"""The ledger of a year: what the lines say, month by month, and where the versions say something else."""

from __future__ import annotations

import io
from datetime import date

import openpyxl
import pytest
import time_machine

from portal.core.actors import SHELL
from portal.core.db import db
from portal.members import history, turning
from portal.members.enums import ChangeType as C
from portal.members.models import MembershipChange
from portal.org.permissions import Role
from portal.query.figures import ledger
from portal.query.figures.reports import TOTAL, Wish
from tests import factories
from tests.client import links, words
from tests.query.figures.test_monthly import begun, nonzero, numbers
from tests.query.people import noon

LAST_YEAR, LATER = date(2025, 11, 15), date(2026, 4, 20)
STATUS = {
    C.RETAINED: "retained", C.TRANSFERRED_OUT: "transferred_out", C.WITHDRAWN: "withdrawn", C.EXPELLED: "expelled",
    C.DIED: "deceased", C.RESTORED: "active", C.TRANSFERRED_IN: "active",
}  # fmt: skip


def joined(unit, name, day, kind=C.JOINED, **values):
    """Let somebody come in on `day`, as an application does."""
    with time_machine.travel(noon(day), tick=False):
        member = begun(unit, name, day, join_date=day, **values)
        db.session.add(MembershipChange(member=member, kind=kind, on_date=day, to_unit_id=unit.id))
    return member


def turned(member, kind, on, *, at=None, **values):
    """Let `kind` happen on the day `on`, entered on the day `at`."""
    with time_machine.travel(noon(at or on), tick=False):
        said = {"membership_status": STATUS[kind]} if kind in STATUS else {}
        turning.turn(member, SHELL, kind, on=on, values=said | values, reason="办理")


@pytest.fixture
def year(tree):
    """A winter and a spring in which everything happens, most of it in branch a, some of it entered late."""
    a, b = tree["a"], tree["b"]
    old = {
        name: joined(a, name, LAST_YEAR) for name in ("甲留", "乙转", "丙退", "丁除", "戊逝", "己出", "庚外", "辛在")
    }
    old["壬来"] = joined(b, "壬来", LAST_YEAR)
    turned(old["甲留"], C.RETAINED, date(2026, 1, 5), at=date(2026, 3, 10))
    turned(old["甲留"], C.RESTORED, date(2026, 3, 12))
    turned(old["乙转"], C.MOVED_BRANCH, date(2026, 2, 27), at=date(2026, 3, 2), branch=b)
    turned(old["丙退"], C.WITHDRAWN, date(2026, 2, 4))
    turned(old["丁除"], C.EXPELLED, date(2026, 2, 5))
    turned(old["戊逝"], C.RETAINED, date(2026, 2, 6))
    turned(old["戊逝"], C.DIED, date(2026, 2, 7))
    turned(old["己出"], C.TRANSFERRED_OUT, date(2026, 3, 7))
    turned(old["壬来"], C.MOVED_BRANCH, date(2026, 4, 9), branch=a)
    turned(old["壬来"], C.MOVED_BRANCH, date(2026, 4, 11), branch=b)
    with time_machine.travel(noon(date(2026, 4, 8)), tick=False):
        history.write(old["庚外"], {"counted_here": False}, SHELL, reason="劳务派遣")
    joined(a, "丑新", date(2026, 3, 28))
    joined(a, "寅入", date(2026, 3, 31), C.TRANSFERRED_IN)
    with time_machine.travel(noon(date(2026, 4, 2)), tick=False):  # studied in March, entered in April
        late = begun(a, "卯补", date(2026, 4, 2), join_date=date(2026, 3, 30))
        db.session.add(MembershipChange(member=late, kind=C.JOINED, on_date=date(2026, 3, 30), to_unit_id=a.id))
    db.session.commit()
    return old


def balances(report, balance):
    """Whether every row makes its closing out of its opening; nothing may be unmatched."""
    ups = {"入会", "转入", "校内转入", "恢复会籍"} if balance is ledger.ACTIVE else {"保留会籍"}
    for row in numbers(report).values():
        moved = sum(
            number if label == "更正(±)" or label in ups else -number
            for label, number in row.items() if label not in ("期初", "期末", "对不上")
        )  # fmt: skip
        assert row["期初"] + moved == row["期末"], row
    return True


def test_a_year_in_which_everything_happens(tree, user_as, year):
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    with time_machine.travel(noon(LATER), tick=False):
        active, kept = (
            ledger.ledger(operator, Wish(tree["a"], LATER)),
            ledger.retained(operator, Wish(tree["a"], LATER)),
        )
        whole = ledger.ledger(operator, Wish(tree["root"], LATER))

    rows = numbers(active)
    assert list(rows) == ["1月", "2月", "3月", "4月", TOTAL]
    assert nonzero(rows["1月"]) == {"期初": 8, "保留会籍": 1, "期末": 7}
    assert nonzero(rows["2月"]) == {"期初": 7, "校内转出": 1, "退会": 1, "除名": 1, "保留会籍": 1, "期末": 3}
    assert nonzero(rows["3月"]) == {"期初": 3, "入会": 1, "转入": 1, "恢复会籍": 1, "转出": 1, "期末": 5}
    # 庚外 is counted elsewhere, 卯补 was entered late: −1 and +1
    assert nonzero(rows["4月"]) == {"期初": 5, "校内转入": 1, "校内转出": 1, "期末": 5}
    assert (rows[TOTAL]["期初"], rows[TOTAL]["期末"]) == (8, 5)
    assert [nonzero(row) for row in numbers(kept).values()][:4] == [
        {"保留会籍": 1, "期末": 1},
        {"期初": 1, "保留会籍": 1, "去世": 1, "期末": 1},
        {"期初": 1, "恢复会籍": 1},
        {},
    ]
    assert nonzero(numbers(whole)[TOTAL]).get("校内转入") is None  # within the unit nobody moves
    for report, balance in ((active, ledger.ACTIVE), (kept, ledger.KEPT), (whole, ledger.ACTIVE)):
        assert balances(report, balance)
        assert report.notes[0].startswith("核对结果")


def test_what_only_one_side_says_is_told_by_name(tree, user_as, year):
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    with time_machine.travel(noon(date(2026, 4, 3)), tick=False):  # past the floor: by hand, without a line
        history.write(year["辛在"], {"membership_status": "withdrawn"}, SHELL, reason="手工")
    line = MembershipChange(member=year["壬来"], kind=C.DIED, on_date=date(2026, 3, 3), from_unit_id=tree["b"].id)
    db.session.add(line)
    db.session.commit()

    with time_machine.travel(noon(LATER), tick=False):
        wish = Wish(tree["root"], LATER)
        report = ledger.ledger(operator, wish)
        (gone,), _ = ledger.behind(operator, wish, ledger.ACTIVE, "对不上", "2026-03")
        (by_hand,), _ = ledger.behind(operator, wish, ledger.ACTIVE, "对不上", "2026-04")

    rows = numbers(report)
    assert (rows["3月"]["对不上"], rows["4月"]["对不上"], rows[TOTAL]["对不上"]) == (1, 1, 2)
    assert report.notes[0] == (
        "3月：有 1 人次对不上，按会籍变化记录期末应为 6 人，会员信息为 7 人，相差 1 人。点“对不上”一列看是谁"
    )
    assert (gone.name, gone.note) == (
        "壬来",
        f"会籍变化记录：2026年3月3日去世（{tree['b'].name}，去世）；会员信息的历史中没有这一变动",
    )
    assert (by_hand.name, by_hand.note) == (
        "辛在",
        f"会员信息：2026年4月3日由“{tree['a'].name}，正常”变为“{tree['a'].name}，退会”；会籍变化记录中没有这一条",
    )


def test_two_turns_of_a_day_stand_on_each_other_wherever_the_first_was(tree, user_as):
    branch, day = user_as(Role.BRANCH_OPERATOR, tree["b"]), date(2026, 3, 3)
    member = joined(tree["a"], "乙回", LAST_YEAR)
    turned(member, C.WITHDRAWN, date(2026, 2, 3))
    turned(member, C.RESTORED, day)
    turned(member, C.MOVED_BRANCH, day, branch=tree["b"])
    db.session.commit()

    with time_machine.travel(noon(LATER), tick=False):
        report = ledger.ledger(branch, Wish(tree["b"], LATER))

    assert nonzero(numbers(report)[TOTAL]) == {"校内转入": 1, "期末": 1}


def test_who_comes_and_goes_on_one_day_is_told_twice_and_counted_never(tree, user_as):
    union, day = user_as(Role.UNION_OPERATOR, tree["root"]), date(2026, 3, 3)
    moved = joined(tree["a"], "乙逝", LAST_YEAR)
    turned(moved, C.MOVED_BRANCH, day, branch=tree["b"])
    turned(moved, C.DIED, day, at=LATER)  # entered late: no version has ever seen her there
    turned(joined(tree["b"], "丙除", day), C.EXPELLED, day)
    again = joined(tree["a"], "丁再", date(2026, 3, 1))
    turned(again, C.TRANSFERRED_OUT, date(2026, 3, 2))
    turned(again, C.RESTORED, day, branch=tree["b"])
    turned(again, C.WITHDRAWN, day)
    db.session.commit()

    with time_machine.travel(noon(LATER), tick=False):
        there, everywhere = (nonzero(numbers(ledger.ledger(union, Wish(tree[unit], LATER)))[TOTAL])
                             for unit in ("b", "root"))  # fmt: skip

    assert there == {"入会": 1, "除名": 1, "校内转入": 1, "去世": 1, "恢复会籍": 1, "退会": 1}
    assert everywhere == {"期初": 1, "入会": 2, "除名": 1, "去世": 1, "转出": 1, "恢复会籍": 1, "退会": 1}


def test_who_has_gone_before_her_record_began_never_left(tree, user_as):
    union, begun_on = user_as(Role.UNION_OPERATOR, tree["root"]), date(2026, 3, 3)
    with time_machine.travel(noon(begun_on), tick=False):
        member = begun(tree["a"], "丁出", begun_on, join_date=date(2026, 2, 2))
        db.session.add(
            MembershipChange(member=member, kind=C.JOINED, on_date=date(2026, 2, 2), to_unit_id=tree["a"].id)
        )
    turned(member, C.WITHDRAWN, begun_on, at=date(2026, 3, 4))
    turned(member, C.RESTORED, date(2026, 3, 5))
    db.session.commit()

    with time_machine.travel(noon(LATER), tick=False):
        report = ledger.ledger(union, Wish(tree["root"], LATER))

    assert nonzero(numbers(report)[TOTAL]) == {"恢复会籍": 1, "期末": 1}


def test_each_number_opens_its_people(tree, user_as, year):
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    with time_machine.travel(noon(LATER), tick=False):
        wish = Wish(tree["a"], LATER)
        for make, balance in ((ledger.ledger, ledger.ACTIVE), (ledger.retained, ledger.KEPT)):
            report = make(operator, wish)
            for row in (*report.rows, report.totals):
                for cell in (*row.cells[1:-2], row.cells[-1]):
                    found, total = ledger.behind(operator, wish, balance, cell.kind, cell.row)
                    signs = sum(one.sign for one in found) if cell.kind == "更正(±)" else total
                    assert signs == cell.number, (row.label, cell)
        corrected, _ = ledger.behind(operator, wish, ledger.ACTIVE, "更正(±)", "2026-04")
    assert [(one.name, one.sign, one.note) for one in corrected] == [
        ("卯补", 1, "补录：会员信息从这一天开始有记录"),
        ("庚外", -1, "改为不在本单位统计"),
    ]


def test_the_page_its_people_and_the_sheet(tree, user_as, client_of, year):
    chair = user_as(Role.BRANCH_CHAIR, tree["a"])
    with time_machine.travel(noon(LATER), tick=False):
        browser = client_of(chair)
        page = browser.get("/query/reports/ledger?unit=GH01&as_of=2026-04-20")
        moved = next(link for link in links(page.text) if "kind=moved-out" in link and "row=2026-02" in link)
        listed = browser.get(moved)
        others = browser.get("/query/reports/ledger?unit=GH02")
        wrong = browser.get("/query/reports/ledger/moves?unit=GH01&kind=joined&row=2026-13")
        ahead = browser.get("/query/reports/ledger?as_of=2027-01-01")
        file = browser.post(
            "/query/reports/ledger?unit=GH01&as_of=2026-04-20", data={"purpose": "报送台账", "kind": "xlsx"}
        )

    assert "会员动态台账（2026年）" in words(page.text)
    assert "乙转2026年2月27日" in words(listed.text)
    assert (others.status_code, wrong.status_code, ahead.status_code) == (404, 404, 422)
    rows = list(openpyxl.load_workbook(io.BytesIO(file.data)).active.iter_rows(values_only=True))
    assert rows[1][:3] == ("月份", "期初", "入会")
    assert rows[2][:2] == ("1月", 8)
    assert rows[6][0] == TOTAL
    assert any("核对结果：会籍变化记录与会员信息的历史逐人相符" in str(row[0]) for row in rows)


def test_a_past_year_has_twelve_months(tree, user_as):
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    factories.make_member(tree["a"])
    db.session.commit()

    report = ledger.ledger(operator, Wish(tree["a"], date(2025, 12, 31)))

    assert [row.label for row in report.rows] == [f"{month}月" for month in range(1, 13)]
