"""Filling an empty database: units, members with their history, posts, accounts, applications."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

from portal.core import db as database
from portal.core import uploads as kept
from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import DomainError

from . import congress
from . import units as tree
from .applications import Applications, S, fates_for, post_codes
from .enrolment import Enrolled, Enrolment, homes_of
from .offices import Account, Offices, hand_out
from .people import Inventor

BATCH = 2000  # members in one transaction
PROFILES = ("school", "city")
MEMBERS_MOST, UNITS_MOST = 2_000_000, 99_999  # beyond, the invented mobiles and the width of a code may not do


def populate(
    *, members: int, units: int, seed: int, profile: str, say: Callable[[str], None], uploads: Path
) -> list[Account]:
    """Fill the empty, migrated database with a synthetic population, the same for the same `seed` and day.

    `members` people, 0 or more, of whom a few are admitted by applications; `units` units, the root too; `profile`
    school (a university and its branches) or city. `say` takes sentences on how far it is; photos are kept in the
    folder `uploads`. Commits batch by batch. Returns (role, user name, one-time password, unit code) of each account
    that can sign in. Only what is random by its nature differs between two runs: passwords, tokens, ciphertexts.
    Raises DomainError for numbers that make no sense.
    """
    _check(members, units, profile)
    kept.use(uploads)
    database.writes()
    rng = Random(f"{seed}/{profile}")
    planned = tree.plans(profile, units)
    founded = tree.found(planned, profile)
    homes = homes_of(founded, [plan.place for plan in planned])
    tokens = post_codes(founded)
    db.session.commit()
    say(f"已建立 {units} 个组织")

    inventor = Inventor(rng, profile=profile, today=today())
    enrolment = Enrolment(rng, inventor, homes, today=today())
    fates = fates_for(members)
    by_application = fates.count(S.APPROVED)
    homes_in_turn = _homes_in_turn(rng, len(homes), members)
    people: list[Enrolled] = []
    _enrol(enrolment, homes_in_turn[: members - by_application], people, say)

    offices = Offices(rng, people, homes, founded[0], profile=profile, today=today())
    applications = Applications(rng, inventor, homes, offices, tokens)
    if not applications.can_decide:  # then nobody can be admitted by application
        _enrol(enrolment, homes_in_turn[members - by_application :], people, say)
        fates = ()
    offices.write()
    if profile == "school":
        congress.convene(founded[0], today=today())
    accounts = hand_out(offices, founded[0], homes, school=profile == "school")
    db.session.commit()
    applications.send(fates)
    say(f"已建立 {members} 名虚构会员、{len(fates)} 份入会申请")
    return accounts


def _check(members: int, units: int, profile: str) -> None:
    if not 0 <= members <= MEMBERS_MOST:
        raise DomainError(f"会员人数应为 0 至 {MEMBERS_MOST} 的整数，现在是 {members}")
    if not 1 <= units <= UNITS_MOST:
        raise DomainError(f"组织总数应为 1 至 {UNITS_MOST} 的整数（含根单位），现在是 {units}")
    if profile not in PROFILES:
        raise DomainError(f"类型只能是 school 或 city，现在是「{profile}」")


def _homes_in_turn(rng: Random, homes: int, members: int) -> list[int]:
    """Return the home of each member: one for each home first, then as skewed as unions are."""
    urn = tree.sizes(rng, homes)
    return [*range(min(homes, members)), *(urn.draw(rng) for _ in range(members - homes))]


def _enrol(enrolment: Enrolment, homes: list[int], people: list[Enrolled], say: Callable[[str], None]) -> None:
    for first in range(0, len(homes), BATCH):
        people += enrolment.enrol(homes[first : first + BATCH])
        db.session.commit()
        if len(homes) > BATCH:
            say(f"已建立 {len(people)} 名会员……")
