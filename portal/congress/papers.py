"""What is printed of a congress: 代表证 of all delegates, and the 签到表 of a session."""

from __future__ import annotations

from portal.core import audit, pdf
from portal.core.calendar import now, show_date, show_time, today
from portal.core.db import db, release, writes
from portal.core.errors import DomainError
from portal.core.pdf import Paper
from portal.members import printing
from portal.org.models import User
from portal.org.permissions import Permission as P
from portal.query.rosters import papers as sheets
from portal.query.rosters.papers import Sheet

from . import seats, service
from .models import Congress, CongressSession

audit.name_acts({"congress.cards": "打印代表证", "congress.sheet": "打印签到表"})

ON_A_SHEET = 10  # cards, as print.css lays them out
COLUMNS = (("序号", 14), ("代表团", 46), ("姓名", 30), ("代表类别", 26), ("签到", 0))
NOBODY = "还没有代表，请先导入代表名单"


def cards(actor: User, congress_id: int) -> bytes:
    """Return the 代表证 of all who sit, a PDF, with its trace. Call it in a view that renders."""
    actor_id, congress = actor.id, service.find(actor, congress_id, P.CONGRESS_MANAGE)
    found = seats.of(congress)
    if not found:
        raise DomainError(NOBODY)
    numbers = {one.id: number for number, one in enumerate(seats.by_strokes(found), 1)}
    lines = [
        {
            "name": one.person.called,
            "kind": one.kind.label,
            "delegation": one.delegation.name,
            "number": f"{congress.number:02d}-{numbers[one.id]:03d}",
        }
        for one in found
    ]
    sheets_of = [lines[place : place + ON_A_SHEET] for place in range(0, len(lines), ON_A_SHEET)]
    html = printing.render(
        "congress/cards.html", title=congress.title, union=congress.unit.name, sheets=sheets_of, size=printing.size,
        until=f"有效期至 {show_date(congress.ends)}",
    )  # fmt: skip
    release()
    content = pdf.render_all([Paper(html)]).pdf
    writes()
    actor, congress = db.session.get_one(User, actor_id), db.session.get_one(Congress, congress_id)
    audit.record(actor, "congress.cards", congress, details={"count": len(lines)})
    return content


def sign_in_sheet(actor: User, session_id: int) -> bytes:
    """Return the 签到表 of a session, a PDF, with its trace. Call it in a view that renders."""
    actor_id, item = actor.id, service.find_session(actor, session_id, P.CONGRESS_MANAGE)
    found = [one for one in seats.of(item.congress) if one.sits_on(item.held_on or today())]
    if not found:
        raise DomainError(NOBODY)
    sheet = Sheet(
        unit=item.unit.name,
        title="签到表",
        about=f"{item.title}　　{show_date(item.held_on) or '　　年　月　日'}　{item.place}　　共 {len(found)} 人",
        columns=COLUMNS,
        rows=[
            (str(number), one.delegation.name, one.person.called, one.kind.label, "")
            for number, one in enumerate(found, 1)
        ],
        foot=f"制表：{actor.label}　{show_time(now())}",
        tall=True,
    )
    made = sheets.paper(sheet, actor.label)
    release()
    content = pdf.render_all([made]).pdf
    writes()
    actor, item = db.session.get_one(User, actor_id), db.session.get_one(CongressSession, session_id)
    audit.record(actor, "congress.sheet", item, details={"count": len(found)})
    return content
