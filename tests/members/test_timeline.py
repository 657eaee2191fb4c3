"""The one time-line: what stands on it, for whom, with both days, and what it costs the database."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import event

from portal.core import audit
from portal.core.actors import SHELL
from portal.core.calendar import show_date, today
from portal.core.db import db
from portal.handover.posts import service as posts
from portal.members import correcting, filing, history, service, turning
from portal.members.enums import ChangeType, PostKind
from portal.members.models import Member
from portal.members.printing import Papers
from portal.members.timeline import service as timeline
from portal.members.timeline.happenings import About
from portal.org.models import OrgUnit, User
from portal.org.permissions import Role
from portal.standing import service as standing
from portal.standing.models import ChangeKind, StandingState
from portal.standing.workflow import STANDING
from portal.transfers import service as transfers
from portal.transfers.models import Occasion
from portal.transfers.workflow import TRANSFER
from tests import factories
from tests.client import words
from tests.members.test_history import FIRST_DAY, noon

HOUR = timedelta(hours=1)
SECOND, THIRD, FOURTH = (FIRST_DAY + timedelta(days=days) for days in (5, 10, 15))


@pytest.fixture
def offices(tree, user_as):
    return {
        "union": user_as(Role.UNION_OPERATOR, tree["root"], name="张操作"),
        "chair": user_as(Role.UNION_CHAIR, tree["root"], name="赵主席"),
        "old": user_as(Role.BRANCH_OPERATOR, tree["a"], name="李转出"),
        "new": user_as(Role.BRANCH_OPERATOR, tree["b"], name="王转入"),
    }


@pytest.fixture
def lived(tree, offices):
    """Somebody to whom a bit of everything has happened, a day apart."""
    union, chair = offices["union"], offices["chair"]
    with time_machine.travel(noon(FIRST_DAY), tick=False):
        member = factories.make_member(tree["a"], name="曾晓梅", department="教务处", dues_base="5000.00")
        db.session.commit()
    with time_machine.travel(noon(SECOND), tick=False):
        history.write(member, {"department": "财务处", "dues_base": "6000.00"}, union, reason="工会修改")
        wanted = posts.Wanted(member, PostKind.DELEGATE, tree["root"], "", "八届", SECOND, None)
        posts.give(union, wanted, with_office=False)
        db.session.commit()
    with time_machine.travel(noon(THIRD), tick=False):
        item = transfers.send(offices["old"], member, to=tree["b"], occasion=Occasion.POST, note="轮岗")
        TRANSFER.fire(item, "approve", union)
    with time_machine.travel(noon(THIRD) + HOUR, tick=False):
        TRANSFER.fire(item, "receive", offices["new"])
        db.session.commit()
    with time_machine.travel(noon(FOURTH), tick=False):
        service.reveal(union, member, "id_number", reason="办理会员卡")
        db.session.commit()
    with time_machine.travel(noon(FOURTH) + HOUR / 2, tick=False):
        filing.keep_prints(
            chair, [(member.id, member.unit_id)], print_id="p1", papers=Papers.REGISTRATION, at_joining=False,
            of_batch=False,
        )  # fmt: skip
        db.session.commit()
    with time_machine.travel(noon(FOURTH) + HOUR, tick=False):
        correcting.correct(
            union, member, "department", "图书馆", since=SECOND + timedelta(days=1), reason="登记有误",
            document_no="海大工〔2026〕3号", seen=service.mark_of(member),
        )  # fmt: skip
        retiring = standing.Wanted(member, ChangeKind.RETIRE, FOURTH + timedelta(days=10))
        STANDING.fire(standing.ask(offices["new"], retiring), "agree", union)
        db.session.commit()
    return member


def told(actor, member, about=""):
    return [one.what for one in timeline.page(actor, member, about=about).rows]


COMING, CORRECTED = "申请退休", f"更正，自{show_date(SECOND + timedelta(days=1))}起，文号：海大工〔2026〕3号：登记有误"
MOVED = "校内转会：外国语学院分工会 → 机械工程学院分工会"
EVERYTHING = [
    COMING, CORRECTED, "打印登记表", "查看完整证件号码", "校内转会", MOVED,
    "任海港大学工会教代会代表", "工会修改", "入会",
]  # fmt: skip


@time_machine.travel(noon(FOURTH) + 2 * HOUR, tick=False)
def test_everything_stands_on_one_line_newest_first_with_both_days(tree, offices, lived) -> None:
    rows = timeline.page(offices["chair"], lived).rows

    assert [row.what for row in rows] == EVERYTHING
    named = dict(zip(EVERYTHING, rows, strict=True))
    coming, corrected, moved = named[COMING], named[CORRECTED], named["校内转会"]
    assert (coming.is_coming, coming.on, coming.state) == (True, FOURTH + timedelta(days=10), "已同意，待生效")
    assert (corrected.is_correction, corrected.is_dated, corrected.on) == (True, True, SECOND + timedelta(days=1))
    assert corrected.changes == (("工作单位（部门）", "财务处 → 图书馆"),)
    assert [row.what for row in rows if row.is_correction] == [CORRECTED]
    # the version that the transfer has written is told with its line, once
    assert (moved.by, moved.why.split("；")[0]) == ("王转入", "由外国语学院分工会至机械工程学院分工会")
    assert [(row.by, row.why) for row in rows if row.about is About.LOOKS] == [("赵主席", ""), ("张操作", "办理会员卡")]
    assert (named["任海港大学工会教代会代表"].by, named["任海港大学工会教代会代表"].on) == ("张操作", SECOND)


@time_machine.travel(noon(FOURTH) + 2 * HOUR, tick=False)
def test_each_sees_what_the_rows_behind_it_let_her_see(tree, offices, lived, user_as) -> None:
    looked, printed = "查看完整证件号码", "打印登记表"

    # who looked is for herself and for whoever reads the log; the operators of the union and of her branch do not
    assert told(lived.user, lived) == told(offices["chair"], lived) == EVERYTHING
    for who in (offices["union"], offices["new"]):
        assert [what for what in EVERYTHING if what not in told(who, lived)] == [looked]
    assert told(lived.user, lived, "looks") == [printed, looked]
    # the salary is no more than a word, and to a branch not even whether one may read it
    said = [
        dict(one.changes).get("工资（会费计缴基数）") for who in (offices["union"], lived.user, offices["new"])
        for one in timeline.page(who, lived).rows if one.what == "工会修改"
    ]  # fmt: skip
    assert said == ["已修改", "已修改", "已修改（无权查看）"]


def test_an_expulsion_is_told_to_those_alone_who_decide(tree, offices) -> None:
    with time_machine.travel(noon(FIRST_DAY), tick=False):
        member = factories.make_member(tree["b"])
        db.session.commit()
    facts = {"judgment_no": "（2026）冀01刑初1号", "group_opinion": "同意", "committee_on": SECOND.isoformat()}
    standing.ask(offices["union"], standing.Wanted(member, ChangeKind.EXPEL, SECOND, facts))

    assert told(offices["chair"], member, "cases") == ["申请开除会籍"]
    assert told(offices["new"], member, "cases") == told(member.user, member, "cases") == []

    values = {"membership_status": "expelled"}
    turning.turn(member, SHELL, ChangeType.EXPELLED, on=SECOND, values=values, reason="开除会籍", because="6")
    db.session.commit()
    db.session.expire_all()

    why = {
        name: next(row.why for row in timeline.page(offices[name], member, about="membership").rows)
        for name in ("chair", "new")
    }
    assert ("因犯罪被开除会籍" in why["chair"], "因犯罪" in why["new"]) == (True, False)


def test_what_was_never_agreed_to_is_not_said_to_come(tree, offices) -> None:
    for state in (StandingState.SUBMITTED, StandingState.WITHDRAWN):
        item = factories.make_standing(tree["a"], state, on=today() + timedelta(days=20))
        [row] = timeline.page(offices["chair"], item.member, about="cases").rows
        assert (row.what, row.state, row.is_coming) == ("申请退休", state.label, False)


def test_a_corrected_day_is_told_with_the_old_and_the_new_one(tree, offices) -> None:
    with time_machine.travel(noon(FIRST_DAY), tick=False):
        member = factories.make_member(tree["b"])
        db.session.commit()
    values = {"membership_status": "retained"}
    line = turning.turn(member, SHELL, ChangeType.RETAINED, on=THIRD, values=values, reason="失业")
    correcting.redate(offices["union"], member, line, on=SECOND, reason="批文日期有误", seen=service.mark_of(member))
    db.session.commit()

    corrected, retained, _ = timeline.page(offices["union"], member).rows

    assert corrected.what == "更正会籍变化日期"
    assert corrected.why == f"更正：保留会籍的日期由{show_date(THIRD)}改为{show_date(SECOND)}：批文日期有误"
    assert (corrected.is_correction, corrected.on, corrected.is_dated) == (True, SECOND, True)
    assert (retained.what, retained.on, retained.is_correction) == ("保留会籍", SECOND, False)
    [traced] = [one for one in audit.events_of(member) if one.action == "member.redate"]
    assert traced.is_correction


def test_a_long_life_asks_no_more_of_the_database_than_a_short_one(tree, offices, lived) -> None:
    def asked() -> int:
        db.session.commit()
        db.session.expire_all()
        db.session.expunge_all()
        who, her = db.session.get_one(User, chair), db.session.get_one(Member, number)
        assert (who.may("member.read", her.unit), her.user) == (True, her.user)
        seen: list[str] = []
        listener = lambda *given: seen.append(given[2])  # noqa: E731  # removed below
        event.listen(db.engine, "before_cursor_execute", listener)
        try:
            assert timeline.page(who, her).total
        finally:
            event.remove(db.engine, "before_cursor_execute", listener)
        return len(seen)

    chair, number, root = offices["chair"].id, lived.id, tree["root"].id
    short = asked()
    member, house = db.session.get_one(Member, number), db.session.get_one(OrgUnit, root)
    for turn in range(60):
        editor = factories.make_user(Role.UNION_OPERATOR, house, name=f"经办{turn}")
        history.write(member, {"department": f"{turn} 处", "native_place": f"{turn} 县"}, editor, reason="工会修改")
        service.reveal(editor, member, "id_number", reason=f"第 {turn} 次核对")
        filing.keep_prints(
            editor, [(number, member.unit_id)], print_id=f"n{turn}", papers=Papers.REGISTRATION, at_joining=False,
            of_batch=True,
        )  # fmt: skip

    assert asked() == short
    pages = [
        timeline.page(db.session.get_one(User, chair), db.session.get_one(Member, number), number=page)
        for page in range(1, 6)
    ]
    assert [len(page.rows) for page in pages] == [50, 50, 50, len(EVERYTHING) + 30, 0]


@time_machine.travel(noon(FOURTH) + 2 * HOUR, tick=False)
def test_the_page_is_cut_turned_and_kept_from_others(tree, offices, lived, client_of) -> None:
    path = f"/members/{lived.id}/timeline"
    browser = client_of(offices["union"])

    posts_alone = words(browser.get(f"{path}?about=posts").text)
    whole = words(browser.get(path).text)
    own = words(client_of(lived.user).get(f"{path}?about=looks").text)

    assert f"申请退休将于 {show_date(FOURTH + timedelta(days=10))} 生效" in whole.replace("\n", "")
    assert "共 8 条" in whole
    assert ("教代会代表" in posts_alone, "工会修改" in posts_alone) == (True, False)
    assert "6000" not in whole
    assert ("查看完整证件号码" in own, "张操作" in own, "办理会员卡" in own) == (True, True, True)
    assert client_of(offices["old"]).get(path).status_code == 404  # she has moved on
    assert "全部时间线（8 条）" in words(browser.get(f"/members/{lived.id}").text)
