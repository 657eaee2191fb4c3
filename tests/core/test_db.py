"""One session a request, one commit, and a mode that says whether the next transaction may write."""

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, StatementError

from portal.core import db as database
from portal.core.actors import SHELL
from portal.core.audit import AuditEvent, record
from portal.core.db import apart, db, later, reads, release, writes
from portal.org.models import LoginSession, OrgUnit, UnitKind, User
from portal.org.permissions import Role


def test_a_reading_transaction_cannot_write(tree) -> None:
    db.session.rollback()
    reads()
    tree["a"].name = "不该存下的名字"

    with pytest.raises(DBAPIError):
        db.session.flush()

    db.session.rollback()
    writes()
    assert tree["a"].name == "外国语学院分工会"


def test_after_reading_the_next_transaction_may_write_again(tree) -> None:
    reads()
    assert db.session.scalar(select(OrgUnit.name).where(OrgUnit.code == "GH01")) == "外国语学院分工会"
    release()
    writes()

    tree["a"].name = "外语学院分工会"
    db.session.commit()

    assert db.session.scalar(select(OrgUnit.name).where(OrgUnit.code == "GH01")) == "外语学院分工会"


def test_no_update_is_lost_between_writers_who_read_first(app: Flask, user_as) -> None:
    """Read, think, write: the trap that default SQLAlchemy on SQLite falls into."""
    number, rounds, people = user_as().id, 25, 4
    failures: list[BaseException] = []

    def add() -> None:
        try:
            with app.app_context():
                for _ in range(rounds):
                    user = db.session.get_one(User, number, with_for_update=True)
                    user.failed_logins += 1
                    db.session.commit()
                    release()
        except BaseException as error:
            failures.append(error)

    db.session.remove()
    threads = [threading.Thread(target=add) for _ in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert db.session.scalar(select(User.failed_logins).where(User.id == number)) == rounds * people


def test_a_transaction_apart_needs_that_ones_own_has_ended(tree) -> None:
    db.session.scalar(select(OrgUnit.id).limit(1))

    with pytest.raises(RuntimeError, match="own transaction"), apart():
        pass


def test_a_transaction_apart_commits_alone_and_gives_the_mode_back(tree) -> None:
    db.session.rollback()
    reads()

    with apart():
        record(SHELL, "test.apart")

    assert database.is_writing() is False
    assert [
        event.action for event in db.session.scalars(select(AuditEvent).where(AuditEvent.action == "test.apart"))
    ] == ["test.apart"]


def test_what_fails_apart_leaves_nothing(tree) -> None:
    before = db.session.scalar(text("SELECT count(*) FROM audit_events"))
    db.session.rollback()

    def fail() -> None:
        with apart():
            record(SHELL, "test.apart")
            raise ValueError("midway")

    with pytest.raises(ValueError, match="midway"):
        fail()

    assert db.session.scalar(text("SELECT count(*) FROM audit_events")) == before


def test_what_is_queued_for_later_runs_once_and_each_in_its_own_transaction(tree) -> None:
    db.session.rollback()
    done: list[str] = []

    def work(word: str) -> None:
        assert db.session().in_transaction() is False
        done.append(word)

    later(work, "一")
    later(work, "二")
    assert done == []

    database.run_later()
    database.run_later()

    assert done == ["一", "二"]


def test_instants_are_utc_and_never_naive(user_as) -> None:
    user = user_as()
    user.locked_until = datetime(2026, 9, 1, 8, 5, tzinfo=timezone(timedelta(hours=8)))
    db.session.commit()

    assert user.locked_until == datetime(2026, 9, 1, 0, 5, tzinfo=UTC)
    assert user.locked_until.utcoffset() == timedelta(0)

    user.locked_until = datetime(2026, 9, 1, 8, 5)
    with pytest.raises(StatementError, match="without a time zone"):
        db.session.flush()
    db.session.rollback()


def test_enums_are_stored_by_value(user_as, tree) -> None:
    user_as(Role.BRANCH_CHAIR, tree["a"])

    assert db.session.execute(text("SELECT role FROM grants")).scalars().all() == ["branch_chair"]
    assert db.session.scalar(text("SELECT kind FROM org_units WHERE code = 'GH01'")) == UnitKind.BRANCH.value


def test_foreign_keys_hold_on_both_databases(user_as) -> None:
    db.session.add(
        LoginSession(
            token_hash="x",
            user_id=999_999,
            created_at=datetime.now(UTC),
            last_seen_at=datetime.now(UTC),
            address="",
            device="",
        )
    )

    with pytest.raises(DBAPIError):
        db.session.flush()
    db.session.rollback()
