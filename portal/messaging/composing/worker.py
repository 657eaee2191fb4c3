"""What hands over messages whose time has come: each in a transaction of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy import func, select

from portal.core import db as database
from portal.core.actors import CLOCK
from portal.core.calendar import now
from portal.core.db import db
from portal.core.errors import DomainError
from portal.core.queues import never

from .looking import held_until
from .models import Sms
from .models import SmsState as S
from .workflow import PLANS

log = logging.getLogger("portal.messages")


def work(stopping: Callable[[], bool] = never) -> None:
    """Hand over every message whose time has come; what cannot go to anybody is stopped with the reason."""
    database.reads()
    is_quiet = held_until(now()) is not None
    database.release()
    if is_quiet:
        return
    for number in _due():
        if stopping():
            return
        try:
            _do(number, "hand_over", "")
        except DomainError as error:
            db.session.rollback()
            _do(number, "fail", error.message)


def _due() -> list[int]:
    database.reads()
    due = select(Sms.id).where(Sms.state == S.WAITING, func.coalesce(Sms.send_at, Sms.made_at) <= now())
    found = list(db.session.scalars(due.order_by(Sms.id)))
    database.release()
    return found


def _do(number: int, action: str, comment: str) -> None:
    database.writes()
    plan = db.session.scalars(select(Sms).where(Sms.id == number).with_for_update(of=Sms)).one()
    if plan.state is S.WAITING:
        PLANS.fire(plan, action, CLOCK, own=True, comment=comment)
    db.session.commit()
