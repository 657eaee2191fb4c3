"""A house in which every table has rows and every place its objects: for the tests that walk all of it."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from sqlalchemy import select

from portal.changes import service as changing
from portal.changes.checks.models import Check, CheckPart
from portal.changes.models import ChangeRequest
from portal.changes.objections import service as objecting
from portal.changes.objections.models import Objection
from portal.changes.workflow import CHANGES
from portal.comparison import bringing as hr_lists
from portal.comparison.matters import service as matters
from portal.comparison.matters.models import Matter, MatterKind
from portal.comparison.matters.service import Intent
from portal.comparison.models import Comparison, Finding, Kind
from portal.core import crypto, runs, scans, settings, uploads
from portal.core.actors import CLOCK, SHELL
from portal.core.audit import AuditEvent
from portal.core.calendar import now, today
from portal.core.db import db, new_uuid
from portal.core.notices import Notice, tell
from portal.core.sealed_files import SealedWriter
from portal.core.workdays import CalendarSpan, CalendarYear, SpanKind
from portal.handover import service as handing_over
from portal.handover.models import Handover
from portal.handover.posts.models import PostGrant
from portal.joining import entry
from portal.joining.expected.models import ExpectedList
from portal.joining.models import Application, ApplicationState, CodeDay, JoinCode
from portal.joining.questions import FULL
from portal.members import filing, history
from portal.members.catalogue import FIELD
from portal.members.enums import PostKind
from portal.members.importing import uploading
from portal.members.importing.models import Import
from portal.members.models import Member, SearchText, UnionPost
from portal.members.printing import Papers
from portal.merging.models import Merge
from portal.messaging.sending import outbox
from portal.messaging.sending.models import Batch, Message
from portal.messaging.sending.outbox import Recipient
from portal.org import access, sessions
from portal.org.models import Grant, LoginFailure, OrgUnit, User
from portal.org.people import delegating
from portal.org.people import service as people
from portal.org.permissions import Permission, Role
from portal.org.units import bringing, departments
from portal.org.units import names as unit_names
from portal.org.units.models import Department, UnitName, UnitSheet
from portal.org.units.reading import Line
from portal.prints import chunks
from portal.prints.models import JobState, PrintJob, PrintKind
from portal.query import conditions, keeping
from portal.query.batches.models import BatchEdit, BatchEditRow, Outcome
from portal.query.definitions import blanks
from portal.query.definitions.blanks import Blank, BlankKind
from portal.query.definitions.models import Definition, DefinitionVersion, Reach
from portal.query.exports.models import Export, ExportFormat, ExportState, Secrets
from portal.query.exports.store import FILES as export_files
from portal.query.models import Selection
from portal.query.rosters.files import FILES as roster_files
from portal.query.rosters.models import Roster, RosterJob, RosterJobState, RosterKind, RosterPart, RosterRow
from portal.query.slow.models import SlowQuestion
from portal.standing import service as standings
from portal.standing.dues import service as dues
from portal.standing.leaving.models import LeavingWarning, WarningKind
from portal.standing.letters.models import Letter
from portal.standing.models import StandingChange
from portal.transfers.incoming.models import Incoming
from portal.transfers.models import Transfer, TransferState
from portal.transfers.plans.models import Plan
from tests import doors, factories
from tests.congress import making as congresses
from tests.factories import Canaries
from tests.members.importing import lists
from tests.messaging import making as messages

S = ApplicationState


@dataclass(frozen=True)
class Place:
    """What belongs to one unit: a member with canaries, an application in each state, a code."""

    unit: OrgUnit
    member: Member
    canaries: Canaries
    applicant: Canaries  # who stands in the application that waits for the branch
    applications: dict[ApplicationState, Application]
    code: JoinCode
    entry: Application  # typed in by an operator
    roll: ExpectedList
    invitation: str  # the token of a personal link
    confirmation: str
    coming_name: UnitName
    department: Department
    sheet: UnitSheet  # somebody else's
    officer: User  # with an office and a lent decision, and a wrong password too often
    handover: Handover  # of an officer who leaves in a month
    comparison: Comparison
    finding: Finding  # somebody whom the personnel office knows alone
    matter: Matter
    brought: Import  # a file that has changed the member
    definition: Definition  # somebody else's, shared here
    dues: tuple[int, int]  # sheets of dues of the unit: a preview, and one that is recorded
    part: RosterPart  # of the union's list, which asks the branches
    row: RosterRow  # of a list of its own, where the family of the member is kept
    standing: StandingChange  # of a colleague who retires, with a paper
    letter: Letter  # of one who has left
    leaving: Transfer  # of somebody else, from here to c, where none of the walk's people stands
    coming: Transfer  # from c to here, and agreed to
    objection: Objection  # of a colleague, to what the union made of her record
    check: Check  # of the unit, with the part of the unit itself
    changes: tuple[ChangeRequest, ...]  # asked by the member: for the branch, for the union, for its second person
    told: messages.Told
    congress: congresses.Place
    incoming: Incoming  # somebody who would come from another union
    merge: Merge  # of two records of a colleague, which waits for a second person
    plan: Plan | None  # by which the unit ends in a month; the house itself does not


@dataclass(frozen=True)
class House:
    """A small school: branches a, b and c; `top` is the union itself, which takes members too."""

    units: dict[str, OrgUnit]
    places: dict[str, Place]
    people: dict[str, User] = field(default_factory=dict)
    records: dict[str, Member] = field(default_factory=dict)  # each person's own
    applications: dict[str, Application] = field(default_factory=dict)  # each person's own


def photo() -> io.BytesIO:
    """A picture that a phone may have taken."""
    return io.BytesIO(doors.picture(600, 800, (180, 200, 220)))


def fill() -> House:
    """Put a small school into the database, with rows in every table; commits."""
    root = factories.make_unit(None, code="GH", name="海港大学工会", accepts_members=True)
    units = {
        "top": root,
        "a": factories.make_unit(root, code="GH01", name="外国语学院分工会"),
        "b": factories.make_unit(root, code="GH02", name="机械工程学院分工会"),
        "c": factories.make_unit(root, code="GH03", name="机关分工会"),
    }
    settings.set(SHELL, "home_contact", "校工会办公室 0335-8000000")
    db.session.add(CalendarYear(year=2030, source="放假通知", changed_at=now(), changed_by="殷录入"))
    new_year = date(2030, 1, 1)
    db.session.add(CalendarSpan(year=2030, kind=SpanKind.FREE, name="元旦", starts=new_year, ends=new_year))
    runs.failed(runs.begin("attempts.sweep", "清理登录失败记录"), ValueError("殷晓澜"))
    db.session.commit()
    clerk = factories.make_user(Role.UNION_OPERATOR, root, name="殷录入")
    chair = factories.make_user(Role.UNION_CHAIR, root, name="殷主席")
    return House(units, {name: _fill_place(units[name], clerk, chair) for name in ("a", "b", "top")})


def _fill_place(unit: OrgUnit, clerk: User, chair: User) -> Place:
    of_member, of_applicant = factories.canaries(), factories.canaries()
    member = factories.make_member(unit, **of_member.values)
    history.write(member, {"retire_date_hr": today() + timedelta(days=20)}, SHELL, reason="人事部门核定")
    _give_photo(member)
    assert member.user is not None
    post = UnionPost(member=member, kind=PostKind.GROUP_LEADER, unit_id=unit.id, starts=today())
    db.session.add(post)
    tell([member.user.id], "只给会员本人的一封站内信")
    sessions.open_session(member.user, address="127.0.0.1", device="Test")
    db.session.add(LoginFailure(user_id=member.user.id, network="203.0.113.7", failures=1, last_at=now()))
    _give_paper(member)
    came_with = factories.make_user(Role.BRANCH_OPERATOR, unit, name="殷随职").grants[0]
    db.session.add(PostGrant(post_id=post.id, grant_id=came_with.id))
    search = SearchText(token=f"search{unit.id}", user_id=member.user.id, created_at=now())
    search.text = "20260001"
    db.session.add(search)
    keeping.word_of(member.user, conditions.parse({"field": "mobile", "op": "tail", "value": "0001"}))
    db.session.commit()
    # what the form does not ask an applicant stands in nobody's application
    asked = {name: value for name, value in of_applicant.values.items() if name in FULL}
    of_applicant = replace(of_applicant, family=tuple(one for one in of_applicant.family if "密校" not in one))
    applications = {}
    for state in S:
        if state is S.SUBMITTED:
            applications[state] = factories.make_application(unit, state, photo=photo(), **asked)
        elif state not in (S.DRAFT, S.WAIT_PROVINCE):  # which no school comes to
            applications[state] = factories.make_application(unit, state)
    code = db.session.scalars(select(JoinCode).where(JoinCode.unit_id == unit.id, JoinCode.revoked_at.is_(None))).one()
    db.session.add(CodeDay(code_id=code.id, day=today(), opened=1))
    db.session.commit()
    _write_to(clerk, unit, member)
    entered = doors.make_entry(clerk, unit)
    _, confirmation = entry.make_link(clerk, entered.id)
    db.session.commit()
    number = str(entered.data["staff_no"])
    awaited = f"殷未{unit.name[0]}"  # a name stands once in a union's lists
    roll = doors.make_list(
        clerk, unit, (number, entered.name, "", ""), ("", awaited, "", ""), name=f"{unit.name}新入职"
    )
    invitation = doors.invite(clerk, roll)[awaited]
    coming_name, department, sheet = _look_after(clerk, unit)
    return Place(
        unit, member, of_member, of_applicant, applications, code, entered, roll, invitation, confirmation, coming_name,
        department, sheet, _an_officer(unit, chair), _a_leaver(unit), *_compare(clerk, unit, member),
        _bring_back(clerk, unit, member, of_member, of_applicant), _define(clerk, unit, Reach.SHARED),
        _pay(clerk, unit, member), *_list(clerk, unit, member), *_retire(clerk, unit), *_on_the_way(unit),
        _object(clerk, unit), _have_checked(clerk, unit), _change(clerk, member),
        messages.fill(unit, member, clerk), congresses.fill(unit, member, clerk),
        factories.make_incoming(unit),
        factories.make_merge(unit),
        factories.make_plan(unit) if unit.parent else None,
    )  # fmt: skip


def _compare(clerk: User, unit: OrgUnit, member: Member) -> tuple[Comparison, Finding, Matter]:
    """Bring the personnel office's list, on which the member is missing, and put her on the to-do list."""
    people = f"工号,姓名,部门\n2099{unit.id:04d},殷名单,{unit.name[:3]}办公室\n"
    comparison = hr_lists.bring(clerk, people.encode(), "在职名单.csv", unit.id)
    alone = select(Finding).where(Finding.comparison_id == comparison.id, Finding.kind == Kind.ONLY_THERE)
    opened = matters.open_for(clerk, MatterKind.LEAVE, [Intent(member.id)], note="名单上没有")
    db.session.commit()
    return comparison, db.session.scalars(alone).one(), opened[member.id]


def _bring_back(clerk: User, unit: OrgUnit, member: Member, of_member: Canaries, of_applicant: Canaries) -> Import:
    """Let an import write what is masked of the member, who was someone else's for a while; its columns are kept."""
    values = of_member.values
    history.write(
        member,
        {"mobile": "13912345678", "home_address": "旧住址", "dues_base": "1.00", "family_planning_text": "旧证号"},
        SHELL,
        reason="测试",
    )
    db.session.commit()
    kept = ("name", "id_number", "mobile", "home_address", "dues_base", "family_planning_text")
    rows = [
        {FIELD[name].label: str(person[name]) for name in kept if person.get(name)} | {"说明栏": "不导入"}
        for person in (values, of_applicant.values)
    ]
    item = lists.bring(clerk, unit, *rows)
    said = (item.said or {})["columns"]
    item = uploading.map_columns(clerk, item.id, {one["key"]: one["field"] for one in said})
    db.session.commit()
    return lists.commit(clerk, item)


def _preview_of(user: User, unit: OrgUnit) -> None:
    """Give the person a preview of her own; who may not import has an empty one, as if she had once been allowed to."""
    if user.holds(Permission.MEMBER_IMPORT):
        top = access.tops(user, Permission.MEMBER_IMPORT)[0]
        lists.bring(user, top, lists.line(factories.a_person(), "GH01" if top.code == "GH" else top.code))
        return
    db.session.add(
        Import(
            unit_id=unit.id, judged_at=now(), file_name="名单.csv", file_sha256="0" * 64, is_historic=False,
            has_consent=False, uploaded_by=user.id,
        )
    )  # fmt: skip


def _pay(clerk: User, unit: OrgUnit, member: Member) -> tuple[int, int]:
    """Bring the dues of two months, and record the first; the amount is one that nobody may read."""
    unit_id, found = unit.id, []
    for month in (today().replace(day=1), today().replace(day=1) - timedelta(days=1)):
        raw = f"工号,金额\n{member.staff_no},{member.dues_base}\n".encode()
        item = dues.upload(clerk, raw, "会费.csv", unit_id=unit_id, month=month.replace(day=1))
        if found:
            dues.record(clerk, item.id, seen=1)
        db.session.commit()
        found.append(item.id)
    warning = LeavingWarning(unit=unit, member=member, kind=WarningKind.TALK, on=today(), made_by=clerk.id)
    db.session.add(warning)
    db.session.commit()
    return found[0], found[1]


def import_of(user: User) -> int:
    """Return the number of the person's own preview."""
    return db.session.scalars(select(Import.id).where(Import.uploaded_by == user.id)).one()


def _look_after(clerk: User, unit: OrgUnit) -> tuple[UnitName, Department, UnitSheet]:
    """Give the unit a name of the future, a department, and a sheet of units below it."""
    unit_names.rename(clerk, unit, f"{unit.name}（新）", on=today() + timedelta(days=30))
    db.session.flush()  # the name is read back
    department = departments.add(clerk, f"{unit.name[:3]}办公室", unit)
    sheet = _sheet(clerk, unit)
    db.session.commit()
    return unit_names.names_of(unit)[-1], department, sheet


def selection_of(user: User | None) -> str:
    """Return the word for whom a person has selected."""
    return db.session.scalars(select(Selection.token).where(Selection.user_id == (user.id if user else 0))).one()


def _select(user: User, member: Member) -> None:
    """Let the person have selected one member, as if she had once been allowed to."""
    row = Selection(token=crypto.random_token(), user_id=user.id, member_ids=[member.id], day=today())
    db.session.add(row)


def _edit_many(user: User, member: Member) -> None:
    """Let the person have looked at a batch edit of one member, and have written another."""
    for written_at in (None, now()):
        item = BatchEdit(owner_id=user.id, day=today(), reason="部门合并", written_at=written_at)
        item.asked, item.counts = {"remark": "批量"}, {"change": 1, "same": 0, "refused": 0}
        item.batch_id = item.uuid if written_at else None
        db.session.add(item)
        db.session.flush()  # its row names it by number
        row = BatchEditRow(batch_edit_id=item.id, number=1, member_id=member.id, outcome=Outcome.CHANGE)
        db.session.add(row)


def _wait(user: User) -> None:
    """Let a question of the person wait for the clock."""
    item = SlowQuestion(owner_id=user.id, day=today(), sort="name")
    item.text = '{"all":[]}'
    db.session.add(item)


def slow_of(user: User | None) -> int:
    """Return the number of a person's slow question."""
    return db.session.scalars(select(SlowQuestion.id).where(SlowQuestion.owner_id == (user.id if user else 0))).one()


def batch_of(user: User | None, *, is_written: bool) -> int:
    """Return the number of a person's batch edit."""
    owner = BatchEdit.owner_id == (user.id if user else 0)
    return db.session.scalars(select(BatchEdit.id).where(owner, BatchEdit.written_at.is_not(None) == is_written)).one()


def _define(user: User, unit: OrgUnit, reach: Reach) -> Definition:
    """A saved question of `user`, who need not be able to ask it."""
    asked = {"all": [{"field": "age", "op": "lt", "value": {"blank": "c1"}}]}
    blank = Blank("c1", "年龄", BlankKind.NUMBER, "45")
    made = Definition(name="青年", note="45 岁以下", reach=reach, unit=unit, owner_id=user.id)
    made.versions.append(
        DefinitionVersion(number=1, question=asked, blanks=[blanks.plain(blank)], columns=[], recorded_by=user.id)
    )
    db.session.add(made)
    db.session.commit()  # what follows may end the transaction: it reads a file
    return made


def _list(clerk: User, unit: OrgUnit, member: Member) -> tuple[RosterPart, RosterRow]:
    """Freeze the member on a list of the unit, and on one of the union that the unit is to check."""
    rows = []
    for place, state in ((unit, "draft"), (access.upward(unit)[-1], "checking")):
        roster = Roster(
            unit=place, owner_id=clerk.id, title=f"{unit.name}春节慰问", kind=RosterKind.HOLIDAY, item="米面油礼包",
            share=100, measure="份", day=today(), columns=["marital_status"], state=state,
        )  # fmt: skip
        part = RosterPart(unit=unit, roster=roster)
        db.session.add_all([roster, part])
        db.session.flush()  # the row names them
        row = RosterRow(
            uuid=new_uuid(), roster_id=roster.id, part_id=part.id, unit_id=unit.id, member_id=member.id, place=1,
            name=member.name, staff_no=member.staff_no or "",
        )  # fmt: skip
        row.values = {"marital_status": "未婚"}
        db.session.add(row)
        rows.append(row)
    db.session.commit()
    return rows[1].part, rows[0]


def _retire(clerk: User, unit: OrgUnit) -> tuple[StandingChange, Letter]:
    """Let a colleague's retirement wait for the union, with a scan, and another one leave with a letter."""
    item = factories.make_standing(unit, asker=clerk)
    scan = uploads.photo(photo())
    standings.add_paper(clerk, item, standings.Paper("scan_jpg", scan, "退休审批表"))
    db.session.commit()
    return item, factories.make_letter(unit)


def _on_the_way(unit: OrgUnit) -> tuple[Transfer, Transfer]:
    """Let somebody be on the way from the unit to branch c, and somebody from there to it."""
    c = db.session.scalars(select(OrgUnit).where(OrgUnit.code == "GH03")).one()
    return (
        factories.make_transfer(unit, TransferState.SENT, to=c),
        factories.make_transfer(c, TransferState.APPROVED, to=unit),
    )


def _change(clerk: User, member: Member) -> tuple[ChangeRequest, ...]:
    """Let the member ask for another mobile, a degree and another name; the union has looked at the last once."""
    user = member.user
    assert user is not None
    filed = changing.ask(
        user, member, {"mobile": "13900000000", "degree": "201", "name": "殷晓岚"}, evidence=_proof(user)
    )
    branch, *union = sorted(filed, key=lambda item: ("mobile", "degree", "name").index(item.field))
    for item in union:
        if item.state is not item.state.PENDING_SCHOOL:
            CHANGES.fire(item, "pass_on", factories.Hand())
    union[1].first_by = factories.make_user(Role.UNION_CHAIR, clerk.grants[0].unit).id
    CHANGES.fire(union[1], "approve_first", factories.Hand())
    db.session.commit()
    return branch, *union


def _object(editor: User, unit: OrgUnit) -> Objection:
    """Let a colleague object to what somebody made of her department."""
    colleague = factories.make_member(unit)
    edit = history.write(colleague, {"department": "学校办公室"}, editor, reason="工会修改")
    assert colleague.user is not None
    assert edit is not None
    item = objecting.file(colleague.user, edit.id, text="部门不对，应是教务处")
    db.session.commit()
    return item


def _have_checked(clerk: User, unit: OrgUnit) -> Check:
    """Open a check of the unit, which has not signed."""
    check = Check(unit=unit, name="秋季学期信息核对", due=today(), made_by=clerk.id, parts=[CheckPart(unit=unit)])
    db.session.add(check)
    db.session.commit()
    return check


def _object_herself(editor: User, user: User, member: Member) -> None:
    """Let somebody edit the person's record twice; she objects to the first."""
    edit = history.write(member, {"admin_duty": "科长"}, editor, reason="工会修改")
    assert edit is not None
    objecting.file(user, edit.id, text="我不是科长")
    history.write(member, {"department": "学校办公室"}, editor, reason="工会修改")


def objection_of(user: User) -> tuple[int, int]:
    """Return the number of the person's own objection, and of a version that she may object to."""
    query = select(Objection.id).join(Objection.member).where(Member.user_id == user.id)
    return db.session.scalars(query).one(), objecting.objectionable(user)[0].version_id


def _proof(user: User) -> str:
    """Return the word for a paper that the person has sent."""
    return uploads.keep(user, photo().read(), kind="scan_jpg").uuid


def _ask_herself(user: User, member: Member) -> None:
    """Let the person wait for a degree of her own."""
    changing.ask(user, member, {"degree": "201"}, evidence=_proof(user))


def change_of(user: User) -> int:
    """Return the number of the person's own request."""
    return db.session.scalars(select(ChangeRequest.id).where(ChangeRequest.filed_by == user.id)).one()


def roster_job_of(user: User | None) -> int:
    """Return the number of the job of sheets that a person has."""
    return db.session.scalars(select(RosterJob.id).where(RosterJob.owner_id == (user.id if user else 0))).one()


def _give_sheets(user: User) -> None:
    wish = {"kind": "people", "item": "", "columns": [], "purpose": "核对名册", "day": str(today()), "ids": []}
    job = RosterJob(owner_id=user.id, title="春节慰问", wish=wish, state=RosterJobState.DONE, done=1, total=1)
    db.session.add(job)
    db.session.flush()  # the file is named by its uuid
    job.size = roster_files.keep(job.uuid, b"PK")


def definition_of(user: User | None) -> int:
    """Return the number of a person's own private definition, whoever she is."""
    owner = user.id if user else 0
    query = select(Definition.id).where(Definition.owner_id == owner, Definition.reach == Reach.PRIVATE)
    return db.session.scalars(query).first() or 0


def _write_to(clerk: User, unit: OrgUnit, member: Member) -> None:
    """Put a message for the member of the unit into the outbox."""
    batch = Batch(unit=unit, owner_id=clerk.id, title=f"{unit.name}节日慰问通知")
    text = f"{member.name}您好，节日慰问品请到工会领取"
    db.session.add(batch)
    db.session.flush()  # its message names it
    variables = {"name": member.name}
    outbox.queue(
        CLOCK, batch, [Recipient(member.name, str(member.mobile), text, unit.id, member.id, variables)]
    )  # fmt: skip
    db.session.commit()


def batch_in(unit: OrgUnit) -> int:
    """Return the number of the batch of messages of a unit."""
    return db.session.scalars(select(Batch.id).where(Batch.unit_id == unit.id)).one()


def message_in(unit: OrgUnit) -> int:
    """Return the number of the message in it."""
    return db.session.scalars(select(Message.id).where(Message.batch_id == batch_in(unit))).one()


def _sheet(user: User, unit: OrgUnit) -> UnitSheet:
    return bringing.keep(user, unit, [Line(2, "第一小组", "", "", "工会小组")], file="小组.csv")


def sheet_of(user: User | None) -> int:
    """Return the number of the sheet of units that a person has brought."""
    return db.session.scalars(select(UnitSheet.id).where(UnitSheet.user_id == (user.id if user else 0))).one()


def _an_officer(unit: OrgUnit, chair: User) -> User:
    """Let somebody work there whose account wrong passwords have shut, and to whom `chair` lends her decisions."""
    role = Role.BRANCH_OPERATOR if unit.parent else Role.UNION_OPERATOR
    locked = now() + timedelta(hours=1)
    user = factories.make_user(role, unit, username=f"gbd-{unit.code.lower()}", name="殷干事", locked_until=locked)
    lend(chair, user, access.approving_unit(unit))
    db.session.commit()
    return user


def _a_leaver(unit: OrgUnit) -> Handover:
    """Let somebody's office there pass to another in a month."""
    role = Role.BRANCH_CHAIR if unit.parent else Role.UNION_OPERATOR
    leaver = factories.make_user(role, unit, name="殷移交")
    technician = factories.make_user(Role.SUPER_ADMIN, access.upward(unit)[-1], name="殷安排")
    db.session.commit()
    handover, _ = handing_over.arrange(
        technician, leaver, f"jieren-{unit.code.lower()}", day=today() + timedelta(days=30), name="殷接任",
        secret=people.Secret("not-signed-in-with", "not a hash"),
    )  # fmt: skip
    db.session.commit()
    return handover


def lend(chair: User, user: User, unit: OrgUnit) -> Grant:
    """Let `user` approve at `unit` instead of `chair` for a week."""
    grant = delegating.lend(
        chair, unit.id, user.username, [Permission.JOINING_APPROVE.value],
        starts=today(), ends=today() + timedelta(days=7),
    )  # fmt: skip
    db.session.flush()  # the walk names it by number
    return grant


def _give_photo(member: Member) -> None:
    upload = uploads.keep(SHELL, uploads.photo(photo()), kind="photo")
    history.write(member, {"photo": upload.id, "remark": "测试备注"}, SHELL, reason="测试")


def _give_paper(member: Member) -> None:
    """Let the member's form be printed, signed, scanned and put away; she has a finished job and one that waits."""
    filing.keep_prints(
        SHELL, [(member.id, member.unit_id)], print_id=member.uuid, papers=Papers.REGISTRATION, at_joining=False,
        of_batch=False,
    )  # fmt: skip
    filing.file_away(SHELL, member, place="档案柜 A-01", scan=scans.keep(SHELL, "scan_jpg", photo().read()))
    assert member.user is not None
    _give_jobs(member.user)
    _give_exports(member.user, member.unit)
    _select(member.user, member)
    _edit_many(member.user, member)
    _wait(member.user)


def _give_jobs(user: User) -> None:
    for state in (JobState.DONE, JobState.QUEUED):
        job = PrintJob(
            owner_id=user.id, title="选中的会员 1 人", kind=PrintKind.REGISTRATION, at_joining=False,
            double_sided=False, check_url="http://127.0.0.1/prints/check/", member_ids=[1], skipped=[1], state=state,
        )  # fmt: skip
        db.session.add(job)
        db.session.flush()  # the file is named by its uuid
        if state is JobState.DONE:
            with SealedWriter(chunks.joined_path(job.uuid), f"print|{job.uuid}|joined") as file:
                file.write(b"%PDF-1.7")
            job.size = file.size
    _give_sheets(user)


def _give_exports(user: User, unit: OrgUnit) -> None:
    """Let the person have asked for an export that waits for a second person, and for one whose file is there."""
    for state in (ExportState.PENDING, ExportState.DONE):
        item = Export(
            uuid=new_uuid(), owner_id=user.id, unit_id=unit.id, format=ExportFormat.XLSX, secrets=Secrets.FULL,
            columns=["name", "id_number"], member_ids=[1], day=today(), reading="全部会员", purpose="测试用的名册",
            needs=["完整的证件号码"] if state is ExportState.PENDING else [], state=state, finished_at=now(), skipped=1,
        )  # fmt: skip
        db.session.add(item)
        if state is ExportState.DONE:
            with export_files.writer(item.uuid) as file:
                file.write(b"PK")
            item.size = file.size


def export_of(user: User | None, state: ExportState) -> int:
    """Return the number of a person's export in this state."""
    query = select(Export.id).where(Export.owner_id == (user.id if user else 0), Export.state == state)
    return db.session.scalars(query).one()


def event_at(unit: OrgUnit) -> int:
    """Return the number of the latest event of a unit."""
    query = select(AuditEvent.id).where(AuditEvent.unit_id == unit.id).order_by(AuditEvent.id.desc()).limit(1)
    return db.session.scalars(query).one()


def job_of(user: User | None, state: JobState) -> int:
    """Return the number of a person's print job in this state."""
    query = select(PrintJob.id).where(PrintJob.owner_id == (user.id if user else 0), PrintJob.state == state)
    return db.session.scalars(query).one()


# who walks the house: role, place, last day of the grant (days from today)
OFFICES: dict[str, tuple[Role, str, int | None] | None] = {
    "member": None,
    "operator of a": (Role.BRANCH_OPERATOR, "a", None),
    "chair of a": (Role.BRANCH_CHAIR, "a", None),
    "operator of b": (Role.BRANCH_OPERATOR, "b", None),
    "union operator": (Role.UNION_OPERATOR, "top", None),
    "union chair": (Role.UNION_CHAIR, "top", None),
    "super administrator": (Role.SUPER_ADMIN, "top", None),
    "expired": (Role.UNION_OPERATOR, "top", -1),
    "disabled": (Role.UNION_OPERATOR, "top", None),
    "one-time password": (Role.UNION_OPERATOR, "top", None),
}


def add_people(house: House) -> None:
    """Give the house its people: each with an office, a record in branch c, and an application of their own."""
    for name, office in OFFICES.items():
        person = factories.a_person(name=f"殷{'甲乙丙丁戊己庚辛壬癸'[len(house.people)]}", home_address=f"{name}的住址")
        house.applications[name] = factories.make_application(house.units["c"], S.BRANCH_OK, **person.values)
        member = factories.make_member(house.units["c"], **person.values)
        _give_photo(member)
        user = member.user
        assert user is not None
        _object_herself(house.places["a"].officer, user, member)
        if office:
            role, place, days = office
            ends = None if days is None else today() + timedelta(days=days)
            since = today() - timedelta(days=365)
            db.session.add(Grant(user=user, role=role, unit=house.units[place], starts=since, ends=ends))
        tell([user.id], "给您本人的站内信")
        _give_jobs(user)
        _give_exports(user, house.units["c"])
        _sheet(user, house.units["top"])
        _select(user, member)
        _edit_many(user, member)
        _wait(user)
        _ask_herself(user, member)
        _define(user, house.units["c"], Reach.PRIVATE)
        if name == "union chair":
            lend(user, house.places["a"].officer, house.units["top"])
        _preview_of(user, house.units["c"])
        messages.publish_for(member)
        user.must_change_password = name == "one-time password"
        house.people[name] = user
        house.records[name] = member
    db.session.commit()


def notice_of(user: User) -> Notice:
    """Return the newest notice of a person."""
    return (
        db.session.scalars(select(Notice).where(Notice.user_id == user.id).order_by(Notice.id.desc())).first()
        or Notice()
    )
