"""Lists of people as operators bring them, and the steps of an import, made by the same verbs that the pages call."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from portal.core.db import db
from portal.members import history
from portal.members.catalogue import FIELD
from portal.members.importing import committing, uploading
from portal.members.importing.models import Import, ImportRow, Verdict
from portal.members.importing.uploading import Wish
from portal.members.models import SHARED, Member
from portal.org.models import OrgUnit, User
from tests import factories
from tests.factories import Person

LEAST = ("姓名", "身份证号", "手机号", "所属分工会")
JOINED = date(2020, 5, 1)
_TYPED = ("name", "id_number", "mobile", "staff_no", "department", "education", "join_date", "member_no")


def line(person: Person | Mapping[str, Any], branch: str = "GH01", **cells: Any) -> dict[str, str]:
    """Return the row of someone: what the catalogue calls it as heading, what is typed; `cells` by heading."""
    values = person.values if isinstance(person, Person) else person
    typed = {FIELD[name].label: str(values[name]) for name in _TYPED if values.get(name) is not None}
    return typed | {"所属分工会": branch} | {heading: str(text) for heading, text in cells.items()}


def table(rows: Iterable[Mapping[str, str]]) -> bytes:
    """Return a csv file with these rows under all their headings."""
    rows = list(rows)
    headings = list(dict.fromkeys(heading for row in rows for heading in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, headings, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def bring(
    actor: User, unit: OrgUnit, *rows: Mapping[str, str], raw: bytes = b"", file_name: str = "名单.csv", **wish: bool
) -> Import:
    """Let the actor upload these rows (or the file `raw`) to the unit and return the preview; commits."""
    unit_id = unit.id
    db.session.commit()
    item = uploading.upload(actor, raw or table(rows), file_name, Wish(unit_id, **wish))
    db.session.commit()
    return item


def commit(actor: User, item: Import, **how: Any) -> Import:
    """Let the actor write the preview; commits."""
    number = item.id
    db.session.commit()
    done = committing.take_in(actor, number, **how)
    db.session.commit()
    return done


def judged(item: Import) -> list[ImportRow]:
    """Return the rows of an import in the order of the file."""
    return list(db.session.scalars(select(ImportRow).where(ImportRow.import_id == item.id).order_by(ImportRow.number)))


def verdicts(item: Import) -> list[Verdict]:
    """Return the verdicts in the order of the file."""
    return [row.verdict for row in judged(item)]


def errors(item: Import) -> list[list[list[str]]]:
    """Return (field, sentence) of every row in the order of the file."""
    return [row.data["errors"] for row in judged(item)]


def warnings(item: Import) -> list[str]:
    """Return all warnings."""
    return [sentence for row in judged(item) for _, sentence in row.data["warnings"]]


def content(member: Member) -> dict[str, Any]:
    """Return all that a member's record says, and by what she is found."""
    columns = {name: getattr(member, name) for name in SHARED}
    found_by = ("unit_id", "name_pinyin", "name_initials", "name_plain", "id_index", "mobile_index", "user_id")
    return history.opened(columns) | {name: getattr(member, name) for name in found_by}


def everybody() -> list[Member]:
    """Return all members in the order of their numbers."""
    return list(db.session.scalars(select(Member).order_by(Member.id)))


def a_historic(**values: Any) -> Person:
    """Return someone who joined long ago."""
    return factories.a_person(**{"join_date": JOINED, **values})
