"""Many at once: send, approve or receive what was chosen, each by itself; the answer names what was not done."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select
from sqlalchemy.exc import IntegrityError

from portal.core import audit, notices
from portal.core.db import db, new_uuid
from portal.core.errors import DomainError
from portal.members.models import Member
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .models import Occasion, Transfer
from .models import TransferState as S
from .service import ready, send
from .workflow import TRANSFER, the_union

audit.name_acts(
    {
        "transfers.send_many": "批量提交转会",
        "transfers.approve_many": "批量同意转出",
        "transfers.receive_many": "批量接收转会",
    }
)

MOST = 200  # taken in one transaction, so that nobody else waits for long
NOBODY = "请先勾选要办理的转会"
TOUCHED = "数据刚刚被他人改动，请打开这一份单独办理"


@dataclass(frozen=True)
class Taken:
    """One of many: whose, and why it was not done (`why` is empty where it was); `item_id` None where there is none."""

    item_id: int | None
    name: str
    way: str
    why: str = ""


@dataclass
class Outcome:
    """What became of each."""

    done: list[Taken] = field(default_factory=list)
    skipped: list[Taken] = field(default_factory=list)


def people(actor: User, ids: Collection[int]) -> list[Member]:
    """Return those of the members `ids` whom the actor may send, by number, at most MOST."""
    return list(db.session.scalars(_people(actor, ids)))


def _people(actor: User, ids: Collection[int]) -> Select[Any]:
    query: Select[Any] = access.scoped(Member, actor, P.TRANSFER_SEND)
    return query.where(Member.id.in_(list(ids)[:MOST])).order_by(Member.id)


def send_many(actor: User, ids: Collection[int], *, to: OrgUnit, occasion: Occasion, note: str = "") -> Outcome:
    """Begin a transfer of each member of `ids` to the unit `to`, as `send`; all have one batch number.

    Raises DomainError where there is nobody.
    """
    locked = _people(actor, ids).with_for_update(of=Member).execution_options(populate_existing=True)
    members = list(db.session.scalars(locked))
    if not members:
        raise DomainError("没有选中您可以转出的会员，请重新选择")
    batch, outcome, begun = new_uuid(), Outcome(), []
    for member in members:
        one = Taken(None, member.name, f"{member.unit.name} → {to.name}")

        def begin(member: Member = member) -> None:
            begun.append(send(actor, member, to=to, occasion=occasion, note=note, batch_id=batch, quietly=True))

        if _each(outcome, one, begin):
            outcome.done[-1] = Taken(begun[-1].id, one.name, one.way)
    _trace(actor, "send", to, batch, outcome, note)
    _tell_in_one(actor, begun)
    return outcome


def chosen(actor: User, ids: Collection[int]) -> list[Transfer]:
    """Return those of `ids` that the actor may read, oldest first, at most MOST."""
    return list(db.session.scalars(_of(actor, ids)))


def all_ready(actor: User, action: str) -> list[Transfer]:
    """Return all on which the actor can take the step `action`, oldest first, at most MOST."""
    return list(db.session.scalars(ready(actor, TRANSFER.step(action)).limit(MOST)))


def _of(actor: User, ids: Collection[int]) -> Select[Any]:
    query: Select[Any] = access.scoped(Transfer, actor, P.MEMBER_READ)
    return query.where(Transfer.id.in_(list(ids)[:MOST])).order_by(Transfer.id)


def take(actor: User, action: str, ids: Collection[int], *, comment: str = "") -> Outcome:
    """Take the step `action` (approve or receive) on each of `ids`; what cannot be taken is skipped with its sentence.

    Each leaves its own trace, all with one batch number, and the batch leaves one. Raises DomainError for nothing.
    """
    step = TRANSFER.step(action)
    items = list(db.session.scalars(access.locking(Transfer, _of(actor, ids))))
    if not items:
        raise DomainError(NOBODY)
    batch, outcome, moved = new_uuid(), Outcome(), []
    inputs: dict[str, Any] = {"of_batch": batch} if action == "receive" else {}
    for item in items:
        one = Taken(item.id, item.member.name, f"{item.unit.name} → {item.to_unit.name}")

        def go(item: Transfer = item) -> None:
            if item.state not in step.sources:
                raise DomainError(f"现在是“{item.state.label}”，不能{step.label}")
            item.is_one_of_many = True
            TRANSFER.fire(item, action, actor, comment=comment, batch_id=batch, **inputs)
            moved.append(item)

        _each(outcome, one, go)
    _trace(actor, action, moved[0].to_unit if moved else None, batch, outcome, comment)
    _tell_in_one(actor, moved)
    return outcome


def _each(outcome: Outcome, one: Taken, verb: Callable[[], None]) -> bool:
    """Do one of many within a savepoint, and note what became of it; whether it was done."""
    try:
        with db.session.begin_nested():
            verb()
    except DomainError as error:
        outcome.skipped.append(Taken(one.item_id, one.name, one.way, error.message))
        return False
    except IntegrityError:
        outcome.skipped.append(Taken(one.item_id, one.name, one.way, TOUCHED))
        return False
    outcome.done.append(one)
    return True


def _trace(actor: User, verb: str, at: OrgUnit | None, batch: str, outcome: Outcome, words: str) -> None:
    audit.record(
        actor, f"transfers.{verb}_many", at, reason=words, batch_id=batch,
        details={
            "done": [one.item_id for one in outcome.done],
            "skipped": [[one.item_id, one.why] for one in outcome.skipped],
        },
    )  # fmt: skip


def _tell_in_one(actor: User, items: Iterable[Transfer]) -> None:
    """Tell each office once how many have come to it, or have been received."""
    waiting: dict[tuple[OrgUnit, P, str], int] = {}
    for item in items:
        if item.state is S.SENT:
            key = (the_union(item), P.TRANSFER_APPROVE, "份转会申请等待审核")
        elif item.state is S.APPROVED:
            key = (item.to_unit, P.TRANSFER_RECEIVE, f"份转会（转到{item.to_unit.name}）等待接收")
        else:
            key = (item.unit, P.TRANSFER_SEND, f"份转会已由{item.to_unit.name}接收")
        waiting[key] = waiting.get(key, 0) + 1
    for (unit, permission, words), number in waiting.items():
        told = set(access.people_at(unit, permission)) - {actor.id}
        notices.tell(told, f"{number} {words}", link="/transfers/")
