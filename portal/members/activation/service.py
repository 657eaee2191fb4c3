"""Set a password by what only the member knows, or give her a one-time one face to face.

Whatever does not fit gets one answer in one time, so that nobody learns who is a member here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import or_, select

from portal.core import audit, crypto, kinds, notices
from portal.core.actors import Outsider
from portal.core.calendar import now, today
from portal.core.db import apart, db, release, writes
from portal.core.errors import DomainError, Forbidden
from portal.core.fields import FieldError
from portal.core.networks import network_of
from portal.members import documents, names
from portal.members import service as members
from portal.members.catalogue import FIELD
from portal.members.models import Member
from portal.org import service as org
from portal.org import sessions
from portal.org.models import Grant, User
from portal.org.people import reach
from portal.org.people.service import Slip
from portal.org.permissions import Permission

ACT = "member.activate_try"
audit.name_acts({ACT: "尝试自助设置密码"})

MEMBER = Outsider("会员本人")
TRIES = 5  # for one member within a day from one network; then the branch helps face to face
TRIES_FROM_ALL = 20  # likewise from everywhere
TOUCHED = 5  # members at most whose tries one claim spends
TRIES_WITHIN = timedelta(days=1)
ANSWER = "信息核对不一致，或暂时不能自助办理。请核对后再试；仍不成功，请携带证件到所在工会办理"
NOT_HERS = "该账号不能由您重置密码：账号已停用、会籍已结束，或对方担任的职务需由上级办理"


# --- by oneself -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Claim:
    """Who someone says she is, as typed: staff number or name, document, mobile on file."""

    who: str
    id_number: str
    mobile: str

    @property
    def id_index(self) -> str:
        """By which her document is found."""
        return crypto.index("id_number", documents.normalise(self.id_number))

    @property
    def mobile_index(self) -> str:
        """By which her mobile is found."""
        try:
            mobile = str(kinds.parse(FIELD["mobile"], self.mobile) or "")
        except FieldError:
            mobile = self.mobile  # nobody has that one
        return crypto.index("mobile", mobile)

    @property
    def staff_no(self) -> str:
        """What was typed, if it is a staff number."""
        return documents.normalise(self.who)

    def names(self, member: Member) -> bool:
        """Whether it is the member's staff number or name that was typed."""
        if (member.staff_no or "").upper() == self.staff_no:
            return True
        return names.search_key(member.name) == names.search_key(self.who)


def activate(claim: Claim, new: str, again: str) -> str:
    """Set the password of the member who `claim` proves to be, and return her user name.

    Her sessions end and she is told. Hashes with no transaction open. Raises DomainError: about the new password under
    its field, about anything else always the same sentence.
    """
    org.check_new_password(new, again, username=claim.who.strip() or " ")
    release()
    fresh = crypto.hash_password(new)  # before anyone is looked for, so that the time tells nothing
    has_tries = _take_a_try(claim)
    writes()
    member = _proven(claim)
    if member is None or not has_tries:
        raise DomainError(ANSWER)
    user = _account(member)
    org.check_new_password(new, again, username=user.username)
    _set(user, user, fresh, act="user.activate", is_once=False)
    notices.tell([user.id], "您的登录密码已重新设置", "如果不是您本人操作，请立即联系分工会。", "/devices")
    return user.username


def _proven(claim: Claim) -> Member | None:
    """Return the member who fits in everything and may have an account, locked."""
    query = select(Member).where(Member.id_index == claim.id_index, Member.mobile_index == claim.mobile_index)
    found = db.session.scalars(query.with_for_update(of=Member).execution_options(populate_existing=True))
    fitting = [one for one in found if claim.names(one) and _may_sign_in(one) and not _is_guarded(one)]
    return fitting[0] if len(fitting) == 1 else None


def _may_sign_in(member: Member) -> bool:
    if member.membership_status not in members.LIVE:
        return False
    if member.user is None:
        return member.member_no is not None
    return member.user.is_enabled


def _offices(member: Member) -> list[Grant]:
    """Return the grants of the member that hold or will."""
    return [grant for grant in member.user.grants if not grant.is_over(today())] if member.user else []


def _is_guarded(member: Member) -> bool:
    """Whether only a superior may reset the password: what a colleague may read must not open an office."""
    return bool(member.user and member.user.password_hash and _offices(member))


def _take_a_try(claim: Claim) -> bool:
    """Spend a try of everyone whom the claim touches; the trace counts them. Returns whether none had spent all."""
    touched = select(Member.id).where(
        or_(
            Member.id_index == claim.id_index,
            Member.mobile_index == claim.mobile_index,
            Member.staff_no.in_({claim.staff_no, claim.staff_no.lower(), claim.who.strip()}),
        )
    )
    with apart():
        order = touched.order_by(Member.id).limit(TOUCHED).with_for_update(of=Member)
        found = [db.session.get_one(Member, member_id) for member_id in db.session.scalars(order).all()]
        have = [_has_tries(member) for member in found]
        for member in found:
            audit.record(MEMBER, ACT, member)
        if not found:
            audit.record(MEMBER, ACT)  # the same work, and whoever reads the trace sees guessing
    return all(have)


def _has_tries(member: Member) -> bool:
    """Whether there are tries left for the member from here, and from everywhere: a stranger shuts nobody out."""
    places = [network_of(one) for one in audit.addresses(ACT, item=member, since=now() - TRIES_WITHIN)]
    return places.count(network_of(audit.here())) < TRIES and len(places) < TRIES_FROM_ALL


# --- face to face -----------------------------------------------------------------------------------------------------


def may_slip(actor: User, member: Member) -> bool:
    """Whether the actor may give the member a one-time password.

    Not to herself, and not to someone with an office, unless the actor edits for the union at a unit above it; to the
    technical administrator never.
    """
    if member.user_id == actor.id or not actor.may(Permission.MEMBER_EDIT, member.unit) or not _may_sign_in(member):
        return False
    above = [grant.unit for grant in actor.giving(Permission.MEMBER_EDIT_UNION)]
    return all(
        not office.gives(Permission.SYSTEM)
        and any(unit.covers(office.unit) and unit.id != office.unit_id for unit in above)
        for office in _offices(member)
    )


def slip(actor: User, member_id: int) -> Slip:
    """Give the member a one-time password that she changes when she signs in, and return it.

    Her sessions end and she is told. Hashes with no transaction open. Raises Absent, Forbidden.
    """
    _find(actor, member_id)
    release()
    password = crypto.start_password()
    fresh = crypto.hash_password(password)
    writes()
    member = _find(actor, member_id)
    user = _account(member)
    _set(actor, user, fresh, act="user.slip", is_once=True)
    told = f"{actor.label}为您打印了一次性密码。如果您没有到现场办理，请立即联系校工会。"
    notices.tell([user.id], "您的登录密码已在现场重置", told, "/devices")
    return Slip(member.name, user.username, password, actor.label, now())


def _find(actor: User, member_id: int) -> Member:
    member = members.find(actor, member_id, Permission.MEMBER_EDIT)
    if not may_slip(actor, member):
        raise Forbidden(NOT_HERS)
    return member


def looks_after(actor: User, user: User) -> bool | None:
    """Whether the actor edits for the union the member behind an account; None where nobody stands behind it."""
    member = db.session.scalars(select(Member).where(Member.user_id == user.id)).one_or_none()
    return None if member is None else actor.may(Permission.MEMBER_EDIT_UNION, member.unit)


reach.also_ask(looks_after)


# --- both -------------------------------------------------------------------------------------------------------------


def _account(member: Member) -> User:
    """Return the member's account, locked; one that an import did not make is opened now."""
    if member.user_id is not None:
        return db.session.get_one(User, member.user_id, with_for_update=True)
    columns = {"staff_no": member.staff_no, "name": member.name}
    member.user = members.account_for(MEMBER, columns, str(member.member_no))
    return member.user


def _set(actor: User, user: User, password_hash: str, *, act: str, is_once: bool) -> None:
    org.set_password_hash(actor, user, password_hash, act=act)
    user.must_change_password = is_once
    sessions.close_all(user)
