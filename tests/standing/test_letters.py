"""Letters: numbered without gaps, printed in three parts, answered, reminded of, taken back."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
import time_machine
from pypdf import PdfReader
from sqlalchemy import select

from portal.core import audit
from portal.core.actors import SHELL
from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import DomainError
from portal.core.notices import Notice
from portal.members import turning
from portal.members.enums import ChangeType
from portal.org.permissions import Role
from portal.standing.letters import service
from portal.standing.letters.models import Letter, LetterState
from portal.standing.letters.workflow import LETTERS
from portal.standing.models import ChangeKind as K
from portal.standing.models import StandingState as S
from portal.standing.workflow import STANDING
from tests import factories
from tests.members.test_history import FIRST_DAY, noon


def test_twelve_letters_have_twelve_numbers_of_which_two_stay_void(tree, user_as):
    letters = [factories.make_letter(tree["a" if place % 2 else "b"]) for place in range(11)]
    for letter in (letters[3], letters[7]):
        LETTERS.fire(letter, "void", factories.Hand(), comment="没有调成")
    refused = factories.make_standing(tree["a"], kind=K.LEAVE)
    savepoint = db.session.begin_nested()
    STANDING.fire(refused, "agree", factories.Hand())
    savepoint.rollback()  # a number that was taken and not kept comes back
    letters.append(factories.make_letter(tree["a"]))
    db.session.commit()

    rows, total = service.letters(user_as(Role.UNION_OPERATOR, tree["root"]), service.Filters(), 1)

    year = today().year
    assert [letter.number for letter in letters] == [f"字第 {year}-{number:04d} 号" for number in range(1, 13)]
    assert (rows, total) == (letters[::-1], 12)
    assert [letter.serial for letter in letters if letter.state is LetterState.VOID] == [4, 8]


@pytest.mark.parametrize(("role", "place", "full"), [("union_operator", "root", True), ("branch_operator", "a", False)])
def test_the_paper_has_three_parts_with_number_and_name(tree, user_as, role, place, full):
    letter = factories.make_letter(tree["a"])
    number = letter.change.member.id_number
    actor = user_as(Role(role), tree[place])

    pdf = service.print_letter(actor, letter.id)
    db.session.commit()

    [page] = PdfReader(io.BytesIO(pdf)).pages
    text = "".join(page.extract_text().split())
    said = "".join(letter.number.split())
    parts = [text.find(word) for word in ("（存根）", "兹有我会会员", "回执")]
    assert parts == sorted(parts)
    assert -1 not in parts
    assert (text.count(said), text.count(letter.change.member.name)) == (6, 3)
    assert (text.count("".join(number.split())), "作废" in text) == (2 if full else 0, False)
    assert ("山海大学工会：" in text, text.count(number[-4:])) == (True, 2)
    assert audit.events_of(letter)[-1].action == "letters.print"


def test_a_void_letter_is_printed_as_void(tree, user_as):
    letter = factories.make_letter(tree["a"], LetterState.VOID)

    pdf = service.print_letter(user_as(Role.UNION_CHAIR, tree["root"]), letter.id)
    db.session.commit()

    assert "作　废" in PdfReader(io.BytesIO(pdf)).pages[0].extract_text()


def test_taking_it_back_restores_the_membership_and_keeps_the_number(tree):
    letter = factories.make_letter(tree["a"])
    member = letter.change.member
    assert member.membership_status == "transferred_out"

    LETTERS.fire(letter, "void", factories.Hand(), comment="没有调成")
    db.session.commit()

    assert (letter.state, letter.serial, member.membership_status) == (LetterState.VOID, 1, "active")
    assert [line.kind for line in member.changes][-2:] == [ChangeType.TRANSFERRED_OUT, ChangeType.RESTORED]
    again = factories.make_standing(tree["a"], S.DONE, K.LEAVE, member=member)
    assert [one.serial for one in service.of_change(again)] == [2]


def test_a_letter_of_a_day_to_come_calls_the_leaving_off_with_it(tree):
    change = factories.make_standing(tree["a"], S.SCHEDULED, K.LEAVE)
    [letter] = service.of_change(change)

    with pytest.raises(DomainError, match=r"已开具介绍信（字第 .* 号），请先把介绍信作废"):
        STANDING.fire(change, "call_off", factories.Hand(), comment="不调了")
    LETTERS.fire(letter, "void", factories.Hand(), comment="不调了")

    assert (change.state, change.member.membership_status) == (S.WITHDRAWN, "active")


def test_what_has_happened_since_is_not_undone(tree):
    letter = factories.make_letter(tree["a"])
    turning.turn(
        letter.change.member, SHELL, ChangeType.TRANSFERRED_IN, on=today(), reason="转入",
        values={"membership_status": "active"},
    )  # fmt: skip
    db.session.commit()

    with pytest.raises(DomainError, match="会籍又有变化，介绍信不能作废"):
        LETTERS.fire(letter, "void", factories.Hand(), comment="没有调成")
    with pytest.raises(DomainError, match="没有可以更正的"):
        factories.make_standing(tree["a"], kind=K.CORRECT, member=letter.change.member)


def test_a_leaving_with_a_letter_is_not_corrected_but_taken_back(tree):
    letter = factories.make_letter(tree["a"])

    with pytest.raises(DomainError, match="请在介绍信上办理作废"):
        factories.make_standing(tree["a"], kind=K.CORRECT, member=letter.change.member)


def test_receipts_are_entered_within_their_days_and_reminded_of_once(tree, user_as):
    operator, branch = user_as(Role.UNION_OPERATOR, tree["root"]), user_as(Role.BRANCH_OPERATOR, tree["a"])
    with time_machine.travel(noon(FIRST_DAY), tick=False):
        late, kept = factories.make_letter(tree["a"]), factories.make_letter(tree["a"], LetterState.RECEIVED)
    with time_machine.travel(noon(FIRST_DAY + timedelta(days=90)), tick=False):
        assert service.remind() == 0
    with time_machine.travel(noon(FIRST_DAY + timedelta(days=91)), tick=False):
        done = service.remind(), service.remind()
        db.session.commit()
        told = select(Notice.user_id).where(Notice.title.contains("还没有收到回执")).order_by(Notice.user_id)
        rows = service.letters(operator, service.Filters(service.OVERDUE), 1)[0]
        todo = [(one.label, one.count) for one in service.todo(operator)]

        assert done == (1, 0)
        heard = db.session.scalars(told).all()
        assert {operator.id, branch.id} <= set(heard)
        assert len(heard) == len(set(heard))
        assert (rows, todo) == ([late], [("逾期未收回执的介绍信", 1)])
        with pytest.raises(DomainError, match="回执日期应在开具日"), db.session.begin_nested():
            LETTERS.fire(late, "receive", operator, received_on=FIRST_DAY - timedelta(days=1))
        db.session.expire(late)
        LETTERS.fire(late, "receive", operator, received_on=FIRST_DAY + timedelta(days=80))

    assert (late.state, late.received_on) == (LetterState.RECEIVED, FIRST_DAY + timedelta(days=80))
    answered = select(Letter.id).where(Letter.state == LetterState.RECEIVED).order_by(Letter.id)
    assert db.session.scalars(answered).all() == [late.id, kept.id]
