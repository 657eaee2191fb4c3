"""The way of a bulletin: published to whoever is in its groups then, and withdrawn with a reason."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select, true

from portal.core import notices
from portal.core.actors import Actor
from portal.core.calendar import now
from portal.core.db import db
from portal.core.errors import Absent, DomainError, Forbidden
from portal.core.workflow import Changes, Step, Workflow
from portal.members import many
from portal.members.enums import MembershipStatus
from portal.members.models import Member
from portal.messaging.groups import resolving
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .models import Bulletin, BulletinReader
from .models import BulletinState as S

HERE = (MembershipStatus.ACTIVE.value, MembershipStatus.RETAINED.value)  # who is still written to


def the_unit(item: Bulletin) -> OrgUnit:
    """On whose behalf it is published."""
    return item.unit


def fetch(actor: Actor, item_id: int) -> Bulletin:
    """Return a bulletin in the actor's scope, locked if the request writes. Raises Absent."""
    if not isinstance(actor, User):
        raise Absent
    item: Bulletin = access.fetch(Bulletin, item_id, actor, P.MESSAGE_SEND)
    return item


def nobody(item: Bulletin, actor: Actor) -> bool:
    """A bulletin is for many: whoever publishes it may be one of them."""
    return False


def published(item: Bulletin, actor: Actor, *, comment: str) -> Changes:
    """Find whom it is for now, with the sight of who publishes it, and tell them.

    What somebody else has written goes no further than its unit, for from above 「全体会员」 is everybody there.
    """
    if not isinstance(actor, User):
        raise Forbidden("请由有权限的人员发布")
    found = resolving.all_of(actor, item.groups)
    within: ColumnElement[bool] = true()
    if item.owner_id != actor.id:
        below = select(OrgUnit.id).where(item.unit.subtree)
        within = Member.unit_id.in_(below)
    ids: list[int] = []
    users: list[int] = []
    for some in many.in_chunks(sorted(found.people)):
        query = select(Member.id, Member.user_id).where(Member.id.in_(some), Member.membership_status.in_(HERE))
        query = query.where(within)
        for number, user_id in db.session.execute(query):
            ids.append(number)
            users += [user_id] if user_id else []
    if not ids:
        raise DomainError("所选分组里现在没有人，没有发布，请修改发给谁")
    db.session.add_all(BulletinReader(bulletin_id=item.id, member_id=one) for one in ids)
    item.published_at, item.audience = now(), found.name[:300]
    notices.tell(users, f"通知公告：{item.title}", "", f"/bulletins/{item.id}")
    return {"people": (0, len(ids))}


def notify(item: Bulletin, step: Step, actor: Actor, comment: str) -> None:
    """Whoever reads it is told by the step itself."""


BULLETINS = Workflow(
    "bulletins", "通知公告", Bulletin, (
        Step("publish", "发布", (S.DRAFT,), S.PUBLISHED, P.MESSAGE_SEND, at=the_unit, effect=published, tone="primary",
             confirm="发布后不能再修改，收到的人会有站内信；写错了只能撤回后另发。"),
        Step("withdraw", "撤回", (S.PUBLISHED,), S.WITHDRAWN, P.MESSAGE_SEND, at=the_unit, comment_required=True,
             tone="danger", confirm="撤回后会员不能再打开它。"),
    ), fetch, nobody, notify,
)  # fmt: skip
