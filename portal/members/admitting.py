"""How somebody becomes a member: admitted by a decision of the union, or taken in with a letter of another one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from portal.core import crypto, kinds
from portal.core.actors import Actor
from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import DomainError
from portal.core.uploads import Upload
from portal.org import access
from portal.org import service as org
from portal.org.models import OrgUnit, User

from . import filing, history, turning
from .checks import check
from .enums import ChangeType, EmploymentStatus, MembershipStatus
from .models import Member, MembershipChange
from .numbers import next_member_no

# who was a member and may become one again on the same record
LEFT = frozenset({MembershipStatus.WITHDRAWN, MembershipStatus.TRANSFERRED_OUT})
AGAIN, TAKEN_IN = "重新入会", "校外转入"

Columns = dict[str, Any]


def find_by_document(id_type: str, number: str) -> Member | None:
    """Return who holds this document, whatever her status; `number` in its kept form. For verbs, not for pages."""
    query = select(Member).where(Member.id_type == str(id_type), Member.id_index == crypto.index("id_number", number))
    return db.session.scalars(query).one_or_none()


def admit(
    actor: Actor,
    *,
    unit: OrgUnit,
    values: Mapping[str, Any],
    join_date: date,
    photo_upload: Upload | None = None,
    applied: filing.Applied | None = None,
) -> Member:
    """Make the person of `values` a member of `unit` from `join_date` (the day of the decision, not after today).

    Inside the caller's transaction: checks once more, takes the member number of the approving unit and the year of
    `join_date`, opens the account (user name = 工号, else member number) without a password, writes the member with her
    first version and the line 入会. Who left before is taken back on her old record, with her old number. `applied` is
    what an application brings, for the form 「入会时」. Raises DomainError or Problems if someone with this document or
    工号 is here.
    """
    columns, before = _checked(unit, values, join_date)
    if photo_upload is not None:
        columns["photo"] = photo_upload.id
    if before is None:
        member = _begin(actor, unit, columns, year=join_date.year, reason="入会")
    else:
        member = before
        _take_back(member, columns, actor, unit=unit, on=join_date)
    _line(actor, member, ChangeType.JOINED, join_date)
    filing.keep_admission(member, history.present_version(member), applied or filing.Applied(), study_date=join_date)
    db.session.flush()  # a number or document taken at the same moment refuses here, not at the commit
    return member


def take_in(actor: Actor, *, unit: OrgUnit, values: Mapping[str, Any], join_date: date) -> Member:
    """Make the person of `values`, who comes from another union, a member of `unit` from today on.

    《工会会员会籍管理办法》: one joins once and is passed on, so she keeps the day on which she joined, `join_date`. As
    `admit`, with a member number of this year and the line 转入; who was here before comes back on her old record.
    """
    columns, before = _checked(unit, values, join_date)
    if before is None:
        member = _begin(actor, unit, columns, year=today().year, reason=TAKEN_IN)
        _line(actor, member, ChangeType.TRANSFERRED_IN, today())
    else:
        member = before
        here = columns | {"branch": unit}
        turning.turn(member, actor, ChangeType.TRANSFERRED_IN, on=today(), values=here, reason=TAKEN_IN)
    db.session.flush()  # as above
    return member


def _checked(unit: OrgUnit, values: Mapping[str, Any], join_date: date) -> tuple[Columns, Member | None]:
    """Return what is to be written of the person, and her record from before, if she was a member here."""
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
    refuse_taken_staff_no(checked.get("staff_no"), before)
    columns = {name: value for name, value in checked.items() if name in history.WRITABLE and name != "branch"}
    columns |= {
        "join_date": join_date,
        "membership_status": MembershipStatus.ACTIVE.value,
        "employment_status": columns.get("employment_status") or EmploymentStatus.AT_WORK.value,
    }
    return columns, before


def _begin(actor: Actor, unit: OrgUnit, columns: Columns, *, year: int, reason: str) -> Member:
    number = next_member_no(access.approving_unit(unit), year)
    account = account_for(actor, columns, number)
    return history.begin(columns | {"member_no": number}, unit, actor, reason=reason, user=account)


def _take_back(member: Member, columns: Columns, actor: Actor, *, unit: OrgUnit, on: date) -> None:
    """Let who left before be a member of `unit` again from the day `on`; what else is new of her holds from today."""
    try:
        turning.check_day(member, on)
    except DomainError as error:
        raise DomainError(error.message, field="join_date") from error
    of_membership = {name: columns[name] for name in ("membership_status", "join_date", "employment_status")}
    turning.write_from(member, of_membership | {"branch": unit}, actor, since=on, reason=AGAIN)
    history.write(member, columns, actor, reason=AGAIN)


def _line(actor: Actor, member: Member, kind: ChangeType, on: date) -> None:
    line = MembershipChange(member=member, kind=kind, on_date=on, to_unit_id=member.unit_id, recorded_by=actor.id)
    db.session.add(line)


def account_for(actor: Actor, columns: Mapping[str, Any], number: str) -> User:
    """Open the account of the member with `columns` (staff_no, name): her 工号 is its name, else `number`, her own."""
    staff_no = columns.get("staff_no")
    if staff_no in (None, "", kinds.PENDING_STAFF_NO):
        staff_no = None
    taken = staff_no and db.session.scalars(select(User.id).where(User.username == staff_no)).first() is not None
    return org.open_account(actor, username=number if taken or not staff_no else staff_no, name=columns["name"])


def refuse_taken_staff_no(staff_no: str | None, member: Member | None) -> None:
    """Raise DomainError where somebody else than `member` has the 工号."""
    if staff_no in (None, "", kinds.PENDING_STAFF_NO):
        return
    holder = db.session.scalars(select(Member).where(Member.staff_no == staff_no)).one_or_none()
    if holder is not None and holder is not member:
        raise DomainError(f"工号已被 {holder.name} 使用", field="staff_no")
