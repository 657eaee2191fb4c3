"""What lies in the paper file of a member: how she was admitted, what was printed, what was signed and where it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, func, select, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core import crypto, settings
from portal.core.actors import Actor
from portal.core.calendar import now, show_date, today
from portal.core.db import Base, UtcTime, db, label_enum
from portal.core.enums import LabelEnum
from portal.core.errors import DomainError
from portal.core.kinds import Kind, years_between
from portal.core.settings import Setting
from portal.core.uploads import Upload
from portal.org.models import InUnit, User

from .checks import YOUNGEST
from .enums import ChangeType
from .models import Member, MemberVersion
from .printing import Papers

# 《中华全国总工会入会申请书》, in the words that follow the Charter of 2023; frozen into each application and admission
PLEDGE_VERSION = "2023"
JOIN_PLEDGE = (
    "我自愿加入中华全国总工会，遵守《中国工会章程》，执行工会决议，积极参加工会活动，"
    "为全面建成社会主义现代化强国、全面推进中华民族伟大复兴而努力奋斗。"
)
settings.declare(
    Setting(
        "members_opinion", "登记表意见栏的文字", Kind.TEXT, "经研究，同意入会", "打印", longest=40,
        hint="印在工会意见栏，旁边是研究日期；留空则印出空白栏，由人手写、签字、盖章",
    )
)  # fmt: skip

PROOF_LETTERS = 12
# what a printed form says of who she is: two people of the union change it
ON_PAPER = frozenset({"name", "id_type", "id_number"})


class FileState(LabelEnum):
    """How far the member's paper is."""

    NOT_PRINTED = "not_printed", "未打印"
    PRINTED = "printed", "已打印"
    FILED = "filed", "已签字归档"


class Admission(Base):
    """How a member came in, as it was approved: what a form 「入会时」 prints, whatever has changed since.

    Who is taken back has one for the last time. `version_id` is what was approved of her; `serial` the application's
    number; `opinion_on` the day of the branch's opinion, `study_date` that of the committee's decision.
    """

    __tablename__ = "admissions"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey(Member.id), unique=True)
    version_id: Mapped[int] = mapped_column(ForeignKey(MemberVersion.id))
    serial: Mapped[str] = mapped_column(String(40), default="")
    pledge_text: Mapped[str] = mapped_column(String(500))
    applied_on: Mapped[date | None]
    opinion_on: Mapped[date | None]
    study_date: Mapped[date]

    version: Mapped[MemberVersion] = relationship()


class MemberPrint(InUnit, Base):
    """One print of a member's papers, of the branch she was in; `code` proves it genuine, `job` names the batch."""

    __tablename__ = "member_prints"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey(Member.id))
    code: Mapped[str] = mapped_column(String(PROOF_LETTERS), unique=True)
    papers: Mapped[Papers] = mapped_column(label_enum(Papers))
    at_joining: Mapped[bool]
    job: Mapped[str | None] = mapped_column(String(36), index=True)
    printed_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    printed_by: Mapped[int | None] = mapped_column(ForeignKey(User.id))

    printer: Mapped[User | None] = relationship()

    __table_args__ = (Index("ix_member_prints_member", "member_id", "id"),)


class PaperFile(Base):
    """The member's signed paper: printed, or signed and put into `place`, perhaps with a scan."""

    __tablename__ = "paper_files"

    member_id: Mapped[int] = mapped_column(ForeignKey(Member.id), primary_key=True)
    state: Mapped[FileState] = mapped_column(label_enum(FileState), index=True)
    printed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    place: Mapped[str] = mapped_column(String(100), default="")
    scan_id: Mapped[int | None] = mapped_column(ForeignKey(Upload.id))
    filed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    filed_by: Mapped[int | None] = mapped_column(ForeignKey(User.id))

    filer: Mapped[User | None] = relationship()
    scan: Mapped[Upload | None] = relationship()


# --- the admission ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What an application brings to the admission besides the member's values; see `Admission`."""

    serial: str = ""
    pledge_text: str = JOIN_PLEDGE
    applied_on: date | None = None
    opinion_on: date | None = None


@dataclass(frozen=True)
class AsJoined:
    """How a member came in, as far as it is known; see `Admission`."""

    version: MemberVersion
    serial: str = ""
    pledge_text: str = JOIN_PLEDGE
    applied_on: date | None = None
    opinion_on: date | None = None
    study_date: date | None = None


def keep_admission(member: Member, version: MemberVersion, applied: Applied, *, study_date: date) -> None:
    """Keep how `member` came in with `version`; instead of the last time, if she was a member before."""
    row = db.session.scalars(select(Admission).where(Admission.member_id == member.id)).one_or_none()
    row = row or Admission(member_id=member.id)
    row.version_id = version.id
    row.serial, row.pledge_text = applied.serial, applied.pledge_text
    row.applied_on, row.opinion_on, row.study_date = applied.applied_on, applied.opinion_on, study_date
    db.session.add(row)


def is_historic(member_id: int) -> bool:
    """Whether the member came in without an application here: from the paper files, or from a list."""
    row = db.session.scalars(select(Admission).where(Admission.member_id == member_id)).one_or_none()
    return row is None or (not row.serial and row.applied_on is None)


def correct_joining(member: Member, day: date | None) -> list[str]:
    """Let the record of a historic member's joining say `day`, as her `join_date` is about to; return warnings.

    Raises DomainError on `join_date` where there is no day, one to come, or where something happened to the membership
    between this day and the one that stood there.
    """
    if day is None:
        raise DomainError("请填写入会日期", field="join_date")
    if day > today():
        raise DomainError("入会日期不能晚于今天", field="join_date")
    before = member.join_date or day
    joined = [change for change in member.changes if change.kind is ChangeType.JOINED and change.on_date == before][-1:]
    crossed = [
        change
        for change in member.changes
        if change not in joined and (before <= change.on_date < day or day < change.on_date <= before)
    ]
    if crossed:
        what = f"{crossed[0].kind.label}（{show_date(crossed[0].on_date)}）"
        raise DomainError(f"入会日期不能越过会籍变化记录中的{what}，请核对", field="join_date")
    for change in joined:
        change.on_date = day
    row = db.session.scalars(select(Admission).where(Admission.member_id == member.id)).one_or_none()
    if row is not None:
        row.study_date = day
    is_child = member.birth_date is not None and years_between(member.birth_date, day) < YOUNGEST
    return [f"入会时不满 {YOUNGEST} 周岁，请核对入会日期"] if is_child else []


def admissions_of(members: Sequence[Member]) -> dict[int, AsJoined]:
    """Return by member how each came in; who was here before admissions were kept has her first version."""
    ids = [member.id for member in members]
    rows = db.session.scalars(select(Admission).where(Admission.member_id.in_(ids)))
    found = {
        row.member_id: AsJoined(
            row.version, row.serial, row.pledge_text, row.applied_on, row.opinion_on, study_date=row.study_date
        )
        for row in rows
    }
    others = [number for number in ids if number not in found]
    if others:
        first = select(func.min(MemberVersion.id)).where(MemberVersion.member_id.in_(others))
        versions = db.session.scalars(
            select(MemberVersion).where(MemberVersion.id.in_(first.group_by(MemberVersion.member_id)))
        )
        joined = {member.id: member.join_date for member in members}
        for version in versions:
            found[version.member_id] = AsJoined(version, study_date=joined[version.member_id] or version.valid_from)
    return found


# --- prints -----------------------------------------------------------------------------------------------------------


def proof_code(print_id: str, member_id: int) -> str:
    """Return the code on the papers of a member within the print `print_id`: the same again, and not to be guessed."""
    number = int(crypto.index("print", f"{print_id}|{member_id}"), 16)
    letters = []
    for _ in range(PROOF_LETTERS):
        number, place = divmod(number, len(crypto.READABLE))
        letters.append(crypto.READABLE[place])
    return "".join(letters)


def shown_code(code: str) -> str:
    """Return a code as paper shows it, in groups of four."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def genuine(text: str) -> MemberPrint | None:
    """Return the print whose code someone reads off a paper; None where there is none."""
    code = text.replace("-", "").replace(" ", "").lower()
    return db.session.scalars(select(MemberPrint).where(MemberPrint.code == code)).one_or_none()


def keep_prints(
    actor: Actor,
    members: Iterable[tuple[int, int]],
    *,
    print_id: str,
    papers: Papers,
    at_joining: bool,
    of_batch: bool,
    at: datetime | None = None,
) -> None:
    """Keep that papers of `members` (number, unit's number) were printed, and mark whose paper was not printed yet."""
    printed_at = at or now()
    numbers = []
    for member_id, unit_id in members:
        numbers.append(member_id)
        db.session.add(
            MemberPrint(
                member_id=member_id,
                unit_id=unit_id,
                code=proof_code(print_id, member_id),
                papers=papers,
                at_joining=at_joining,
                job=print_id if of_batch else None,
                printed_at=printed_at,
                printed_by=actor.id,
            )
        )
    for start in range(0, len(numbers), 500):  # a statement takes a limited number of values
        some = numbers[start : start + 500]
        known = set(db.session.scalars(select(PaperFile.member_id).where(PaperFile.member_id.in_(some))))
        db.session.execute(
            update(PaperFile)
            .where(PaperFile.member_id.in_(known))
            .values(printed_at=printed_at)
            .execution_options(synchronize_session=False)
        )
        db.session.add_all(
            PaperFile(member_id=number, state=FileState.PRINTED, printed_at=printed_at)
            for number in some
            if number not in known
        )


def prints_of(member: Member) -> list[MemberPrint]:
    """Return the prints of the member's papers, latest first."""
    query = select(MemberPrint).where(MemberPrint.member_id == member.id).order_by(MemberPrint.id.desc())
    return list(db.session.scalars(query))


def file_of(member: Member) -> PaperFile | None:
    """Return the state of the member's paper; None where nothing was printed yet."""
    return db.session.get(PaperFile, member.id)


def on_paper(ids: Collection[int]) -> set[int]:
    """Return which of these members have a printed or signed form, by their numbers."""
    files = select(PaperFile.member_id).where(PaperFile.member_id.in_(ids))
    prints = select(MemberPrint.member_id).where(MemberPrint.member_id.in_(ids))
    return set(db.session.scalars(files.union(prints)))


def file_away(actor: Actor, member: Member, *, place: str, scan: Upload | None = None) -> PaperFile:
    """Mark the member's paper as signed and put into `place`; a new scan replaces the one before."""
    row = file_of(member) or PaperFile(member_id=member.id)
    row.state, row.place = FileState.FILED, place
    row.filed_at, row.filed_by = now(), actor.id
    if scan is not None:
        row.scan_id = scan.id
    db.session.add(row)
    return row
