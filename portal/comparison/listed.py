"""Who stands on the personnel office's list: each row with the values that are compared, and what could not be used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from portal.core import crypto, kinds
from portal.core.fields import Field, FieldError, Seen
from portal.core.kinds import PENDING_STAFF_NO, Kind
from portal.members import documents, names
from portal.members.catalogue import FIELD, FIELDS
from portal.members.importing.headings import NAMES
from portal.members.importing.reading import SheetRow
from portal.members.importing.saying import hide_numbers
from portal.org.units.models import plain

# what tells who someone is, or is written in many ways, or said by others; the branch has a list of its own
_NOT_COMPARED = frozenset({
    "id_type", "sex", "birth_date", "branch", "member_no", "join_date", "home_address", "remark", "hobbies",
    "native_place", "household_place",
})  # fmt: skip
# an open field, the mobile, or the document: no salary, no family
COMPARED: tuple[Field, ...] = tuple(
    one for one in FIELDS
    if one.name in NAMES and one.name not in _NOT_COMPARED
    and (one.seen is Seen.OPEN or one.name in ("mobile", "id_number"))
)  # fmt: skip
_READ = {one.name for one in COMPARED} | {"id_type", "birth_date"}
_REPEATED = frozenset({Kind.CHOICE, Kind.TEXT, Kind.BOOL, Kind.MONTH, Kind.DATE})  # cells that sheets repeat
_NONE_WORDS = frozenset({"无", "没有", "否"})  # 职务: 无 says the same as an empty cell

Document = tuple[str, str]  # the type, and the keyed index of the number


@dataclass(slots=True)
class Listed:
    """Someone on the list, in the row `number` of the sheet; `values` are parsed, by catalogue name."""

    number: int
    name: str
    staff_no: str | None = None
    document: Document | None = None
    born: date | None = None
    department: str = ""
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def plain_name(self) -> str:
        """The name as names are compared."""
        return names.search_key(self.name)

    @property
    def key(self) -> str:
        """What tells this person from others on any list, without being readable."""
        if self.document is not None:
            said = "|".join(self.document)
        elif self.staff_no is not None:
            said = f"{self.staff_no}|{self.plain_name}"
        else:
            said = f"{self.plain_name}|{self.born or ''}|{plain(self.department)}"
        return crypto.index("comparison_row", said)

    def as_plain(self) -> dict[str, Any]:
        """Return the row as JSON holds it."""
        return {
            "number": self.number,
            "document": list(self.document) if self.document else None,
            "born": self.born.isoformat() if self.born else None,
            "department": self.department,
            "values": kinds.plain(self.values),
        }


def from_plain(said: dict[str, Any]) -> Listed:
    """Return the row that `as_plain` has written."""
    values: dict[str, Any] = {name: kinds.from_plain(FIELD[name], value) for name, value in said["values"].items()}
    return Listed(
        said["number"],
        values["name"],
        values.get("staff_no"),
        tuple(said["document"]) if said["document"] else None,
        date.fromisoformat(said["born"]) if said["born"] else None,
        said["department"],
        values,
    )


class Problems:
    """What could not be used, each sentence once with the numbers of its rows."""

    def __init__(self) -> None:
        self._rows: dict[str, list[int]] = defaultdict(list)

    def tell(self, number: int, sentence: str) -> None:
        """Add a row; numbers of documents and phones that the sentence repeats are hidden but for their tails."""
        self._rows[hide_numbers(sentence)].append(number)

    def told(self) -> list[tuple[str, list[int]]]:
        """Return the sentences in the order of their first rows."""
        return sorted(self._rows.items(), key=lambda one: (one[1][0], one[0]))


class Reader:
    """Reads rows; what cannot be used is told, and the rest of the row counts all the same."""

    def __init__(self) -> None:
        self.problems = Problems()
        self._known: dict[tuple[str, str], Any] = {}

    def people(self, rows: Iterable[SheetRow]) -> list[Listed]:
        """Return who stands in the rows. A row without a name, or with nothing else to know her by, is told."""
        return [one for one in map(self._person, rows) if one is not None]

    def _person(self, row: SheetRow) -> Listed | None:
        for name, sentence in row.problems.items():
            if name in _READ:
                self.problems.tell(row.number, sentence)
        vague = {name for name, _ in row.warnings} & _READ - {"birth_date"}
        for name in sorted(vague):
            self.problems.tell(row.number, f"{FIELD[name].label}写得不完整（例如只有年份），没有比对")
        values: dict[str, Any] = {}
        for name, text in row.texts.items():
            if name not in _READ or name in vague:
                continue
            try:
                values[name] = self._value(name, text)
            except FieldError as error:
                self.problems.tell(row.number, error.message)
        if not isinstance(values.get("name"), str):
            self.problems.tell(row.number, "没有可用的姓名，没有比对")
            return None
        return self._known_by(row, {name: value for name, value in values.items() if value is not None})

    def _known_by(self, row: SheetRow, values: dict[str, Any]) -> Listed:
        exact = "birth_date" not in {name for name, _ in row.warnings}
        born = values.pop("birth_date", None)
        kind = values.pop("id_type", None)
        said = Listed(row.number, values["name"], born=born if exact else None, values=values)
        if values.get("staff_no") == PENDING_STAFF_NO:
            del values["staff_no"]
        said.staff_no = values.get("staff_no")
        said.department = values.get("department", "")
        if "id_number" in values:
            try:
                document = documents.read(kind, values["id_number"])
            except FieldError as error:
                self.problems.tell(row.number, error.message)
                del values["id_number"]
            else:
                values |= {"id_type": str(document.id_type), "id_number": document.number}
                said.document = (str(document.id_type), crypto.index("id_number", document.number))
                said.born = document.birth_date or said.born
        return said

    def _value(self, name: str, text: str) -> Any:
        one = FIELD[name]
        if one.kind not in _REPEATED:
            return kinds.parse(one, text)
        if (name, text) not in self._known:
            try:
                self._known[name, text] = kinds.parse(one, text)
            except FieldError as error:
                self._known[name, text] = error
        value = self._known[name, text]
        if isinstance(value, FieldError):
            raise value
        return value


def same_value(one: Field, ours: Any, theirs: Any) -> bool:
    """Whether a member's value and the list's say the same: 无 is no duty, spaces in a department are nothing."""
    if ours == theirs:
        return True
    if one.kind is Kind.NAME:
        return names.search_key(ours or "") == names.search_key(theirs)
    if one.kind is Kind.TEXT:
        left, right = (_said(value) for value in (ours, theirs))
        return left == right
    return False


def _said(value: Any) -> str:
    text = plain(str(value or ""))
    return "" if text in _NONE_WORDS else text
