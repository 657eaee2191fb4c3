"""A year of memberships, moved by three writers who are killed now and then: every headcount of every day holds.

After each act nobody stands in no branch or in two (`writers.SOUND`). Every CHECKED acts each past day is counted as
it was known that day and as it is known now, by the versions and by a register kept beside in plain Python, and the
ledger is balanced.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from multiprocessing.connection import wait

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from portal.core.actors import SHELL
from portal.core.audit import AuditEvent
from portal.core.calendar import local
from portal.core.db import db
from portal.core.errors import DomainError
from portal.members import many
from portal.members.enums import ChangeType
from portal.members.models import Member, MembershipChange, MemberVersion
from portal.org.models import OrgUnit, User
from portal.org.permissions import Role
from portal.query import asking, conditions
from portal.query.asking import Asked
from portal.query.figures import ledger, monthly
from portal.query.figures.reports import Wish
from tests import factories
from tests.conftest import PROOF, Prepared

from .book import ONE_DAY, Book, Effect, Kept, counted, each_day, noon
from .writers import Acts, Order, Said, Writer

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
BRANCHES, MEMBERS, WRITERS = 50, 150, 3  # few enough that much happens to each
CHECKED = 250
ACTS = {"sqlite": 10_000 if PROOF else 2_000, "postgresql": 10_000 if PROOF else 150}
DEATHS = 40  # one in so many orders ends with a kill


@dataclass
class Year:
    """The school, its register, and what the writers have told."""

    app: Flask
    rng: random.Random
    root: int
    operators: list[int]
    chair: int
    book: Book = field(default_factory=Book)
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    trail: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    killed: int = 0
    writers: list[Writer] = field(default_factory=list)

    def begin(self, place: int) -> Writer:
        """Begin a writer; connections do not survive a fork."""
        db.session.remove()
        db.engine.dispose()
        return Writer(self.app, (self.operators[place], self.chair), place)

    def practise(self, acts: int) -> None:
        """Do some acts without effect, so that every writer forked from here has its statements at hand."""
        people = self.operators[0], self.chair
        for number in range(acts):
            with time_machine.travel(noon(FIRST + ONE_DAY), tick=False), suppress(DomainError):
                Acts(random.Random(number), people, FIRST + ONE_DAY, number).act()
                db.session.flush()
            db.session.rollback()

    def day(self, day: date, orders: dict[int, Order]) -> None:
        """Let each writer do its acts of the day, all at once, and enter what came of them."""
        for place, order in orders.items():
            self.writers[place].order(order)
        told: list[Said] = []
        about: dict[int, Said] = {}
        while busy := {writer.line: place for place, writer in enumerate(self.writers) if not writer.is_idle}:
            for line in wait(list(busy)):
                place = busy[line]
                try:
                    said: Said = line.recv()
                except (EOFError, ConnectionResetError):
                    code = self.writers[place].end()
                    assert code == -9, f"a writer ended with {code}"
                    self.killed += 1
                    self.writers[place].is_idle = True
                    continue
                if said.what == "ready":
                    self.writers[place].is_idle = True
                elif said.what == "about":
                    about[said.number] = said
                elif said.what == "did":
                    told.append(about.pop(said.number))
                    self.done[said.act] += 1
                else:
                    self.refused[said.act] += 1
        dead = [place for place, order in orders.items() if order.dies_at is not None]
        for said in about.values():  # killed around its commit: the trace of its instant tells
            if self._happened(day, said.number):
                told.append(said)
                self.done[said.act] += 1
        for place in dead:
            assert orders[place].dies_at in {one.number for one in told} or not self._happened(
                day, orders[place].dies_at or 0
            )
            self.writers[place] = self.begin(place)
        for said in sorted(told, key=lambda one: one.at):
            for effect in said.effects:
                self.book.enter(effect)
                self.trail[effect.member_id].append(f"{said.act} on {day} from {effect.on}: {dict(effect.values)}")

    def _happened(self, day: date, number: int) -> bool:
        found = db.session.scalar(select(func.count(AuditEvent.id)).where(AuditEvent.at == noon(day, number)))
        db.session.rollback()
        return bool(found)

    def check(self, day: date) -> None:
        """Count every day that is over in four ways."""
        columns = (
            MemberVersion.member_id, MemberVersion.unit_id, MemberVersion.membership_status, MemberVersion.counted_here,
            MemberVersion.valid_from, MemberVersion.valid_to, MemberVersion.recorded_at, MemberVersion.superseded_at,
        )  # fmt: skip
        rows = [
            Kept(*row[:6], local(row[6]).date(), local(row[7]).date() if row[7] else None)
            for row in db.session.execute(select(*columns))
        ]
        days = list(self.book.recorded)
        then, now = (counted(rows, days, as_known_then=known) for known in (True, False))
        recorded, corrected = self.book.recorded, {one: self.book.as_known_now(one) for one in days}
        assert [one for one in days if then[one] != recorded[one]] == [], self._who(rows, days)
        assert [one for one in days if now[one] != corrected[one]] == [], self._who(rows, days)
        operator = db.session.get_one(User, self.operators[0])
        question = conditions.parse({"all": [
            {"field": "membership_status", "op": "eq", "value": "active"},
            {"field": "counted_here", "op": "eq", "value": True},
        ]})  # fmt: skip
        codes = dict(db.session.execute(select(OrgUnit.code, OrgUnit.id)).all())
        with time_machine.travel(noon(day, 999), tick=False):
            for one in [*self.rng.sample(days, 2), day]:
                found = asking.counts_by_unit(operator, [Asked(question, one)], among=question)
                expected = self.book.headcounts(one)
                assert {codes[code]: numbers[0] for code, numbers in found.items()} == expected
                assert sum(expected.values()) == asking.count(operator, Asked(question, one))
            self._balance(operator, day)
        db.session.rollback()

    def _who(self, rows: list[Kept], days: list[date]) -> str:
        """Return who stands elsewhere than the register says, and what happened to her: for whoever has to mend it."""
        told = []
        for number, trail in self.trail.items():
            hers = counted([row for row in rows if row.member_id == number], days, as_known_then=False)
            off = [
                one for one in days if list(hers[one]) != [place for place in [self.book.place(number, one)] if place]
            ]
            if off:
                told.append(f"{number} from {off[0]} to {off[-1]}: {'; '.join(trail)}")
        return "\n".join(told[:5]) or "as known now everybody stands right"

    def _balance(self, operator: User, day: date) -> None:
        root = db.session.get_one(OrgUnit, self.root)
        branches = list(db.session.scalars(select(OrgUnit).where(OrgUnit.accepts_members).order_by(OrgUnit.id)))
        for unit in (root, self.rng.choice(branches)):
            for make, balance, ups in (
                (ledger.ledger, ledger.ACTIVE, monthly.ADDED),
                (ledger.retained, ledger.KEPT, {monthly.RETAINED}),
            ):
                report = make(operator, Wish(unit, day))
                if report.totals.cells[-1].number:
                    unmatched, _ = ledger.behind(operator, report.wish, balance, monthly.UNMATCHED, "")
                    assert [(one.note, *self.trail[one.id or 0]) for one in unmatched] == [], unit.name
                for row in (*report.rows, report.totals):
                    opening, *moved, closing, _ = (cell.number for cell in row.cells)
                    signed = [
                        number if label in ups or label == monthly.CORRECTED else -number
                        for label, number in zip(balance.columns, moved, strict=True)
                    ]
                    assert opening + sum(signed) == closing, (unit.name, row.label)
        report = monthly.monthly(operator, Wish(root, day))
        assert all(monthly.balances(row, report.columns) for row in (*report.rows, report.totals))


@pytest.fixture
def year(app: Flask) -> Year:
    """Fifty branches with three members each, on the first of January."""
    with time_machine.travel(noon(FIRST), tick=False):
        root = factories.make_unit(None, code="GH", name="海港大学工会")
        branches = [
            factories.make_unit(root, code=f"GH{number:02d}", name=f"第{number}分工会")
            for number in range(1, BRANCHES + 1)
        ]
        operators = [factories.make_user(Role.UNION_OPERATOR, root, name=f"操作{place}") for place in range(WRITERS)]
        chair = factories.make_user(Role.UNION_CHAIR, root)
        people = []
        for number in range(MEMBERS):
            unit = branches[number % BRANCHES]
            values = factories.a_person().values | {"member_no": f"GH-2026-9{number:04d}", "join_date": FIRST}
            turns = [many.Turn(ChangeType.JOINED, FIRST, to_unit_id=unit.id)]
            people.append(many.Beginning(values, unit.id, FIRST, turns))
        made = many.begin(people, SHELL, reason="历史补录", batch_id="first")
        year = Year(app, random.Random(20261122), root.id, [operator.id for operator in operators], chair.id)
        for one, person in zip(made, people, strict=True):
            year.book.enter(Effect(one.member_id, FIRST, {"unit": person.unit_id}, is_new=True))
        db.session.commit()
    year.book.close(FIRST)
    return year


def test_a_year_of_memberships_adds_up_on_every_day(year: Year, prepared: Prepared) -> None:
    acts = ACTS[prepared.backend]
    days = list(each_day(FIRST + ONE_DAY, LAST - ONE_DAY))
    each = max(1, round(acts / len(days) / WRITERS))
    working = set(year.rng.sample(days, min(len(days), acts // (each * WRITERS))))
    year.practise(60)
    year.writers = [year.begin(place) for place in range(WRITERS)]

    numbers_of_acts = itertools.count(1)
    orders_given, unchecked = itertools.count(1), 0
    for day in days:
        if day in working:
            orders = {}
            for place in range(WRITERS):
                numbers = [next(numbers_of_acts) for _ in range(each)]
                dies_at = year.rng.choice(numbers) if next(orders_given) % DEATHS == 0 else None
                orders[place] = Order(day, numbers, dies_at)
            year.day(day, orders)
            unchecked += WRITERS * each
        year.book.close(day)
        if unchecked >= CHECKED:
            unchecked = 0
            year.check(day)
    year.check(days[-1])

    assert [writer.dismiss() for writer in year.writers] == [0] * WRITERS
    assert year.done.total() + year.refused.total() > acts * 0.9
    assert year.killed > 0
    assert db.session.scalar(select(func.count(Member.id))) == len(year.book.lines)
    assert db.session.scalar(select(func.count(MembershipChange.id))) > MEMBERS + acts // 4
