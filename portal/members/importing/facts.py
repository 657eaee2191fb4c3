"""What the house knows about the people of some rows, asked for all of them at once; and which of them a row means.

The order is fixed and stands on the page: the document, then 会员证号, then 工号 together with the name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, select

from portal.core import crypto
from portal.core.db import db
from portal.core.kinds import PENDING_STAFF_NO
from portal.members import filing, many
from portal.members.enums import MembershipStatus
from portal.members.importing.door import Document, Waiting, applications
from portal.members.models import Member

ORDER = "证件号码（连同证件类型）→ 会员证号 → 工号（并且姓名相同）"


@dataclass(frozen=True, slots=True)
class Held:
    """What is asked of a member to know whether a row means her."""

    id: int
    unit_id: int
    user_id: int | None
    status: str
    name: str
    staff_no: str | None
    member_no: str | None
    document: Document | None


@dataclass(slots=True)
class Facts:
    """Members and applications that some rows may mean, and the present version of each member."""

    by_document: dict[Document, Held] = field(default_factory=dict)
    by_member_no: dict[str, Held] = field(default_factory=dict)
    by_staff_no: dict[str, Held] = field(default_factory=dict)
    waiting: Mapping[Document, Waiting] = field(default_factory=dict)
    mobiles: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))  # by index: active members
    versions: dict[int, int] = field(default_factory=dict)
    on_paper: set[int] = field(default_factory=set)  # whose form is printed: two people change who she is

    def meant(self, values: Mapping[str, Any], document: Document | None) -> Held | None:
        """Return the member whom a row with these values means; None where it means nobody here."""
        name = values.get("name")
        by_document = self.by_document.get(document) if document is not None else None
        by_number = self.by_member_no.get(values.get("member_no") or "")
        by_staff_no = self.by_staff_no.get(staff_no_of(values) or "")
        if by_document is not None:
            return by_document
        if by_number is not None and name in (None, by_number.name):
            return by_number
        return by_staff_no if by_staff_no is not None and by_staff_no.name == name else None


def staff_no_of(values: Mapping[str, Any]) -> str | None:
    """Return the 工号 that the values name, None for none and for one that is not given out yet."""
    number = values.get("staff_no")
    return None if number in (None, "", PENDING_STAFF_NO) else str(number)


def document_of(values: Mapping[str, Any]) -> Document | None:
    """Return the document that values as they were checked name."""
    number = values.get("id_number")
    return (str(values["id_type"]), crypto.index("id_number", str(number))) if number else None


def look(rows: Collection[tuple[Mapping[str, Any], Document | None]], *, mobiles_too: bool = True) -> Facts:
    """Return what is known about the people of `rows`, each given as its values and document."""
    facts = Facts()
    held: dict[int, Held] = {}
    documents = {document for _, document in rows if document is not None}
    for kind in sorted({kind for kind, _ in documents}):
        indexes = (index for one, index in documents if one == kind)
        for one in _members(Member.id_index, indexes, held, Member.id_type == kind):
            facts.by_document[kind, one.document[1] if one.document else ""] = one
    for one in _members(Member.member_no, {str(values.get("member_no") or "") for values, _ in rows}, held):
        facts.by_member_no[str(one.member_no)] = one
    for one in _members(Member.staff_no, {staff_no_of(values) or "" for values, _ in rows}, held):
        facts.by_staff_no[str(one.staff_no)] = one
    facts.waiting = applications().waiting(sorted({index for _, index in documents}))
    meant = {her.id for values, document in rows if (her := facts.meant(values, document)) is not None}
    facts.versions = many.present_versions(sorted(meant))
    for some in many.in_chunks(sorted(meant)):
        facts.on_paper |= filing.on_paper(some)
    numbers = {values.get("mobile") for values, _ in rows} if mobiles_too else set()
    mobiles = sorted(crypto.index("mobile", number) for number in numbers if number)
    for chunk in many.in_chunks(mobiles):
        query = select(Member.mobile_index, Member.id, Member.membership_status).where(Member.mobile_index.in_(chunk))
        for row in db.session.execute(query):  # with the status in the condition SQLite reads all who are active
            if row.membership_status == MembershipStatus.ACTIVE.value:
                facts.mobiles[row.mobile_index].add(row.id)
    return facts


def _members(
    column: Any, values: Iterable[str], held: dict[int, Held], beside: ColumnElement[bool] | None = None
) -> Iterable[Held]:
    """Return the members of whom `column` is one of `values`; those known already as they are `held`."""
    for chunk in many.in_chunks(sorted(value for value in values if value)):
        condition: ColumnElement[bool] = column.in_(chunk)
        if beside is not None:
            condition = beside & condition
        query = select(
            Member.id, Member.unit_id, Member.user_id, Member.membership_status, Member.name, Member.staff_no,
            Member.member_no, Member.id_type, Member.id_index,
        ).where(condition)  # fmt: skip
        for row in db.session.execute(query):
            if row.id not in held:
                document = (row.id_type, row.id_index) if row.id_index else None
                held[row.id] = Held(
                    row.id, row.unit_id, row.user_id, row.membership_status, row.name, row.staff_no, row.member_no,
                    document,
                )  # fmt: skip
            yield held[row.id]
