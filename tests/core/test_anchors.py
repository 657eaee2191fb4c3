"""The daily end of the trace outside the database: a cut tail and a forged one are found by it."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, update

from portal.core import anchors, audit
from portal.core.actors import SHELL
from portal.core.audit import AuditEvent, AuditHead
from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import DomainError


@pytest.fixture
def file(app, prepared):
    return prepared.instance / "anchors.csv"


def act(number: int = 1) -> None:
    for _ in range(number):
        audit.record(SHELL, "test.act")
    db.session.commit()


def cut(seq: int) -> None:
    """Take all from `seq` on, and put the head where the end is then: the chain alone does not tell."""
    db.session.execute(delete(AuditEvent).where(AuditEvent.seq >= seq))
    last = db.session.query(AuditEvent).order_by(AuditEvent.seq.desc()).first()
    db.session.execute(update(AuditHead).values(seq=last.seq if last else 0, mac=last.mac if last else audit.GENESIS))
    db.session.commit()


def test_an_empty_trace_drops_no_anchor(file) -> None:
    anchors.drop()

    assert not file.exists()


def test_an_anchor_is_dropped_once_for_an_end_and_only_the_owner_reads_it(file) -> None:
    act(2)
    anchors.drop()
    anchors.drop()
    act()
    anchors.drop()

    rows = anchors.read(file)

    assert [(row.day, row.seq) for row in rows] == [(today(), 2), (today(), 3)]
    assert rows[-1].mac == audit.head()
    assert file.stat().st_mode & 0o077 == 0
    assert anchors.compare(file) is None


def test_the_anchors_of_another_trace_are_set_aside_where_a_new_one_begins(file) -> None:
    file.write_text("day,seq,mac\n2026-01-01,7,abc\n")
    anchors.set_aside()
    aside = [path.name for path in file.parent.glob("anchors*.csv")]
    act()
    anchors.drop()
    anchors.set_aside()

    assert aside == [f"anchors-{today():%Y%m%d}.csv"]
    assert [row.seq for row in anchors.read(file)] == [1]


@pytest.mark.tampers
def test_a_cut_tail_is_found_by_the_anchor_alone(file) -> None:
    act(5)
    anchors.drop()

    cut(4)

    assert audit.verify() is None
    assert anchors.compare(file) == f"日志末尾被截去：{today()} 的锚点记载到第 5 条，现在只有 3 条"


@pytest.mark.tampers
def test_a_tail_that_was_written_anew_is_found(file) -> None:
    act(5)
    anchors.drop()
    cut(4)
    act(4)

    assert audit.verify() is None
    assert anchors.compare(file) == f"日志与 {today()} 的锚点不符：第 5 条已不是当时的那一条"


@pytest.mark.parametrize(
    "text", ["", "day,seq\n2026-01-01,3\n", "day,seq,mac\nyesterday,3,abc\n", "day,seq,mac\n2026-01-01\n"]
)
def test_a_file_that_is_no_list_of_anchors_is_refused(file, text: str) -> None:
    file.write_text(text)

    if text:
        with pytest.raises(DomainError, match=r"锚点文件 .* 无法读取"):
            anchors.compare(file)
    else:
        assert anchors.read(file) == []
    with pytest.raises(DomainError, match=r"锚点文件 .* 无法读取"):
        anchors.read(file.with_name("nowhere.csv"))
