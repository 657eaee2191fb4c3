"""`batch`: a batch edit looked at and written by the page, beside bare SQL that writes the same rows."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from portal.core import crypto
from portal.core import db as database
from portal.core.calendar import today
from portal.core.db import OPEN_END, db
from portal.members.enums import MembershipStatus
from portal.members.models import SHARED, Member, MemberVersion
from portal.org.models import User
from portal.query.models import Selection

from .measuring import Case
from .place import DATABASE, UNION, Place, csrf_token

PEOPLE = 10_000
PAGE = "/query/batches"
FLOOR = "floor.db"
SEE_OTHER = 303
TABLES = (Member.__tablename__, MemberVersion.__tablename__)
NEW = "批量修改后的部门"
_OF = "id IN (SELECT value FROM json_each(?))"
_PRESENT = f"SELECT id FROM member_versions WHERE member_{_OF} AND valid_to = '{OPEN_END}' AND superseded_at IS NULL"  # noqa: S608  # ours alone
_SUPERSEDE = f"UPDATE member_versions SET superseded_at = ? WHERE {_OF} AND valid_from >= ?"  # noqa: S608  # ours alone
_CLOSE = f"UPDATE member_versions SET valid_to = ? WHERE {_OF} AND valid_from < ?"  # noqa: S608  # ours alone
_UPDATE = f"UPDATE members SET department = ? WHERE {_OF}"  # noqa: S608  # ours alone
_COPY = (
    "INSERT INTO member_versions (member_id, valid_from, valid_to, recorded_at, recorded_by, batch_id, reason, "  # noqa: S608  # ours alone
    f"{', '.join(SHARED)}) SELECT member_id, max(valid_from, ?), ?, ?, NULL, 'batch', 'bench', "
    f"{', '.join('?' if name == 'department' else name for name in SHARED)} FROM member_versions WHERE {_OF}"
)
# what no two runs write alike: the batch, its words, who and when
_OURS_ALONE = re.compile(r"id|batch_id|recorded_at|recorded_by|superseded_at|reason|.*_sealed")


def batch_cases(place: Place, *, people: int = PEOPLE) -> list[Case]:
    """Return the case: the department of `people` members set as of today, by the request that writes it.

    It looks at each of them once more, writes, tells everybody who has an account, and leaves its trace. The preview
    before it changes nobody, and is not timed. Every round begins with the seeded database.
    """
    copy = place.copied()
    floor = _Bare(copy, people)

    def looked_at() -> tuple[FlaskClient, str, dict[str, str]]:
        copy.renew()
        floor.renew()
        browser = copy.browser(UNION)
        return browser, *preview(browser, _selected(copy, people))

    def ours(looked: tuple[FlaskClient, str, dict[str, str]]) -> int:
        browser, address, form = looked
        return browser.post(f"{address}/write", data=form).status_code

    return [
        Case(
            f"批量修改 {people} 人",
            floor=floor.edit,
            ours=ours,
            same=lambda number, status: (number, status) == (people, SEE_OTHER) and _is_same(copy.folder),
            arrange=looked_at,
        )
    ]


def preview(browser: FlaskClient, token: str) -> tuple[str, dict[str, str]]:
    """Look at the edit by the page; return its address and what its button sends."""
    start = browser.get(f"{PAGE}/new?selection={token}&fields=department").get_data(as_text=True)
    form = {"csrf_token": csrf_token(start), "selection": token, "fields": "department", "department": NEW}
    form |= {"day": today().isoformat(), "reason": "部门合并"}
    address = str(browser.post(f"{PAGE}/new", data=form).location)
    page = browser.get(address).get_data(as_text=True)
    seen = re.search(r'name="seen"[^>]* value="(\d+)"', page)
    return address, {"csrf_token": csrf_token(page), "seen": seen[1] if seen else ""}


def _ids(people: int) -> list[int]:
    active = select(Member.id).where(Member.membership_status == MembershipStatus.ACTIVE.value)
    return list(db.session.scalars(active.order_by(Member.id).limit(people)))


def _selected(copy: Place, people: int) -> str:
    with copy.app.app_context():
        database.writes()
        actor = db.session.scalars(select(User).where(User.username == UNION)).one()
        row = Selection(token=crypto.random_token(), user_id=actor.id, member_ids=_ids(people), day=today())
        db.session.add(row)
        db.session.commit()
        token = row.token
        db.session.remove()
    return token


class _Bare:
    """The floor: sqlite3 sets the column, ends the present versions and copies each with the new value."""

    def __init__(self, copy: Place, people: int) -> None:
        self._copy, self._people = copy, people
        self._ids: list[int] = []

    def renew(self) -> None:
        """Let the next round write into the seeded database."""
        self._copy.copy_database(self._copy.folder / FLOOR)
        if not self._ids:
            with self._copy.app.app_context():
                database.reads()
                self._ids = _ids(self._people)
                db.session.remove()

    def edit(self) -> int:
        """Write what a batch edit writes of members and versions; return how many members."""
        day, at, ids = today().isoformat(), f"{today()} 00:00:00.000000", json.dumps(self._ids)
        with contextlib.closing(sqlite3.connect(self._copy.folder / FLOOR, isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("BEGIN IMMEDIATE")
            sources = json.dumps([row[0] for row in connection.execute(_PRESENT, (ids,))])
            connection.execute(_SUPERSEDE, (at, sources, day))
            connection.execute(_CLOSE, (day, sources, day))
            connection.execute(_COPY, (day, OPEN_END.isoformat(), at, NEW, sources))
            connection.execute(_UPDATE, (NEW, ids))
            connection.execute("COMMIT")
        return len(self._ids)


def _is_same(folder: Path) -> bool:
    """Whether both have written the same, but for what is each one's own."""
    return all(list(_written(folder / FLOOR, one)) == list(_written(folder / DATABASE, one)) for one in TABLES)


def _written(path: Path, table: str) -> Iterator[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        known = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        columns = [name for name in known if not _OURS_ALONE.fullmatch(name)]
        is_member = table == Member.__tablename__
        last, order = ("", "id") if is_member else ("superseded_at IS NULL AND ", "member_id")
        query = f"SELECT {', '.join(columns)} FROM {table} WHERE {last}department = ? ORDER BY {order}"  # noqa: S608  # names of columns
        yield from connection.execute(query, (NEW,))
