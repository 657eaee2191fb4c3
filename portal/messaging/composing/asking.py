"""What the worker asks about each person just before her message goes: hours may lie between queueing and sending."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from portal.core.db import db
from portal.members import many
from portal.members.models import Member
from portal.messaging import choices
from portal.messaging.groups import resolving
from portal.messaging.sending.models import Batch
from portal.org.models import User
from portal.org.permissions import Permission as P

from .models import Sms

OPTED_OUT, NO_RIGHT, OUT_OF_SIGHT = "本人改为只收站内信", "发送人已没有发短信的权限", "已不在发送人的管理范围内"


def barred(batch: Batch, ids: Sequence[int]) -> dict[int, str]:
    """Say who of the members may not be written to by this batch now, and why.

    Who has chosen 站内信 meanwhile gets what is essential alone; whoever sends must have the right still, and see her.
    """
    if batch.owner is not None and not batch.owner.may(P.MESSAGE_SEND, batch.unit):
        return dict.fromkeys(ids, NO_RIGHT)
    asked = set(ids) - (_own(batch.owner, ids) if batch.owner else set())  # a trial goes to oneself
    found: dict[int, str] = {}
    if batch.owner is not None:
        found |= dict.fromkeys(asked - resolving.seen_of(batch.owner, asked), OUT_OF_SIGHT)
    if not db.session.scalar(select(Sms.id).where(Sms.batch_id == batch.id, Sms.is_essential).limit(1)):
        found |= dict.fromkeys(choices.inside_only(asked), OPTED_OUT)
    return found


def _own(actor: User, ids: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for some in many.in_chunks(sorted(set(ids))):
        found |= set(db.session.scalars(select(Member.id).where(Member.id.in_(some), Member.user_id == actor.id)))
    return found
