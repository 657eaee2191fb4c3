"""How often somebody may look for people by whole numbers: a list of numbers is not to be tried out one by one."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import or_

from portal.core import audit
from portal.core.calendar import now
from portal.core.db import db
from portal.core.errors import TooOften
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission

from . import documents
from .models import Member

AT_ONCE, WITHIN = 60, timedelta(hours=1)  # so many as fast as one types,
THEN_EVERY = timedelta(minutes=1)  # then one in so long,
MOST, DAY = 300, timedelta(days=1)  # and so many at most
SLOWED = "一小时内按完整号码查找已满 60 次，现在每分钟可查 1 次，请稍候再查"
SPENT = "24 小时内按完整号码查找已满 300 次，请明天再查；成批核对名单请联系校工会操作员"

ACT = "member.find_number"
audit.name_acts({ACT: "按完整号码查找"})


def take(actor: User, text: str) -> None:
    """Count and trace a search for the whole number `text`, without the number. Raises TooOften with the way out.

    The 工号 and the 会员证号, which stand open on every list, do not count where somebody in scope has them.
    """
    number = documents.normalise(text)
    open_ones = or_(Member.staff_no.istartswith(number, autoescape=True), Member.member_no == number)
    in_scope = access.scoped(Member, actor, Permission.MEMBER_READ, Member.id)
    if db.session.scalars(in_scope.where(open_ones).limit(1)).first() is not None:
        return
    at = now()
    if len(audit.addresses(ACT, actor=actor, since=at - DAY)) >= MOST:
        raise TooOften(SPENT)
    is_slow = len(audit.addresses(ACT, actor=actor, since=at - WITHIN)) >= AT_ONCE
    if is_slow and audit.addresses(ACT, actor=actor, since=at - THEN_EVERY):
        raise TooOften(SLOWED)
    audit.record(actor, ACT)
