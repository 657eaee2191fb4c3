"""Three processes that write memberships at once, on orders; each may be killed at any statement and is begun anew.

What a writer is about to commit it tells first, and then that it has: who is killed in between has done it or not, and
the trace of that instant says which.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
import traceback
from collections.abc import Callable, Sequence
from contextvars import Context
from dataclasses import dataclass
from datetime import date, timedelta
from multiprocessing.connection import Connection, Pipe
from typing import Any

import time_machine
from flask import Flask
from sqlalchemy import event, func, select, text

from portal.core import db as database
from portal.core.calendar import local
from portal.core.db import db, new_uuid
from portal.core.errors import DomainError
from portal.members import correcting, history, turning
from portal.members import service as members
from portal.members.enums import ChangeReason, MembershipStatus
from portal.members.enums import ChangeType as C
from portal.members.models import Member
from portal.merging import service as merging
from portal.merging.models import Merge, MergeState
from portal.merging.workflow import MERGING
from portal.org.models import OrgUnit, User
from portal.org.units import service as units
from portal.standing import rules
from portal.standing import service as standing
from portal.standing.models import ChangeKind
from portal.standing.service import Wanted
from portal.standing.workflow import STANDING
from portal.transfers import service as transfers
from portal.transfers.models import Occasion, Transfer, TransferState, TurnDown
from portal.transfers.workflow import TRANSFER
from tests import factories

from .book import Effect, noon

LATEST = 40  # days that an entry may be late
LEFT_OPEN = 0.4  # of the transfers
# nobody stands in none or in two: every member has one open version that says what she says, and hers do not overlap
SOUND = text("""
    SELECT (SELECT count(*) FROM members),
           (SELECT count(*) FROM members m JOIN member_versions v ON v.member_id = m.id AND v.superseded_at IS NULL
              AND v.valid_to = '9999-12-31' AND v.unit_id = m.unit_id AND v.counted_here = m.counted_here
              AND v.membership_status = m.membership_status),
           (SELECT count(*) FROM members m JOIN org_units u ON u.id = m.unit_id WHERE u.accepts_members),
           (SELECT count(*) FROM member_versions v WHERE v.member_id = :number AND v.superseded_at IS NULL
              AND v.valid_to <> '9999-12-31' AND NOT EXISTS (SELECT 1 FROM member_versions w
                WHERE w.member_id = v.member_id AND w.superseded_at IS NULL AND w.valid_from = v.valid_to))
""")


@dataclass(frozen=True)
class Order:
    """What a writer is to do on a day: acts by number, and at which of them to die."""

    day: date
    numbers: Sequence[int]
    dies_at: int | None = None


@dataclass(frozen=True)
class Said:
    """What a writer tells: 「about」 before it commits, 「did」 after, 「refused」, or 「ready」 for the next order."""

    what: str
    number: int = 0
    act: str = ""
    effects: tuple[Effect, ...] = ()
    at: int = 0  # of one clock for all processes


class Acts:
    """What may happen to a membership, drawn at random and done by the verbs that the pages call."""

    def __init__(self, rng: random.Random, people: tuple[int, int], day: date, number: int) -> None:
        self.operator, self.chair = (db.session.get_one(User, one) for one in people)
        self.rng, self.day, self.number = rng, day, number
        self.name = ""

    def act(self) -> list[Effect]:
        """Do one of them, and return what follows for the headcounts. Raises DomainError where it is refused."""
        kinds = [(self.join, 6), (self.close_a_branch, 1), (self.receive, 12), (self.merge, 4), (self.part, 2),
                 (self.of_somebody, 75)]  # fmt: skip
        (draw,) = self.rng.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])
        return draw()

    def of_somebody(self) -> list[Effect]:
        """Let something happen to somebody, as her status allows."""
        last = db.session.scalars(select(func.max(Member.id))).one()
        from_here = select(Member.id).where(Member.id >= self.rng.randint(1, last)).order_by(Member.id).limit(1)
        member = self._locked(db.session.scalars(from_here).one())  # what was rolled back leaves gaps on PostgreSQL
        of_status: dict[str, list[tuple[Callable[[Member], list[Effect]], int]]] = {
            "active": [(self.send, 25), (self.redate, 8), (self.move, 15), (self.change, 16), (self.retire, 5),
                       (self.go, 5),
                       (self.edit, 15), (self.edit_back, 15), (self.count_elsewhere, 6)],
            "retained": [(self.restore, 15), (self.redate, 8), (self.change, 15), (self.send, 5), (self.correct, 10),
                         (self.edit_back, 10)],
            "withdrawn": [(self.rejoin, 2), (self.correct, 1)],
            "transferred_out": [(self.rejoin, 2), (self.correct, 1)],
            "deceased": [(self.correct, 1), (self.edit_back, 3)],
        }  # fmt: skip
        kinds = of_status.get(member.membership_status, [(self.edit_back, 1)])
        (draw,) = self.rng.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])
        self.name = draw.__name__
        return draw(member)

    def _locked(self, number: int) -> Member:
        query = select(Member).where(Member.id == number).with_for_update(of=Member)
        member = db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()
        if member is None:  # moved by another while we waited: PostgreSQL joins her to the unit of before
            raise DomainError("刚被别人转走")
        return member

    def _some_day(self) -> date:
        """Return today, or a day before: often enough one that is too early."""
        return self.day - timedelta(days=self.rng.choice([0, 0, 0, 1, 2, 7, self.rng.randint(1, LATEST)]))

    def _branch(self) -> OrgUnit:
        query = select(OrgUnit.id).where(OrgUnit.accepts_members, OrgUnit.is_enabled).order_by(OrgUnit.id)
        return db.session.get_one(OrgUnit, self.rng.choice(list(db.session.scalars(query))))

    def _turn(self, member: Member, kind: C, status: str | None = None, branch: OrgUnit | None = None) -> list[Effect]:
        on = self._some_day()
        values = {"membership_status": status} if status else {"branch": branch}
        turning.turn(
            member, self.operator, kind, on=on, values=values, reason=self.name, because=ChangeReason.EMPLOYMENT_CHANGED
        )
        said = {"status": status} if branch is None else {"unit": branch.id}
        return [Effect(member.id, on, said)]

    def move(self, member: Member) -> list[Effect]:
        """To another branch."""
        return self._turn(member, C.MOVED_BRANCH, branch=self._branch())

    def retire(self, member: Member) -> list[Effect]:
        """Her membership is retained."""
        return self._turn(member, C.RETAINED, "retained")

    def restore(self, member: Member) -> list[Effect]:
        """She is back."""
        return self._turn(member, C.RESTORED, "active")

    def die(self, member: Member) -> list[Effect]:
        """She has died."""
        return self._turn(member, C.DIED, "deceased")

    def go(self, member: Member) -> list[Effect]:
        """She leaves, one way or another."""
        ways = {C.WITHDRAWN: "withdrawn", C.TRANSFERRED_OUT: "transferred_out", C.EXPELLED: "expelled"}
        kind = self.rng.choice([*ways, C.WITHDRAWN, C.TRANSFERRED_OUT])
        return self._turn(member, kind, ways[kind])

    def send(self, member: Member) -> list[Effect]:
        """To another branch, through the room of transfers; some are received at once."""
        branch = self._branch()
        item = transfers.send(self.operator, member, to=branch, occasion=Occasion.POST)
        if self.rng.random() < LEFT_OPEN:
            return []
        TRANSFER.fire(item, "receive", self.operator)
        return [Effect(member.id, self.day, {"unit": branch.id})]

    def receive(self) -> list[Effect]:
        """One that waits for its receiver is received, or turned down."""
        self.name = "receive"
        waiting = select(Transfer.id).where(Transfer.state == TransferState.APPROVED).order_by(Transfer.id)
        numbers = list(db.session.scalars(waiting))
        if not numbers:
            raise DomainError("没有在途的转会")
        item = TRANSFER.fetch(self.operator, self.rng.choice(numbers))
        if self.rng.random() < LEFT_OPEN:
            TRANSFER.fire(item, "turn_down", self.operator, reason=TurnDown.WRONG_PERSON)
            TRANSFER.fire(item, "cancel", self.operator, comment="不在本单位")
            return []
        TRANSFER.fire(item, "receive", self.operator)
        return [Effect(item.member_id, self.day, {"unit": item.to_unit_id})]

    def change(self, member: Member) -> list[Effect]:
        """Another status, through the room of changes, asked for and agreed to."""
        kinds = standing.kinds_for(self.operator, member)
        kind = self.rng.choice([one for one in kinds if not rules.RULES[one].by_union])
        facts = {"employer": "燕山大学", "union": "燕山大学工会", "work": "在校工作", "talked_on": self.day.isoformat()}
        on = self._some_day()
        item = standing.ask(self.operator, Wanted(member, kind, on, facts))
        STANDING.fire(item, "agree", self.operator)
        return [Effect(member.id, on, {"status": rules.RULES[kind].status.value})]

    def correct(self, member: Member) -> list[Effect]:
        """Her last change of status was a mistake."""
        line = rules.line_to_correct(member)
        if [other.on_date for other in member.changes].count(line.on_date) > 1:
            raise DomainError("同一天有两条，难以手工推算")
        before = history.version_on(member, line.on_date - timedelta(days=1))
        number, on = member.id, line.on_date
        said = before.membership_status if before is not None else "active"
        item = standing.ask(self.operator, Wanted(member, ChangeKind.CORRECT, self.day, {"note": "登记有误"}))
        STANDING.fire(item, "decide", self.chair)
        return [Effect(number, on, {"status": said})]

    def redate(self, member: Member) -> list[Effect]:
        """One of her lines happened on another day."""
        lines = list(member.changes)
        line = self.rng.choice([one for one in lines if one.kind not in correcting.BEGINS] or lines)
        first, last = correcting.span(line)
        on, before = first + timedelta(days=self.rng.randint(0, max(0, (last - first).days))), line.on_date
        held = {day: history.version_on(member, day) for day in (before - timedelta(days=1), before)}
        number, is_move, sides = member.id, line.kind is C.MOVED_BRANCH, (line.from_unit_id, line.to_unit_id)
        correcting.redate(self.operator, member, line, on=on, reason="日期有误", seen=members.mark_of(member))
        was, came = (version.membership_status if version else "" for version in held.values())
        values = dict(zip(("was", "came"), sides if is_move else (was, came), strict=True))
        between = values["was" if on > before else "came"]
        name = "unit" if is_move else "status"
        return [Effect(number, min(on, before), {name: between}, until=max(on, before))]

    def edit(self, member: Member) -> list[Effect]:
        """A field that nobody is counted by here."""
        history.write(member, {"department": f"部门{self.number}"}, self.operator, reason=self.name)
        return []

    def edit_back(self, member: Member) -> list[Effect]:
        """The same from a day in the past."""
        on = max(self._some_day(), min(version.valid_from for version in member.versions))
        turning.write_from(member, {"department": f"部门{self.number % 7}"}, self.operator, since=on, reason=self.name)
        return []

    def count_elsewhere(self, member: Member) -> list[Effect]:
        """Counted by another union from a day on, or here again."""
        on = max(self._some_day(), min(version.valid_from for version in member.versions))
        is_counted = not history.version_on(member, on).counted_here
        turning.write_from(member, {"counted_here": is_counted}, self.operator, since=on, reason=self.name)
        return [Effect(member.id, on, {"counted": is_counted})]

    def join(self) -> list[Effect]:
        """Somebody new."""
        self.name = "join"
        branch = self._branch()
        member = members.admit(self.operator, unit=branch, values=self._person(), join_date=self._some_day())
        return [Effect(member.id, self.day, {"unit": branch.id}, is_new=True)]

    def rejoin(self, member: Member) -> list[Effect]:
        """Somebody who left is taken back, on her old record."""
        branch, on = self._branch(), self._some_day()
        values = {"name": member.name, "id_type": member.id_type, "id_number": member.id_number}
        members.admit(self.operator, unit=branch, values=values, join_date=on)
        return [Effect(member.id, on, {"unit": branch.id, "status": "active"})]

    def merge(self) -> list[Effect]:
        """Two records are said to be one person's."""
        self.name = "merge"
        numbers = db.session.scalars(select(Member.id).where(Member.membership_status != MembershipStatus.MERGED))
        kept, gone = self.rng.sample(sorted(numbers), 2)
        merging.merge(self.operator, kept, gone, reason="两份档案是同一个人")
        return [Effect(gone, self.day, {"status": MembershipStatus.MERGED.value})]

    def part(self) -> list[Effect]:
        """They were two, after all."""
        self.name = "part"
        done = list(db.session.scalars(select(Merge.id).where(Merge.state == MergeState.DONE).order_by(Merge.id)))
        if not done:
            raise DomainError("没有合并过的档案")
        item = MERGING.fetch(self.operator, done[-1])
        gone, since = item.gone, local(item.done_at).date()
        MERGING.fire(item, "undo", self.operator)
        return [Effect(gone.id, since, {"status": gone.membership_status})]

    def close_a_branch(self) -> list[Effect]:
        """A branch is closed once all of it has moved to another; one that is closed is opened again."""
        self.name = "close_a_branch"
        query = select(OrgUnit).where(OrgUnit.accepts_members).order_by(OrgUnit.id)
        old, new = self.rng.sample(list(db.session.scalars(query)), 2)
        if not old.is_enabled:
            units.enable(self.operator, old)
            return []
        living = select(Member.id).where(Member.unit_id == old.id, Member.membership_status.in_(members.LIVE))
        known = list(db.session.scalars(living.order_by(Member.id).with_for_update(of=Member)))
        # members before units, as everybody locks them
        two = query.where(OrgUnit.id.in_([old.id, new.id])).with_for_update()
        db.session.scalars(two.execution_options(populate_existing=True)).all()
        if not new.is_enabled:
            raise DomainError("接收的分工会已停用")
        if known != list(db.session.scalars(living.order_by(Member.id))):
            raise DomainError("有人刚转入")
        effects, batch = [], new_uuid()
        for number in known:
            member = self._locked(number)
            turning.turn(
                member, self.operator, C.MOVED_BRANCH, on=self.day, values={"branch": new}, reason=self.name,
                batch_id=batch,
            )  # fmt: skip
            effects.append(Effect(number, self.day, {"unit": new.id}))
        units.disable(self.operator, old)
        return effects

    def _person(self) -> dict[str, Any]:
        factories._serial = itertools.count(100_000 + self.number)  # no two processes may invent the same person
        return factories.a_person().values


class Writer:
    """One of the processes, seen from the one that began it."""

    def __init__(self, app: Flask, people: tuple[int, int], seed: int) -> None:
        self._app, self._people, self._seed = app, people, seed
        self.line, theirs = Pipe()
        self.is_idle = True
        self._pid = os.fork()
        if self._pid == 0:
            self.line.close()
            try:
                Context().run(self._work, theirs)
            except BaseException:
                traceback.print_exc()
                os._exit(3)
            os._exit(0)
        theirs.close()

    def order(self, order: Order) -> None:
        """Let it do something."""
        self.line.send(order)
        self.is_idle = False

    def dismiss(self) -> int:
        """Let it end, and return its code."""
        self.line.send(None)
        return self.end()

    def end(self) -> int:
        """Wait until it has ended, and return its code, negative for the signal that killed it."""
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])

    # --- in the other process ---------------------------------------------------------------------------------------

    def _work(self, line: Connection) -> None:
        killer = Killer()
        with self._app.app_context(), time_machine.travel(noon(date(2026, 1, 1)), tick=False) as clock:
            database.writes()
            killer.watch()
            while True:
                order: Order | None = line.recv()
                if order is None:
                    return
                for number in order.numbers:
                    clock.move_to(noon(order.day, number), tick=False)
                    if number == order.dies_at:
                        killer.arm(random.Random(number).randint(1, 40))
                    self._do(line, order.day, number)
                    if number == order.dies_at:
                        killer.die()
                line.send(Said("ready"))

    def _do(self, line: Connection, day: date, number: int) -> None:
        acts = Acts(random.Random(f"{self._seed}-{number}"), self._people, day, number)
        try:
            effects = tuple(acts.act())
            line.send(Said("about", number, acts.name, effects, time.perf_counter_ns()))
            db.session.commit()
        except DomainError:
            db.session.rollback()
            line.send(Said("refused", number, acts.name))
            return
        line.send(Said("did", number, acts.name))
        whom = effects[0].member_id if effects else 1
        database.reads()
        everybody, present, placed, gaps = db.session.execute(SOUND, {"number": whom}).one()
        db.session.rollback()
        database.writes()
        assert (present, placed, gaps) == (everybody, everybody, 0), acts.name


class Killer:
    """Ends its own process after so many statements, with nothing flushed, closed or rolled back."""

    def __init__(self) -> None:
        self._left = -1

    def watch(self) -> None:
        """Look at every statement of this process from now on."""
        event.listen(db.engine, "after_cursor_execute", self._count)

    def arm(self, statements: int) -> None:
        """Die after the next so many."""
        self._left = statements

    def _count(self, *_: Any) -> None:
        self._left -= 1
        if self._left == 0:
            self.die()

    def die(self) -> None:
        """Die now."""
        os.kill(os.getpid(), signal.SIGKILL)
