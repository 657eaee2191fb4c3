"""Verbs of members: admit, edit, reveal, change the photo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import IO, Any, Protocol

from sqlalchemy import select

from portal.core import audit, crypto, kinds, notices, uploads
from portal.core import db as database
from portal.core.actors import Actor
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError, Forbidden
from portal.core.fields import NEVER, NOW, Field, Right
from portal.core.kinds import Kind
from portal.core.uploads import Upload
from portal.org import access
from portal.org import service as org
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission

from . import filing, history, sight
from .catalogue import FIELD, FIELDS
from .checks import check as check
from .checks import check_change
from .enums import ChangeType, EmploymentStatus, MembershipStatus
from .filing import Applied
from .models import Member, MembershipChange, MemberVersion
from .numbers import next_member_no
from .search import figures as figures

audit.name_acts({"member.reveal": "查看完整信息"})

REASON_LEAST = 4  # characters
OWN_LOOK = "本人查看"
SLIP_SHADOW = timedelta(days=7)  # after a password given by others one's own secrets stay closed
# who has left for good is no longer edited but by the union
LIVE = frozenset({MembershipStatus.ACTIVE, MembershipStatus.RETAINED})
# who was a member and may become one again on the same record
LEFT = frozenset({MembershipStatus.WITHDRAWN, MembershipStatus.TRANSFERRED_OUT})


# --- finding one ------------------------------------------------------------------------------------------------------


def own(actor: User, *, to_write: bool = False) -> Member | None:
    """Return the actor's own record, locked if it is `to_write`; None for someone who is no member."""
    query = select(Member).where(Member.user_id == actor.id)
    if to_write:
        query = query.with_for_update(of=Member)
    return db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def find(actor: User, member_id: int, permission: Permission = Permission.MEMBER_READ) -> Member:
    """Return the member `member_id` if she is the actor herself or in scope of `permission`. Raises Absent.

    The row is locked if the request writes.
    """
    mine = own(actor, to_write=database.is_writing())
    if mine is not None and mine.id == member_id:
        return mine
    member: Member = access.fetch(Member, member_id, actor, permission)
    return member


def find_by_document(id_type: str, number: str) -> Member | None:
    """Return who holds this document, whatever her status; `number` in its kept form. For verbs, not for pages."""
    query = select(Member).where(Member.id_type == str(id_type), Member.id_index == crypto.index("id_number", number))
    return db.session.scalars(query).one_or_none()


# --- admitting --------------------------------------------------------------------------------------------------------


def admit(
    actor: Actor,
    *,
    unit: OrgUnit,
    values: Mapping[str, Any],
    join_date: date,
    photo_upload: Upload | None = None,
    applied: Applied | None = None,
) -> Member:
    """Make the person of `values` a member of `unit` from `join_date` (the day of the decision, not after today).

    Inside the caller's transaction: checks once more, takes the member number of the approving unit and the year of
    `join_date`, opens the account (user name = 工号, else member number) without a password, writes the member with her
    first version and the line 入会. Who left before is taken back on her old record, with her old number. `applied` is
    what an application brings, for the form 「入会时」. Raises DomainError or Problems if someone with this document or
    工号 is here.
    """
    if join_date > today():
        raise DomainError("入会日期不能晚于今天", field="join_date")
    if not (unit.accepts_members and unit.is_enabled):
        raise DomainError(f"{unit.name}目前不接收会员，请改选其他分工会", field="branch")
    checked, _ = check(values, required=("name", "id_number"), today=today())
    before = find_by_document(checked["id_type"], checked["id_number"])
    if before is not None and before.membership_status not in LEFT:
        raise DomainError(
            f"该证件号码已是工会会员（{before.name}，{before.unit.name}，"
            f"{MembershipStatus(before.membership_status).label}），请按校内转会或恢复会籍办理",  # type: ignore[call-arg]  # by its value alone
            field="id_number",
        )
    _refuse_taken_staff_no(checked.get("staff_no"), before)
    columns = {name: value for name, value in checked.items() if name in history.WRITABLE and name != "branch"}
    columns |= {
        "join_date": join_date,
        "membership_status": MembershipStatus.ACTIVE.value,
        "employment_status": columns.get("employment_status") or EmploymentStatus.AT_WORK.value,
    }
    if photo_upload is not None:
        columns["photo"] = photo_upload.id
    if before is None:
        number = next_member_no(access.approving_unit(unit), join_date.year)
        account = account_for(actor, columns, number)
        member = history.begin(columns | {"member_no": number}, unit, actor, reason="入会", user=account)
    else:
        member = before
        history.write(member, columns | {"branch": unit}, actor, reason="重新入会")
    db.session.add(
        MembershipChange(
            member=member, kind=ChangeType.JOINED, on_date=join_date, to_unit_id=unit.id, recorded_by=actor.id
        )
    )
    filing.keep_admission(member, history.present_version(member), applied or filing.Applied(), study_date=join_date)
    db.session.flush()  # a number or document taken at the same moment refuses here, not at the commit
    return member


def account_for(actor: Actor, columns: Mapping[str, Any], number: str) -> User:
    """Open the account of the member with `columns` (staff_no, name): her 工号 is its name, else `number`, her own."""
    staff_no = columns.get("staff_no")
    if staff_no in (None, "", kinds.PENDING_STAFF_NO):
        staff_no = None
    taken = staff_no and db.session.scalars(select(User.id).where(User.username == staff_no)).first() is not None
    return org.open_account(actor, username=number if taken or not staff_no else staff_no, name=columns["name"])


def _refuse_taken_staff_no(staff_no: str | None, member: Member | None) -> None:
    if staff_no in (None, "", kinds.PENDING_STAFF_NO):
        return
    holder = db.session.scalars(select(Member).where(Member.staff_no == staff_no)).one_or_none()
    if holder is not None and holder is not member:
        raise DomainError(f"工号已被 {holder.name} 使用", field="staff_no")


# --- editing ----------------------------------------------------------------------------------------------------------


class Record(Protocol):
    """What a right asks of a member."""

    @property
    def id(self) -> int:
        """Her number."""

    @property
    def user_id(self) -> int | None:
        """Her account."""

    @property
    def membership_status(self) -> str:
        """Whether she still is one."""

    @property
    def unit(self) -> OrgUnit:
        """Where she is."""


def right_to(actor: User, member: Record, field: Field) -> Right:
    """Return what the actor may do to the field of this member by hand.

    On one's own record only a member's rights hold, whatever office one has; what one may not read one may not write.
    The day of joining is that of the decision: by hand it is set for historic members alone.
    """
    if field.name == "join_date" and not filing.is_historic(member.id):
        return NEVER
    if member.user_id == actor.id:
        return field.edits.own if member.membership_status in LIVE else NEVER
    rights = []
    if actor.may(Permission.MEMBER_EDIT, member.unit) and member.membership_status in LIVE:
        rights.append(field.edits.branch)
    if actor.may(Permission.MEMBER_EDIT_UNION, member.unit):
        rights.append(field.edits.union)
    if not rights or sight.can_see(actor, field, member) is sight.Sight.HIDDEN:
        return NEVER
    return max(rights, key=list(Right).index)


def editable(actor: User, member: Member) -> tuple[Field, ...]:
    """Return the fields that the actor may change at once in a form, in their order; the photo has its own form."""
    return tuple(field for field in FIELDS if field.kind is not Kind.PHOTO and right_to(actor, member, field) is NOW)


def edit(
    actor: User,
    member: Member,
    values: Mapping[str, Any],
    *,
    seen_version: int,
    known_version: int | None = None,
    reason: str = "",
) -> list[str]:
    """Set what the actor has changed in `values` (parsed, by catalogue name) and return warnings.

    `seen_version` is the number of the version that the form was filled from: only what differs from it is written, so
    a field that nobody touched keeps what another has written meanwhile. If there is a newer version, Conflict is
    raised, unless `known_version` says that the actor has been told of exactly that one. A secret left empty stays.
    Raises Forbidden for a field without the right, Problems for values that break a rule.
    """
    present, seen = history.present_version(member), version_seen(member, seen_version)
    if seen.id != seen_version:
        raise Conflict("页面已过期，请返回重新打开后再修改")
    changed = {name: value for name, value in values.items() if not history.same(value, history.value_of(seen, name))}
    changed = {name: value for name, value in changed.items() if value is not None or not sight.is_secret(FIELD[name])}
    for name in changed:
        if name not in FIELD or right_to(actor, member, FIELD[name]) is not NOW:
            label = FIELD[name].label if name in FIELD else name
            raise Forbidden(f"您不能直接修改「{label}」，如需修改请联系校工会")
    if present.id not in (seen_version, known_version):
        who = present.recorder.label if present.recorder else "他人"
        raise Conflict(
            f"该会员信息刚刚由 {who} 修改（{'、'.join(_changed_labels(seen, present)) or '其他内容'}）。"
            "您填写的内容仍保留在下面，请核对后再次提交"
        )
    written, warnings = check_change(current_of(member), changed, today=today())
    if "staff_no" in written:
        _refuse_taken_staff_no(written["staff_no"], member)
    if {"id_type", "id_number"} & set(written):
        holder = find_by_document(written.get("id_type", member.id_type), written.get("id_number", member.id_number))
        if holder is not None and holder is not member:
            raise DomainError("该证件号码已是工会会员，请核对", field="id_number")
    if written.get("mobile") and _mobile_is_shared(actor, member, written["mobile"]):
        warnings.append("该手机号码也登记在您管理范围内另一位会员名下，请核对")
    if "join_date" in written:
        warnings += filing.correct_joining(member, written["join_date"])
    is_own = member.user_id == actor.id
    version = history.write(member, written, actor, reason=reason or ("本人修改" if is_own else "工会修改"))
    if version is not None and member.user_id is not None and not is_own:
        labels = "、".join(FIELD[name].label for name in FIELD if name in written)
        notices.tell([member.user_id], f"您的会员信息已由 {actor.label} 修改", f"修改的内容：{labels}", "/members/me")
    return warnings


def mark_of(member: Member) -> int:
    """Return the number of the member's present version, which a form carries as `seen_version`."""
    return history.present_version(member).id


def version_seen(member: Member, number: int) -> MemberVersion:
    """Return the member's version `number`, from which a form was filled; the present one where she has no such."""
    seen = db.session.get(MemberVersion, number)
    return seen if seen is not None and seen.member_id == member.id else history.present_version(member)


def asked_for(actor: User, member: Member) -> tuple[Field, ...]:
    """Return the fields that the actor may have changed by asking, but not change."""
    return tuple(field for field in FIELDS if right_to(actor, member, field) is Right.ASK)


def _changed_labels(seen: MemberVersion, present: MemberVersion) -> list[str]:
    return [FIELD[name].label for name in history.differing(seen, present)]


def current_of(member: Member) -> dict[str, Any]:
    """Return what the member's record says, by catalogue name; the branch is left out."""
    return {name: history.value_of(member, name) for name in FIELD if name in history.WRITABLE and name != "branch"}


def _mobile_is_shared(actor: User, member: Member, mobile: str) -> bool:
    """Whether another active member in the actor's scope has the number; of others nothing is told."""
    others = access.scoped(Member, actor, Permission.MEMBER_READ, Member.id).where(
        Member.mobile_index == crypto.index("mobile", mobile),
        Member.membership_status == MembershipStatus.ACTIVE.value,
        Member.id != member.id,
    )
    return db.session.scalars(others.limit(1)).first() is not None


def change_photo(actor: User, stream: IO[bytes] | None) -> None:
    """Replace the actor's own photo by the picture in `stream`. Raises DomainError on `photo`, Absent for no member.

    The picture is read and turned with no transaction open.
    """
    if own(actor) is None:
        raise Absent
    database.release()
    picture = uploads.photo(stream or BytesIO())
    database.writes()
    member = own(actor, to_write=True)
    if member is None:
        raise Absent
    if right_to(actor, member, FIELD["photo"]) is not NOW:
        raise Forbidden("您的会籍已结束，照片不再更换，如需办理请联系校工会")
    upload = uploads.keep(actor, picture, kind="photo")
    history.write(member, {"photo": upload.id}, actor, reason="更换照片")


# --- revealing --------------------------------------------------------------------------------------------------------


def may_reveal(actor: User, member: Member, field: Field) -> bool:
    """Whether the actor may read the whole secret: her own, or with the right at the member's unit."""
    if not sight.is_secret(field) or sight.can_see(actor, field, member) is sight.Sight.HIDDEN:
        return False
    return member.user_id == actor.id or actor.may(Permission.MEMBER_REVEAL, member.unit)


def _slipped_lately(user: User) -> bool:
    """Whether someone else has given the account a password: whoever signs in now may not be its owner."""
    return bool(audit.addresses("user.slip", item=user, since=now() - SLIP_SHADOW))


@dataclass(frozen=True)
class Look:
    """Someone has read a secret of the member, or printed her form."""

    at: datetime
    by: str
    what: str
    reason: str


def looks_at(member: Member) -> list[Look]:
    """Return who has revealed the member's secrets or printed her form, latest first; for herself."""
    looks = [
        Look(event.at, event.actor_label, _looked_at(event), event.reason)
        for event in audit.events_of(member)
        if event.action in ("member.reveal", "member.print")
    ]
    looks += [
        Look(one.printed_at, one.printer.label if one.printer else "系统", f"批量打印{one.papers.label}", "")
        for one in filing.prints_of(member)
        if one.job is not None
    ]
    return sorted(looks, key=lambda look: look.at, reverse=True)


def _looked_at(event: audit.AuditEvent) -> str:
    field = FIELD.get(event.details.get("field", ""))
    return f"查看完整{field.label}" if field else event.action_label


def may_print(actor: User, member: Member) -> bool:
    """Whether the actor may print the member's form: her own, or with the right at the member's unit."""
    return member.user_id == actor.id or actor.may(Permission.MEMBER_PRINT, member.unit)


def photo_of(member: Member) -> bytes:
    """Return the member's photo, a JPEG. Raises Absent where there is none."""
    if member.photo is None:
        raise Absent
    return uploads.content_of(member.photo)


def reveal(actor: User, member: Member, name: str, *, reason: str) -> str:
    """Leave the trace that the actor looks at the secret field `name`, then return it in full.

    `reason` has at least 4 characters; of one's own record it is 「本人查看」. Raises Absent, Forbidden, DomainError.
    """
    field = FIELD.get(name)
    if field is None or not sight.is_secret(field):
        raise Absent
    if not may_reveal(actor, member, field):
        raise Forbidden(f"您没有查看完整{field.label}的权限")
    is_own = member.user_id == actor.id
    if is_own and _slipped_lately(actor):
        raise DomainError("密码由他人代为重置后 7 天内不能自行查看完整信息，如需办理请携带证件到校工会")
    if not is_own and len(reason.strip()) < REASON_LEAST:
        raise DomainError(f"请写明查看原因（至少 {REASON_LEAST} 个字），会员本人可以看到", field="reason")
    audit.record(actor, "member.reveal", member, reason=OWN_LOOK if is_own else reason.strip(), details={"field": name})
    return kinds.show(field, history.value_of(member, name))
