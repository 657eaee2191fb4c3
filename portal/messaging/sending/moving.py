"""How messages move from state to state: always on a condition on the state before, and never backwards by themselves.

What a person may do stands in `workflow`; here is what the machine does, and the life of the database in which it may.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Update, case, or_, update

from portal.core import settings
from portal.core.calendar import now
from portal.core.db import db

from .gateways.gateway import Answer, Fate, Verdict
from .models import Batch, Message
from .models import MessageState as M

# what a message is once the gateway has answered; NOT_NOW is queued again
ANSWERED: dict[Verdict, M] = {
    Verdict.TAKEN: M.SUBMITTED,
    Verdict.REFUSED: M.REFUSED,
    Verdict.WRONG_NUMBER: M.WRONG_NUMBER,
    Verdict.UNSURE: M.UNSURE,
}
REPORTED: dict[Fate, M] = {
    Fate.DELIVERED: M.DELIVERED,
    Fate.WRONG_NUMBER: M.WRONG_NUMBER,
    Fate.UNREACHABLE: M.UNREACHABLE,
    Fate.REFUSED: M.REFUSED,
}
ON_THE_WAY = (M.SENDING, M.SUBMITTED, M.UNSURE)  # a receipt settles them
FAILED = (M.WRONG_NUMBER, M.UNREACHABLE, M.REFUSED)
# what has arrived has arrived, whatever was said before; one that waits for a second try needs it no more
MAY_HAVE_ARRIVED = (*ON_THE_WAY, *FAILED, M.QUEUED, M.STOPPED)
LOST_WITH_ITS_WORKER = "发送程序中断"


def epoch() -> str:
    """Return the life of this database: another one after each restore, so that no row of an older one is sent."""
    return str(settings.value("restored_at"))


def key_of(uuid: str, attempt: int) -> str:
    """Return our name of one attempt at a message, as gateways carry it."""
    return f"{uuid}-{attempt}"


def answered(message_id: int, attempt: int, answer: Answer) -> None:
    """Write down what the gateway said of an attempt; a receipt that was faster stays."""
    target, at = ANSWERED[answer.verdict], now()
    open_still = Message.state.in_((M.SENDING, M.UNSURE))
    values: dict[str, object] = {
        "state": case((open_still, target), else_=Message.state),
        "error": case((open_still, answer.word), else_=Message.error),
        "gateway_id": answer.gateway_id,
    }
    if answer.parts:
        values["billed"] = answer.parts
    if answer.verdict is Verdict.TAKEN:
        values["submitted_at"] = at
    elif answer.verdict is not Verdict.UNSURE:
        values["settled_at"] = at
    _moved(update(Message).where(Message.id == message_id, Message.attempts == attempt).values(**values))


def not_now(message_id: int, attempt: int, word: str, *, wait: float | None) -> None:
    """Queue again what the gateway surely did not take, in `wait` seconds; without it give up."""
    mine = update(Message).where(Message.id == message_id, Message.attempts == attempt, Message.state == M.SENDING)
    if wait is None:
        _moved(mine.values(state=M.REFUSED, error=word, settled_at=now()))
    else:
        _moved(mine.values(state=M.QUEUED, error=word, next_try_at=now() + timedelta(seconds=wait)))


def lost(worker: str) -> int:
    """Mark what a worker that is gone had in hand: whether the gateway has it nobody knows. Return how many."""
    return _lose(Message.claimed_by == worker)


def lost_before(moment: datetime) -> int:
    """Mark what was claimed before `moment` and is in hand still, on whatever machine. Return how many."""
    return _lose(Message.claimed_at < moment)


def _lose(which: ColumnElement[bool]) -> int:
    return _moved(
        update(Message).where(Message.state == M.SENDING, which).values(state=M.UNSURE, error=LOST_WITH_ITS_WORKER)
    )


def reported(which: ColumnElement[bool], fate: Fate, word: str, *, gateway_id: str = "", parts: int = 0) -> int:
    """Move the message that `which` finds as a receipt says, and return whether it moved (1 or 0)."""
    before = MAY_HAVE_ARRIVED if fate is Fate.DELIVERED else ON_THE_WAY
    values: dict[str, object] = {"state": REPORTED[fate], "error": word, "settled_at": now()}
    if parts:
        values["billed"] = parts
    if gateway_id:
        values["gateway_id"] = case((Message.gateway_id.is_(None), gateway_id), else_=Message.gateway_id)
    return _moved(update(Message).where(which, Message.state.in_(before)).values(**values))


def kept_back(message_ids: list[int], why: str) -> None:
    """Stop messages whose turn it is, because the person may not be written to any more."""
    turn = update(Message).where(Message.id.in_(message_ids), Message.state == M.QUEUED)
    _moved(turn.values(state=M.STOPPED, error=why, settled_at=now()))


def stop_waiting(batch: Batch, why: str) -> int:
    """Stop what of the batch waits to be sent, and return how many; what a worker has in hand goes out."""
    waiting = update(Message).where(Message.batch_id == batch.id, Message.state == M.QUEUED)
    return _moved(waiting.values(state=M.STOPPED, error=why))


def queue_stopped(batch: Batch, why: str) -> int:
    """Queue what of the batch was stopped for the reason `why`, and return how many."""
    ended = update(Message).where(Message.batch_id == batch.id, Message.state == M.STOPPED, Message.error == why)
    return _moved(ended.values(state=M.QUEUED, error="", next_try_at=None))


def queue_again(message: Message) -> None:
    """Let a message go out once more, in this life of the database; its attempts are counted on."""
    message.epoch = epoch()
    message.next_try_at = message.settled_at = message.claimed_at = None
    message.error = ""


def older(batch_id: int) -> ColumnElement[bool]:
    """Return the condition for what of a batch waits from before the last restore."""
    return (Message.batch_id == batch_id) & (Message.state == M.QUEUED) & (Message.epoch != epoch())


def release(batch: Batch) -> int:
    """Let what waits from before the last restore be sent, and return how many."""
    return _moved(update(Message).where(older(batch.id)).values(epoch=epoch()))


def due() -> ColumnElement[bool]:
    """Return the condition for a message whose turn has come, in this life of the database."""
    rested = or_(Message.next_try_at.is_(None), Message.next_try_at <= now())
    return (Message.state == M.QUEUED) & (Message.epoch == epoch()) & rested


def _moved(statement: Update) -> int:
    return int(db.session.execute(statement.execution_options(synchronize_session=False)).rowcount)  # type: ignore[attr-defined]  # of an UPDATE
