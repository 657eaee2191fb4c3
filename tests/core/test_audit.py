"""The trace: chained, and whole whatever happens; who changes it is found out."""

import re
import sys
import threading
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, select, text

import portal.cli  # noqa: F401  # all that a command or a request can reach
from portal.core import audit
from portal.core.actors import SHELL
from portal.core.audit import AuditEvent, AuditHead, events_of, record, verify
from portal.core.db import db


@pytest.fixture
def five(tree):
    """Five events on one unit."""
    for number in range(5):
        record(SHELL, "test.step", tree["a"], changes={"number": (number, number + 1)}, reason=f"第 {number} 次")
        db.session.commit()
    return tree["a"]


def test_events_are_numbered_without_gap_and_the_head_stands_at_the_end(five) -> None:
    rows = db.session.scalars(select(AuditEvent).order_by(AuditEvent.seq)).all()

    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    head = db.session.get_one(AuditHead, audit.HEAD)
    assert (head.seq, head.mac) == (rows[-1].seq, rows[-1].mac)
    assert verify() is None


def test_an_event_says_who_did_what_to_whom_and_why(five) -> None:
    event = events_of(five)[-1]

    assert (event.actor_label, event.action, event.subject_type, event.subject_id, event.subject_label) == (
        "命令行", "test.step", "org_units", str(five.id), "外国语学院分工会",
    )  # fmt: skip
    assert (event.reason, event.changes, event.unit_id, event.channel) == (
        "第 4 次",
        {"number": [4, 5]},
        five.id,
        "cli",
    )


@pytest.mark.tampers
@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE audit_events SET reason = '改过' WHERE seq = 6", "第 6 条日志"),
        ("UPDATE audit_events SET actor_label = '别人' WHERE seq = 5", "第 5 条日志"),
        ("UPDATE audit_events SET changes = '{}' WHERE seq = 7", "第 7 条日志"),
        ("DELETE FROM audit_events WHERE seq = 6", "第 6 条日志缺失"),
        ("DELETE FROM audit_events WHERE seq = (SELECT max(seq) FROM audit_events)", "日志末尾与链头不符"),
        ("UPDATE audit_heads SET seq = seq + 1", "日志末尾与链头不符"),
        ("UPDATE audit_events SET mac = '0' WHERE seq = 8", "第 8 条日志"),
        ("UPDATE audit_events SET seq = NULL WHERE seq = 6", "第 6 条日志缺失"),
        ("DELETE FROM audit_heads", "日志末尾与链头不符"),
    ],
)
def test_who_changes_the_trace_is_found_out(five, statement: str, sentence: str) -> None:
    assert verify() is None
    db.session.rollback()

    db.session.execute(text(statement))
    db.session.flush()

    found = verify()
    db.session.rollback()
    assert found is not None
    assert sentence in found


def test_a_savepoint_that_rolls_back_takes_its_events_along(five) -> None:
    savepoint = db.session.begin_nested()
    record(SHELL, "test.undone", five)
    savepoint.rollback()
    with db.session.begin_nested():
        record(SHELL, "test.done", five)
    db.session.commit()

    assert [event.action for event in events_of(five)[-2:]] == ["test.step", "test.done"]
    assert verify() is None


def test_what_rolls_back_leaves_no_gap(five) -> None:
    record(SHELL, "test.undone", five)
    db.session.flush()
    db.session.rollback()

    record(SHELL, "test.done", five)
    db.session.commit()

    seqs = db.session.scalars(select(AuditEvent.seq).order_by(AuditEvent.seq)).all()
    assert seqs == list(range(1, len(seqs) + 1))


def test_an_event_is_written_once_sealed_already(tree) -> None:
    said: list[str] = []

    def hear(connection: object, cursor: object, statement: str, *rest: object) -> None:
        said.append(" ".join(statement.split()[:3]))

    event.listen(db.engine, "before_cursor_execute", hear)
    try:
        tree["a"].name = "外语学院分工会"
        record(SHELL, "test.first", tree["a"])
        record(SHELL, "test.second", tree["a"])
        db.session.commit()
    finally:
        event.remove(db.engine, "before_cursor_execute", hear)

    assert [one for one in said if not one.startswith("SELECT")] == [
        "UPDATE org_units SET", "INSERT INTO audit_events", "UPDATE audit_heads SET"
    ]  # fmt: skip
    assert [one.action for one in events_of(tree["a"])][-2:] == ["test.first", "test.second"]
    assert verify() is None


def test_events_that_a_query_has_had_written_keep_their_place_in_the_chain(tree) -> None:
    record(SHELL, "test.first", tree["a"])
    assert [one.action for one in events_of(tree["a"])][-1:] == ["test.first"]
    record(SHELL, "test.second", tree["a"])
    db.session.commit()

    in_chain = db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.seq)).all()
    assert list(in_chain[-2:]) == ["test.first", "test.second"]
    assert verify() is None


def test_many_writers_share_one_chain(app: Flask, five) -> None:
    number, rounds, people = five.id, 10, 6
    failures: list[BaseException] = []

    def write(person: int) -> None:
        try:
            with app.app_context():
                for _ in range(rounds):
                    record(SHELL, f"test.writer{person}")
                    db.session.commit()
        except BaseException as error:
            failures.append(error)

    db.session.remove()
    threads = [threading.Thread(target=write, args=(person,)) for person in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    counts = dict(
        db.session.execute(
            text("SELECT action, count(*) FROM audit_events WHERE action LIKE 'test.writer%' GROUP BY action")
        ).all()
    )
    assert counts == {f"test.writer{person}": rounds for person in range(people)}
    assert number
    assert verify() is None


def test_every_act_of_the_house_has_a_chinese_word(app: Flask) -> None:
    """Rooms name their acts; a timeline never shows English."""
    files = [module.__file__ for name, module in sys.modules.items() if name.startswith("portal.") and module.__file__]
    source = "\n".join(Path(file).read_text("utf-8") for file in files)
    used = set(re.findall(r"audit\.record\(\s*[^,()]+,\s*\"([a-z_.]+)\"", source))

    nameless = {action for action in used if not re.search("[一-鿿]", AuditEvent(action=action).action_label)}

    assert "member.reveal" in used
    assert nameless == set()
