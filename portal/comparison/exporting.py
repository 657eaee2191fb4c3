"""A list of a comparison as a workbook to hand to the personnel office: without numbers of documents, and traced."""

from __future__ import annotations

from collections.abc import Sequence

from portal.core import audit, workbooks
from portal.core.calendar import local, show_time
from portal.core.db import db, release, writes
from portal.core.errors import DomainError
from portal.core.purpose import stated
from portal.members import sight
from portal.org.models import User

from . import service
from .models import Kind
from .service import Cut, Line

audit.name_acts({"comparison.export": "导出比对结果"})

HEADINGS = ("姓名", "工号", "部门", "分工会", "内容", "系统中", "名单中", "处理结果", "备注")
WIDTHS = (12.0, 14.0, 22.0, 22.0, 28.0, 20.0, 20.0, 16.0, 28.0)
NO_NUMBERS = "（证件号码不导出）"


def export(actor: User, comparison_id: int, cut: Cut, *, purpose: str) -> tuple[str, bytes]:
    """Return name and content of an xlsx file with what the list shows, at most `service.MOST` lines.

    Raises Absent, DomainError on `purpose` without one, or where the list is empty.
    """
    purpose = stated(purpose, example="与人事处核对")
    actor_id = actor.id
    item = service.find(actor, comparison_id)
    rows = [_cells(actor, service.line(actor, one)) for one in service.all_of(actor, item, cut)]
    if not rows:
        raise DomainError("这个列表没有内容，不需要导出", field="purpose")
    day = f"{local(item.created_at):%Y%m%d}"
    title = f"{item.unit.name} {cut.kind.label}（{show_time(item.created_at)} 比对）"
    release()
    tab = workbooks.Tab(
        cut.kind.label, [(title,), HEADINGS, *rows], heading_row=2, widths=dict(enumerate(WIDTHS)),
        styles={1: workbooks.Style.TITLE, 2: workbooks.Style.HEADING},
    )  # fmt: skip
    content = workbooks.write([tab])

    writes()
    actor = db.session.get_one(User, actor_id)
    item = service.find(actor, comparison_id)
    audit.record(actor, "comparison.export", item, reason=purpose, details={"list": cut.kind.label, "rows": len(rows)})
    return f"人事名单比对-{cut.kind.label}-{day}.xlsx", content


def _cells(actor: User, line: Line) -> Sequence[str]:
    finding, member = line.finding, line.finding.member
    name, number, department = line.name, line.staff_no, line.department
    ours = ""
    if member is not None:
        hers = [sight.value(actor, member, word, place="list") for word in ("staff_no", "department")]
        if finding.kind is Kind.UNSURE:
            ours = "、".join(filter(None, (line.name, *hers)))
        else:
            number, department = hers[0], line.department or hers[1]
    old, new = line.old or ours, line.new
    if finding.field == "id_number":
        old = new = NO_NUMBERS
    if finding.kind is Kind.MISPLACED:
        new = finding.to_unit.name if finding.to_unit is not None else "分属几个分工会"
    elif finding.kind is Kind.UNSURE:
        new = "、".join(filter(None, (line.person, line.staff_no, line.department)))
    outcome = finding.outcome.label if finding.outcome is not None else "未处理"
    told = line.label or line.said or finding.kind.label
    return (name, number, department, finding.unit.name, told, old, new, outcome, finding.note)
