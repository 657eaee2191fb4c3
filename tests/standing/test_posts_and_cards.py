"""What follows from a change elsewhere in the house: posts and their offices end, the card says so, lists stay."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.cards import service as cards
from portal.core.calendar import today
from portal.core.db import db
from portal.core.notices import Notice
from portal.handover.posts import service as posts
from portal.members.enums import PostKind
from portal.members.models import UnionPost
from portal.org.permissions import Role
from portal.standing.models import ChangeKind as K
from portal.standing.models import StandingState as S
from portal.standing.workflow import STANDING
from tests import factories


def give(actor, member, unit, kind, *, days=0):
    """Let the actor give the member a post from a day on, with the office that goes with it."""
    starts = today() + timedelta(days)
    wanted = posts.Wanted(member, kind, unit, "", "第八届", starts, None)
    post, _ = posts.give(actor, wanted, with_office=True)
    db.session.commit()
    return post


def test_posts_end_with_the_membership_and_the_office_with_them(tree, user_as):
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    member = factories.make_member(tree["a"])
    chair = give(operator, member, tree["a"], PostKind.BRANCH_CHAIR)
    seat = give(operator, member, tree["root"], PostKind.DELEGATE)
    coming = give(operator, member, tree["root"], PostKind.UNION_COMMITTEE, days=9).id
    item = factories.make_standing(tree["a"], member=member)

    STANDING.fire(item, "agree", operator)
    db.session.commit()

    assert [(post, post.ends) for post in member.posts] == [(chair, today()), (seat, today())]
    assert db.session.get(UnionPost, coming) is None
    assert member.user.live_grants == []


def test_an_office_beyond_the_operators_right_stays_and_is_told_of(tree, user_as):
    technician, operator = user_as(Role.SUPER_ADMIN, tree["root"]), user_as(Role.UNION_OPERATOR, tree["root"])
    member = factories.make_member(tree["a"])
    post, why = posts.give(
        technician, posts.Wanted(member, PostKind.UNION_CHAIR, tree["root"], "", "", today(), None), with_office=True
    )
    item = factories.make_standing(tree["a"], member=member)

    STANDING.fire(item, "agree", operator)
    db.session.commit()

    told = select(Notice.title).where(Notice.user_id == technician.id)
    assert (why, post.ends, [grant.role for grant in member.user.live_grants]) == ("", today(), [Role.UNION_CHAIR])
    assert db.session.scalars(told).all() == [
        f"{member.name}的校工会主席职务已随会籍变动结束，账号职责还在，请办理交接"
    ]


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (K.RETIRE, "保留会籍（退休）"),
        (K.RETIRE_VETERAN, "保留会籍（退休）"),
        (K.RESIGN, "保留会籍（证件停用）"),
        (K.LEAVE_JOBLESS, "保留会籍（证件停用）"),
        (K.ARMY, "保留会籍（证件停用）"),
        (K.LEAVE, "无效"),
        (K.WITHDRAW, "无效"),
        (K.LAPSE, "无效"),
        (K.EXPEL, "无效"),
        (K.DEATH, "无效"),
    ],
)
def test_the_card_says_so_at_once(tree, kind, says):
    member = factories.make_member(tree["a"])
    code = cards.token(member)
    assert cards.read(code).label == "有效"

    factories.make_standing(tree["a"], S.DONE, kind, member=member)

    assert cards.read(code).label == says
