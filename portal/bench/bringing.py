"""`import`: a list of members read, judged and written, beside calamine reading it and bare SQL writing its rows."""

from __future__ import annotations

import contextlib
import io
import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import func, select

from portal.core import crypto, kinds, workbooks
from portal.core import db as database
from portal.core.db import db, new_uuid
from portal.core.kinds import Kind
from portal.demo import people
from portal.members import many, numbers
from portal.members.catalogue import FIELD
from portal.members.enums import ChangeType, EmploymentStatus
from portal.members.importing import facts, shell
from portal.members.importing.committing import REASON
from portal.members.importing.headings import NAMES
from portal.members.models import Member, MemberVersion
from portal.org import access
from portal.org.models import OrgUnit, User

from .measuring import Case
from .place import DATABASE, SEED, UNION, Place, csrf_token

PAGE_ROWS, COMMAND_ROWS = 10_000, 50_000
PAGE = "/members/import"
FLOOR = "floor.db"
TABLES = (Member.__tablename__, MemberVersion.__tablename__)
BY_US = ("member_no",)  # of all that a list may say, what this one leaves to the portal
CHOSEN = (Kind.CHOICE, Kind.MULTI_CHOICE, Kind.BOOL)  # which a sheet has in words
# what no two runs write alike: random identities, ciphertexts bound to them, and the time of day
_RANDOM = re.compile(r"uuid|batch_id|recorded_at|.*_sealed")


def import_cases(place: Place, *, page_rows: int = PAGE_ROWS, command_rows: int = COMMAND_ROWS) -> list[Case]:
    """Return the two cases: a list by the page, looked at and written, and a longer one by the command.

    All are members who joined long ago, so that each becomes a member with a version, and is given the next number of
    her union. Every round begins with the seeded database.
    """
    copy = place.copied()
    by_page, by_command = (_List(copy, rows) for rows in (page_rows, command_rows))

    def signed_in() -> FlaskClient:
        copy.renew()
        return copy.browser(UNION)

    def page(browser: FlaskClient) -> str:
        return bring(browser, by_page.path)

    def shell_command(_: None) -> str:
        return command(copy, by_command.path)

    return [
        _case(f"网页导入 {page_rows} 行", by_page, arrange=signed_in, ours=page),
        _case(f"命令导入 {command_rows} 行", by_command, arrange=copy.renew, ours=shell_command),
    ]


def _case(name: str, given: _List, *, arrange: Any, ours: Any) -> Case:
    bare = _Bare(given)

    def begun_anew() -> Any:
        bare.renew()
        return arrange()

    return Case(
        name, floor=bare.bring, ours=ours, same=lambda people, _: given.is_written(people), arrange=begun_anew,
        has_children=True,
    )  # fmt: skip


def bring(browser: FlaskClient, path: Path) -> str:
    """Bring the list by the page, look at the preview, write it, and return the page that says so."""
    form = {"csrf_token": csrf_token(browser.get(PAGE).get_data(as_text=True)), "is_historic": "y"}
    form["file"] = (io.BytesIO(path.read_bytes()), path.name)  # type: ignore[assignment]  # a file among texts
    address = browser.post(PAGE, data=form).location
    if address is None:
        raise RuntimeError("the list was not taken; on a machine this busy its reader may have run out of time")
    preview = browser.get(address).get_data(as_text=True)
    seen = re.search(r'name="seen"[^>]* value="(\d+)"', preview)
    told = {"csrf_token": csrf_token(preview), "seen": seen[1] if seen else ""}
    browser.post(f"{address}/commit", data=told)
    return browser.get(address).get_data(as_text=True)


def command(copy: Place, path: Path) -> str:
    """Bring the list as the command does, and return its report."""
    with copy.app.app_context(), contextlib.redirect_stderr(io.StringIO()):
        database.writes()
        actor = db.session.scalars(select(User).where(User.username == UNION)).one()
        report = shell.bring(actor, path.read_bytes(), path.name, is_historic=True, is_meant=True)
        db.session.commit()
    return json.dumps(report, ensure_ascii=False, indent=1)


# --- the list ---------------------------------------------------------------------------------------------------------


class _List:
    """A workbook of invented members of all unions in turn, and beside it a database with the rows they become.

    Both are kept with the place, so that a process whose memory is watched finds them made.
    """

    def __init__(self, copy: Place, rows: int) -> None:
        kept = copy.folder.parent
        self.copy = copy
        self.path, self.rows = kept / f"members-{rows}.xlsx", kept / f"members-{rows}.db"
        if not self.path.exists():
            copy.renew()
            with copy.app.app_context():
                database.writes()
                self._make(rows)
                db.session.remove()

    def _make(self, rows: int) -> None:
        homes = db.session.scalars(select(OrgUnit).where(OrgUnit.accepts_members).order_by(OrgUnit.id)).all()
        last = [db.session.scalar(select(func.max(table.id))) for table in (Member, MemberVersion)]
        made = list(islice(_invented(homes, date.fromisoformat(self.copy.day), rows), rows))
        columns = [name for name in NAMES if name not in BY_US]
        tab = workbooks.Tab(
            "会员", [[FIELD[name].label for name in columns], *(_texts(*one, columns) for one in made)], heading_row=1
        )
        content = workbooks.write([tab])
        actor = db.session.scalars(select(User).where(User.username == UNION)).one()
        for some in many.in_chunks(_numbered(made)):
            many.begin(some, actor, reason=REASON, batch_id=new_uuid())
        db.session.commit()
        db.session.remove()
        self.rows.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(self.copy.folder / DATABASE)) as connection:
            connection.execute("ATTACH ? AS kept", (str(self.rows),))
            for table, known in zip(TABLES, last, strict=True):
                connection.execute(f"CREATE TABLE kept.{table} AS SELECT * FROM {table} WHERE id > {known}")
            connection.commit()
        self.path.write_bytes(content)

    def is_written(self, people: Sequence[tuple[str, str]]) -> bool:
        """Whether floor and candidate have written the same, and it is these people (name, document) in this order."""
        with contextlib.closing(sqlite3.connect(self.rows)) as connection:
            first = [connection.execute(f"SELECT min(id) FROM {table}").fetchone()[0] for table in TABLES]
        floor, ours = (
            [list(_written(file, table, known)) for table, known in zip(TABLES, first, strict=True)]
            for file in (self.copy.folder / FLOOR, self.copy.folder / DATABASE)
        )
        with contextlib.closing(sqlite3.connect(self.copy.folder / DATABASE)) as connection:
            found = connection.execute("SELECT name, id_index FROM members WHERE id >= ? ORDER BY id", (first[0],))
            known_by = found.fetchall()
        named = [(name, crypto.index("id_number", number)) for name, number in people]
        return floor == ours and known_by == named


def _written(path: Path, table: str, first: int) -> Iterator[tuple[Any, ...]]:
    """Return the rows of the table from the number `first` on, but for what is random in them."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if not _RANDOM.fullmatch(row[1])]
        yield from connection.execute(f"SELECT {', '.join(columns)} FROM {table} WHERE id >= ? ORDER BY id", (first,))


def _invented(homes: Sequence[OrgUnit], day: date, rows: int) -> Iterator[tuple[dict[str, Any], OrgUnit]]:
    """Return people who are nobody here, each with her values and her union."""
    rng = Random(f"{SEED}/import/{rows}")
    inventor = people.Inventor(rng, profile="city", today=day)
    number = 0
    while True:
        some: list[tuple[dict[str, Any], OrgUnit]] = []
        while len(some) < many.CHUNK:
            unit = rng.choice(homes)
            one = inventor.member(people.Place(unit.name, ("综合部", "生产部", "技术部"), "city"))
            if one.is_active:
                number += 1
                # nobody here has such a number, nor such a phone
                values = one.values | {"staff_no": f"B{number:07}", "mobile": f"198{number:08}"}
                some.append((values, unit))
        known = facts.look([(values, facts.document_of(values)) for values, _ in some])
        for values, unit in some:
            document = facts.document_of(values)
            if known.meant(values, document) is None and document not in known.waiting:
                yield values, unit


def _texts(values: dict[str, Any], unit: OrgUnit, columns: Sequence[str]) -> list[str]:
    """Return the cells of a row: choices in words, days in ISO."""
    texts = []
    for name in columns:
        field, value = FIELD[name], values.get(name)
        texts.append(kinds.show(field, value) if field.kind in CHOSEN else kinds.to_input(field, value))
    texts[columns.index("branch")] = unit.name
    return texts


def _numbered(made: Sequence[tuple[dict[str, Any], OrgUnit]]) -> Iterator[many.Beginning]:
    """Return the people as the members they are to become, each with the next number of her union."""
    codes = {unit.id: access.approving_unit(unit).code for _, unit in made}
    series = [numbers.scope_of(codes[unit.id], values["join_date"].year) for values, unit in made]
    given: dict[str, int] = defaultdict(int, numbers.values_of(series))
    for (values, unit), scope in zip(made, series, strict=True):
        given[scope] += 1
        joined = values["join_date"]
        held = {name: values.get(name) for name in NAMES if name != "branch"}
        held |= {
            "member_no": f"{codes[unit.id]}-{joined.year}-{given[scope]:05d}",
            "employment_status": values["employment_status"] or EmploymentStatus.AT_WORK.value,
        }
        yield many.Beginning(held, unit.id, joined, [many.Turn(ChangeType.JOINED, joined, to_unit_id=unit.id)])


# --- the floor --------------------------------------------------------------------------------------------------------


class _Bare:
    """The floor: calamine reads the list, sqlite3 writes the rows, sealed and derived already, with their versions."""

    def __init__(self, given: _List) -> None:
        self._given = given
        self._rows: list[tuple[str, list[tuple[Any, ...]]]] = []

    def renew(self) -> None:
        """Let the next round write into the seeded database."""
        self._given.copy.copy_database(self._given.copy.folder / FLOOR)

    def bring(self) -> list[tuple[str, str]]:
        """Read the list and write the rows; return name and document of each person."""
        from python_calamine import load_workbook  # the portal itself has it only in a child process

        statements = self._statements()
        head, *rows = load_workbook(io.BytesIO(self._given.path.read_bytes())).get_sheet_by_index(0).to_python()
        with contextlib.closing(sqlite3.connect(self._given.copy.folder / FLOOR, isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("BEGIN IMMEDIATE")
            for statement, values in statements:
                connection.executemany(statement, values)
            connection.execute("COMMIT")
        name, number = (head.index(FIELD[one].label) for one in ("name", "id_number"))
        return [(str(row[name]), str(row[number])) for row in rows]

    def _statements(self) -> list[tuple[str, list[tuple[Any, ...]]]]:
        """Return what is to be written; fetched in the first round, which is not timed."""
        if not self._rows:
            with contextlib.closing(sqlite3.connect(self._given.rows)) as connection:
                for table in TABLES:
                    cursor = connection.execute(f"SELECT * FROM {table} ORDER BY id")
                    columns = [column[0] for column in cursor.description]
                    marks = ", ".join("?" * len(columns))
                    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
                    self._rows.append((statement, cursor.fetchall()))
        return self._rows
