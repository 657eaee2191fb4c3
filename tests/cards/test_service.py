"""The code on the card: what it holds, how long it is worth something, and that nobody else can make one."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import event

from portal.cards import service
from portal.cards.service import Standing
from portal.core import crypto
from portal.core.actors import SHELL
from portal.core.calendar import today
from portal.core.db import db, new_uuid
from portal.members import history
from portal.members.enums import ChangeReason, ChangeType, EmploymentStatus, MembershipStatus
from portal.members.models import Member, MembershipChange
from tests import factories

A_SLOT = datetime(2026, 9, 10, 8, 30, 30, tzinfo=UTC).timestamp()  # the first second of one


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(A_SLOT, tick=False) as traveller:
        yield traveller


@pytest.fixture
def member(clock, tree) -> Member:
    return factories.make_member(tree["a"], name="殷晓澜", join_date=date(2020, 9, 1))


def flipped(raw: bytes, place: int) -> bytes:
    """Return `raw` with the bit at `place` turned."""
    changed = bytearray(raw)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


def test_a_code_holds_member_moment_and_mac_and_no_name_or_number(member):
    text = service.token(member)

    raw = base64.urlsafe_b64decode(text)
    assert (len(text), len(raw)) == (48, 36)
    assert raw[:16] == UUID(member.uuid).bytes
    assert int.from_bytes(raw[16:20], "big") == int(A_SLOT) // 30
    known = [member.name, member.member_no, member.id_number, member.mobile, member.staff_no, str(member.unit.code)]
    assert [word for word in known if word.encode() in raw or word in text] == []


def test_a_code_changes_every_thirty_seconds(member, clock):
    codes = []
    for second in (0, 29.9, 30, 59.9, 60):
        clock.move_to(A_SLOT + second, tick=False)
        codes.append(service.token(member))

    assert (codes[0] == codes[1], codes[2] == codes[3], len(set(codes))) == (True, True, 3)


@pytest.mark.parametrize(
    ("second", "standing"),
    [(0, "valid"), (30, "valid"), (59.9, "valid"), (60, "invalid"), (90, "invalid"), (86400, "invalid")],
)
def test_an_old_picture_is_worth_nothing_after_a_minute(member, clock, second, standing):
    text = service.token(member)

    clock.move_to(A_SLOT + second, tick=False)

    assert service.read(text) == standing


def test_a_code_of_the_future_is_refused(member, clock):
    clock.move_to(A_SLOT + 30, tick=False)
    text = service.token(member)

    clock.move_to(A_SLOT, tick=False)

    assert service.read(text) is Standing.INVALID


def test_of_a_thousand_altered_codes_none_is_accepted_or_even_looked_up(member):
    text = service.token(member)
    raw = base64.urlsafe_b64decode(text)
    db.session.commit()
    looked_up = []
    event.listen(db.engine, "before_cursor_execute", lambda *call: looked_up.append(call[2]))
    chance = random.Random(3)

    in_bytes = [flipped(raw, place) for place in range(len(raw) * 8)]
    in_bytes += [flipped(flipped(raw, chance.randrange(288)), chance.randrange(288)) for _ in range(400)]
    altered = [base64.urlsafe_b64encode(one).decode() for one in in_bytes if one != raw]
    altered += [flipped(text.encode(), place).decode("latin-1") for place in range(len(text) * 8)]

    assert len(altered) >= 1000
    assert [one for one in altered if service.read(one) is not Standing.INVALID] == []
    assert looked_up == []
    assert service.read(text) is Standing.VALID
    assert looked_up != []


@pytest.mark.parametrize(
    "forge",
    [
        lambda text: "",
        lambda text: text[:-1],
        lambda text: text[:-4],
        lambda text: text + "AAAA",
        lambda text: text + "=",
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text[:28] + "A" * 20,
        lambda text: "A" * 48,
        lambda text: "会员" * 24,
        lambda text: text.replace("-", "+").replace("_", "/") if set("-_") & set(text) else text.lower(),
    ],
)
def test_what_is_not_exactly_a_code_is_refused(member, forge):
    text = service.token(member)

    assert service.read(forge(text)) is Standing.INVALID
    assert service.read(text) is Standing.VALID


def test_a_code_of_another_installation_is_refused(member, common_ring):
    crypto.use(crypto.Keys.fresh())
    foreign = service.token(member)
    crypto.use(common_ring)

    assert service.read(foreign) is Standing.INVALID


def test_a_well_made_code_of_nobody_is_refused(member):
    said = UUID(new_uuid()).bytes + (int(A_SLOT) // 30).to_bytes(4, "big")

    text = base64.urlsafe_b64encode(said + crypto.card_mac(said)[:16]).decode()

    assert service.read(text) is Standing.INVALID


def test_a_card_dies_with_its_membership_in_the_same_second(member):
    text = service.token(member)
    assert service.read(text) is Standing.VALID

    history.write(member, {"membership_status": MembershipStatus.WITHDRAWN.value}, SHELL, reason="退会")
    db.session.commit()

    assert service.read(text) is Standing.INVALID


M, E, R = MembershipStatus, EmploymentStatus, ChangeReason


@pytest.mark.parametrize(
    ("status", "work", "reason", "standing"),
    [
        (M.ACTIVE, E.AT_WORK, None, "有效"),
        (M.ACTIVE, E.EARLY_RETIRED, None, "有效"),
        (M.ACTIVE, E.RETIRED, None, "有效"),
        (M.RETAINED, E.RETIRED, R.RETIRED, "保留会籍（退休）"),
        (M.RETAINED, E.VETERAN_RETIRED, None, "保留会籍（退休）"),
        (M.RETAINED, E.AT_WORK, R.RETIRED, "保留会籍（退休）"),
        (M.RETAINED, None, R.VETERAN_RETIRED, "保留会籍（退休）"),
        (M.RETAINED, E.UNEMPLOYED, R.UNEMPLOYED, "保留会籍（证件停用）"),
        (M.RETAINED, E.OTHER, R.ARMY, "保留会籍（证件停用）"),
        (M.RETAINED, None, None, "保留会籍（证件停用）"),
        (M.TRANSFERRED_OUT, E.AT_WORK, R.LEFT, "无效"),
        (M.WITHDRAWN, E.RETIRED, R.OWN_WISH, "无效"),
        (M.EXPELLED, E.RETIRED, R.CRIME, "无效"),
        (M.DECEASED, E.RETIRED, R.DIED, "无效"),
    ],
)
def test_a_card_says_how_the_membership_stands(member, status, work, reason, standing):
    values = {"membership_status": status.value, "employment_status": work.value if work else None}
    history.write(member, values, SHELL, reason="测试")
    if reason:
        kind = ChangeType.RETAINED
        db.session.add(MembershipChange(member=member, kind=kind, reason=reason, on_date=today()))
    db.session.commit()

    assert service.read(service.token(member)).label == standing
