"""The way of a letter: issued, then answered by a receipt; or void, and the member stays."""

from __future__ import annotations

from datetime import date

from portal.core import notices
from portal.core.actors import Actor
from portal.core.calendar import show_date, today
from portal.core.errors import Absent, DomainError
from portal.core.workflow import Changes, Step, Workflow
from portal.members import turning
from portal.members.enums import ChangeType
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P
from portal.standing import doing
from portal.standing.models import StandingState
from portal.standing.workflow import STANDING

from .models import Letter
from .models import LetterState as S


def the_union(item: Letter) -> OrgUnit:
    """The union whose letter it is."""
    return item.union


def fetch(actor: Actor, item_id: int) -> Letter:
    """Return a letter in the actor's scope, locked if the request writes. Raises Absent."""
    if not isinstance(actor, User):
        raise Absent
    item: Letter = access.fetch(Letter, item_id, actor, P.STANDING_READ)
    return item


def concerns(item: Letter, actor: Actor) -> bool:
    """Whether it is about the actor."""
    return actor.id is not None and item.change.member.user_id == actor.id


def received(item: Letter, actor: Actor, *, comment: str, received_on: date) -> Changes:
    """Enter the day of the receipt, from the issuing until today. Raises DomainError on `received_on`."""
    if not item.issued_on <= received_on <= today():
        sentence = f"回执日期应在开具日（{show_date(item.issued_on)}）至今天之间，请核对"
        raise DomainError(sentence, field="received_on")
    item.received_on = received_on
    return {"received_on": ("", show_date(received_on))}


def voided(item: Letter, actor: Actor, *, comment: str) -> Changes:
    """Take the letter back: a leaving to come is called off, one that has happened is undone by 恢复会籍 from today.

    The number stays void. Raises DomainError where something else has happened to the membership since.
    """
    change = item.change
    if change.state is StandingState.SCHEDULED:
        STANDING.fire(change, "call_off", actor, comment=comment)
        return {}
    if change.state is not StandingState.DONE:
        return {}  # it has gone back to the branch already
    member = doing.locked(change)
    if change.line is None or member.changes[-1] is not change.line:
        raise DomainError(f"{member.name}在这次调离之后会籍又有变化，介绍信不能作废，请联系对方工会收回")
    before = {"membership_status": change.before["membership_status"]}
    turning.turn(member, actor, ChangeType.RESTORED, on=today(), values=before, reason="介绍信作废，恢复会籍")
    doing.note(member, actor, f"{show_date(today())}介绍信作废，恢复会籍", reason="介绍信作废，恢复会籍")
    return {"membership_status": ("已转出", "正常")}


def notify(item: Letter, step: Step, actor: Actor, comment: str) -> None:
    """Tell the branch what became of its letter."""
    told = set(access.people_with(P.STANDING_ASK, item.unit, at_unit_only=True)) - {actor.id}
    title = f"{item.change.member.name}的介绍信（{item.number}）{item.state.label}"
    notices.tell(told, title, comment, f"/standing/letters/{item.id}")


LETTERS = Workflow(
    "letters", "介绍信", Letter, (
        Step("receive", "登记回执", (S.ISSUED,), S.RECEIVED, P.STANDING_DECIDE, at=the_union, effect=received,
             form="letters.receive", tone="primary"),
        Step("void", "作废", (S.ISSUED,), S.VOID, P.STANDING_DECIDE, at=the_union, effect=voided,
             comment_required=True, tone="danger",
             confirm="作废后编号不再使用，会员的会籍恢复；请先收回已经交给本人的介绍信。"),
    ), fetch, concerns, notify,
)  # fmt: skip
