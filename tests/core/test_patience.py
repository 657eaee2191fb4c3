"""A question that takes too long is cancelled, on both kinds of database, and the next one is answered."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import text

from portal.core import db as database
from portal.core.db import db
from portal.core.patience import TooSlow, within

COUNT_TO = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT max(i) FROM n"
# some hundred million steps, which no database takes within a second
ENDLESS = {
    "sqlite": COUNT_TO.format(300_000_000),
    "postgresql": "SELECT count(*) FROM generate_series(1, 30000) a, generate_series(1, 30000) b",
}


@pytest.mark.parametrize("mode", [database.reads, database.writes])
def test_what_takes_too_long_is_cancelled_and_the_house_goes_on(app, mode):
    mode()
    began = time.monotonic()

    with pytest.raises(TooSlow, match="请加条件"), within(0.3, "请加条件"):
        db.session.execute(text(ENDLESS[db.engine.dialect.name])).scalar()

    assert time.monotonic() - began < 5  # it would run for half a minute and more
    with within(5, "请加条件"):
        assert db.session.execute(text("SELECT 1")).scalar() == 1
    db.session.rollback()


def test_after_the_block_there_is_no_limit_any_more(app):
    database.reads()
    with within(0.05, "请加条件"):
        db.session.execute(text("SELECT 1"))
    # longer than the limit of the block that has ended
    slow = {
        "sqlite": COUNT_TO.format(400_000),
        "postgresql": "SELECT 400000 FROM pg_sleep(0.2)",
    }

    assert db.session.execute(text(slow[db.engine.dialect.name])).scalar() == 400_000
    db.session.rollback()
