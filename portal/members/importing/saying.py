"""What a row of a sheet says: each cell read by the kind of its field, the branch found, what is wrong named."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select

from portal.core import crypto, kinds
from portal.core.db import db
from portal.core.errors import DomainError
from portal.core.fields import FieldError
from portal.core.kinds import Kind
from portal.core.kinds.cleaning import for_code, quoted
from portal.core.kinds.words import tail
from portal.members import documents
from portal.members.importing.door import Document
from portal.members.importing.headings import CHANGE, NAMES, field_of
from portal.members.importing.reading import SheetRow
from portal.org.models import OrgUnit
from portal.org.units import service as units

# what hardly ever stands on a sheet twice, so that to remember it helps nobody
_OF_ONE = (Kind.NAME, Kind.ID_NUMBER, Kind.PHONE, Kind.STAFF_NO, Kind.LONG_TEXT, Kind.MONEY)
_UNIQUE = frozenset(name for name in (*NAMES, *CHANGE) if field_of(name).kind in _OF_ONE)
_REMEMBERED_MOST = 50_000
_UNREAD = object()
_NUMBERS = re.compile(r"\d{10,}[\dXx]?")
_ENDINGS = ("分工会", "工会", "")

Finding = tuple[str | None, str]  # field (None: the row as a whole) and sentence


def hide_numbers(sentence: str) -> str:
    """Return the sentence with the numbers of documents and phones that it repeats hidden but for their tails."""
    return _NUMBERS.sub(lambda found: tail(found[0]), sentence)


@dataclass(frozen=True, slots=True)
class Branch:
    """A unit to which the actor may bring members."""

    id: int
    code: str
    name: str


@dataclass(slots=True)
class Said:
    """What the row `number` says: parsed values by catalogue name, where the person belongs, who she is.

    `read` is what her document tells.
    """

    number: int
    values: dict[str, Any] = field(default_factory=dict)
    unit_id: int | None = None
    document: Document | None = None
    read: documents.Document | None = None
    errors: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)

    def error(self, name: str | None, sentence: str) -> None:
        """Add what stops the row."""
        self.errors.append((name, hide_numbers(sentence)))

    def warn(self, name: str | None, sentence: str) -> None:
        """Add what somebody should look at."""
        self.warnings.append((name, hide_numbers(sentence)))


class Places:
    """The units below `under` that take members, found by code or name, or by the department as HR writes it.

    `branch_of(department)` returns the id of the unit that the table of departments names, or None. `homeless` are the
    departments asked for that belong to none, in the order of the file.
    """

    def __init__(self, under: OrgUnit, branch_of: Callable[[str], int | None]) -> None:
        query = select(OrgUnit.id, OrgUnit.code, OrgUnit.name).where(
            under.subtree, OrgUnit.accepts_members, OrgUnit.is_enabled
        )
        self._under = under
        self.by_id = {row.id: Branch(row.id, row.code, row.name) for row in db.session.execute(query)}
        self._by_word: dict[str, list[Branch]] = defaultdict(list)
        for branch in self.by_id.values():
            for word in {_plain(branch.code), _plain(branch.name)}:
                self._by_word[word].append(branch)
        self._branch_of = branch_of
        self.homeless: list[str] = []
        self._known: dict[tuple[str, str], Branch | FieldError | None] = {}

    def find(self, branch: str, department: str) -> Branch | None:
        """Return where someone with these two cells belongs; None where neither says it. Raises FieldError."""
        key = (branch, department)
        if key not in self._known:
            try:
                self._known[key] = self._named(branch) if branch else self._of_department(department)
            except FieldError as error:
                self._known[key] = error
        found = self._known[key]
        if isinstance(found, FieldError):
            raise found
        return found

    def _named(self, text: str) -> Branch:
        found = self._by_word.get(_plain(text), [])
        if len(found) == 1:
            return found[0]
        if found:
            raise FieldError(f"所属分工会{quoted(text)}有 {len(found)} 个同名单位，请改填代码", field="branch")
        try:
            unit = units.find_by(text, self._under)  # perhaps by an old name
        except DomainError as error:
            raise FieldError(error.message, field="branch") from error
        if unit is None or unit.id not in self.by_id:
            sentence = f"所属分工会{quoted(text)}不存在、不接收会员或不在您的管理范围内，请核对名称或代码"
            raise FieldError(sentence, field="branch")
        return self.by_id[unit.id]

    def _of_department(self, text: str) -> Branch | None:
        if text:
            number = self._branch_of(text)
            if number is not None and number in self.by_id:
                return self.by_id[number]
            for ending in _ENDINGS:
                found = self._by_word.get(_plain(text) + ending, [])
                if len(found) == 1:
                    return found[0]
        if len(self.by_id) == 1:
            return next(iter(self.by_id.values()))
        if text:
            self.homeless.append(text)
            raise FieldError(
                f"部门{quoted(text)}没有对应的分工会，请填写所属分工会，或先登记部门与分工会的对应", field="branch"
            )
        return None


def _plain(text: str) -> str:
    return for_code(text).replace(" ", "").upper()


class Cells:
    """Reads the texts of cells, and remembers what it has read: sheets repeat themselves."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._known: dict[tuple[str, str], Any] = {}

    def say(self, row: SheetRow) -> Said:
        """Return what a row of a sheet says."""
        said = Said(row.number)
        for name, sentence in row.problems.items():
            said.error(name, sentence)
        for name, sentence in row.warnings:
            said.warn(name, sentence)
        for name, text in (*row.texts.items(), *row.change.items()):
            if name == "branch":
                continue
            value = self._known.get((name, text), _UNREAD)
            if value is _UNREAD:
                value = self._read(name, text)
            if isinstance(value, FieldError):
                said.error(name, value.message)
            elif value is not None:
                said.values[name] = value
        self._know(said)
        if "branch" not in row.problems:
            try:
                branch = self._places.find(row.texts.get("branch", "").strip(), row.texts.get("department", "").strip())
            except FieldError as error:
                said.error("branch", error.message)
            else:
                said.unit_id = branch.id if branch else None
        return said

    def _read(self, name: str, text: str) -> Any:
        """Return what a cell says, or the FieldError that it raises."""
        value: Any
        try:
            value = kinds.parse(field_of(name), text)
        except FieldError as error:
            value = error
        if name not in _UNIQUE:
            if len(self._known) > _REMEMBERED_MOST:
                self._known.clear()
            self._known[name, text] = value
        return value

    def _know(self, said: Said) -> None:
        """Read the document, and let its number win over a birth date that the sheet has beside it."""
        if not said.values.get("id_number"):
            return
        try:
            document = documents.read(said.values.get("id_type"), said.values["id_number"])
        except FieldError as error:
            said.error("id_number", error.message)
            del said.values["id_number"]
            return
        said.read = document
        said.values |= {"id_type": str(document.id_type), "id_number": document.number}
        said.document = (str(document.id_type), crypto.index("id_number", document.number))
        born = said.values.get("birth_date")
        if document.birth_date is not None:
            if isinstance(born, date) and born != document.birth_date:
                said.warn("birth_date", f"名单中的出生日期 {born} 与证件不一致，以证件 {document.birth_date} 为准")
            said.values["birth_date"] = document.birth_date
