"""What a member is told when somebody else has changed her record by hand: what it said and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.core import kinds, notices
from portal.core.actors import Actor
from portal.core.fields import Field, Seen

from .catalogue import FIELD
from .models import SEALED, Member

LONGEST = 30  # characters of one value
_room = {"link": "/members/me", "hint": ""}


def lead_to(link: str, hint: str) -> None:
    """Let the notices lead to `link`, the page of the room above where one can object, and end with `hint`."""
    _room.update(link=link, hint=hint)


def tell_edited(actor: Actor, member: Member, changes: Mapping[str, tuple[Any, Any]]) -> None:
    """Tell the member that the actor has changed these fields (old and new, by catalogue name)."""
    if member.user_id is None:
        return
    body = "；".join(_sentence(FIELD[name], *pair) for name, pair in changes.items() if name in FIELD)
    notices.tell(
        [member.user_id], f"您的会员信息已由 {actor.label} 修改", f"{body}。{_room['hint']}"[:2000], _room["link"]
    )


def _sentence(field: Field, old: Any, new: Any) -> str:
    """Say what became of one field; a value that not everyone may read stands in no notice."""
    if field.name in SEALED or field.seen is not Seen.OPEN:
        return f"您的“{field.label}”已修改"
    before, after = (_short(kinds.show(field, value)) for value in (old, new))
    return f"您的“{field.label}”由“{before}”改为“{after}”"


def _short(text: str) -> str:
    return (text if len(text) <= LONGEST else f"{text[:LONGEST]}…") or "未填"
