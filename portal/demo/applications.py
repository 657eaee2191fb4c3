"""Applications in every state: sent and decided through the verbs of joining, so that each has a real trace."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from portal.core import crypto, settings
from portal.core.actors import APPLICANT, SHELL
from portal.core.calendar import today
from portal.core.db import db
from portal.joining import applying, codes, receipts
from portal.joining import service as joining
from portal.joining.models import Application, JoinCode, Reason
from portal.joining.models import ApplicationState as S
from portal.joining.questions import ASKED, REQUIRED
from portal.joining.workflow import JOINING
from portal.members import history
from portal.members.enums import IdType
from portal.members.models import Member
from portal.org.models import OrgUnit, User

from .enrolment import Enrolled, Home
from .offices import Offices
from .people import Inventor

Values = dict[str, Any]

# what becomes of the applications, the first of each state early, so that a small demo shows them all
FATES = (
    S.SUBMITTED, S.BRANCH_OK, S.APPROVED, S.RETURNED, S.ALREADY_HERE, S.REJECTED, S.WITHDRAWN, S.EXPIRED,
    S.SUBMITTED, S.SUBMITTED, S.BRANCH_OK, S.APPROVED, S.SUBMITTED, S.RETURNED, S.APPROVED, S.SUBMITTED,
    S.BRANCH_OK, S.SUBMITTED, S.APPROVED, S.ALREADY_HERE, S.SUBMITTED, S.BRANCH_OK, S.RETURNED, S.SUBMITTED,
    S.APPROVED, S.REJECTED, S.WITHDRAWN, S.BRANCH_OK, S.SUBMITTED, S.APPROVED,
)  # fmt: skip
_MEMBERS_FOR_EACH = 20  # a small union has few applications
_BRANCHES = 8  # in so many units people apply, most in the first two

RETURNED_TEXT = ("个人简历请补充到月，并写明证明人", ("resume",))
REJECTED_TEXT = "经核实尚未与本单位建立劳动（工作）关系，入职后可重新申请"


def fates_for(members: int) -> tuple[S, ...]:
    """Return what shall become of the applications of a union with so many members."""
    return FATES[: members // _MEMBERS_FOR_EACH]


def post_codes(units: Sequence[OrgUnit]) -> dict[int, str]:
    """Give every unit that takes members its join code and return the tokens by the unit's number."""
    made = {unit.id: codes.issue_code(SHELL, unit) for unit in units if unit.accepts_members}
    db.session.flush()  # the token comes with the row
    return {unit_id: code.token for unit_id, code in made.items()}


class Applications:
    """Sends invented applications to the units where there is somebody to decide on them."""

    def __init__(
        self, rng: Random, inventor: Inventor, homes: Sequence[Home], offices: Offices, tokens: dict[int, str]
    ) -> None:
        self._rng = rng
        self._inventor = inventor
        self._homes = homes
        self._tokens = tokens
        self._deciders = _deciders(offices)
        self._open = list(self._deciders)[:_BRANCHES]

    @property
    def can_decide(self) -> bool:
        """Whether there is a unit with people to decide."""
        return bool(self._open)

    def send(self, fates: Sequence[S]) -> None:
        """Send one application for each of `fates`, each in a transaction of its own."""
        known = self._members_with_full_records(fates.count(S.ALREADY_HERE))
        for number, fate in enumerate(fates):
            home = self._open[(0, 1, 0, 2, 1, 3, 0, 4, 5, 1, 6, 7)[number % 12] % len(self._open)]
            place = self._homes[home].place
            person = self._inventor.applicant(place)
            if fate is S.ALREADY_HERE and known:
                person = known.pop()
            self._send(home, person, fate)
            db.session.commit()

    def _send(self, home: int, person: Values, fate: S) -> None:
        token = self._tokens[self._homes[home].unit_id]
        code = db.session.scalars(select(JoinCode).where(JoinCode.token == token)).one()
        asked = {name: person.get(name) for name in ASKED[codes.form_of(code.unit)] if name != "photo"}
        receipt = applying.submit(token, crypto.random_token(), asked, consented=True, sensitive_consented=True)
        item = receipts.find(receipt).application
        branch, union = (db.session.get_one(User, person.user_id) for person in self._deciders[home])
        if fate in (S.BRANCH_OK, S.APPROVED, S.REJECTED) and item.state == S.SUBMITTED:
            JOINING.fire(item, "agree", branch, comment="情况属实，同意入会")
        if fate is S.APPROVED:
            JOINING.fire(item, "approve", union, study_date=today())
        elif fate is S.REJECTED:
            JOINING.fire(item, "reject", union, comment=REJECTED_TEXT, reason=Reason.NOT_OURS)
        elif fate is S.WITHDRAWN:
            JOINING.fire(item, "withdraw", APPLICANT, own=True)
        elif fate in (S.RETURNED, S.EXPIRED):
            text, wrong = RETURNED_TEXT if "resume" in asked else ("手机号码请核对", ("mobile",))
            JOINING.fire(item, "return", branch, comment=text, wrong_fields=list(wrong), reason=Reason.WRONG)
            if fate is S.EXPIRED:
                _let_expire(item)

    def _members_with_full_records(self, count: int) -> list[Values]:
        """Return the answers that some members would give to the joining form, were they to apply again."""
        unit_ids = [self._homes[home].unit_id for home in self._open]
        has_card = Member.id_type == IdType.IDENTITY_CARD.value  # the quick form asks for no other document
        query = select(Member).where(Member.unit_id.in_(unit_ids), Member.staff_no.is_not(None), has_card)
        found: list[Values] = []
        for member in db.session.scalars(query.order_by(Member.id).limit(200)):
            if len(found) == count:
                break
            form = codes.form_of(member.unit)
            values = {name: history.value_of(member, name) for name in ASKED[form] if name != "photo"}
            if all(values.get(name) is not None for name in REQUIRED[form] if name != "branch"):
                found.append(values)
        return found


def _deciders(offices: Offices) -> dict[int, tuple[Enrolled, Enrolled]]:
    """Return by home who gives the opinion and who approves; where no opinion is needed, the same person."""
    found: dict[int, tuple[Enrolled, Enrolled]] = {}
    for home, officers in enumerate(offices.of_home):
        union = offices.of_union.operator or officers.operator
        if officers.operator is not None and union is not None:
            found[home] = (officers.operator, union)
    return found


def _let_expire(item: Application) -> None:
    """Let it be as if nothing had come of the application for longer than the clock waits."""
    back = timedelta(days=settings.value("joining_returned_days") + 3)
    item.created_at -= back
    item.consented_at -= back
    for name in ("submitted_at", "asked_at", "returned_at"):
        setattr(item, name, getattr(item, name) - back)
    db.session.flush()  # the clock looks into the table
    joining.expire_returned()
