"""Drafts: what an applicant has typed so far, kept sealed until she sends it, and found again by her receipt code.

A draft is no membership record: nobody but its holder reads it, it leaves no trace under its own number, and it is
removed whole by herself or, when she does not come back, by the clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from portal.core import audit, uploads
from portal.core.actors import APPLICANT, CLOCK
from portal.core.calendar import now
from portal.core.db import db, release, writes
from portal.core.errors import Absent, Conflict, DomainError, Problems
from portal.core.uploads import Upload

from . import applying, codes, receipts
from .models import Application, Receipt
from .models import ApplicationState as S
from .questions import ASKED, SENSITIVE

audit.name_acts(
    {"joining.keep_draft": "保存申请草稿", "joining.drop_draft": "删除申请草稿", "joining.sweep_drafts": "清理过期草稿"}
)

KEPT_FOR = timedelta(days=30)  # after the last save
LONGEST = 60_000  # characters of all that was typed
TICKS = ("consent", "consent_sensitive", "staff_no_pending")  # boxes beside the catalogue's inputs
GONE = "草稿已经提交或删除，请刷新后查看"

Typed = Mapping[str, list[str]]  # what stands in each input, by its name, as typed


def keep(
    token: str, form_key: str, typed: Typed, *, consented: bool, sensitive_consented: bool, photo: str = ""
) -> str:
    """Keep what was typed into the form with the random `form_key` behind the join code `token`, unchecked.

    Returns the receipt code, the same for the same form, which opens the draft on any device. Raises DomainError for a
    code that is closed or a consent that is missing.
    """
    release()
    writes()
    if not form_key:
        raise DomainError("页面已失效，请重新扫码打开")
    code = codes.open_code(token, locked=True)
    if code is None:
        raise DomainError(applying.CLOSED)
    agreed = {"consented": consented, "sensitive_consented": sensitive_consented}
    receipt = receipts.of_form(form_key)
    if receipt is None:
        item = Application(unit=code.unit, unit_id=code.unit_id, form=codes.form_of(code.unit), code_id=code.id)
        _write(item, typed, photo, **agreed)
        db.session.add(item)
        receipts.give(item, form_key, is_first=True)
    elif receipt.application.state is S.DRAFT:
        _write(receipt.application, typed, photo, **agreed)
    return receipts.code_from(form_key)


def keep_again(code: str, typed: Typed, *, consented: bool, sensitive_consented: bool, photo: str = "") -> None:
    """Keep what was typed into a draft that was opened by its receipt code. Raises as `keep`; Conflict once sent."""
    release()
    writes()
    item = _held(code).application
    _write(item, typed, photo, consented=consented, sensitive_consented=sensitive_consented)


def send(code: str, values: Mapping[str, Any], *, consented: bool, sensitive_consented: bool, photo: str = "") -> None:
    """Send the draft that the receipt code opens, with `values` (parsed, by catalogue name).

    Its unit must still take members; that the poster has got another code since does not matter. Raises Problems or
    DomainError, Conflict once sent.
    """
    release()
    writes()
    receipt = _held(code)
    item = receipt.application
    if not (item.unit.is_enabled and item.unit.accepts_members):
        raise DomainError("这个单位目前不接收会员，请向所在工会索取新的二维码")
    checked, _ = applying.check(values, item.form, consented=consented, sensitive_consented=sensitive_consented)
    applying.finish(receipt, checked, photo=photo, sensitive_consented=sensitive_consented)


def drop(code: str) -> None:
    """Remove the draft that the receipt code opens. Raises Conflict once sent."""
    item = _held(code).application
    audit.record(APPLICANT, "joining.drop_draft", item.unit)
    _remove([item])


def typed_in(item: Application) -> Typed:
    """Return what stands in the draft, by the names of the inputs."""
    typed: Typed = item.data["typed"]
    return typed


def find(code: str) -> Application:
    """Return the draft that the receipt code opens, for its holder. Raises Absent."""
    item = receipts.find(code).application
    if item.state is not S.DRAFT:
        raise Absent
    return item


def has_photo(item: Application) -> bool:
    """Whether a photo is kept with the draft."""
    return item.data["photo"] is not None


def sweep() -> int:
    """Remove the drafts that nobody has touched for 30 days; return how many. The trace keeps their number."""
    query = select(Application).where(Application.state == S.DRAFT, Application.saved_at < now() - KEPT_FOR)
    old = list(db.session.scalars(query.with_for_update(of=Application)))
    if old:
        audit.record(CLOCK, "joining.sweep_drafts", details={"count": len(old)})
        _remove(old)
    return len(old)


def _held(code: str) -> Receipt:
    receipt = receipts.find(code, locked=True)
    if receipt.application.state is not S.DRAFT:
        raise Conflict(GONE)
    return receipt


def _write(item: Application, typed: Typed, photo: str, *, consented: bool, sensitive_consented: bool) -> None:
    known = {name: texts for name, texts in typed.items() if name in TICKS or name.split("-")[0] in ASKED[item.form]}
    filled = {name.split("-")[0] for name, texts in known.items() if any(text.strip() for text in texts)}
    errors = applying.missing_consents(
        bool(filled & set(SENSITIVE)), consented=consented, sensitive_consented=sensitive_consented
    )
    if errors:
        raise Problems(errors)
    if sum(len(name) + len(text) for name, texts in known.items() for text in texts) > LONGEST:
        raise DomainError("填写的内容过长，不能保存，请删减后再试")
    item.data = {"typed": known, "photo": applying.change_photo(item, photo)}
    item.saved_at = now()
    applying.agree(item, sensitive_consented=sensitive_consented)
    audit.record(APPLICANT, "joining.keep_draft", item.unit)


def _remove(items: list[Application]) -> None:
    photos = [db.session.get(Upload, item.data["photo"]) for item in items if item.data["photo"]]
    for item in items:
        for receipt in item.receipts:
            db.session.delete(receipt)
        db.session.delete(item)
    uploads.discard(upload for upload in photos if upload is not None)
