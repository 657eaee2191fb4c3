"""《工会会员登记表》 of one member: who prints it decides what it shows."""

from __future__ import annotations

from portal.core import audit, kinds, uploads
from portal.core import db as database
from portal.core.calendar import now, show_time
from portal.core.errors import DomainError
from portal.core.pdf import Rendered
from portal.org.models import User
from portal.org.permissions import Permission

from . import printing, service, sight
from .catalogue import FIELD
from .models import Member
from .printing import FamilyRow, RegistrationForm, ResumeRow

audit.name_acts({"member.print": "打印会员登记表"})

FAMILY_COLUMNS = ("relation", "name", "workplace", "phone")


class MissingGlyphs(DomainError):
    """Some characters can not be printed; `characters` names them, and the person decides whether boxes will do."""

    def __init__(self, characters: tuple[str, ...]) -> None:
        super().__init__(f"字库中没有这些字：{'、'.join(characters)}，打印时会显示为方框，请手工补写")
        self.characters = characters


def printable(actor: User, member: Member) -> RegistrationForm:
    """Return the texts of the member's form as the actor may print them (domain/2-printed-forms.md 2.2).

    The document's number is whole for herself and with MEMBER_PRINT_FULL, else masked; the salary stands there only
    with MEMBER_SALARY; the family only for who reads it. NO is the member number; empty fields print blank.
    """
    is_own = member.user_id == actor.id
    plain = {
        name: sight.value(actor, member, name)
        for name in (
            "member_no", "name", "sex", "birth_date", "ethnicity", "education", "native_place", "political_status",
            "work_start_date", "department", "admin_duty", "prof_title", "mobile", "branch", "remark",
        )
    }
    number_is_whole = is_own or actor.may(Permission.MEMBER_PRINT_FULL, member.unit)
    number_sight = sight.Sight.FULL if number_is_whole else sight.Sight.MASKED
    reads_family = sight.can_see(actor, FIELD["family_members"], member) is sight.Sight.FULL
    return RegistrationForm(
        **plain,
        serial=plain["member_no"],
        id_number=sight.shown(FIELD["id_number"], member.id_number, number_sight),
        dues_base=member.dues_base or "" if actor.may(Permission.MEMBER_SALARY, member.unit) and not is_own else "",
        photo=uploads.content_of(member.photo) if member.photo is not None else None,
        family=_family(member) if reads_family else (),
        resume=_resume(member),
        printed_at=show_time(now()),
        operator=actor.label,
    )


def _family(member: Member) -> list[FamilyRow]:
    field = FIELD["family_members"]
    names = [column.name for column in field.rows]
    rows = [dict(zip(names, cells, strict=True)) for cells in kinds.table(field, member.family_members)]
    return [FamilyRow(**{name: row[name] for name in FAMILY_COLUMNS}) for row in rows]


def _resume(member: Member) -> list[ResumeRow]:
    return [
        ResumeRow(
            period=f"{_month(row['start'])}—{_month(row['end']) if row.get('end') else '至今'}",
            place=row.get("place") or "",
            post=row.get("post") or "",
        )
        for row in member.resume or ()
    ]


def _month(text: str) -> str:
    return text[:7].replace("-", ".")


def print_form(actor: User, member_id: int, *, with_boxes: bool = False) -> Rendered:
    """Return the member's form as a PDF, and leave the trace; it is made with no transaction open.

    Raises Absent, PdfError, and MissingGlyphs where characters have no font, unless `with_boxes`.
    """
    form = printable(actor, service.find(actor, member_id, Permission.MEMBER_PRINT))
    database.release()
    rendered = printing.registration_form(form)
    if rendered.missing and not with_boxes:
        raise MissingGlyphs(rendered.missing)
    database.writes()
    member = service.find(actor, member_id, Permission.MEMBER_PRINT)  # whose right has ended meanwhile gets nothing
    audit.record(actor, "member.print", member, details={"missing": list(rendered.missing)} if rendered.missing else {})
    return rendered
