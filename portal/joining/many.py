"""Many at once: what was chosen is frozen on a page, then each is taken by itself, and the answer says what was not."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select
from sqlalchemy.exc import IntegrityError

from portal.core import audit
from portal.core.calendar import today
from portal.core.db import db, new_uuid
from portal.core.errors import DomainError
from portal.org import access
from portal.org.models import User
from portal.org.permissions import Permission as P

from .models import Application
from .models import ApplicationState as S
from .service import LISTED, Filters, ready
from .workflow import JOINING, the_union

audit.name_acts({"joining.approve_many": "批量批准入会", "joining.agree_many": "批量给出分工会意见"})

MOST = 200  # taken in one transaction, so that nobody else waits for long
UNTOUCHED = (S.SUBMITTED, S.ALREADY_HERE)  # nobody has acted but the applicant
NOBODY = "请先勾选要办理的申请"


@dataclass(frozen=True)
class Taken:
    """One of many: on whom the step was taken, or why not (`why` is empty where it was)."""

    item_id: int
    name: str
    unit: str
    why: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of each."""

    done: list[Taken]
    skipped: list[Taken]


def chosen(actor: User, ids: Collection[int]) -> list[Application]:
    """Return those of `ids` that the actor may read, oldest first, at most MOST."""
    return list(db.session.scalars(_of(actor, ids)))


def all_ready(actor: User, action: str, filters: Filters) -> list[Application]:
    """Return what `filters` show on which the actor can take the step `action`, oldest first, at most MOST."""
    return list(db.session.scalars(ready(actor, filters, JOINING.step(action)).limit(MOST)))


def _of(actor: User, ids: Collection[int]) -> Select[Any]:
    query: Select[Any] = access.scoped(Application, actor, P.JOINING_READ)
    return query.where(Application.id.in_(ids), Application.state.in_(LISTED)).order_by(Application.id).limit(MOST)


def take(actor: User, action: str, ids: Collection[int], **inputs: Any) -> Outcome:
    """Take the step `action` with `inputs` on each of `ids`; what cannot be taken is skipped with its sentence.

    Each leaves its own trace, all with one batch number, and the batch leaves one. All rows are locked before the
    first member number is taken, in the order of their numbers. Raises DomainError where nothing is chosen, or the
    day of the decision (`study_date`) is in the future and so fits nobody.
    """
    if inputs.get("study_date") and inputs["study_date"] > today():
        raise DomainError("研究日期不能晚于今天，请核对", field="study_date")
    step = JOINING.step(action)
    query = _of(actor, ids).with_for_update(of=Application).execution_options(populate_existing=True)
    items = list(db.session.scalars(query))
    if not items:
        raise DomainError(NOBODY)
    batch, union = new_uuid(), the_union(items[0])
    told = [Taken(item.id, item.name, item.unit.name) for item in items]
    outcome = Outcome([], [])
    for item, one in zip(items, told, strict=True):
        try:
            if item.state in UNTOUCHED and item.state not in step.sources:
                raise DomainError(f"现在是“{item.state.label}”，还不能{step.label}")
            with db.session.begin_nested():
                JOINING.fire(item, action, actor, batch_id=batch, **inputs)
        except DomainError as error:
            outcome.skipped.append(Taken(one.item_id, one.name, one.unit, error.message))
        except IntegrityError:
            outcome.skipped.append(Taken(one.item_id, one.name, one.unit, "数据刚刚被他人改动，请打开这份申请单独办理"))
        else:
            outcome.done.append(one)
    audit.record(
        actor,
        f"joining.{action}_many",
        union,
        reason=inputs.get("comment") or inputs.get("meeting") or "",
        batch_id=batch,
        details={
            "done": [one.item_id for one in outcome.done],
            "skipped": {str(one.item_id): one.why for one in outcome.skipped},
        },
    )
    return outcome
