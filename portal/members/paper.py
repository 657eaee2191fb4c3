"""The printed papers of members: who prints decides what they show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portal.core import audit, crypto, kinds, settings, uploads
from portal.core import db as database
from portal.core.calendar import now, show_date, show_time
from portal.core.errors import DomainError
from portal.core.pdf import Rendered
from portal.org.models import User
from portal.org.permissions import Permission

from . import filing, printing, service, sight
from .catalogue import FIELD
from .models import Member, MemberVersion
from .printing import FamilyRow, Papers, RegistrationForm, ResumeRow

audit.name_acts({"member.print": "打印会员登记表"})

FAMILY_COLUMNS = ("relation", "name", "workplace", "phone")
PLAIN = (
    "member_no", "name", "sex", "birth_date", "ethnicity", "education", "native_place", "political_status",
    "work_start_date", "department", "admin_duty", "prof_title", "mobile", "branch", "remark", "household_place",
)  # fmt: skip


class MissingGlyphs(DomainError):
    """Some characters can not be printed; `characters` names them, and the person decides whether boxes will do."""

    def __init__(self, characters: tuple[str, ...]) -> None:
        super().__init__(f"字库中没有这些字：{'、'.join(characters)}，打印时会显示为方框，请手工补写")
        self.characters = characters


def printables(
    actor: User, members: Sequence[Member], *, at_joining: bool = False, print_id: str = "", check_url: str = ""
) -> list[RegistrationForm]:
    """Return the texts of the members' papers as the actor may print them (domain/2-printed-forms.md 2.1, 2.2).

    The document's number is whole for herself and with MEMBER_PRINT_FULL, else masked; the salary stands there only
    with MEMBER_SALARY; the family only for who reads it; the rights are those over the member as she is today.
    `at_joining` prints what was approved, else what holds today. NO is the application's number, or the member number;
    empty fields print blank. `print_id` is what the proof on the paper is made of, if it has one; `check_url` is where
    it is checked.
    """
    admissions = filing.admissions_of(members)
    return [
        _printable(
            actor,
            member,
            admissions[member.id],
            at_joining=at_joining,
            code=filing.proof_code(print_id, member.id) if print_id else "",
            check_url=check_url,
        )
        for member in members
    ]


def _printable(
    actor: User, member: Member, joined: filing.AsJoined, *, at_joining: bool, code: str, check_url: str
) -> RegistrationForm:
    row: Member | MemberVersion = joined.version if at_joining else member

    def text(name: str) -> str:
        return sight.shown(FIELD[name], sight.raw_value(row, name), sight.can_see(actor, FIELD[name], member))

    is_own = member.user_id == actor.id
    number_is_whole = is_own or actor.may(Permission.MEMBER_PRINT_FULL, member.unit)
    number_sight = sight.Sight.FULL if number_is_whole else sight.Sight.MASKED
    reads_family = sight.can_see(actor, FIELD["family_members"], member) is sight.Sight.FULL
    plain = {name: text(name) for name in PLAIN}
    texts: dict[str, Any] = plain | {
        "serial": joined.serial or plain["member_no"],
        "id_number": sight.shown(FIELD["id_number"], row.id_number, number_sight),
        "dues_base": row.dues_base or "" if actor.may(Permission.MEMBER_SALARY, member.unit) and not is_own else "",
        "photo": uploads.content_of(row.photo) if row.photo is not None else None,
        "family": _family(row) if reads_family else (),
        "resume": _resume(row),
        "birth_month": f"{row.birth_date.year}年{row.birth_date.month}月" if row.birth_date else "",
        "pledge": joined.pledge_text,
        "applied_on": joined.applied_on,
        "proof": filing.shown_code(code),
        "proof_url": check_url + code if code else "",
        "printed_at": show_time(now()),
        "operator": actor.label,
    }
    if opinion := settings.value("members_opinion"):
        texts |= {
            "opinion": opinion,
            "opinion_date": show_date(joined.study_date),
            "branch_opinion": opinion,
            "branch_opinion_date": show_date(joined.opinion_on),
            "study_date": joined.study_date,
        }
    return RegistrationForm(**texts)


def _family(row: Member | MemberVersion) -> list[FamilyRow]:
    field = FIELD["family_members"]
    names = [column.name for column in field.rows]
    rows = [dict(zip(names, cells, strict=True)) for cells in kinds.table(field, row.family_members)]
    return [FamilyRow(**{name: one[name] for name in FAMILY_COLUMNS}) for one in rows]


def _resume(row: Member | MemberVersion) -> list[ResumeRow]:
    return [
        ResumeRow(
            period=f"{_month(one['start'])}—{_month(one['end']) if one.get('end') else '至今'}",
            place=one.get("place") or "",
            post=one.get("post") or "",
        )
        for one in row.resume or ()
    ]


def _month(text: str) -> str:
    return text[:7].replace("-", ".")


def print_form(
    actor: User,
    member_id: int,
    *,
    check_url: str,
    papers: Papers = Papers.REGISTRATION,
    at_joining: bool = False,
    with_boxes: bool = False,
) -> Rendered:
    """Return the papers of one member as a PDF, and leave the trace; it is made with no transaction open.

    Raises Absent, PdfError, and MissingGlyphs where characters have no font, unless `with_boxes`.
    """
    print_id = crypto.random_token()
    member = service.find(actor, member_id, Permission.MEMBER_PRINT)
    [form] = printables(actor, [member], at_joining=at_joining, print_id=print_id, check_url=check_url)
    database.release()
    rendered = printing.registration_form(form, papers)
    if rendered.missing and not with_boxes:
        raise MissingGlyphs(rendered.missing)
    database.writes()
    member = service.find(actor, member_id, Permission.MEMBER_PRINT)  # whose right has ended meanwhile gets nothing
    audit.record(actor, "member.print", member, details={"missing": list(rendered.missing)} if rendered.missing else {})
    filing.keep_prints(
        actor, [(member.id, member.unit_id)], print_id=print_id, papers=papers, at_joining=at_joining, of_batch=False
    )
    return rendered
