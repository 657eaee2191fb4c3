"""Writing many invented members at once: accounts, records, versions, changes, with one line in the trace a batch."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from sqlalchemy import delete, insert

from portal.core import audit, uploads
from portal.core.actors import SHELL
from portal.core.calendar import now
from portal.core.db import OPEN_END, db, new_uuid
from portal.members import history
from portal.members.catalogue import completeness
from portal.members.enums import ChangeReason, ChangeType, MembershipStatus
from portal.members.models import SHARED, ChildBirth, Member, MembershipChange, MemberVersion, NumberCounter
from portal.org import access
from portal.org.models import OrgUnit, User

from .drawing import day_between, happens, years_on
from .people import Invented, Inventor, Place, Turn
from .portraits import VARIANTS, portrait

audit.name_acts({"demo.members": "建立虚构会员"})

Row = dict[str, Any]

PHOTOS = 40  # so many members have one; each is a file
WITH_PHOTOS = (0, 1)  # the units in which one tries things out
MOVED = 0.03  # of the members have changed their branch in the last three years
_NULLS_TOO = {"render_nulls": True}  # else a statement is made for each set of fields that happen to be filled
_SIGNS_IN = frozenset({MembershipStatus.ACTIVE, MembershipStatus.RETAINED})
_REASONS = {ChangeType.JOINED: "入会", ChangeType.MOVED_BRANCH: "校内转会", ChangeType.RETAINED: "办理保留会籍"}


@dataclass(frozen=True)
class Home:
    """A unit that takes members."""

    unit_id: int
    place: Place
    approving_code: str


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What the rest of the demo needs to know of a member."""

    id: int
    user_id: int
    username: str
    home: int  # the place of her unit in the list of homes
    sex: str | None
    joined: date
    is_active: bool
    filled: int  # of the 44 fields


def homes_of(units: Sequence[OrgUnit], places: Sequence[Place | None]) -> list[Home]:
    """Return the homes among the units; `places` stands beside them, None for a unit without members."""
    return [
        Home(unit.id, place, access.approving_unit(unit).code)
        for unit, place in zip(units, places, strict=True)
        if place is not None
    ]


class Enrolment:
    """Enrols invented members; the member numbers of each union and year run on from batch to batch."""

    def __init__(self, rng: Random, inventor: Inventor, homes: Sequence[Home], *, today: date) -> None:
        self._rng = rng
        self._inventor = inventor
        self._homes = homes
        self._today = today
        self._sisters: dict[str, list[Home]] = defaultdict(list)
        for home in homes:
            self._sisters[home.approving_code].append(home)
        self._given: Counter[tuple[str, int]] = Counter()
        self._photos = 0

    def enrol(self, homes: Sequence[int]) -> list[Enrolled]:
        """Invent and write one member for each of `homes` (places in the list of homes), in the order of joining."""
        batch = new_uuid()
        invented = [(home, self._inventor.member(self._homes[home].place)) for home in homes]
        invented.sort(key=lambda pair: (pair[1].joined, pair[1].values["name"]))
        people = [self._settled(home, person) for home, person in invented]
        user_ids = _insert(User, [self._user(row) for _, row, _ in people])
        for (_, row, _), user_id in zip(people, user_ids, strict=True):
            row["user_id"] = user_id
        member_ids = _insert(Member, [row for _, row, _ in people])
        self._write_rest(people, member_ids, batch)
        self._store_counters({self._series(home, person) for home, person in invented})
        audit.record(SHELL, "demo.members", batch_id=batch, details={"members": len(people)})
        return [
            Enrolled(
                id=member_id,
                user_id=row["user_id"],
                username=_username(row),
                home=home,
                sex=row["sex"],
                joined=person.joined,
                is_active=person.is_active,
                filled=completeness(person.values.get) + (row["photo"] is not None),
            )
            for (home, _), (person, row, _), member_id in zip(invented, people, member_ids, strict=True)
        ]

    def _series(self, home: int, person: Invented) -> tuple[str, int]:
        return self._homes[home].approving_code, person.joined.year

    def _settled(self, home: int, person: Invented) -> tuple[Invented, Row, list[tuple[Turn, int]]]:
        """Return the person, the columns of her record, and her turns with the unit in which each began."""
        unit = self._homes[home]
        series = self._series(home, person)
        self._given[series] += 1
        number = f"{series[0]}-{series[1]}-{self._given[series]:05d}"
        values = person.values | {"member_no": number}
        if person.is_active and home in WITH_PHOTOS and self._photos < PHOTOS:
            picture = portrait((self._photos // 2 * 2 + (values["sex"] != "1")) % VARIANTS)
            values["photo"] = uploads.keep(SHELL, picture, kind="photo").id
            self._photos += 1
        row = history.columns_of(values, unit_id=unit.unit_id, uuid=new_uuid())
        return person, row, self._places(home, person)

    def _places(self, home: int, person: Invented) -> list[tuple[Turn, int]]:
        rng, unit_id = self._rng, self._homes[home].unit_id
        turns = [(turn, unit_id) for turn in person.turns]
        sisters = self._sisters[self._homes[home].approving_code]
        first = max(person.joined + timedelta(days=1), years_on(self._today, -3))
        if len(turns) > 1 or first >= self._today or not happens(rng, MOVED):
            return turns
        before = rng.choice(sisters)
        if before.unit_id == unit_id:
            return turns
        moved = Turn(ChangeType.MOVED_BRANCH, day_between(rng, first, self._today), ChangeReason.MOVED_BRANCH)
        return [(turns[0][0], before.unit_id), (moved, unit_id)]

    def _user(self, row: Row) -> Row:
        return {
            "username": _username(row),
            "name": row["name"],
            "password_hash": None,
            "must_change_password": False,
            "is_enabled": row["membership_status"] in _SIGNS_IN,
            "failed_logins": 0,
            "created_at": now(),
        }

    def _write_rest(
        self, people: list[tuple[Invented, Row, list[tuple[Turn, int]]]], member_ids: Sequence[int], batch: str
    ) -> None:
        versions: list[Row] = []
        changes: list[Row] = []
        births: list[Row] = []
        for (person, row, turns), member_id in zip(people, member_ids, strict=True):
            versions += _versions(row, turns, member_id, batch)
            changes += _changes(turns, member_id)
            births += [birth | {"member_id": member_id} for birth in history.births_of(person.values["children"])]
        for model, rows in ((MemberVersion, versions), (MembershipChange, changes), (ChildBirth, births)):
            if rows:
                db.session.execute(insert(model), rows, execution_options=_NULLS_TOO)

    def _store_counters(self, series: set[tuple[str, int]]) -> None:
        """Let the counters stand where the numbers of these approving units and years have come to."""
        rows = [
            {"scope": f"member_no:{code}:{year}", "value": self._given[code, year]} for code, year in sorted(series)
        ]
        scopes = [row["scope"] for row in rows]
        db.session.execute(delete(NumberCounter).where(NumberCounter.scope.in_(scopes)))
        db.session.execute(insert(NumberCounter), rows)


def _username(row: Row) -> str:
    return str(row["staff_no"] or row["member_no"])


def _insert(model: type[Any], rows: list[Row]) -> list[int]:
    """Insert the rows and return their numbers in the same order."""
    if not rows:
        return []
    statement = insert(model).returning(model.id, sort_by_parameter_order=True)
    return list(db.session.scalars(statement, rows, execution_options=_NULLS_TOO))


def _versions(row: Row, turns: list[tuple[Turn, int]], member_id: int, batch: str) -> list[Row]:
    """Return the versions that the turns make of the record, oldest first; each holds until the next turn."""
    held = {name: row[name] for name in SHARED}
    until, made = OPEN_END, []
    for turn, unit_id in reversed(turns):
        held = held | {"unit_id": unit_id}
        made.append(
            held
            | {
                "member_id": member_id,
                "valid_from": turn.on,
                "valid_to": until,
                "recorded_at": now(),
                "batch_id": batch,
                "reason": _REASONS.get(turn.kind, turn.kind.label),
            }
        )
        held, until = held | turn.before, turn.on
    return made[::-1]


def _changes(turns: list[tuple[Turn, int]], member_id: int) -> list[Row]:
    """Return the lines of 会籍变化记录; 入会 and 转入 lead to a unit, what ends or rests leaves from one."""
    rows: list[Row] = []
    before: int | None = None
    for turn, unit_id in turns:
        arrives = turn.kind in (ChangeType.JOINED, ChangeType.MOVED_BRANCH)
        rows.append(
            {
                "member_id": member_id,
                "kind": turn.kind,
                "on_date": turn.on,
                "reason": turn.reason,
                "from_unit_id": before,
                "to_unit_id": unit_id if arrives else None,
                "recorded_at": now(),
            }
        )
        before = unit_id
    return rows
