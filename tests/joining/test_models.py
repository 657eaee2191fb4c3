"""The tables: what is sealed, what only one of may be, how long somebody waits."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import inspect, update
from sqlalchemy.exc import IntegrityError

from portal.core.calendar import now
from portal.core.db import db
from portal.joining.models import Application, JoinCode, Receipt
from portal.joining.models import ApplicationState as S
from portal.org.models import OrgUnit
from tests import factories


def test_nothing_that_was_filled_in_stands_in_the_database_as_text(app: Flask, tree: dict[str, OrgUnit]) -> None:
    person = factories.canaries()
    asked = {name: value for name, value in person.values.items() if name not in ("dues_base", "children", "honors")}
    item = factories.make_application(tree["a"], **asked)
    code = factories.receipt_code(item)
    hidden = [asked["id_number"], asked["mobile"], asked["home_address"], asked["spouse"]["name"], code]
    hidden += [asked["family_members"][0]["workplace"], asked["resume"][0]["place"], asked["family_planning_text"]]

    stored = _everything_stored(app)

    assert item.name.encode() in stored  # the search would find what is there
    assert [text for text in hidden if text.encode() in stored] == []


def _everything_stored(app: Flask) -> bytes:
    if db.engine.dialect.name == "sqlite":
        place = Path(app.config["INSTANCE"])
        return b"".join(path.read_bytes() for path in place.glob("portal.db*"))
    tables = inspect(db.engine).get_table_names()
    with db.engine.connect() as connection:
        rows = [row for table in tables for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"')]
    return b"".join(
        bytes(cell) if isinstance(cell, memoryview | bytes) else str(cell).encode() for row in rows for cell in row
    )


def test_a_sealed_blob_cannot_be_moved_to_another_application(tree: dict[str, OrgUnit]) -> None:
    first, second = factories.make_application(tree["a"]), factories.make_application(tree["a"])

    second.data_sealed = first.data_sealed

    with pytest.raises(Exception, match="密文与密钥不符"):
        _ = second.data
    db.session.rollback()


def test_a_unit_has_one_live_code(tree: dict[str, OrgUnit]) -> None:
    old = factories.make_code(tree["a"])
    old.revoked_at = now()
    factories.make_code(tree["a"])

    db.session.add(JoinCode(unit=tree["a"], unit_id=tree["a"].id))
    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()


def test_a_person_has_one_application_under_way(tree: dict[str, OrgUnit]) -> None:
    person = factories.a_person().values
    done = factories.make_application(tree["a"], S.WITHDRAWN, **person)
    factories.make_application(tree["b"], **person)

    with pytest.raises(IntegrityError):
        db.session.execute(update(Application).where(Application.id == done.id).values(state=S.RETURNED))
    db.session.rollback()


def test_two_receipts_never_share_a_code(tree: dict[str, OrgUnit]) -> None:
    item = factories.make_application(tree["a"])
    first = item.receipts[0]

    db.session.add(Receipt(application_id=item.id, code_hash=first.code_hash, form_key_hash="another", is_first=False))
    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()


@pytest.mark.parametrize(
    ("state", "days"), [(S.SUBMITTED, 3), (S.BRANCH_OK, 3), (S.ALREADY_HERE, 3), (S.RETURNED, None)]
)
def test_waiting_is_counted_while_it_is_the_unions_turn(tree: dict[str, OrgUnit], state: S, days: int | None) -> None:
    item = factories.make_application(tree["a"], state)

    item.submitted_at = now() - timedelta(days=3)

    assert item.waiting_days == days
