"""The way of a batch, which a person may stop and resume, and what a person may settle about one message.

How far the machine is with a message says `moving`; here stands what takes a person's word.
"""

from __future__ import annotations

from portal.core import audit
from portal.core.actors import Actor
from portal.core.calendar import now
from portal.core.db import db
from portal.core.errors import Absent
from portal.core.workflow import Step, Workflow
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from . import moving
from .models import GOING, Batch, Message
from .models import BatchState as B
from .models import MessageState as M

BY_HAND = "人工停止"

audit.name_acts({"messages.queue": "提交短信发送", "messages.release": "恢复发送（恢复备份之后）"})


def batch_of(actor: Actor, item_id: int) -> Batch:
    """Return a batch in the actor's scope, locked if the request writes. Raises Absent."""
    if not isinstance(actor, User):
        raise Absent
    item: Batch = access.fetch(Batch, item_id, actor, P.MESSAGE_SEND)
    return item


def message_of(actor: Actor, item_id: int) -> Message:
    """Return a message of a batch in the actor's scope. Raises Absent."""
    item = db.session.get(Message, item_id)
    if item is None:
        raise Absent
    batch_of(actor, item.batch_id)
    db.session.refresh(item)
    return item


def the_sender(item: Batch) -> OrgUnit:
    """On whose behalf it is sent."""
    return item.unit


def the_senders(item: Message) -> OrgUnit:
    """On whose behalf the whole batch is sent."""
    return item.batch.unit


def concerns_nobody(item: object, actor: Actor) -> bool:
    """Sending is no decision about a person."""
    return False


def tell_nobody(item: object, step: Step, actor: Actor, comment: str) -> None:
    """The page shows it."""


# --- a batch --------------------------------------------------------------------------------------------------------


def stopped(item: Batch, actor: Actor, *, comment: str) -> None:
    """Take out of the queue what has not begun."""
    moving.stop_waiting(item, BY_HAND)


def resumed(item: Batch, actor: Actor, *, comment: str) -> None:
    """Queue again what a person has stopped."""
    moving.queue_stopped(item, BY_HAND)
    item.finished_at = None


def finished(item: Batch, actor: Actor, *, comment: str) -> None:
    """Nothing of it waits any more."""
    item.finished_at = now()


def reopened(item: Batch, actor: Actor, *, comment: str) -> None:
    """One of it goes out again."""
    item.finished_at = None


BATCHES = Workflow(
    "outbox", "短信", Batch, (
        Step("begin", "开始发送", (B.QUEUED,), B.SENDING, own=True),
        Step("finish", "发送完毕", GOING, B.DONE, own=True, effect=finished),
        Step("reopen", "重新排队", (B.DONE,), B.QUEUED, own=True, effect=reopened),
        Step("stop", "停止发送", GOING, B.STOPPED, P.MESSAGE_SEND, at=the_sender, effect=stopped, tone="danger",
             confirm="还没有发出的都不再发送；已经发出的无法收回。停止后可以继续发送。"),
        Step("resume", "继续发送", (B.STOPPED,), B.QUEUED, P.MESSAGE_SEND, at=the_sender, effect=resumed,
             tone="primary"),
    ), batch_of, concerns_nobody, tell_nobody,
)  # fmt: skip


# --- one message ----------------------------------------------------------------------------------------------------


def settled(item: Message, actor: Actor, *, comment: str) -> None:
    """Somebody has asked whether it arrived."""
    item.settled_at = now()


def queued_again(item: Message, actor: Actor, *, comment: str) -> None:
    """Send it once more, on the word of a person."""
    moving.queue_again(item)
    if item.batch.state is B.DONE:
        BATCHES.fire(item.batch, "reopen", actor, own=True)


def not_while_stopped(item: Message, actor: Actor) -> str:
    """Say why nothing of a stopped batch goes out."""
    return "这批短信已停止，请先继续发送" if item.batch.state is B.STOPPED else ""


MESSAGES = Workflow(
    "outbox_messages", "单条短信", Message, (
        Step("verified", "已核实送达", (M.UNSURE,), M.DELIVERED, P.MESSAGE_SEND, at=the_senders, effect=settled,
             comment_required=True),
        Step("resend", "重新发送", (M.UNSURE, M.UNREACHABLE, M.REFUSED), M.QUEUED, P.MESSAGE_SEND, at=the_senders,
             effect=queued_again, not_yet=not_while_stopped, comment_required=True),
        Step("leave", "不再发送", (M.UNSURE,), M.STOPPED, P.MESSAGE_SEND, at=the_senders, effect=settled,
             comment_required=True),
    ), message_of, concerns_nobody, tell_nobody,
)  # fmt: skip
