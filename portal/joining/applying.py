"""Verbs of the applicant: keep a photo, submit the form, send it again when it came back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, BinaryIO

from sqlalchemy import select

from portal.core import audit, crypto, kinds, uploads
from portal.core.actors import APPLICANT, CLOCK
from portal.core.calendar import now, today
from portal.core.db import apart, db, release, writes
from portal.core.errors import Conflict, DomainError, Problems
from portal.core.uploads import Upload
from portal.members import service as members
from portal.members import sight
from portal.members.catalogue import FIELD
from portal.org import access
from portal.org.models import JoinForm, OrgUnit

from . import codes, receipts
from .expected import matching
from .models import LIVE, Application, Receipt
from .models import ApplicationState as S
from .questions import ASKED, JOIN_PLEDGE, PLEDGE_VERSION, REQUIRED, SENSITIVE, consent_of, unlocked
from .workflow import JOINING, values_of

audit.name_acts(
    {"joining.photo": "上传照片", "joining.repeat": "重复提交申请", "joining.sweep_photos": "清理未提交的照片"}
)

UNCLAIMED = "form_photo"  # the kind of a photo whose form may still be refused
UNCLAIMED_FOR = timedelta(days=7)

FULL, MASKED = sight.Sight.FULL, sight.Sight.MASKED
CLOSED = "入会码刚刚停用，请向所在工会索取新的二维码"


def check(
    values: Mapping[str, Any], form: JoinForm, *, consented: bool, sensitive_consented: bool
) -> tuple[dict[str, Any], list[str]]:
    """Return what was filled in with what follows from it, and warnings.

    Raises Problems with a sentence for every input that is wrong, the two consents among them.
    """
    is_sensitive = any(values.get(name) not in (None, []) for name in SENSITIVE)
    errors = missing_consents(is_sensitive, consented=consented, sensitive_consented=sensitive_consented)
    try:
        checked, warnings = members.check(values, required=REQUIRED[form], today=today())
    except Problems as problems:
        raise Problems(problems.errors | errors, problems.warnings) from problems
    if errors:
        raise Problems(errors, warnings)
    return checked, warnings


def missing_consents(is_sensitive: bool, *, consented: bool, sensitive_consented: bool) -> dict[str, list[str]]:
    """Return a sentence by input for each consent that is needed and not given."""
    errors: dict[str, list[str]] = {}
    if not consented:
        errors["consent"] = ["请阅读个人信息处理说明并勾选同意"]
    if is_sensitive and not sensitive_consented:
        errors["consent_sensitive"] = ["您填写了婚育与家庭信息，请阅读说明并勾选单独同意，或清空这些信息"]
    return errors


def keep_photo(stream: BinaryIO) -> str:
    """Keep a photo for a form that may still be refused, and return the random id that the form carries on.

    Raises DomainError for what is no picture. Nothing slow happens in a transaction.
    """
    release()
    picture = uploads.photo(stream)
    with apart():
        upload = uploads.keep(APPLICANT, picture, kind=UNCLAIMED)
        audit.record(APPLICANT, "joining.photo", upload)
        return upload.uuid


def claim_photo(identity: str) -> int:
    """Make the photo that `keep_photo` called `identity` part of an application, and return its number.

    Raises DomainError where there is no such photo, or it is part of one already.
    """
    query = select(Upload).where(Upload.uuid == identity, Upload.kind == UNCLAIMED, Upload.created_by.is_(None))
    upload = db.session.scalars(query).one_or_none()
    if upload is None:
        raise DomainError("照片没有保存成功，请重新选择", field="photo")
    upload.kind = "photo"
    return upload.id


def change_photo(draft: Application, photo: str) -> int | None:
    """Return the number of the photo that goes with `draft` from now on: `photo` if given, else the one so far."""
    before: int | None = draft.data["photo"] if draft.data_sealed else None
    if not photo:
        return before
    if before is not None:
        db.session.get_one(Upload, before).kind = UNCLAIMED
    return claim_photo(photo)


def sweep_photos() -> int:
    """Remove row and file of the photos of forms that were never sent or kept, after a week; return how many."""
    query = select(Upload).where(Upload.kind == UNCLAIMED, Upload.created_at < now() - UNCLAIMED_FOR)
    left = list(db.session.scalars(query))
    if left:
        audit.record(CLOCK, "joining.sweep_photos", details={"count": len(left)})
        uploads.discard(left)
    return len(left)


def submit(
    token: str,
    form_key: str,
    values: Mapping[str, Any],
    *,
    consented: bool,
    sensitive_consented: bool,
    photo: str = "",
) -> str:
    """Send the form with the random `form_key` behind the join code `token`, and return its receipt code.

    `values` are parsed, by catalogue name; `photo` is what `keep_photo` returned. The same form sent again makes
    nothing new and returns the same code. Whoever is here already gets the same answer as anybody; the application is
    then parked for the operators. Raises Problems or DomainError.
    """
    release()
    writes()
    code = codes.open_code(token, locked=True)
    if code is None:
        raise DomainError(CLOSED)
    return apply_to(
        code.unit,
        form_key,
        values,
        consented=consented,
        sensitive_consented=sensitive_consented,
        photo=photo,
        code_id=code.id,
    )


def apply_to(
    unit: OrgUnit,
    form_key: str,
    values: Mapping[str, Any],
    *,
    consented: bool,
    sensitive_consented: bool,
    photo: str = "",
    code_id: int | None = None,
) -> str:
    """Send the form to `unit` inside the caller's transaction; else as `submit`, whatever door it came by."""
    if not form_key:
        raise DomainError("页面已失效，请重新扫码打开")
    held = receipts.of_form(form_key)
    if held is not None and held.application.state is not S.DRAFT:
        return receipts.code_from(form_key)
    form = codes.form_of(unit)
    checked, _ = check(values, form, consented=consented, sensitive_consented=sensitive_consented)
    if held is not None:
        finish(held, checked, photo=photo, sensitive_consented=sensitive_consented)
        return receipts.code_from(form_key)
    document = _document(checked)
    live, is_here = _live_of(document), _is_here(checked)
    if live is not None and not is_here and _is_same(live, unit, checked):
        # whoever was asked to scan again has proven by name, number and mobile what an activation asks for too
        comes_back = live.state is S.WAIT_PROVINCE
        receipts.give(live, form_key, is_first=comes_back)
        audit.record(APPLICANT, "joining.repeat", live)
        db.session.flush()  # as the trace of a first sending is: nor shall the number of statements tell who is here
        if comes_back:
            JOINING.fire(live, "registered", APPLICANT, own=True)
        return receipts.code_from(form_key)
    if photo:
        checked["photo"] = claim_photo(photo)
    item = begin(unit, form, checked, sensitive_consented=sensitive_consented, code_id=code_id)
    receipts.give(item, form_key, is_first=True)
    _send(item, "park" if is_here or live else "submit")
    matching.match(item)
    return receipts.code_from(form_key)


def begin(
    unit: OrgUnit, form: JoinForm, checked: Mapping[str, Any], *, sensitive_consented: bool, code_id: int | None = None
) -> Application:
    """Write the row of an application with `checked` values, not sent yet, and return it."""
    item = Application(unit=unit, unit_id=unit.id, form=form, code_id=code_id)
    _fill(item, checked, sensitive_consented=sensitive_consented)
    db.session.add(item)
    db.session.flush()  # the step names its row by number
    return item


def finish(receipt: Receipt, checked: dict[str, Any], *, sensitive_consented: bool, photo: str = "") -> None:
    """Send the draft of `receipt`, locked, with `checked` values instead of what was typed so far.

    The photo kept with it stays, unless `photo` is another.
    """
    item = receipt.application
    if photo_id := change_photo(item, photo):
        checked["photo"] = photo_id
    is_known = _is_here(checked) or _live_of(_document(checked), but=item) is not None
    receipt.created_at = now()  # the day on a receipt is that of the sending
    _fill(item, checked, sensitive_consented=sensitive_consented)
    _send(item, "park" if is_known else "submit")
    matching.match(item)


def _fill(item: Application, checked: Mapping[str, Any], *, sensitive_consented: bool) -> None:
    item.data = kinds.plain(dict(checked))
    item.name = checked["name"]
    item.id_type, item.id_index = _document(checked).values()
    agree(item, sensitive_consented=sensitive_consented)


def agree(item: Application, *, sensitive_consented: bool) -> None:
    """Write down what the applicant has promised and agreed to, as it reads now."""
    item.pledge_version, item.pledge_text = PLEDGE_VERSION, JOIN_PLEDGE
    item.consent_version = consent_of(item.unit).version
    item.consented_at = now()
    item.sensitive_consented_at = item.consented_at if sensitive_consented else None


def resubmit(code: str, values: Mapping[str, Any], *, sensitive_consented: bool, photo: str = "") -> None:
    """Send a returned application again with `values` for the fields that were opened, the others as they were.

    Raises Problems or DomainError, Conflict if it is no longer returned.
    """
    release()
    writes()
    receipt = receipts.find(code, locked=True)
    item = receipt.application
    if not receipts.progress(receipt).may_revise:
        raise Conflict(receipts.SETTLED)
    checked, _ = check_revision(item, values, sensitive_consented=sensitive_consented)
    if photo:
        checked["photo"] = claim_photo(photo)
    document = _document(checked)
    other = _live_of(document, but=item)
    _send(item, "park" if _is_here(checked) or other else "resubmit")
    item.data = kinds.plain(checked)
    item.name = checked["name"]
    item.id_type, item.id_index = document["id_type"], document["id_index"]
    item.sensitive_consented_at = item.sensitive_consented_at or (now() if sensitive_consented else None)
    matching.match(item)


def check_revision(
    item: Application, values: Mapping[str, Any], *, sensitive_consented: bool
) -> tuple[dict[str, Any], list[str]]:
    """Check the application as it would be with `values` for its open fields. Raises Problems."""
    opened = unlocked(item.wrong_fields, item.form)
    told_by_number = {"sex", "birth_date"} | {"id_type"} - set(ASKED[item.form]) if "id_number" in opened else set()
    kept = {name: value for name, value in values_of(item).items() if name not in told_by_number}
    mended = {name: value for name, value in values.items() if name in opened}
    agreed = sensitive_consented or item.sensitive_consented_at is not None
    return check(kept | mended, item.form, consented=True, sensitive_consented=agreed)


def locked_lines(item: Application, opened: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return label and text of what stays as it was, as the applicant reads it; secrets masked."""
    values = values_of(item)
    fields = [FIELD[name] for name in ASKED[item.form] if name not in opened and values.get(name) is not None]
    return [
        (field.label, sight.shown(field, values[field.name], MASKED if sight.is_secret(field) else FULL))
        for field in fields
    ]


def _send(item: Application, action: str) -> None:
    """Take one of the applicant's steps; where no opinion is needed, straight to the union."""
    if action != "park" and not access.opinion_needed(item.unit):
        action += "_directly"
    JOINING.fire(item, action, APPLICANT, own=True)


def _document(values: Mapping[str, Any]) -> dict[str, str]:
    return {"id_type": str(values["id_type"]), "id_index": crypto.index("id_number", str(values["id_number"]))}


def _is_here(values: Mapping[str, Any]) -> bool:
    """Whether a member holds this document who cannot simply be admitted."""
    member = members.find_by_document(str(values["id_type"]), str(values["id_number"]))
    return member is not None and member.membership_status not in members.LEFT


def _live_of(document: Mapping[str, str], but: Application | None = None) -> Application | None:
    """Return the application under way for this document."""
    query = select(Application).filter_by(**document).where(Application.state.in_(LIVE))
    if but is not None:
        query = query.where(Application.id != but.id)
    return db.session.scalars(query).one_or_none()


def _is_same(live: Application, unit: OrgUnit, values: Mapping[str, Any]) -> bool:
    """Whether the form says what one that waits already says; what was returned waits for another text."""
    return live.state != S.RETURNED and (live.unit_id, live.name, live.data["mobile"]) == (
        unit.id,
        values["name"],
        values["mobile"],
    )
