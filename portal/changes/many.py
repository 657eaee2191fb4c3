"""Many at once: each of the chosen requests takes the step that is its next; what cannot is left, with its sentence."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select
from sqlalchemy.exc import IntegrityError

from portal.core import audit
from portal.core.calendar import today
from portal.core.db import db, new_uuid
from portal.core.errors import DomainError
from portal.core.workflow import Step
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission as P

from .models import OPEN, ChangeRequest
from .workflow import CHANGES

audit.name_acts({"changes.agree_many": "批量同意信息变更"})

MOST = 200  # taken in one transaction, so that nobody else waits for long
NOBODY = "请先勾选要办理的申请"
WRITES = frozenset({"agree", "approve", "confirm"})
AGREES = WRITES | {"pass_on", "approve_first"}


@dataclass(frozen=True)
class Taken:
    """One of many; `why` says why not, and is empty where its step was taken."""

    item_id: int
    name: str
    field: str
    why: str = ""


def _of(actor: User, ids: Collection[int]) -> Select[Any]:
    query: Select[Any] = access.scoped(ChangeRequest, actor, P.CHANGE_AGREE)
    these = ChangeRequest.id.in_(list(dict.fromkeys(ids))[:MOST])
    return query.where(these, ChangeRequest.state.in_(OPEN)).order_by(ChangeRequest.id)


def chosen(actor: User, ids: Collection[int]) -> list[ChangeRequest]:
    """Return the open ones of `ids` that the actor may read, oldest first, at most MOST."""
    return list(db.session.scalars(_of(actor, ids)))


def next_step(item: ChangeRequest, actor: User) -> Step | None:
    """Return the step by which the actor would agree to it now; None where it is not his turn."""
    return next((step for step in CHANGES.open_steps(item, actor) if step.action in AGREES), None)


def take(
    actor: User, ids: Collection[int], *, on: date, document_no: str | None = None, comment: str = ""
) -> tuple[list[Taken], list[Taken]]:
    """Agree to each of `ids`, from the day `on` where the record changes; return those done and those left.

    All versions and traces carry one batch number. Left is what has moved since it was asked, or somebody else's turn.
    Raises DomainError where nothing is chosen, or the day is still to come.
    """
    if on > today():
        raise DomainError("生效日期不能晚于今天，请核对", field="on")
    items: list[ChangeRequest] = list(db.session.scalars(access.locking(ChangeRequest, _of(actor, ids))))
    if not items:
        raise DomainError(NOBODY)
    batch, unit = new_uuid(), access.approving_unit(items[0].unit)
    told = [(item.id, item.member.name, item.about.label) for item in items]
    done, left = [], []
    for item, one in zip(items, told, strict=True):
        step = next_step(item, actor)
        if step is None:
            left.append(Taken(*one, "现在不由您办理，请打开查看"))
            continue
        writes: dict[str, Any] = {"on": on, "document_no": document_no, "batch_id_of_many": batch}
        inputs = writes if step.action in WRITES else {}
        try:
            with db.session.begin_nested():
                CHANGES.fire(item, step.action, actor, comment=comment, batch_id=batch, **inputs)
        except DomainError as error:
            left.append(Taken(*one, error.message))
        except IntegrityError:
            left.append(Taken(*one, "数据刚刚被他人改动，请打开这份申请单独办理"))
        else:
            done.append(Taken(*one))
    audit.record(
        actor,
        "changes.agree_many",
        unit,
        reason=comment,
        batch_id=batch,
        details={"done": [one.item_id for one in done], "left": {str(one.item_id): one.why for one in left}},
    )
    return done, left
