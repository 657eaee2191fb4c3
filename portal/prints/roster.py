"""《新会员审批名册》, which goes with the minutes of the committee: A4 landscape, one page for every chunk of a job."""

from __future__ import annotations

from collections.abc import Sequence

from portal.core.calendar import now, show_date, show_time
from portal.core.pdf import Paper
from portal.members import filing, printing, sight
from portal.members.models import Member
from portal.org import access
from portal.org.models import User

ROWS_PER_PAGE = 20
# heading, width in mm
COLUMNS = (
    ("序号", 12), ("姓名", 30), ("性别", 12), ("出生年月", 24), ("民族", 20), ("学历", 24), ("部门", 47),
    ("分工会", 44), ("申请日期", 27), ("研究日期", 27),
)  # fmt: skip


def page(actor: User, members: Sequence[Member], *, first: int, page: int, pages: int, title: str) -> Paper:
    """Return one page of the roster; `first` is the number of its first row."""
    joined = filing.admissions_of(members)
    rows = []
    for number, member in enumerate(members, first):
        came = joined[member.id]
        plain = {
            name: sight.value(actor, member, name) for name in ("name", "sex", "ethnicity", "education", "department")
        }
        born = f"{member.birth_date.year}.{member.birth_date.month:02d}" if member.birth_date else ""
        rows.append(
            (
                str(number), plain["name"], plain["sex"], born, plain["ethnicity"], plain["education"],
                plain["department"], member.unit.name, show_date(came.applied_on), show_date(came.study_date),
            )
        )  # fmt: skip
    unit = access.approving_unit(members[0].unit).name if members else ""
    html = printing.render(
        "prints/roster.html", rows=rows, columns=COLUMNS, unit=unit, page=page, pages=pages, title=title,
        printed_at=show_time(now()), operator=actor.label, size=printing.size,
    )  # fmt: skip
    return Paper(html)
