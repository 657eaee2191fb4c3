"""A congress and its sessions: opened with the settings of the day, called, opened by two thirds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from portal.congress import service
from portal.congress.models import Collecting, CongressSession, DelegateKind, in_words
from portal.congress.models import SessionState as S
from portal.congress.workflow import SESSIONS
from portal.core import settings
from portal.core.actors import SHELL
from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError
from portal.core.notices import Notice
from portal.org.models import OrgUnit, User
from portal.org.permissions import Role
from tests.congress import making


@pytest.fixture
def clerk(tree: dict[str, OrgUnit], user_as: Callable[..., User]) -> User:
    """Who keeps the congress."""
    return user_as(Role.UNION_OPERATOR, tree["root"], name="殷操作")


def begin(clerk: User, tree: dict[str, OrgUnit], number: int = 8, year: int = 2026) -> service.Congress:
    """A congress of five years."""
    starts = date(year, 1, 1)
    return service.begin(
        clerk, tree["root"].id, number=number, starts=starts, ends=date(year + 5, 1, 1) - timedelta(days=1)
    )


def test_a_congress_keeps_the_rules_of_the_day_it_was_opened(tree, clerk: User) -> None:
    settings.set(SHELL, "proposal_seconders", "3")
    eighth = begin(clerk, tree)
    settings.set(SHELL, "proposal_seconders", "5")
    ninth = begin(clerk, tree, number=9, year=2031)
    db.session.commit()

    assert [one.rule("proposal_seconders") for one in (eighth, ninth)] == [3, 5]
    assert eighth.rule("congress_teacher_share") == 60
    assert eighth.title == "第八届教职工代表大会"
    assert service.present(tree["root"], date(2030, 12, 31)) is eighth
    assert [in_words(number) for number in (1, 10, 11, 20, 36)] == ["一", "十", "十一", "二十", "三十六"]


@pytest.mark.parametrize(
    ("number", "starts", "ends", "sentence"),
    [
        (8, date(2031, 1, 1), date(2034, 12, 31), "第 8 届已经建立"),
        (9, date(2030, 6, 1), date(2034, 12, 31), "任期（2026年1月1日至2030年12月31日）重叠"),
        (9, date(2031, 1, 1), date(2031, 3, 1), "任期应为一至六年"),
    ],
)
def test_a_congress_that_cannot_be_is_refused(tree, clerk: User, number, starts, ends, sentence: str) -> None:
    begin(clerk, tree)

    with pytest.raises(DomainError, match=sentence):
        service.begin(clerk, tree["root"].id, number=number, starts=starts, ends=ends)


def test_a_branch_has_no_congress(tree, user_as) -> None:
    with pytest.raises(Absent):
        service.begin(
            user_as(Role.BRANCH_CHAIR, tree["a"]), tree["a"].id, number=1, starts=today(), ends=date(2031, 1, 1)
        )


def test_the_window_takes_proposals_and_the_grace_what_was_begun(tree, clerk: User) -> None:
    congress = begin(clerk, tree)
    session = service.plan(
        clerk, congress.id,
        {"collects_from": date(2026, 3, 2), "collects_until": date(2026, 3, 20), "grace_days": 3},
    )  # fmt: skip
    days = [date(2026, 3, day) for day in (1, 2, 20, 21, 23, 24)]

    assert [session.collecting(day) for day in days] == [
        Collecting.BEFORE, Collecting.OPEN, Collecting.OPEN, Collecting.GRACE, Collecting.GRACE, Collecting.OVER,
    ]  # fmt: skip
    assert service.collecting(congress, date(2026, 3, 22)) is session
    assert (session.code, session.title) == ("0801", "第八届教职工代表大会第一次会议")
    with pytest.raises(DomainError, match="征集期重叠"):
        service.plan(clerk, congress.id, {"collects_from": date(2026, 3, 20), "collects_until": date(2026, 4, 1)})


def test_a_session_opens_only_where_two_thirds_have_come(tree, clerk: User) -> None:
    congress = making.make_congress(tree["root"])
    formal = [making.make_seat(congress, name=f"丁{number}") for number in range(7)]
    guest = making.make_seat(congress, name="丁列席", kind=DelegateKind.OBSERVER)
    session = making.make_session(tree["root"], congress=congress)
    SESSIONS.fire(session, "call", clerk)

    service.attend(clerk, session.id, present=[one.id for one in formal[:4]] + [guest.id], excused=[formal[5].id])
    with pytest.raises(DomainError, match="应到正式代表 7 人，实到 4 人，不足 3 分之 2（5 人），不能开会"):
        SESSIONS.fire(session, "open", clerk)
    service.attend(clerk, session.id, present=[one.id for one in formal[:5]], excused=[])
    SESSIONS.fire(session, "open", clerk)
    SESSIONS.fire(session, "close", clerk)
    db.session.commit()

    assert session.state is S.CLOSED
    assert len(session.attendances) == 5
    with pytest.raises(Conflict, match="已闭幕，不能登记签到"):
        service.attend(clerk, session.id, present=[], excused=[])


def test_nobody_signs_in_who_has_no_seat_there(tree, clerk: User) -> None:
    here, there = making.make_congress(tree["root"]), making.make_congress(tree["root"], number=7)
    stranger = making.make_seat(there, name="丁外人")
    session = making.make_session(tree["root"], S.CALLED, congress=here)

    with pytest.raises(Absent):
        service.attend(clerk, session.id, present=[stranger.id], excused=[])


def test_calling_tells_every_delegate_with_an_account(tree, clerk: User) -> None:
    congress = making.make_congress(tree["root"])
    member = making.colleague(tree["a"], "王一")
    making.make_seat(congress, member)
    making.make_seat(congress, name="丁外聘")
    session = making.make_session(tree["root"], congress=congress)

    SESSIONS.fire(session, "call", clerk)
    db.session.commit()

    told = [one for one in db.session.query(Notice) if one.user_id == member.user_id and session.title in one.title]
    assert len(told) == 1
    assert isinstance(session, CongressSession)


def test_a_delegation_with_delegates_is_kept(tree, clerk: User) -> None:
    congress = making.make_congress(tree["root"])
    making.make_seat(congress, delegation="机关代表团")
    service.name_delegations(clerk, congress.id, ["文学院代表团", "机关代表团", ""])

    assert [one.name for one in congress.delegations] == ["文学院代表团", "机关代表团"]
    with pytest.raises(DomainError, match="机关代表团已有代表，不能去掉"):
        service.name_delegations(clerk, congress.id, ["文学院代表团"])
