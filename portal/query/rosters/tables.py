"""The whole list as a workbook: its people, the totals of the branches, what was added and taken off, and the words."""

from __future__ import annotations

from portal.core import audit, workbooks
from portal.core.calendar import now, show_date, show_time
from portal.core.fields import Field, Seen
from portal.core.workbooks import Style, Tab
from portal.org.models import User

from . import papers, service
from .models import Roster, RosterPart, RosterRow
from .service import Counts

Names = dict[int, str]  # of units
TOTAL = "合计"
FAMILY_STAYS = "婚育、家庭信息不随全表导出，请在各分工会的名单页面查看"


audit.name_acts({"roster.export": "导出名单总表"})


def export(actor: User, roster: Roster) -> bytes:
    """Return the workbook of a list, with its trace; its purpose is that of the list."""
    content = workbook(actor, roster)
    audit.record(actor, "roster.export", roster, reason=f"{roster.kind.label}：{roster.title}")
    return content


def workbook(actor: User, roster: Roster) -> bytes:
    """Return the xlsx file of a list, as the actor may read it; family fields only of the list's own unit."""
    numbers = papers.numbers_of(roster)
    readable = service.columns(actor, roster, roster.unit)
    is_own = all(part.unit_id == roster.unit_id for part, _ in numbers)
    shown = [one for one in readable if is_own or one.seen is not Seen.FAMILY]
    rows, called = service.all_rows(roster, removed=True), service.unit_names(roster)
    left_out = [one.label for one in readable if one not in shown]
    tabs = [
        _people(roster, rows, shown, called),
        _totals(roster, numbers, called),
        _changes(rows, called),
        _about(actor, roster, left_out),
    ]
    return workbooks.write(tabs)


def _people(roster: Roster, rows: list[RosterRow], shown: list[Field], called: Names) -> Tab:
    headings = ("序号", "姓名", "工号", "所属分工会", *(one.label for one in shown), "品名", "应发数")
    lines: list[tuple[str, ...]] = []
    for row in rows:
        if row.removed_at is None:
            values = row.values
            own = [str(values.get(one.name, "")) for one in shown]
            lines.append(
                (str(len(lines) + 1), row.name, row.staff_no, called[row.unit_id], *own, roster.item,
                 service.amount(roster, 1))
            )  # fmt: skip
    widths = {0: 7.0, 1: 14.0, 2: 14.0, 3: 28.0} | dict.fromkeys(range(4, len(headings)), 16.0)
    return Tab("名单", [(roster.title,), headings, *lines], heading_row=2, widths=widths, styles=_STYLES)


def _totals(roster: Roster, numbers: list[tuple[RosterPart, Counts]], called: Names) -> Tab:
    headings = ("分工会", "存入", "增补", "核减", "现有人数", f"应发数（{roster.measure or '不发放'}）", "核对情况")
    lines = [(called[part.unit_id], *_numbers(roster, one), part.state.label) for part, one in numbers]
    whole = sum((one for _, one in numbers), Counts())
    rows = [(f"{roster.title}：分工会合计",), headings, *lines, (TOTAL, *_numbers(roster, whole), "")]
    widths = {0: 28.0} | dict.fromkeys(range(1, 7), 14.0)
    return Tab("分工会合计", rows, heading_row=2, widths=widths, styles=_STYLES, counts=True)


def _numbers(roster: Roster, one: Counts) -> tuple[str, ...]:
    return str(one.frozen), str(one.added), str(one.removed), str(one.now), service.number(roster, one.now)


def _changes(rows: list[RosterRow], called: Names) -> Tab:
    headings = ("姓名", "工号", "所属分工会", "增减", "时间", "原因")
    lines = []
    for row in rows:
        person = (row.name, row.staff_no, called[row.unit_id])
        if row.added_at is not None:
            lines.append((*person, "增补", show_time(row.added_at), row.added_why))
        if row.removed_at is not None:
            lines.append((*person, "核减", show_time(row.removed_at), row.removed_why))
    widths = {0: 14.0, 1: 14.0, 2: 28.0, 3: 8.0, 4: 18.0, 5: 40.0}
    return Tab("增减情况", [headings, *lines], heading_row=1, widths=widths, styles={1: Style.HEADING})


def _about(actor: User, roster: Roster, left_out: list[str]) -> Tab:
    lines = [
        ("名单", roster.title),
        ("用途", roster.kind.label),
        ("范围", f"{service.unit_names(roster)[roster.unit_id]}（含下级）"),
        ("截至日期", show_date(roster.day)),
        ("存为名单", f"{roster.owner.label}，{show_time(roster.made_at)}"),
        ("情况", roster.state.label),
        ("说明", "人员和所属分工会按截至日期冻结，以后的转会、退休不影响名单；增补、核减见“增减情况”"),
        *([("未导出的列", f"{'、'.join(left_out)}：{FAMILY_STAYS}")] if left_out else []),
        ("导出", f"{actor.label}，{show_time(now())}"),
    ]
    return Tab("说明", lines, widths={0: 14.0, 1: 80.0})


_STYLES = {1: Style.TITLE, 2: Style.HEADING}
