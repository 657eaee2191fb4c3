"""The code on the e-card and what it is worth: a token of member, moment and MAC, without name or number."""

from __future__ import annotations

import base64
import binascii
import hmac
from uuid import UUID

from sqlalchemy import select

from portal.core import crypto
from portal.core.calendar import now
from portal.core.db import db
from portal.core.enums import LabelEnum
from portal.members import service as members
from portal.members.enums import ChangeReason, ChangeType, EmploymentStatus, MembershipStatus
from portal.members.models import Member
from portal.org.models import User

SLOT_SECONDS = 30  # a code changes this often
SLOTS_GOOD = 2  # this slot and the one before: a picture is worth at most a minute
MAC_BYTES = 16
UUID_BYTES, SLOT_BYTES = 16, 4

RETIRED = frozenset({EmploymentStatus.RETIRED, EmploymentStatus.VETERAN_RETIRED})
FOR_RETIREMENT = frozenset({ChangeReason.RETIRED, ChangeReason.VETERAN_RETIRED})


class Standing(LabelEnum):
    """What a card says (《工会会员会籍管理办法》, card of those who keep their membership)."""

    VALID = "valid", "有效"
    RETIRED = "retired", "保留会籍（退休）"
    WITHHELD = "withheld", "保留会籍（证件停用）"
    INVALID = "invalid", "无效"


def own(actor: User) -> Member | None:
    """Return the actor's own record, None for someone who is no member."""
    return members.own(actor)


def standing(member: Member) -> Standing:
    """Return what the member's card says now."""
    if member.membership_status == MembershipStatus.ACTIVE:
        return Standing.VALID
    if member.membership_status != MembershipStatus.RETAINED:
        return Standing.INVALID
    # what came after it, such as a move to another branch, does not say why the membership is retained
    why = [line.reason for line in member.changes if line.kind is ChangeType.RETAINED][-1:]
    is_retired = why[0] in FOR_RETIREMENT if why and why[0] else member.employment_status in RETIRED
    return Standing.RETIRED if is_retired else Standing.WITHHELD


def token(member: Member) -> str:
    """Return the text of this moment's code: 48 characters that an address may hold."""
    said = UUID(member.uuid).bytes + _slot().to_bytes(SLOT_BYTES, "big")
    return base64.urlsafe_b64encode(said + _mac(said)).decode()


def read(text: str) -> Standing:
    """Return what the card with the code `text` says: INVALID for one that is old, forged, altered or no code at all.

    The database is asked each time, so that a card dies with its membership.
    """
    member = _member_of(text)
    return standing(member) if member is not None else Standing.INVALID


def _member_of(text: str) -> Member | None:
    try:
        whole = base64.b64decode(text.encode("ascii"), b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    if base64.urlsafe_b64encode(whole).decode() != text:
        return None  # another spelling of the same bytes
    said, mac = whole[: UUID_BYTES + SLOT_BYTES], whole[UUID_BYTES + SLOT_BYTES :]
    if not hmac.compare_digest(mac, _mac(said)):
        return None
    age = _slot() - int.from_bytes(said[UUID_BYTES:], "big")
    if not 0 <= age < SLOTS_GOOD:
        return None
    return db.session.scalars(select(Member).where(Member.uuid == str(UUID(bytes=said[:UUID_BYTES])))).one_or_none()


def _mac(said: bytes) -> bytes:
    return crypto.card_mac(said)[:MAC_BYTES]


def _slot() -> int:
    return int(now().timestamp()) // SLOT_SECONDS
