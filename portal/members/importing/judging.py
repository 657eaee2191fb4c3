"""What becomes of each row: new, an update, someone who is elsewhere, a repetition, or wrong, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import select

from portal.core import crypto, kinds
from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import Problems
from portal.core.fields import NOW, Seen
from portal.members import checks, filing, history, many
from portal.members import service as members
from portal.members.catalogue import FIELD
from portal.members.enums import ChangeReason, ChangeType, EmploymentStatus, MembershipStatus
from portal.members.importing import facts as known
from portal.members.importing.door import applications
from portal.members.importing.facts import Facts, Held
from portal.members.importing.headings import CHANGE
from portal.members.importing.models import Verdict
from portal.members.importing.saying import Finding, Said
from portal.members.models import Member
from portal.members.reach import Reach
from portal.org.models import OrgUnit, User

ELSEWHERE = "该证件号码已在本单位其他分工会或已办理，请联系校工会"
REQUIRED = ("name", "id_number", "mobile")
RETIRED = frozenset({EmploymentStatus.RETIRED, EmploymentStatus.VETERAN_RETIRED, EmploymentStatus.RESIGNED_WITH_PAY})
LEFT_FOR = {
    EmploymentStatus.RETIRED.value: ChangeReason.RETIRED.value,
    EmploymentStatus.VETERAN_RETIRED.value: ChangeReason.VETERAN_RETIRED.value,
}
GONE = frozenset({
    ChangeType.TRANSFERRED_OUT, ChangeType.EXPELLED, ChangeType.WITHDRAWN, ChangeType.DIED, ChangeType.MERGED,
})  # fmt: skip
# what the membership's own steps write; an import sets them only when it makes a historic member
BY_STEPS = frozenset({"employment_status"})
HISTORIC = frozenset({"join_date", "member_no"})
# what is wrong here stops an update too; a wrong cell that would be left out anyway does not
_ALWAYS = frozenset({None, "branch", "id_number", "name"})


@dataclass(slots=True)
class Judged:
    """A row with its verdict; what it says lies sealed in the database until it is imported.

    `changes` are old and new by catalogue name, of an update. `version` is the present one of the member it means.
    `retained` says of a historic member since when and why (a ChangeReason) she only keeps her membership.
    """

    number: int
    verdict: Verdict
    values: dict[str, Any]
    unit_id: int | None
    errors: list[Finding]
    warnings: list[Finding]
    changes: dict[str, tuple[Any, Any]]
    member_id: int | None = None
    version: int | None = None
    retained: tuple[date, str | None] | None = None

    def plain(self) -> dict[str, Any]:
        """Return what is sealed: values, unit, changes, errors and warnings, as JSON holds them."""
        return {
            "values": kinds.plain(self.values),
            "unit": self.unit_id,
            "changes": kinds.plain({name: list(pair) for name, pair in self.changes.items()}),
            "errors": self.errors,
            "warnings": self.warnings,
            "retained": kinds.plain(self.retained),
        }

    def without_values(self) -> Judged:
        """Return what a report tells of the row."""
        return replace(self, values={}, changes={})


class Judge:
    """Judges the rows of one file, in the order of the file; what came before is remembered for repetitions."""

    def __init__(self, actor: User, under: OrgUnit, *, is_historic: bool, has_consent: bool) -> None:
        self._reach = Reach(actor, under)
        self._is_historic = is_historic
        self._has_consent = has_consent
        self._today = today()
        self._first: dict[Any, int] = {}  # whom an earlier row means, by document or member
        self._taken: dict[tuple[str, str], int] = {}  # 工号 and 会员证号 of earlier rows
        asked = {name for name in applications().asked if name in FIELD}
        self._of_new = asked | BY_STEPS | (HISTORIC if is_historic else frozenset())

    def judge(self, rows: Sequence[Said]) -> list[Judged]:
        """Return the verdicts on some rows that follow each other."""
        facts = known.look([(said.values, said.document) for said in rows])
        means = [facts.meant(said.values, said.document) for said in rows]
        self._reach.meet(
            {said.unit_id for said in rows if said.unit_id is not None}
            | {held.unit_id for held in means if held is not None}
            | {waiting.unit_id for waiting in facts.waiting.values()}
        )
        records = self._records({held.id for held in means if held is not None and self._reach.may_see(held.unit_id)})
        return [self._judge(said, held, facts, records) for said, held in zip(rows, means, strict=True)]

    def _records(self, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
        """Return what the records of the members with these numbers say."""
        table = Member.__table__
        found: dict[int, dict[str, Any]] = {}
        for chunk in many.in_chunks(sorted(ids)):
            rows = db.session.execute(select(table).where(table.c.id.in_(chunk))).mappings()
            found |= {row["id"]: history.opened(row) for row in rows}  # type: ignore[arg-type]  # a mapping by name
        return found

    def _judge(self, said: Said, held: Held | None, facts: Facts, records: Mapping[int, dict[str, Any]]) -> Judged:
        change = {name: said.values.pop(name) for name in CHANGE if name in said.values}
        repeats = self._repeats(said, held)
        judged = Judged(
            said.number, Verdict.NEW, said.values, said.unit_id, said.errors, said.warnings, {},
            held.id if held is not None else None,
        )  # fmt: skip
        if held is None:
            judged.verdict = self._stranger(said, facts)
        elif not self._reach.may_see(held.unit_id):
            judged.verdict, judged.member_id = self._elsewhere(said), None
        elif held.status in members.LEFT and not self._is_historic:
            state = MembershipStatus(held.status).label  # type: ignore[call-arg]  # by its value alone
            said.warn(None, f"曾是会员（现为{state}），将作为重新入会申请，批准后恢复原档案")
            judged.verdict = self._stranger(said, facts)
        elif held.status not in members.LIVE:
            state = MembershipStatus(held.status).label  # type: ignore[call-arg]  # by its value alone
            said.error("id_number", f"该人员的会籍状态为{state}，不能由导入改动，请由校工会核对")
        elif said.unit_id is not None and said.unit_id != held.unit_id:
            name = self._reach.unit(held.unit_id).name
            said.warn("branch", f"现为{name}的会员，请按校内转会办理，本行不写入")
            judged.verdict = Verdict.TRANSFER
        else:
            judged.verdict = Verdict.UPDATE
            judged.version = facts.versions.get(held.id)
            judged.changes = self._changes(said, held, records[held.id], facts)
        if judged.verdict is Verdict.NEW and not repeats:
            judged.values = self._newcomer(said, facts)
            if self._is_historic:
                judged.retained = self._retained(said, judged.values, change)
        if repeats and not said.errors:
            said.warn(None, f"与第 {repeats} 行是同一个人，只导入第 {repeats} 行")
            judged.verdict = Verdict.DUPLICATE
        if said.errors:
            judged.verdict = Verdict.ERROR
        if judged.verdict not in (Verdict.NEW, Verdict.UPDATE):
            judged.changes = {}
        return judged

    def _repeats(self, said: Said, held: Held | None) -> int:
        """Return the number of the earlier row about the same person, or 0."""
        keys: list[Any] = [said.document] if said.document is not None else []
        keys += [held.id] if held is not None else []
        first = next((self._first[key] for key in keys if key in self._first), 0)
        for key in keys:
            self._first.setdefault(key, said.number)
        return first

    # --- who is not here yet ------------------------------------------------------------------------------------------

    def _stranger(self, said: Said, facts: Facts) -> Verdict:
        waiting = facts.waiting.get(said.document) if said.document is not None else None
        if waiting is None:
            return Verdict.NEW
        if not self._reach.may_see_application(waiting.unit_id):
            return self._elsewhere(said)
        said.warn(
            "id_number", f"已有入会申请在办理（{self._reach.unit(waiting.unit_id).name}，{waiting.state}），不重复导入"
        )
        return Verdict.DUPLICATE

    def _elsewhere(self, said: Said) -> Verdict:
        """Say the one sentence that tells nothing more, whatever the reason, and forget what else was found."""
        said.errors.clear()
        said.warnings[:] = [("id_number", ELSEWHERE)]
        return Verdict.TRANSFER

    def _newcomer(self, said: Said, facts: Facts) -> dict[str, Any]:
        """Check someone who is to become a member or to apply, and return her values with what follows from them."""
        kept = self._kept_of_new(said)
        required = [name for name in REQUIRED if not (self._is_historic and name == "mobile")]
        wrong = {name for name, _ in said.errors}
        try:
            kept, warnings = checks.check(kept, required=required, today=self._today, document=said.read)
        except Problems as problems:
            warnings = problems.warnings
            for name, sentences in problems.errors.items():
                for sentence in sentences if name not in wrong else ():
                    said.error(name, sentence)
        for sentence in warnings:
            said.warn(None, sentence)
        if said.unit_id is None and "branch" not in wrong:
            said.error("branch", kinds.missing(FIELD["branch"]).replace("选择", "填写"))
        if self._is_historic:
            self._historic(said, kept, wrong)
        elif kept.get("employment_status") in RETIRED:
            said.error("employment_status", "退休人员不能新入会；已是会员的请由校工会用“历史会员补录”导入")
        for name, by in (("staff_no", facts.by_staff_no), ("member_no", facts.by_member_no)):
            self._claim(said, name, kept.get(name), by, None)
        if kept.get("mobile") and facts.mobiles.get(crypto.index("mobile", kept["mobile"])):
            said.warn("mobile", "该手机号码也登记在另一位会员名下，请核对")
        return kept

    def _kept_of_new(self, said: Said) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        unconsented = []
        rights = self._reach.rights_at(said.unit_id) if said.unit_id is not None else {}
        for name, value in said.values.items():
            field = FIELD[name]
            if name in HISTORIC and not self._is_historic:
                said.warn(name, f"{field.label}由系统在批准入会时写入，没有导入（补录历史会员请勾选“历史会员补录”）")
            elif name not in self._of_new and rights.get(name) is not NOW:
                said.warn(name, f"您不能填写{field.label}，没有导入")
            elif field.seen is Seen.FAMILY and not (self._is_historic or self._has_consent):
                unconsented.append(field.label)
            else:
                kept[name] = value
        if unconsented:
            labels = "、".join(unconsented)
            said.warn(None, f"没有勾选“已取得本人对婚育与家庭信息的单独同意”，{labels}没有导入")
        return kept

    def _historic(self, said: Said, kept: dict[str, Any], wrong: set[str | None]) -> None:
        if kept.get("join_date") is None and "join_date" not in wrong:
            said.error("join_date", "历史会员补录须填写入会日期，例如 2012-05-01")
        if not kept.get("mobile") and "mobile" not in wrong:
            said.warn("mobile", "没有手机号码，本人不能自助设置密码，请补充")

    def _retained(
        self, said: Said, kept: Mapping[str, Any], change: Mapping[str, Any]
    ) -> tuple[date, str | None] | None:
        """Return since when and why the member only keeps her membership (保留会籍), None where she does not.

        Who has retired does, from today on where the sheet does not say since when.
        """
        kind, on, reason = (change.get(name) for name in CHANGE)
        if kind in GONE:
            said.error("membership_changes", f"会籍变化类型为{ChangeType(kind).label}的人员不是会员，不能补录")  # type: ignore[call-arg]  # by its value alone
        employment = kept.get("employment_status")
        if kind != ChangeType.RETAINED and employment not in RETIRED:
            return None
        since = on if kind == ChangeType.RETAINED and on is not None else self._today
        joined = kept.get("join_date")
        if since > self._today or (joined is not None and since < joined):
            said.error("membership_changes", "保留会籍的日期应在入会日期至今天之间，请核对会籍变化日期")
        elif kind != ChangeType.RETAINED or on is None:
            said.warn("membership_status", "会籍将记为保留会籍，名单没有写明日期，从今天起算")
        return since, reason or LEFT_FOR.get(employment or "")

    def _claim(self, said: Said, name: str, value: Any, by: Mapping[str, Held], own: Held | None) -> None:
        """Say so where a number that names one person is somebody else's, here or on an earlier row."""
        if value in (None, "", kinds.PENDING_STAFF_NO):
            return
        label = FIELD[name].label
        holder = by.get(str(value))
        if holder is not None and (own is None or holder.id != own.id):
            who = f" {holder.name} " if self._reach.may_see(holder.unit_id) else "其他会员"
            said.error(name, f"{label}已被{who}使用，请核对")
            return
        first = self._taken.setdefault((name, str(value)), said.number)
        if first != said.number:
            said.error(name, f"{label}与第 {first} 行相同，请核对")

    # --- who is here --------------------------------------------------------------------------------------------------

    def _changes(self, said: Said, held: Held, record: Mapping[str, Any], facts: Facts) -> dict[str, tuple[Any, Any]]:
        """Return what the row would change, old and new; an empty cell changes nothing."""
        rights = self._reach.rights_of(held)
        wanted: dict[str, Any] = {}
        refused, for_two = [], []
        for name, value in said.values.items():
            new = None if value == kinds.PENDING_STAFF_NO else value
            if new is None or name not in record or checks.same(record[name], new):
                continue
            if rights.get(name) is NOW and name in filing.ON_PAPER and held.id in facts.on_paper:
                for_two.append(FIELD[name].label)
            elif rights.get(name) is NOW:
                wanted[name] = new
            else:
                refused.append(FIELD[name].label)
        said.errors[:] = [one for one in said.errors if one[0] in _ALWAYS or rights.get(one[0] or "") is NOW]
        if refused:
            said.warn(None, f"{'、'.join(refused)}与登记的不同，但您不能直接修改，没有导入")
        if for_two:
            said.warn(
                None, f"{'、'.join(for_two)}与登记的不同，但登记表已打印，须两人办理，没有导入；请在会员页面申请修改"
            )
        if not wanted:
            return {}
        try:
            written, warnings = checks.check_change(record, wanted, today=self._today)
        except Problems as problems:
            for name, sentences in problems.errors.items():
                for sentence in sentences:
                    said.error(name, sentence)
            return {}
        for sentence in warnings:
            said.warn(None, sentence)
        if "id_number" in written and record["id_number"] is not None:
            said.warn("id_number", "证件号码与登记的不同，将改为名单中的号码，请核对")
        if "name" in written:
            said.warn("name", f"姓名与登记的“{record['name']}”不同，将改为名单中的姓名，请核对")
        self._claim(said, "staff_no", written.get("staff_no"), facts.by_staff_no, held)
        if written.get("mobile") and facts.mobiles.get(crypto.index("mobile", written["mobile"]), set()) - {held.id}:
            said.warn("mobile", "该手机号码也登记在另一位会员名下，请核对")
        return {name: (record[name], value) for name, value in written.items()}
