"""The applicant's side: her receipt code, how far the application is, and the password at its end.

A code opens only the application that it was first given for. What was sent for somebody who is here already, or a
second time, has a receipt that looks the same and never moves.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from dataclasses import dataclass

from sqlalchemy import select

from portal.core import audit, crypto
from portal.core.actors import APPLICANT
from portal.core.calendar import local, now, show_date
from portal.core.db import apart, db, release, writes
from portal.core.errors import Absent, Conflict, DomainError, TooOften
from portal.org import access
from portal.org import service as org
from portal.org.models import User

from .models import Application, Receipt
from .models import ApplicationState as S
from .workflow import JOINING

audit.name_acts({"joining.password_try": "尝试设置密码", "joining.leave": "撤回重复提交的申请"})

CODE_LENGTH = 10  # characters of 31 kinds: 49 bits
TRIES = 5  # of the last four of the ID number, for one application; then the branch helps face to face
SETTLED = "申请已有结果或已撤回，请刷新后查看"
WRONG_CODE = "回执码不正确，请核对后重新输入；多次不成功请联系所在工会"

Line = tuple[str, str, str]  # label; done, now, todo or bad; a date or a word


# --- codes ----------------------------------------------------------------------------------------------------------


def code_from(form_key: str) -> str:
    """Return the receipt code of the form with the random `form_key`: the same form always gives the same one."""
    number = int(crypto.index("receipt_code", form_key), 16)
    letters = []
    for _ in range(CODE_LENGTH):
        number, place = divmod(number, len(crypto.READABLE))
        letters.append(crypto.READABLE[place])
    return "".join(letters)


def grouped(code: str) -> str:
    """Return a code as people read it: abcde-23456."""
    return f"{code[:5]}-{code[5:]}"


def plain(typed: str) -> str:
    """Return what was typed as a code is kept: half-width, small letters, without spaces and dashes."""
    return re.sub(r"[\s\-—–]", "", unicodedata.normalize("NFKC", typed)).lower()


def give(application: Application, form_key: str, *, is_first: bool) -> None:
    """Write the receipt of the form with `form_key`."""
    db.session.add(
        Receipt(
            application=application,
            code_hash=crypto.index("receipt", code_from(form_key)),
            form_key_hash=crypto.index("form_key", form_key),
            is_first=is_first,
            created_at=now(),
        )
    )


def is_given(form_key: str) -> bool:
    """Whether this form has been sent or kept before."""
    query = select(Receipt.id).where(Receipt.form_key_hash == crypto.index("form_key", form_key))
    return db.session.scalars(query).first() is not None


def of_form(form_key: str) -> Receipt | None:
    """Return the receipt of a form that has been sent or kept before, its application locked; else None."""
    query = select(Receipt).where(Receipt.form_key_hash == crypto.index("form_key", form_key))
    receipt = db.session.scalars(query).one_or_none()
    if receipt is not None:
        db.session.refresh(receipt.application, with_for_update={"of": Application})
    return receipt


def find(code: str, *, locked: bool = False) -> Receipt:
    """Return the receipt of a code as typed. Raises DomainError with one answer for everything that is wrong.

    `locked` locks the application, for a verb that changes it.
    """
    receipt = db.session.scalars(
        select(Receipt).where(Receipt.code_hash == crypto.index("receipt", plain(code)))
    ).one_or_none()
    if receipt is None:
        raise DomainError(WRONG_CODE, field="code")
    if locked:
        db.session.refresh(receipt.application, with_for_update={"of": Application})
    return receipt


# --- what it shows --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Progress:
    """How far the holder of a receipt sees the application."""

    state: S
    lines: list[Line]
    answer: str
    may_send: bool
    may_withdraw: bool
    may_revise: bool
    may_come_back: bool
    may_set_password: bool
    username: str
    member_no: str


def _opens(receipt: Receipt) -> bool:
    """Whether the receipt follows its application, or only looks as if."""
    return receipt.is_first and receipt.application.state != S.ALREADY_HERE


def _state(receipt: Receipt) -> S:
    item = receipt.application
    if receipt.withdrawn_at:
        return S.WITHDRAWN
    if _opens(receipt):
        return item.state
    return S.SUBMITTED if access.opinion_needed(item.unit) else S.BRANCH_OK


def progress(receipt: Receipt) -> Progress:
    """Return what the receipt page shows."""
    state, opens, item = _state(receipt), _opens(receipt), receipt.application
    account = item.member.user if opens and state == S.APPROVED and item.member else None
    own = {step.action for step in JOINING.steps if step.own and state in step.sources}
    return Progress(
        state=state,
        lines=_lines(receipt, state),
        answer=item.answer if opens else "",
        may_send="submit" in own,
        may_withdraw="withdraw" in own,
        may_revise="resubmit" in own,
        may_come_back="registered" in own,
        may_set_password=account is not None and account.password_hash is None,
        username=account.username if account and account.password_hash else "",
        member_no=(item.member.member_no or "") if account and item.member else "",
    )


def _lines(receipt: Receipt, state: S) -> list[Line]:
    """Return the line 已提交 → 分工会意见 → 校工会审批 → 建立会籍 with the days of what is done."""
    item, opens = receipt.application, _opens(receipt)
    sent = item.submitted_at if opens else receipt.created_at
    opinion = item.opinion_at if opens else None
    decided = item.study_date if state == S.APPROVED else None
    days = {
        "提交申请" if state is S.DRAFT else "已提交": local(sent).date() if sent else None,
        "分工会意见": local(opinion).date() if opinion else None,
        "基层工会审核" if access.in_city(item.unit) else "校工会审批": decided,
        "建立会籍": decided,
    }
    if opinion is None and not access.opinion_needed(item.unit):
        del days["分工会意见"]
    waits = state in (S.DRAFT, S.SUBMITTED, S.BRANCH_OK, S.WAIT_PROVINCE)
    lines: list[Line] = []
    for label, day in days.items():
        if day or state == S.APPROVED:
            lines.append((label, "done", show_date(day)))
        elif all(done == "done" for _, done, _ in lines):
            goes_on = sent and waits and state is not S.WAIT_PROVINCE
            lines.append((label, "now" if waits else "bad", "办理中" if goes_on else state.label))
        else:
            lines.append((label, "todo", ""))
    return lines


# --- the applicant's verbs ------------------------------------------------------------------------------------------


def withdraw(code: str) -> None:
    """End the application that the code opens. Raises DomainError, or Conflict if it is decided already."""
    receipt = find(code, locked=True)
    if not progress(receipt).may_withdraw:
        raise Conflict(SETTLED)
    if receipt.is_first:
        JOINING.fire(receipt.application, "withdraw", APPLICANT, own=True)
    else:
        receipt.withdrawn_at = now()
        audit.record(APPLICANT, "joining.leave", receipt.application)


def come_back(code: str) -> None:
    """Go on with the application after registering with the province. Raises DomainError, Conflict if it moved on."""
    receipt = find(code, locked=True)
    if not progress(receipt).may_come_back:
        raise Conflict(SETTLED)
    JOINING.fire(receipt.application, "registered", APPLICANT, own=True)


def set_password(code: str, tail: str, new: str, again: str) -> str:
    """Set the first password of the account that came of the application, once, and return the user name.

    Besides the code it takes the last four of the ID number, five times in all. Hashes with no transaction open.
    Raises DomainError naming the field, TooOften, Conflict if there is a password already.
    """
    receipt = find(code)
    if not progress(receipt).may_set_password:
        raise Conflict("密码已经设置过，或申请尚未批准；忘记密码请联系所在工会")
    item = receipt.application
    item_id, user_id, username = item.id, _account(item).id, _account(item).username
    right = str(item.data["id_number"])[-4:]
    release()
    org.check_new_password(new, again, username=username)
    check_tail(item_id, right, tail, act="joining.password_try", beyond="尝试次数过多，请携带证件到所在工会现场办理")
    fresh = crypto.hash_password(new)
    writes()
    user = db.session.get_one(User, user_id, with_for_update=True)
    if user.password_hash is not None:
        raise Conflict("密码已经设置过；忘记密码请联系所在工会")
    org.set_password_hash(user, user, fresh)
    return username


def _account(item: Application) -> User:
    if item.member is None or item.member.user is None:
        raise Absent
    return item.member.user


def check_tail(item_id: int, right: str, typed: str, *, act: str, beyond: str) -> None:
    """Spend one of the tries of `act` on an application, and compare what was `typed` with its last four, `right`.

    With no transaction open. The trace counts the tries, so none can be set back. Raises DomainError on `tail`, and
    TooOften with the sentence `beyond` once all are spent.
    """
    with apart():
        item = db.session.get_one(Application, item_id, with_for_update={"of": Application})
        if len(audit.addresses(act, item=item)) >= TRIES:
            raise TooOften(beyond)
        audit.record(APPLICANT, act, item)
    if not hmac.compare_digest(plain(typed).upper().encode(), right.encode()):
        raise DomainError("证件号码后四位不正确，请核对", field="tail")
