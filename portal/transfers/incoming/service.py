"""Verbs of those who come from another union: record one with her letter, list them, and the slip to send back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import IO, Any

from sqlalchemy import Select, func, select

from portal.core import audit, crypto, kinds, notices, pdf, scans, uploads
from portal.core import db as database
from portal.core.calendar import now, show_date, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError
from portal.core.todo import Todo
from portal.members import hanging, printing, sight
from portal.members import service as members
from portal.members.catalogue import FIELD
from portal.org import access
from portal.org.models import OrgUnit, User
from portal.org.permissions import Permission as P

from .models import Incoming
from .models import IncomingState as S
from .workflow import INCOMING, the_union, values_of

audit.name_acts(
    {
        "incoming.record": "登记校外转入",
        "incoming.letter": "查看转入介绍信",
        "incoming.slip": "打印转入回执",
    }
)

PER_PAGE = 50
ALL = "all"
ASKED = (
    "name", "id_type", "id_number", "sex", "birth_date", "ethnicity", "mobile", "staff_no", "department", "education",
    "join_date",
)  # fmt: skip


@dataclass(frozen=True)
class Letter:
    """What she has brought: of which union, its number and day."""

    from_union: str
    number: str = ""
    day: date | None = None


def places(actor: User) -> list[OrgUnit]:
    """Return the units that take members and for which the actor may record somebody, by code."""
    query = access.scoped(OrgUnit, actor, P.TRANSFER_RECEIVE).where(OrgUnit.is_enabled, OrgUnit.accepts_members)
    return list(db.session.scalars(query.order_by(OrgUnit.code)))


def check(values: Mapping[str, Any]) -> None:
    """Raise Problems or DomainError for what cannot be said of her; her day of joining is on the letter."""
    if values.get("join_date") is None:
        raise DomainError("请填写原入会日期，它写在介绍信或会员证上", field="join_date")
    if values["join_date"] > today():
        raise DomainError("入会日期不能晚于今天", field="join_date")
    members.check(values, required=("name", "id_number"), today=today())


def record(
    actor: User, unit: OrgUnit, values: Mapping[str, Any], *, letter: Letter, scan: IO[bytes] | None
) -> Incoming:
    """Record who comes to the unit, with a scan of her letter or card, and return it; the union is told.

    The scan is read with no transaction open. Raises DomainError on its input, Conflict where she waits already or is
    a member here.
    """
    if not letter.from_union.strip():
        raise DomainError("请填写原工会的名称", field="from_union")
    check(values)
    if scan is None:
        raise DomainError("请上传介绍信或会员证的照片或扫描件", field="letter")
    actor_id, unit_id = actor.id, unit.id
    database.release()
    kind, content = scans.read(scan, field="letter")
    database.writes()
    actor = db.session.get_one(User, actor_id)
    unit = access.fetch(OrgUnit, unit_id, actor, P.TRANSFER_RECEIVE)
    id_type, number = str(values["id_type"]), str(values["id_number"])
    before = members.find_by_document(id_type, number)
    if before is not None and before.membership_status not in members.LEFT:
        where = before.unit.name if actor.may(P.MEMBER_READ, before.unit) else "其他单位"
        raise DomainError(f"该证件号码在{where}已有会籍，请按校内转会或恢复会籍办理", field="id_number")
    index = crypto.index("id_number", number)
    same = select(Incoming.id).where(Incoming.id_type == id_type, Incoming.id_index == index)
    if db.session.scalars(same.where(Incoming.state == S.WAITING)).first() is not None:
        raise Conflict("这位会员的转入正在等待校工会接收，请不要重复登记")
    item = Incoming(
        unit=unit, unit_id=unit.id, name=str(values["name"]), id_type=id_type, id_index=index,
        from_union=letter.from_union.strip(), letter_no=letter.number.strip(), letter_date=letter.day,
        letter=scans.keep(actor, kind, content), made_by=actor.id, made_at=now(), state=S.WAITING,
    )  # fmt: skip
    said = {name: value for name, value in values.items() if name in ASKED and value is not None}
    item.data = kinds.plain(said)
    db.session.add(item)
    db.session.flush()  # the trace and the notice name it by number
    audit.record(actor, "incoming.record", item)
    told = set(access.people_at(the_union(item), P.TRANSFER_APPROVE)) - {actor.id}
    notices.tell(told, f"{item.name}由{item.from_union}转入，请接收", link=f"/transfers/incoming/{item.id}")
    return item


def listing(actor: User, state: str = "", page: int = 1) -> tuple[list[Incoming], int]:
    """Return a page of those in the actor's scope, the latest first, and how many there are; "" is who waits."""
    query = _found(actor, state)
    ordered = query.order_by(Incoming.id.desc()).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return list(db.session.scalars(ordered)), _count(query)


def _found(actor: User, state: str) -> Select[Any]:
    query: Select[Any] = access.scoped(Incoming, actor, P.JOINING_READ)
    if state == ALL:
        return query
    return query.where(Incoming.state == (state if state in list(S) else S.WAITING))


def _count(query: Select[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(query.subquery())) or 0


def find(actor: User, item_id: int) -> Incoming:
    """Return one in the actor's scope, locked if the request writes. Raises Absent."""
    item: Incoming = INCOMING.fetch(actor, item_id)
    return item


class _Said:
    """What was recorded, as a row of values that `members.sight` reads like a member."""

    def __init__(self, item: Incoming) -> None:
        self.unit, self.unit_id, self.uuid = item.unit, item.unit_id, item.uuid
        self._values = values_of(item)

    def __getattr__(self, name: str) -> Any:
        if name in FIELD:
            return self._values.get(name)
        raise AttributeError(name)


def sheet(actor: User, item: Incoming) -> list[sight.Line]:
    """Return what was recorded of her, as the actor may see it."""
    return [sight.line(actor, _Said(item), FIELD[name]) for name in ASKED if name in item.data]


def letter_of(actor: User, item: Incoming) -> tuple[bytes, str]:
    """Return the scan and its type, with a trace: it shows a document."""
    audit.record(actor, "incoming.letter", item)
    return uploads.content_of(item.letter_id), scans.MIMETYPES[item.letter.kind]


def slip(actor: User, item_id: int) -> bytes:
    """Return the slip for the union that she comes from, a PDF, with its trace. Raises Absent before she is here."""
    item = find(actor, item_id)
    if item.state is not S.ACCEPTED or item.member is None:
        raise Absent("接收转入之后才能打印回执")
    html = printing.render(
        "transfers/slip.html", item=item, union=the_union(item).name, unit=item.unit.name,
        member_no=item.member.member_no, day=show_date(today()),
        letter=f"（{item.letter_no}）" if item.letter_no else "",
    )  # fmt: skip
    database.release()
    made = pdf.render(html).pdf
    database.writes()
    audit.record(actor, "incoming.slip", find(actor, item_id))
    return made


def todo(actor: User) -> list[Todo]:
    """Return how many wait for the actor's union, if there are any."""
    if not (actor.holds(P.TRANSFER_APPROVE) and actor.holds(P.JOINING_APPROVE)):
        return []
    count = _count(_found(actor, ""))
    return [Todo("校外转入", count, "incoming.index")] if count else []


hanging.stays("校外转入", Incoming)
