"""A whole term's officers at once: pasted lines, a sentence for each that is wrong, and one batch."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta

from portal.core.calendar import today
from portal.core.db import db, new_uuid, release, writes
from portal.core.errors import DomainError
from portal.members.enums import PostKind
from portal.members.models import UnionPost
from portal.org.models import User
from portal.org.people import service as people
from portal.org.people.service import Slip

from . import service, succession
from .service import Wanted

MOST = 500
BREAKS = re.compile(r"\s*[\t,，;；]\s*|\s{1,}")


@dataclass(frozen=True)
class Term:
    """What holds for every line; `ends_others` lets those who hold the same posts go the day before."""

    name: str
    starts: date
    ends: date | None
    ends_others: bool


@dataclass(frozen=True)
class Row:
    """One line: the post it asks for, those who leave for it, or the sentence that says what is wrong."""

    number: int
    text: str
    wanted: Wanted | None = None
    leaving: list[UnionPost] = field(default_factory=list)
    sentence: str = ""


def preview(actor: User, text: str, term: Term) -> list[Row]:
    """Return what each line would become: 姓名或工号, 职务, 单位 (none: the actor's own).

    Raises DomainError on `lines`.
    """
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise DomainError("请粘贴名单，一行一人：姓名或工号、职务、单位", field="lines")
    if len(lines) > MOST:
        raise DomainError(f"一次最多 {MOST} 行，请分几次办理", field="lines")
    rows: list[Row] = []
    seen: dict[tuple[object, ...], int] = {}
    for number, line in lines:
        try:
            wanted = _read(actor, line, term)
            leaving = service.leaving(wanted) if term.ends_others else []
            service.check(wanted, leaving=frozenset(post.id for post in leaving))
            keys: list[tuple[object, ...]] = [(wanted.member.id, wanted.kind, wanted.unit.id)]
            if wanted.kind in service.ALONE:
                keys.append((wanted.kind, wanted.unit.id))
            for key in keys:
                if key in seen:
                    raise DomainError(f"与第 {seen[key]} 行重复：{wanted.unit.name}{wanted.kind.label}")
            seen |= dict.fromkeys(keys, number)
            rows.append(Row(number, line, wanted, leaving))
        except DomainError as error:
            rows.append(Row(number, line, sentence=error.message))
    return rows


@dataclass(frozen=True)
class Written:
    """What became of a term: how many posts, why an office was not given, and what was handed over with it."""

    posts: int
    not_given: list[str]
    batch_id: str
    handed: int
    slips: list[Slip]


def successions(actor: User, rows: list[Row], term: Term) -> list[succession.Succession]:
    """Return who would hand over to whom with the term's first day, and who would not, and why."""
    leaving = {post.id: post for row in rows for post in row.leaving}
    return succession.plan(actor, [row.wanted for row in rows if row.wanted], [*leaving.values()], _day(term))


def write(actor: User, text: str, term: Term, *, hands_over: bool = False) -> Written:
    """Give all posts, with the offices that go with them, in one batch; `hands_over` lets the old officers hand over.

    The hashes of new accounts' passwords are made with no transaction open. Raises DomainError on `lines` while a line
    is wrong.
    """
    wanting: list[int] = []
    if hands_over:
        planned = successions(actor, _all_right(actor, text, term), term)
        wanting = [member.id for member in succession.without_account(planned)]
    release()
    secrets = {member_id: people.draw() for member_id in wanting}
    writes()
    try:
        return _write(actor, text, term, hands_over, secrets)
    except DomainError:
        release()  # the page of a refusal shows what is, not what was half done
        raise


def _write(actor: User, text: str, term: Term, hands_over: bool, secrets: dict[int, people.Secret]) -> Written:
    rows = _all_right(actor, text, term)
    batch_id = new_uuid()
    planned = successions(actor, rows, term) if hands_over else []
    handed = succession.arrange(
        actor, planned, day=_day(term), ends=term.ends, reason=f"{term.name.strip()}换届", batch_id=batch_id,
        secrets=secrets,
    )  # fmt: skip
    leaving = {post.id: post for row in rows for post in row.leaving}
    for post in leaving.values():
        service.end(actor, post, term.starts - timedelta(days=1), batch_id=batch_id, handed=handed.ended)
    db.session.flush()  # the posts that have ended are no longer in the way of the new ones
    given = [
        service.give(actor, row.wanted, with_office=True, batch_id=batch_id, handed=handed.office_with(row.wanted))
        for row in rows
        if row.wanted is not None
    ]
    succession.complete(actor, planned, handed, batch_id=batch_id)
    return Written(len(given), [why for _, why in given if why], batch_id, len(handed.items), handed.slips)


def _day(term: Term) -> date:
    """The day on which offices pass; a term that has begun is handed over today."""
    return max(term.starts, today())


def _all_right(actor: User, text: str, term: Term) -> list[Row]:
    rows = preview(actor, text, term)
    wrong = [row.number for row in rows if row.sentence]
    if wrong:
        named = "、".join(map(str, wrong[:10]))
        raise DomainError(f"第 {named} 行有错误，请改好后再保存；现在什么都没有保存", field="lines")
    return rows


def _read(actor: User, line: str, term: Term) -> Wanted:
    parts = [part for part in BREAKS.split(line, maxsplit=2) if part]
    if len(parts) < 2:
        raise DomainError("应有姓名或工号、职务、单位，用空格、逗号或制表符隔开")
    kind = next((kind for kind in PostKind if kind.label == parts[1]), None)
    if kind is None:
        raise DomainError(f"没有职务“{parts[1]}”，可用的有：{'、'.join(kind.label for kind in PostKind)}")
    unit = service.find_unit(actor, parts[2] if len(parts) > 2 else "")
    return Wanted(service.find_member(actor, parts[0]), kind, unit, "", term.name.strip(), term.starts, term.ends)
