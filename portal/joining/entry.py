"""Entry by an operator: the form typed in for a person who asks for it on paper, or confirms it by her own link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from sqlalchemy import select

from portal.core import audit, crypto, kinds, scans, uploads
from portal.core.actors import APPLICANT
from portal.core.calendar import now
from portal.core.db import apart, db, release, writes
from portal.core.errors import Absent, Conflict, DomainError
from portal.core.networks import network_of
from portal.core.uploads import Upload
from portal.members import service as members
from portal.members.catalogue import FIELD
from portal.org import access
from portal.org.models import JoinForm, LoginSession, OrgUnit, User
from portal.org.permissions import Permission as P

from . import applying, links, receipts
from .entry_models import Entry
from .expected import matching
from .links import PersonalLink
from .models import LIVE, WAITING, Application
from .proof import entry_of
from .workflow import JOINING, values_of

audit.name_acts({
    "joining.enter": "代为录入申请",
    "joining.evidence": "上传签字申请表",
    "joining.scan": "查看签字申请表",
    "joining.attach": "上传附件",
    "joining.link": "生成本人确认链接",
    "joining.confirm": "本人确认",
    "joining.confirm_near": "本人确认（由经办人所在地址确认）",
    "joining.confirm_try": "尝试本人确认",
})  # fmt: skip

UNPROVEN = "请上传申请人签字的申请表，或勾选“待本人确认”"
STAFF = "当前浏览器已登录工会工作人员的账号，不能代为确认；请申请人本人在自己的手机上打开链接确认"
CLOSED = "这个链接已使用、已过期或已停用，请联系所在工会"
OPEN = frozenset({*LIVE, *WAITING})


class AlreadyHere(DomainError):
    """The document belongs to a member, or to an application under way; numbers only where the actor may look."""

    def __init__(self, message: str, *, member_id: int | None = None, application_id: int | None = None) -> None:
        super().__init__(message, field="id_number")
        self.member_id = member_id
        self.application_id = application_id


# --- what comes with the form -----------------------------------------------------------------------------------------


def keep_photo(actor: User, stream: IO[bytes]) -> str:
    """Keep the person's photo for a form that may still be refused; returns the id the form carries on."""
    actor_id = actor.id
    release()
    return _kept(actor_id, applying.UNCLAIMED, uploads.photo(stream))


def keep_scan(actor: User, stream: IO[bytes]) -> str:
    """Keep a scan of the signed form likewise. Raises DomainError on `evidence` for what is none."""
    actor_id = actor.id
    release()
    return _kept(actor_id, *scans.read(stream))


def _kept(actor_id: int, kind: str, content: bytes) -> str:
    with apart():
        actor = db.session.get_one(User, actor_id)
        upload = uploads.keep(actor, content, kind=kind)
        audit.record(actor, "joining.attach", upload)
        return upload.uuid


def _own_upload(actor: User, identity: str, *, field: str) -> Upload:
    kinds_taken = [applying.UNCLAIMED] if field == "photo" else list(scans.MIMETYPES)
    query = select(Upload).where(Upload.uuid == identity, Upload.created_by == actor.id, Upload.kind.in_(kinds_taken))
    upload = db.session.scalars(query).one_or_none()
    if upload is None:
        raise DomainError("文件没有保存成功，请重新选择", field=field)
    return upload


# --- the operator's verbs ---------------------------------------------------------------------------------------------


def places(actor: User) -> list[OrgUnit]:
    """Return the units for which the actor may enter applications, by their codes."""
    units = (unit for unit in access.units(actor, P.JOINING_ENTER) if unit.accepts_members and unit.is_enabled)
    return sorted(units, key=lambda unit: unit.code)


def enter(
    actor: User,
    unit_id: int,
    values: Mapping[str, Any],
    *,
    consented: bool,
    sensitive_consented: bool,
    awaits_person: bool,
    evidence: str = "",
    photo: str = "",
) -> Application:
    """Send an application to the unit `unit_id` for the person of `values`, and return it.

    Her own will is proven by `evidence` (what `keep_scan` returned), or she `awaits_person`: then nobody can approve it
    before she has confirmed. Raises AlreadyHere where the document is known, Problems or DomainError.
    """
    actor_id = actor.id
    release()
    writes()
    actor = db.session.get_one(User, actor_id)
    unit: OrgUnit = access.fetch(OrgUnit, unit_id, actor, P.JOINING_ENTER)
    checked, _ = applying.check(values, JoinForm.FULL, consented=consented, sensitive_consented=sensitive_consented)
    if not evidence and not awaits_person:
        raise DomainError(UNPROVEN, field="evidence")
    if photo:
        claimed = _own_upload(actor, photo, field="photo")
        claimed.kind, checked["photo"] = "photo", claimed.id
    _refuse_known(actor, checked)
    item = applying.begin(unit, JoinForm.FULL, checked, sensitive_consented=sensitive_consented)
    entry = Entry(application=item, entered_by=actor.id)
    if evidence:
        entry.evidence_id, entry.evidence_at = _own_upload(actor, evidence, field="evidence").id, now()
    db.session.add(entry)
    audit.record(actor, "joining.enter", item, details={"evidence": bool(evidence)})
    JOINING.fire(item, "submit" if access.opinion_needed(unit) else "submit_directly", actor, own=True)
    matching.match(item)
    return item


def _refuse_known(actor: User, checked: Mapping[str, Any]) -> None:
    """Say openly that somebody is here already: operators may know."""
    member = members.find_by_document(str(checked["id_type"]), str(checked["id_number"]))
    if member is not None and member.membership_status not in members.LEFT:
        may_look = actor.may(P.MEMBER_READ, member.unit)
        raise AlreadyHere("该证件号码已是工会会员", member_id=member.id if may_look else None)
    index = crypto.index("id_number", str(checked["id_number"]))
    query = select(Application).filter_by(id_type=str(checked["id_type"]), id_index=index)
    live = db.session.scalars(query.where(Application.state.in_(LIVE))).one_or_none()
    if live is not None:
        may_look = actor.may(P.JOINING_READ, live.unit)
        raise AlreadyHere("该证件号码已有入会申请在办理", application_id=live.id if may_look else None)


def fetch(actor: User, application_id: int, permission: P = P.JOINING_ENTER) -> Entry:
    """Return the entry of an application in the actor's scope, locked if the request writes. Raises Absent."""
    entry = entry_of(access.fetch(Application, application_id, actor, permission))
    if entry is None:
        raise Absent
    return entry


def _must_be_open(entry: Entry) -> None:
    if entry.application.state not in OPEN:
        raise Conflict(f"这份申请{entry.application.state.label}，不能再改动")


def add_evidence(actor: User, application_id: int, evidence: str) -> None:
    """Put the scan `evidence` (what `keep_scan` returned) to the application, instead of an earlier one."""
    actor_id = actor.id
    release()
    writes()
    actor = db.session.get_one(User, actor_id)
    entry = fetch(actor, application_id)
    _must_be_open(entry)
    before = entry.evidence_id
    entry.evidence_id, entry.evidence_at = _own_upload(actor, evidence, field="evidence").id, now()
    audit.record(actor, "joining.evidence", entry.application, details={"replaced": before is not None})


def scan(actor: User, application_id: int) -> tuple[bytes, str]:
    """Leave the trace that the actor looks at the signed form; return its scan and the type. Raises Absent."""
    entry = fetch(actor, application_id, P.JOINING_READ)
    if entry.evidence is None:
        raise Absent
    audit.record(actor, "joining.scan", entry.application)
    return uploads.content_of(entry.evidence.id), scans.MIMETYPES[entry.evidence.kind]


def make_link(actor: User, application_id: int) -> tuple[Entry, str]:
    """Make the link by which the person confirms, or follows her application; an earlier one closes."""
    entry = fetch(actor, application_id)
    _must_be_open(entry)
    entry.link, token = links.issue(actor, entry.link)
    audit.record(actor, "joining.link", entry.application)
    return entry, token


# --- the person's verbs -----------------------------------------------------------------------------------------------


def opened(token: str, *, locked: bool = False) -> Entry | None:
    """Return what an open link belongs to; None for one that is unknown, used, expired or closed."""
    link = links.find(token, locked=locked)
    if link is None or not link.is_open:
        return None
    entry = db.session.scalars(select(Entry).join(PersonalLink).where(PersonalLink.id == link.id)).one_or_none()
    return entry if entry is not None and entry.application.state in OPEN else None


def lines(entry: Entry) -> list[tuple[str, str]]:
    """Return label and text of what the person needs to know that she is meant; numbers masked."""
    values = values_of(entry.application)
    shown = [("申请加入", entry.application.unit.name)]
    for name in ("name", "id_number", "mobile", "staff_no", "department"):
        field, value = FIELD[name], values.get(name)
        if value is not None:
            show = kinds.mask if name in ("id_number", "mobile") else kinds.show
            shown.append((field.label, show(field, value)))
    return shown


def confirm(token: str, tail: str, *, consented: bool, browser_of: User | None = None) -> str:
    """Take the person's word that she asks for it, once, and return her receipt code.

    She knows the last four of the ID number, five tries in all; so does whoever typed it in, so a browser in which
    one of the union's people is signed in (`browser_of`) is refused, and a word from where they work is marked.
    Raises DomainError naming the field, TooOften.
    """
    entry = opened(token)
    if entry is None:
        raise DomainError(CLOSED)
    if browser_of is not None and browser_of.holds(P.JOINING_READ):
        raise DomainError(STAFF)
    if not consented:
        raise DomainError("请阅读个人信息处理说明并勾选同意", field="consent")
    item_id, right = entry.application_id, str(entry.application.data["id_number"])[-4:]
    release()
    receipts.check_tail(item_id, right, tail, act="joining.confirm_try", beyond="尝试次数过多，请联系所在工会")
    writes()
    entry = opened(token, locked=True)
    if entry is None or entry.link is None:
        raise DomainError(CLOSED)
    item = entry.application
    entry.link.used_at = now()
    entry.confirmed_at = entry.confirmed_at or now()
    entry.is_confirmed_near = network_of(audit.here()) in _operators_networks(entry)
    item.consented_at = entry.confirmed_at
    receipts.give(item, token, is_first=True)
    audit.record(APPLICANT, "joining.confirm_near" if entry.is_confirmed_near else "joining.confirm", item)
    return receipts.code_from(token)


def _operators_networks(entry: Entry) -> set[str]:
    """Return from where those worked, or are signed in, who typed the application in or made its link."""
    acts = [one for act in ("joining.enter", "joining.link") for one in audit.addresses(act, item=entry.application)]
    people = {entry.entered_by, entry.link.created_by if entry.link else None} - {None}
    signed_in = select(LoginSession.address).where(LoginSession.user_id.in_(people))
    return {network_of(address) for address in (*acts, *db.session.scalars(signed_in))} - {""}
