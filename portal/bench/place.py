"""Where the benchmark runs: a seeded city in a database of its own, kept for the next run, and who signs in there."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import func, select

from portal import demo
from portal.app import create_app
from portal.config import ROOT, Settings
from portal.core import crypto
from portal.core import db as database
from portal.core.actors import SHELL
from portal.core.calendar import today
from portal.core.db import db
from portal.members.models import SHARED, Member
from portal.org import service as org
from portal.org.models import OrgUnit, User
from portal.org.permissions import Role

SEED = 1
MEMBERS_TO_A_UNIT = 686_500 / 15_365  # the city that the portal shall serve one day
UNITS_LEAST = 4
# user names of the operators: of the whole city, of its largest county, of a union of middling size
UNION, BRANCH, LEAF = "bench-union", "bench-branch", "bench-leaf"
DATABASE, KEYS = "portal.db", "keys.json"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Place:
    """A seeded portal: `password` is that of all three people, `members` the number seeded, `day` when they were.

    `leaving` runs when the place is left.
    """

    app: Flask
    folder: Path
    members: int
    password: str
    day: str
    leaving: ExitStack = field(default_factory=ExitStack)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """The app's context, to read what the cases need before they are measured."""
        with self.app.app_context():
            database.reads()
            yield

    def browser(self, username: str) -> FlaskClient:
        """Return the browser of one of the three people, signed in through the page."""
        client = self.app.test_client()
        answer = client.post("/login", data=self.sign_in_form(client, username))
        if answer.status_code != 302:
            raise RuntimeError(f"{username} cannot sign in: {answer.status_code}")
        return client

    def sign_in_form(self, client: FlaskClient, username: str) -> dict[str, str]:
        """Return what the sign-in page of this browser sends."""
        page = client.get("/login").get_data(as_text=True)
        return {"username": username, "password": self.password, "csrf_token": csrf_token(page)}

    def copied(self) -> Place:
        """Return a copy for cases that write, in a folder within this one's; it holds nothing before `renew`."""
        folder = self.folder / "copy"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        shutil.copyfile(self.folder / KEYS, folder / KEYS)
        copy = replace(self, app=_app(folder), folder=folder)
        self.leaving.callback(shutil.rmtree, folder, ignore_errors=True)
        self.leaving.callback(copy.close)
        return copy

    def renew(self) -> None:
        """Set a copy back to the members that were seeded; nobody is signed in any more."""
        self.close()
        for file in self.folder.glob(f"{DATABASE}*"):
            file.unlink()
        shutil.rmtree(self.folder / "uploads", ignore_errors=True)
        self.copy_database(self.folder / DATABASE)

    def copy_database(self, path: Path) -> None:
        """Copy the database that a copy begins with to `path`."""
        seeded = self.folder.parent / DATABASE
        with closing(sqlite3.connect(seeded)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # what is written stands in the file itself
        shutil.copyfile(seeded, path)

    def close(self) -> None:
        """Close all connections to the database."""
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()


def csrf_token(page: str) -> str:
    """Return the token that the forms of a page send."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    return token[1] if token else ""


@contextmanager
def place_at(folder: Path) -> Iterator[Place]:
    """Open a place that `seeded` has made; no app context is left around it, for each request needs its own."""
    made = json.loads((folder / "made.json").read_text("utf-8"))
    with ExitStack() as leaving:
        place = Place(app=_app(folder), folder=folder, leaving=leaving, **made)
        leaving.callback(place.close)
        yield place


def seeded(instance: Path, members: int, say: Say) -> Path:
    """Return the folder with the place of `members` members, making it where there is none yet.

    It is kept in `instance`/bench by number of members, seed, migration and the code of the demo; an older one of the
    same size is deleted. It is made on SQLite, whatever the installation itself uses.
    """
    head = ScriptDirectory(str(ROOT / "migrations")).get_current_head()
    code = hashlib.sha256(b"".join(path.read_bytes() for path in sorted((ROOT / "portal/demo").glob("*.py"))))
    kept = instance / "bench"
    folder = kept / f"{members}-{SEED}-{head}-{code.hexdigest()[:8]}"
    if not (folder / "made.json").exists():
        for old in kept.glob(f"{members}-{SEED}-*"):
            shutil.rmtree(old)
        folder.mkdir(parents=True)
        _make(folder, members, say)
    return folder


def _app(folder: Path) -> Flask:
    return create_app(Settings(instance=folder, database_uri=f"sqlite:///{folder / DATABASE}", profile="city"))


def _make(folder: Path, members: int, say: Say) -> None:
    app = _app(folder)
    with app.app_context():
        upgrade()
        db.session.remove()
        units = max(UNITS_LEAST, round(members / MEMBERS_TO_A_UNIT))
        demo.populate(members=members, units=units, seed=SEED, profile="city", say=say, uploads=folder / "uploads")
        database.writes()
        password = crypto.start_password()
        _open_accounts(password)
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    made = {"members": members, "password": password, "day": today().isoformat()}
    (folder / "made.json").write_text(json.dumps(made), "utf-8")


def _open_accounts(password: str) -> None:
    root = db.session.scalars(select(OrgUnit).where(OrgUnit.parent_id.is_(None))).one()
    branches = db.session.scalars(select(OrgUnit).where(OrgUnit.parent_id == root.id).order_by(OrgUnit.id)).all()
    largest = max(branches, key=_headcount, default=root)
    by_size = select(Member.unit_id).group_by(Member.unit_id).order_by(func.count(Member.id), Member.unit_id)
    leaves = db.session.scalars(by_size).all()
    middling = db.session.get_one(OrgUnit, leaves[len(leaves) // 2])
    for username, role, unit in (
        (UNION, Role.UNION_OPERATOR, root),
        (BRANCH, Role.BRANCH_OPERATOR, largest),
        (LEAF, Role.BRANCH_OPERATOR, middling),
    ):
        user = org.open_account(SHELL, username=username, name=role.label, password_hash=crypto.hash_password(password))
        user.must_change_password = False
        org.give(SHELL, user, role, unit)


def _headcount(unit: OrgUnit) -> int:
    below = select(OrgUnit.id).where(unit.subtree)
    return db.session.scalar(select(func.count(Member.id)).where(Member.unit_id.in_(below))) or 0


def branch_of(username: str) -> OrgUnit:
    """Return the unit at which one of the three people works."""
    return db.session.scalars(select(User).where(User.username == username)).one().live_grants[0].unit


def rows_sha256() -> str:
    """Return the SHA-256 of all members' columns in the order of their numbers, what is sealed opened.

    Their identities are left out: those who came by an application have got random ones.
    Call it within `reading`, as `branch_of`.
    """
    columns = [Member.__table__.c[name] for name in SHARED]
    digest = hashlib.sha256()
    with db.session.execute(select(*columns).order_by(Member.id).execution_options(yield_per=1000)) as rows:
        for row in rows:
            values = [_plain(row.uuid, *pair) for pair in zip(SHARED, row, strict=True) if pair[0] != "uuid"]
            digest.update(json.dumps(values, ensure_ascii=False, default=str).encode() + b"\n")
    return digest.hexdigest()


def _plain(uuid: str, name: str, value: Any) -> Any:
    if not isinstance(value, bytes):
        return value
    field = name.removesuffix("_sealed")
    return crypto.open_sealed(value, bound_to=f"{Member.SEAL_FAMILY}|{field}|{uuid}").decode()
