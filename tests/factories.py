"""Invented people, units, members and applications, made by the same verbs that the pages call.

Builders add to the session and flush; those of applications commit, because the verb behind them ends a transaction.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, BinaryIO

from sqlalchemy import select

from portal.changes import service as changing
from portal.changes.checks.models import Check, CheckPart, CheckState
from portal.changes.checks.models import PartState as SignState
from portal.changes.checks.workflow import CHECK_PARTS, CHECKS
from portal.changes.models import ChangeRequest, ChangeState
from portal.changes.objections import service as objecting
from portal.changes.objections.models import Objection, ObjectionState
from portal.changes.objections.workflow import OBJECTIONS
from portal.changes.workflow import CHANGES
from portal.comparison.matters.models import Matter, MatterKind, MatterState
from portal.comparison.matters.workflow import MATTERS
from portal.core import crypto, kinds, scans, uploads
from portal.core.actors import APPLICANT, CLOCK, SHELL
from portal.core.calendar import today
from portal.core.db import db, new_uuid
from portal.handover import service as handing_over
from portal.handover.models import Handover, HandoverState
from portal.handover.workflow import HANDOVER
from portal.joining import applying, codes, receipts
from portal.joining.models import Application, JoinCode, Reason
from portal.joining.models import ApplicationState as S
from portal.joining.workflow import JOINING
from portal.members import filing, history
from portal.members import service as members
from portal.members.models import Member
from portal.members.printing import Papers
from portal.merging import service as merges
from portal.merging.models import Merge, MergeState
from portal.merging.workflow import MERGING
from portal.messaging.sending import outbox
from portal.messaging.sending.models import Batch, BatchState, Message, MessageState
from portal.messaging.sending.outbox import Recipient
from portal.messaging.sending.workflow import BATCHES
from portal.org import access
from portal.org.models import Grant, OrgUnit, UnitKind, User
from portal.org.permissions import Role
from portal.org.service import found_unit
from portal.query.exports.models import Export, ExportFormat, ExportState, Secrets
from portal.query.rosters.models import PartState, Roster, RosterKind, RosterPart, RosterState
from portal.standing import service as standings
from portal.standing.letters import service as letters
from portal.standing.letters.models import Letter, LetterState
from portal.standing.letters.workflow import LETTERS
from portal.standing.models import ChangeKind, StandingChange, StandingState
from portal.standing.workflow import STANDING
from portal.transfers import service as transfers
from portal.transfers.incoming.models import Incoming, IncomingState
from portal.transfers.incoming.service import ASKED
from portal.transfers.incoming.workflow import INCOMING
from portal.transfers.models import Occasion, Transfer, TransferState, TurnDown
from portal.transfers.plans import service as plans
from portal.transfers.plans.models import Plan, PlanState
from portal.transfers.plans.workflow import PLANS
from portal.transfers.workflow import TRANSFER

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
FAMILY_NAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"
GIVEN_NAMES = ("晓梅", "建国", "雅琴", "子轩", "文博", "丽娟", "志强", "思远", "海燕", "明哲", "秀兰", "雨桐")

# every full ID number a builder has made in this process: the client looks for them on each page
numbers_made: set[str] = set()

_serial = itertools.count(1)


def check_digit(first_17: str) -> str:
    """Return the 18th character of an ID number (GB 11643-1999)."""
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(first_17, WEIGHTS, strict=True)) % 11]


def id_number(
    *, birth: date = date(1985, 6, 15), sex: str = "2", area: str = "130302", serial: int | None = None
) -> str:
    """Return an ID number with a valid check digit that nobody has got from here before; `sex` is "1" or "2"."""
    place = (next(_serial) if serial is None else serial) % 500 * 2 + (1 if sex == "1" else 0)
    first_17 = f"{area}{birth:%Y%m%d}{place:03d}"
    number = first_17 + check_digit(first_17)
    numbers_made.add(number)
    return number


@dataclass(frozen=True)
class Person:
    """Who fills in a form; `values` are keyed by catalogue names, as parsed."""

    values: dict[str, Any]

    @property
    def name(self) -> str:
        """Her name."""
        return str(self.values["name"])

    @property
    def id_number(self) -> str:
        """Her number."""
        return str(self.values["id_number"])


def a_person(**values: Any) -> Person:
    """Return someone with all that a full application asks for, unlike anyone before; `values` replaces parts."""
    serial = next(_serial)
    birth = date(1970, 1, 1) + timedelta(days=serial * 37 % 11000)
    sex = "12"[serial % 2]
    person = {
        "name": FAMILY_NAMES[serial % len(FAMILY_NAMES)] + GIVEN_NAMES[serial // len(FAMILY_NAMES) % len(GIVEN_NAMES)],
        "sex": sex,
        "birth_date": birth,
        "ethnicity": "01",
        "native_place": "河北秦皇岛",
        "political_status": "13",
        "id_type": "1",
        "id_number": id_number(birth=birth, sex=sex, serial=serial),
        "staff_no": f"T{serial:06d}",
        "department": "教务处",
        "employment_form": "1",
        "post_category": "1",
        "work_start_date": date(birth.year + 24, 7, 1),
        "education": "21",
        "mobile": f"139{serial:08d}",
        "resume": [{"start": f"{birth.year + 24}-07", "end": None, "place": "海港大学", "post": "教师", "witness": ""}],
    }
    person.update(values)
    if person.get("id_number"):
        numbers_made.add(str(person["id_number"]))
    return Person(person)


def make_unit(parent: OrgUnit | None, *, code: str, name: str, is_enabled: bool = True, **columns: Any) -> OrgUnit:
    """Add a unit: without a parent a 校工会 that approves members, else a branch that accepts them."""
    if parent is None:
        columns = {"kind": UnitKind.UNION, "approves_members": True, "needs_opinion": True, **columns}
    else:
        columns = {"kind": UnitKind.BRANCH, "accepts_members": True, "contact_phone": "0335-8050000", **columns}
    unit = found_unit(SHELL, parent=parent, code=code, name=name, **columns)
    unit.is_enabled = is_enabled
    return unit


def make_user(
    role: Role | None = None,
    unit: OrgUnit | None = None,
    *,
    starts: date | None = None,
    ends: date | None = None,
    **columns: Any,
) -> User:
    """Add an account without a password, with `role` at `unit` if given.

    The grant holds from `starts` (default: a year ago) up to and including `ends` (None: open).
    """
    serial = next(_serial)
    name = role.label if role else FAMILY_NAMES[serial % len(FAMILY_NAMES)] + "雨薇"
    user = User(**{"username": f"u{serial:06d}", "name": name, **columns})
    db.session.add(user)
    if role is not None and unit is not None:
        since = starts or today() - timedelta(days=365)
        db.session.add(Grant(user=user, role=role, unit=unit, starts=since, ends=ends))
    db.session.flush()  # the tests name people by number
    return user


# --- canaries --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Canaries:
    """Texts that stand nowhere else: each in a field that not everyone may read."""

    values: dict[str, Any]
    secret: tuple[str, ...]  # ID number and salary: whole only by a reveal
    family: tuple[str, ...]  # 33 to 38: operators of the own subtree
    masked: tuple[str, ...]  # mobile and address: tail in lists, whole on the sheet of the own subtree
    encrypted: tuple[str, ...]  # whatever else must not stand in the database as text


def canaries() -> Canaries:
    """Return a person's values with a canary in every field that is masked, of the family, secret or encrypted."""
    serial = next(_serial)
    mark = f"{serial % 10_000:04d}"  # four digits end a mobile, however long a process lives
    birth = date(1976, 1, 1) + timedelta(days=serial % 9000)
    number = id_number(birth=birth, sex="2", area="130303", serial=serial)
    salary, mobile, address = f"4{mark}.73", f"1760335{mark}", f"金丝雀{mark}路密址"
    spouse = {"name": "殷密配", "workplace": f"密偶单位{mark}", "phone": f"1770335{mark}"}
    relative = {"relation": "51", "name": "殷密亲", "workplace": f"密亲单位{mark}", "phone": f"1780335{mark}"}
    born = date(birth.year + 22, 5, 6)
    child = {"name": "殷密子", "sex": "1", "birth_date": born.isoformat(), "position": 1, "school": f"密校{mark}"}
    child |= {"id_number": id_number(birth=born, sex="1", area="130304", serial=serial), "is_only_child": True}
    resume = {
        "start": f"{birth.year + 24}-07",
        "end": None,
        "place": f"密历单位{mark}",
        "post": "教师",
        "witness": "殷证人",
    }
    values = a_person(
        name="殷晓澜",
        sex="2",
        birth_date=birth,
        id_number=number,
        mobile=mobile,
        home_address=address,
        dues_base=Decimal(salary),
        marital_status="21",
        spouse=spouse | {"is_member_here": False, "married_on": None},
        children_count=1,
        children=[child],
        family_planning="1",
        family_planning_text=f"密证号{mark}",
        family_members=[relative],
        honors=[{"title": f"密荣誉{mark}", "level": "4", "year": 2020, "document_no": ""}],
        work_start_date=date(birth.year + 24, 7, 1),
        resume=[resume],
    ).values
    return Canaries(
        values=values,
        secret=(number, salary),
        family=(
            spouse["workplace"],
            spouse["phone"],
            relative["workplace"],
            relative["phone"],
            f"密证号{mark}",
            f"密校{mark}",
        ),
        masked=(mobile, address),
        encrypted=(f"密荣誉{mark}", f"密历单位{mark}"),
    )


# --- members and applications ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hand:
    """Whoever may do everything, for arranging what somebody has done before the test begins."""

    label: str = "安排测试的人"
    id: None = None

    def may(self, permission: str, unit: object) -> bool:
        """Everything, everywhere."""
        return True

    def label_for(self, permission: str, unit: object = None) -> str:
        """By one's own right."""
        return self.label


def make_member(unit: OrgUnit, *, join_date: date | None = None, **values: Any) -> Member:
    """Admit someone to `unit` from `join_date` (default today), with `values` instead of an invented person's."""
    return members.admit(SHELL, unit=unit, values=a_person(**values).values, join_date=join_date or today())


def make_code(unit: OrgUnit) -> JoinCode:
    """Return the join code of `unit`."""
    code = codes.issue_code(SHELL, unit)
    db.session.flush()
    return code


_form_keys: dict[str, str] = {}


def receipt_code(item: Application) -> str:
    """Return the code on the receipt of an application made here."""
    return receipts.code_from(_form_keys[item.uuid])


def make_application(
    unit: OrgUnit,
    state: S = S.SUBMITTED,
    *,
    study_date: date | None = None,
    photo: BinaryIO | None = None,
    **values: Any,
) -> Application:
    """Send an application to `unit` and take it to `state` by the steps that lead there; commits."""
    code = make_code(unit)
    person = a_person(**values).values
    if state is S.ALREADY_HERE:
        members.admit(SHELL, unit=unit, values=person, join_date=today())
    token, key = code.token, crypto.random_token()
    db.session.commit()
    picture = applying.keep_photo(photo) if photo else ""
    receipt = applying.submit(token, key, person, consented=True, sensitive_consented=True, photo=picture)
    db.session.commit()
    item = receipts.find(receipt).application
    _form_keys[item.uuid] = key
    hand = Hand()
    if state in (S.BRANCH_OK, S.APPROVED) and item.state is S.SUBMITTED:
        JOINING.fire(item, "agree", hand)
    if state is S.APPROVED:
        JOINING.fire(item, "approve", hand, study_date=study_date or today())
    if state in (S.RETURNED, S.EXPIRED):
        JOINING.fire(item, "return", hand, comment="请核对籍贯", wrong_fields=["native_place"], reason=Reason.WRONG)
    if state is S.EXPIRED:
        JOINING.fire(item, "expire", CLOCK, own=True)
    if state is S.WAIT_PROVINCE:
        if item.state is S.SUBMITTED:
            JOINING.fire(item, "agree", hand)
        JOINING.fire(item, "await_province", hand)  # by hand: no button of a school does it
    if state is S.REJECTED:
        JOINING.fire(item, "reject", hand, comment="不符合入会条件", reason=Reason.NOT_OURS)
    if state is S.WITHDRAWN:
        JOINING.fire(item, "withdraw", APPLICANT, own=True)
    db.session.commit()
    assert item.state is state
    return item


def make_handover(unit: OrgUnit, state: HandoverState = HandoverState.WAITING) -> Handover:
    """Let a branch's chair hand over to somebody who works there, in a month; DONE: today."""
    leaver, successor = make_user(Role.BRANCH_CHAIR, unit), make_user(Role.BRANCH_OPERATOR, unit)
    technician = make_user(Role.SUPER_ADMIN, access.upward(unit)[-1])
    day = today() + timedelta(days=0 if state is HandoverState.DONE else 30)
    item, _ = handing_over.arrange(technician, leaver, successor.username, day=day)
    if state is HandoverState.CANCELLED:
        HANDOVER.fire(item, "cancel", technician)
    db.session.commit()
    return item


def make_matter(unit: OrgUnit, state: MatterState = MatterState.OPEN, *, member: Member | None = None) -> Matter:
    """Put a member of `unit` on the to-do list as one who has left, and take it to `state`; commits."""
    person = member or make_member(unit)
    matter = Matter(unit=unit, member=person, kind=MatterKind.LEAVE, note="名单上没有", made_by=make_user().id)
    db.session.add(matter)
    db.session.commit()
    steps = {MatterState.DONE: "finish", MatterState.DISMISSED: "dismiss"}
    if state in steps:
        MATTERS.fire(matter, steps[state], Hand(), comment="已核实")
        db.session.commit()
    return matter


# what has to be given with a change of each kind
FACTS: dict[ChangeKind, dict[str, str]] = {
    ChangeKind.LEAVE: {"employer": "山海大学", "union": "山海大学工会"},
    ChangeKind.RESTORE: {"work": "重新签订劳动合同"},
    ChangeKind.WITHDRAW: {"talked_on": "2020-01-06"},
    ChangeKind.LAPSE: {"warned_on": "2020-01-06", "note": "连续六个月不交会费、不参加活动，经教育不改"},
    ChangeKind.EXPEL: {
        "judgment_no": "（2020）冀03刑初1号", "group_opinion": "同意开除会籍", "committee_on": "2020-01-06",
    },
    ChangeKind.CORRECT: {"note": "登记有误"},
    ChangeKind.REDATE: {"note": "决议日期有误"},
}  # fmt: skip


def make_standing(
    unit: OrgUnit,
    state: StandingState = StandingState.SUBMITTED,
    kind: ChangeKind = ChangeKind.RETIRE,
    *,
    member: Member | None = None,
    on: date | None = None,
    asker: User | None = None,
) -> StandingChange:
    """Let the union ask for a change of a member's status today, and take it to `state`; commits."""
    union = access.approving_unit(unit)
    asker = asker or make_user(Role.UNION_OPERATOR, union)
    wanted = member or make_member(unit)
    day = on or today() + timedelta(days=10 if state is StandingState.SCHEDULED else 0)
    item = standings.ask(asker, standings.Wanted(wanted, kind, day, FACTS.get(kind, {})))
    steps = {
        StandingState.DONE: "decide" if kind in standings.rules.BY_UNION else "agree",
        StandingState.SCHEDULED: "agree",
        StandingState.RETURNED: "return",
        StandingState.REFUSED: "turn_down" if kind in standings.rules.BY_UNION else "refuse",
        StandingState.WITHDRAWN: "withdraw",
    }
    if state in steps:
        STANDING.fire(item, steps[state], Hand(), comment="请核对")
    db.session.commit()
    assert item.state is state
    return item


def make_letter(unit: OrgUnit, state: LetterState = LetterState.ISSUED) -> Letter:
    """Let a member of `unit` leave with a letter today, and take it to `state`; commits."""
    item = make_standing(unit, StandingState.DONE, ChangeKind.LEAVE)
    [letter] = letters.of_change(item)
    if state is LetterState.RECEIVED:
        LETTERS.fire(letter, "receive", Hand(), received_on=today())
    if state is LetterState.VOID:
        LETTERS.fire(letter, "void", Hand(), comment="没有办成调动")
    db.session.commit()
    assert letter.state is state
    return letter


def make_merge(unit: OrgUnit, state: MergeState = MergeState.WAITING) -> Merge:
    """Propose to merge two records of a member of `unit`, whose form was printed, and take it to `state`; commits."""
    clerk = make_user(Role.UNION_OPERATOR, access.approving_unit(unit), name="钱合并")
    kept = make_member(unit)
    gone = make_member(unit, name=kept.name, birth_date=kept.birth_date, id_type="2", id_number=f"E{next(_serial):08d}")
    prints = [(kept.id, unit.id)]
    filing.keep_prints(SHELL, prints, print_id=new_uuid(), papers=Papers.REGISTRATION, at_joining=False, of_batch=False)
    item, _ = merges.merge(clerk, kept.id, gone.id, taken=["id_number"], reason="核对了本人护照")
    steps = {
        MergeState.DONE: ("agree",),
        MergeState.REFUSED: ("refuse",),
        MergeState.WITHDRAWN: ("withdraw",),
        MergeState.UNDONE: ("agree", "undo"),
    }
    for action in steps.get(state, ()):
        MERGING.fire(item, action, clerk if action == "withdraw" else Hand(), comment="请核对")
    db.session.commit()
    assert item.state is state
    return item


def make_roster(unit: OrgUnit, state: RosterState = RosterState.DRAFT) -> Roster:
    """Add a list of the unit with nobody on it yet."""
    item = Roster(
        unit=unit, owner_id=make_user(Role.BRANCH_OPERATOR, unit, name="孙名单").id, title="春节慰问",
        kind=RosterKind.HOLIDAY, item="米面油礼包", share=100, measure="份", day=today(), columns=[], state=state,
    )  # fmt: skip
    db.session.add(item)
    db.session.flush()
    return item


def make_roster_part(unit: OrgUnit, state: PartState = PartState.WAITING) -> RosterPart:
    """Add the part of a list that the unit is to check."""
    part = RosterPart(unit=unit, roster=make_roster(unit, RosterState.CHECKING), state=state)
    db.session.add(part)
    db.session.flush()
    return part


def make_transfer(
    unit: OrgUnit, state: TransferState = TransferState.SENT, *, to: OrgUnit | None = None, member: Member | None = None
) -> Transfer:
    """Begin the transfer of a member of `unit`, by herself or by its operator, and take it to `state`; commits.

    It goes to `to`, else to a sister unit of its own.
    """
    T = TransferState
    target = to or make_unit(unit.parent, code=f"GHT{next(_serial)}", name=f"转入分工会{next(_serial)}")
    person, hand = member or make_member(unit), Hand()
    if state is T.ASKED:
        assert person.user is not None
        item = transfers.ask(person.user, to=target, occasion=Occasion.POST)
    else:
        clerk = make_user(Role.BRANCH_OPERATOR, unit, name="孙转出")
        item = transfers.send(clerk, person, to=target, occasion=Occasion.POST, note="校人〔2026〕8号")
    steps: dict[TransferState, tuple[tuple[str, dict[str, Any]], ...]] = {
        T.APPROVED: (("approve", {}),),
        T.RECEIVED: (("approve", {}), ("receive", {})),
        T.RETURNED: (("return", {"comment": "请核对转入单位"}),),
        T.REFUSED: (("refuse", {"comment": "岗位没有变动"}),),
        T.WITHDRAWN: (("withdraw", {}),),
        T.CANCELLED: (("approve", {}), ("cancel", {"comment": "不再调动"})),
    }
    for action, inputs in steps.get(state, ()):
        TRANSFER.fire(item, action, hand, **inputs)
    db.session.commit()
    assert item.state is state
    return item


def make_plan(unit: OrgUnit, state: PlanState = PlanState.PLANNED) -> Plan:
    """Plan to close the unit in a month, its members going to a new sister unit; DONE: today; commits."""
    heir = make_unit(unit.parent, code=f"GHP{next(_serial)}", name=f"承接分工会{next(_serial)}")
    clerk = make_user(Role.UNION_OPERATOR, access.upward(unit)[-1], name="孙撤并")
    day = today() + timedelta(days=0 if state is PlanState.DONE else 30)
    item = plans.make(clerk, unit, plans.Wish(heir, day, document_no="校工〔2026〕3号"))
    if state is PlanState.CANCELLED:
        PLANS.fire(item, "cancel", clerk, comment="暂不撤并")
    db.session.commit()
    return item


def make_incoming(unit: OrgUnit, state: IncomingState = IncomingState.WAITING, **values: Any) -> Incoming:
    """Record somebody who comes to `unit` from another union, and take it to `state`; commits."""
    said = {name: value for name, value in a_person(**values).values.items() if name in ASKED}
    clerk = make_user(Role.BRANCH_OPERATOR, unit, name="孙转入")
    item = Incoming(
        unit=unit, name=said["name"], id_type="1", id_index=crypto.index("id_number", said["id_number"]),
        from_union="唐山大学工会", letter_no="转字7号", letter=scans.keep(clerk, "scan_jpg", b"\xff\xd8\xff\xd9"),
        made_by=clerk.id, state=IncomingState.WAITING,
    )  # fmt: skip
    item.data = kinds.plain(said | {"join_date": date(2011, 5, 4)})
    db.session.add(item)
    db.session.commit()
    steps: dict[IncomingState, tuple[str, dict[str, Any]]] = {
        IncomingState.ACCEPTED: ("accept", {"unit_id": unit.id}),
        IncomingState.REFUSED: ("refuse", {"comment": "介绍信有误"}),
        IncomingState.WITHDRAWN: ("withdraw", {}),
    }
    if state in steps:
        action, inputs = steps[state]
        INCOMING.fire(item, action, Hand(), **inputs)
        db.session.commit()
    return item


def turn_down(item: Transfer) -> Transfer:
    """Let the receiver of an approved transfer refuse it, so that it is sent again with the mark; commits."""
    TRANSFER.fire(item, "turn_down", Hand(), reason=TurnDown.NOT_ARRIVED)
    db.session.commit()
    return item


def make_export(unit: OrgUnit, state: ExportState = ExportState.PENDING) -> Export:
    """Add an export of nobody's numbers that waits for a second person, or did."""
    item = Export(
        uuid=new_uuid(), owner_id=make_user(Role.UNION_OPERATOR, unit, name="孙申请").id, unit_id=unit.id,
        format=ExportFormat.XLSX, secrets=Secrets.FULL, columns=["name", "id_number"], member_ids=[1], day=today(),
        reading="全部会员", purpose="测试用的名册", needs=["完整的证件号码"], state=state,
    )  # fmt: skip
    db.session.add(item)
    db.session.flush()
    return item


def make_batch(unit: OrgUnit, state: BatchState = BatchState.QUEUED, *, people: int = 0) -> Batch:
    """Open a batch of messages at the unit, with so many `people` who are no members, and take it to `state`."""
    item = outbox.open_batch(Hand(), unit=unit, title="节日慰问通知", respects_quiet=False)
    outbox.queue(Hand(), item, [recipient(unit) for _ in range(people)])
    steps = {BatchState.SENDING: "begin", BatchState.DONE: "finish", BatchState.STOPPED: "stop"}
    if state in steps:
        BATCHES.fire(item, steps[state], Hand(), own=True)
    db.session.flush()
    return item


def recipient(unit: OrgUnit, member: Member | None = None) -> Recipient:
    """Return a member of the unit, or somebody who is none, with a number that nobody has got from here before."""
    number = str(member.mobile) if member else f"139{next(_serial):08d}"
    return Recipient(member.name if member else "钱收信", number, "节日快乐", unit.id, member.id if member else None)


def make_message(unit: OrgUnit, state: MessageState = MessageState.QUEUED) -> Message:
    """Add a message of a batch of its own, as far as the worker would have taken it."""
    batch = make_batch(unit, people=1)
    (message,) = db.session.scalars(select(Message).where(Message.batch_id == batch.id))
    message.state = state
    db.session.flush()
    return message


def make_change(
    unit: OrgUnit, state: ChangeState = ChangeState.PENDING_BRANCH, *, member: Member | None = None, **asked: Any
) -> ChangeRequest:
    """Let a member of `unit` ask for `asked` (default: a doctor's degree), and take it to `state`; commits."""
    person = member or make_member(unit)
    assert person.user is not None
    wanted = asked or {"degree": "201"}
    proof = uploads.keep(person.user, b"%PDF-", kind="scan_pdf").uuid
    [item] = changing.ask(person.user, person, wanted, evidence=proof)
    if state is ChangeState.CANCELLED:
        CHANGES.fire(item, "cancel", person.user, own=True)
    elif state is ChangeState.REFUSED:
        CHANGES.fire(item, "refuse", Hand(), comment="证书不清楚")
    elif state is not item.state:
        CHANGES.fire(item, "pass_on", Hand())
        if state is ChangeState.APPLIED:
            CHANGES.fire(item, "approve", Hand())
        elif state is ChangeState.PENDING_SECOND:
            item.state = state  # as if the form had been printed
    db.session.commit()
    assert item.state is state
    return item


def make_objection(unit: OrgUnit, state: ObjectionState = ObjectionState.WAITING_BRANCH) -> Objection:
    """Let a member of the unit object to what an operator made of her department, and take it to `state`; commits."""
    member = make_member(unit, department="教务处")
    of_union = state is ObjectionState.WAITING_UNION
    top = access.upward(unit)[-1]
    editor = make_user(Role.UNION_OPERATOR, top) if of_union else make_user(Role.BRANCH_OPERATOR, unit)
    make_user(Role.BRANCH_CHAIR, unit)  # who edited does not answer
    edit = history.write(member, {"department": "财务处"}, editor, reason="工会修改")
    assert member.user is not None
    assert edit is not None
    item = objecting.file(member.user, edit.id, text="应是教务处")
    steps = {ObjectionState.ANSWERED: "answer", ObjectionState.SET_BACK: "set_back"}
    if state in steps:
        OBJECTIONS.fire(item, steps[state], Hand(), comment="已核实")
    elif state is ObjectionState.WITHDRAWN:
        OBJECTIONS.fire(item, "withdraw", member.user, own=True)
    db.session.commit()
    assert item.state is state
    return item


def make_check(unit: OrgUnit, state: CheckState = CheckState.OPEN) -> Check:
    """Open a check of the unit's own list, and take it to `state`; commits."""
    clerk = make_user(Role.UNION_OPERATOR, access.upward(unit)[-1])
    item = Check(unit=unit, name="秋季学期信息核对", due=today(), made_by=clerk.id, parts=[CheckPart(unit=unit)])
    db.session.add(item)
    db.session.commit()
    if state is CheckState.CLOSED:
        CHECKS.fire(item, "close", Hand())
        db.session.commit()
    return item


def make_check_part(unit: OrgUnit, state: SignState = SignState.WAITING) -> CheckPart:
    """Return the part of the unit in a check, signed if `state` says so; commits."""
    [part] = make_check(unit).parts
    if state is SignState.SIGNED:
        CHECK_PARTS.fire(part, "sign", make_user(Role.BRANCH_OPERATOR, unit))
        db.session.commit()
    return part
