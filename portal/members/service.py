"""Verbs of members: admit, edit, reveal, change the photo."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from io import BytesIO
from typing import IO, Any, Protocol

from sqlalchemy import select

from portal.core import audit, crypto, kinds, uploads
from portal.core import db as database
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError, Forbidden, Problems
from portal.core.fields import NEVER, NOW, Field, Right
from portal.core.kinds import Kind
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission

from . import filing, history, sight, telling
from .admitting import LEFT as LEFT
from .admitting import account_for as account_for
from .admitting import admit as admit
from .admitting import find_by_document as find_by_document
from .admitting import refuse_taken_staff_no
from .admitting import take_in as take_in
from .catalogue import FIELD, FIELDS
from .checks import check as check
from .checks import check_change
from .enums import MembershipStatus
from .models import Member, MemberVersion
from .search import figures as figures

audit.name_acts({"member.reveal": "查看完整信息"})

REASON_LEAST = 4  # characters
FOR_TWO = "登记表已打印，修改{}须两人办理：请改回原来的内容，另点“申请修改”提出，由另一位有审批权限的人复核"
OWN_LOOK = "本人查看"
SLIP_SHADOW = timedelta(days=7)  # after a password given by others one's own secrets stay closed
# who has left for good is no longer edited but by the union
LIVE = frozenset({MembershipStatus.ACTIVE, MembershipStatus.RETAINED})


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
    The day of joining is that of the decision: by hand it is set for historic members alone. What stands on a printed
    form is asked for, so that a second person decides (4b).
    """
    return Right.ASK if is_for_two(actor, member, field) else _right_alone(actor, member, field)


def is_for_two(actor: User, member: Record, field: Field) -> bool:
    """Whether the actor might set the field by hand, were the member's form not printed with it."""
    if field.name not in filing.ON_PAPER or _right_alone(actor, member, field) is not NOW:
        return False
    return bool(filing.on_paper([member.id]))


def _right_alone(actor: User, member: Record, field: Field) -> Right:
    if member.membership_status == MembershipStatus.MERGED:
        return NEVER  # the record that it was merged into is the one to edit
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


def editable(actor: User, member: Member, *, sent: Collection[str] = ()) -> tuple[Field, ...]:
    """Return the fields that the actor may change at once in a form, in their order; the photo has its own form.

    `sent` are the inputs of a form that was opened earlier: what has come to need a second person since stays in it,
    so that `edit` refuses with a sentence and nothing typed is lost.
    """
    return tuple(
        field
        for field in FIELDS
        if field.kind is not Kind.PHOTO
        and (right_to(actor, member, field) is NOW or (field.name in sent and is_for_two(actor, member, field)))
    )


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
    refuse_for_two(actor, member, changed)
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
    refuse_taken(member, written)
    if written.get("mobile") and _mobile_is_shared(actor, member, written["mobile"]):
        warnings.append("该手机号码也登记在您管理范围内另一位会员名下，请核对")
    if "join_date" in written:
        warnings += filing.correct_joining(member, written["join_date"])
    is_own = member.user_id == actor.id
    changes = {name: (history.value_of(member, name), value) for name, value in written.items()}
    version = history.write(member, written, actor, reason=reason or ("本人修改" if is_own else "工会修改"))
    if version is not None and not is_own:
        telling.tell_edited(actor, member, changes)
    return warnings


def refuse_for_two(actor: User, member: Member, names: Iterable[str]) -> None:
    """Raise Problems on those of `names` that a second person has to agree to, with the way there."""
    told = {name: [FOR_TWO.format(FIELD[name].label)] for name in names if name in filing.ON_PAPER}
    if told and any(is_for_two(actor, member, FIELD[name]) for name in told):
        raise Problems(told)


def refuse_taken(member: Member, written: Mapping[str, Any]) -> None:
    """Raise DomainError where another member has the 工号 or the document that `written` gives to `member`."""
    if "staff_no" in written:
        refuse_taken_staff_no(written["staff_no"], member)
    if {"id_type", "id_number"} & set(written):
        holder = find_by_document(written.get("id_type", member.id_type), written.get("id_number", member.id_number))
        if holder is not None and holder is not member:
            raise DomainError("该证件号码已是工会会员，请核对", field="id_number")


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
