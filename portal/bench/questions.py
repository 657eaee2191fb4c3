"""The universal query beside hand-tuned SQL: found by conditions, name or number, counted, and as of a past day.

Floor and candidate share one connection, in one transaction that reads. Each case asks what the page asks: how many,
and who stands on its first page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select, text

from portal.core.db import db
from portal.members.models import Member
from portal.org.models import User
from portal.query import asking, conditions
from portal.query.asking import PER_PAGE, Asked

from .measuring import Case
from .place import BRANCH, UNION, Place, branch_of

BELOW = "unit_id IN (SELECT id FROM org_units WHERE path >= :path AND path < :path_end)"
PAST = timedelta(days=200)

# of both columns that have an index and of some that have none
INDEXED: list[dict[str, Any]] = [{"field": "membership_status", "op": "eq", "value": "active"}]
INDEXED_SQL = "membership_status = 'active'"
# every field is a code, nested as deep as people go
ANY: list[dict[str, Any]] = [
    {"any": [
        {"all": [{"field": "title_level", "op": "in", "value": ["411", "412"]},
                 {"field": "age", "op": "lt", "value": 45}]},
        {"not": {"field": "education", "op": "in", "value": ["11", "14", "21"]}},
        {"field": "political_status", "op": "eq", "value": "01"},
    ]},
    {"not": {"all": [{"field": "sex", "op": "eq", "value": "1"}, {"field": "post_category", "op": "empty"}]}},
    {"field": "membership_status", "op": "eq", "value": "active"},
]  # fmt: skip


def question_of(parts: Sequence[dict[str, Any]], day: date | None = None) -> Asked:
    """Return the question that asks for all of the `parts`, each as the contract writes conditions."""
    node = conditions.parse({"all": list(parts)})
    return Asked(node, day) if day else Asked(node)


class _Asker:
    """One of the three operators, who asks in a transaction that stays open; and bare SQL on the same connection."""

    def __init__(self, place: Place, username: str) -> None:
        place.leaving.enter_context(place.reading())
        self.user = db.session.scalars(select(User).where(User.username == username)).one()
        unit = branch_of(username)
        self.given = {"path": unit.path, "path_end": unit.path_end}

    def first_page(self, asked: Asked) -> tuple[int, list[int]]:
        """Return how many the question finds, and the first of them."""
        rows = asking.rows_of(self.user, asked)
        return asking.count(self.user, asked, rows=rows), asking.page_ids(self.user, asked, rows=rows)[0]

    def bare(self, counts: str, page: str, **given: Any) -> Callable[[], tuple[int, list[int]]]:
        """Return the floor: two statements, one that counts and one that finds the first page."""
        statements = text(counts), text(f"{page} LIMIT {PER_PAGE + 1}")
        connection, bound = db.session.connection(), self.given | given

        def floor() -> tuple[int, list[int]]:
            number = connection.execute(statements[0], bound).scalar_one()
            return number, list(connection.execute(statements[1], bound).scalars())[:PER_PAGE]

        return floor


def _case(name: str, asker: _Asker, asked: Asked, floor: Callable[[], Any]) -> Case:
    return Case(name, floor=floor, ours=lambda _: asker.first_page(asked), same=lambda one, other: one == other)


def filter_cases(place: Place) -> list[Case]:
    """Return a status in the whole city, in a county that its own operator asks for, and in one that is named."""
    whole, county = _Asker(place, UNION), _Asker(place, BRANCH)
    order = "ORDER BY name_pinyin, id"
    cases = [
        _case(
            "全市在册", whole, question_of(INDEXED),
            whole.bare(
                f"SELECT count(*) FROM members WHERE {INDEXED_SQL}",
                f"SELECT id FROM members WHERE {INDEXED_SQL} {order}",
            ),
        ),
        _case(
            "区县操作员在册", county, question_of(INDEXED),
            county.bare(
                f"SELECT count(*) FROM members WHERE {INDEXED_SQL} AND {BELOW}",
                f"SELECT id FROM members WHERE {INDEXED_SQL} AND +{BELOW} {order}",
            ),
        ),
    ]  # fmt: skip
    within = [*INDEXED, {"field": "branch", "op": "within", "value": branch_of(BRANCH).code}]
    named = _case("按区县筛选在册", whole, question_of(within), cases[1].floor)
    return [*cases, named]


def any_cases(place: Place) -> list[Case]:
    """Return the nested question over codes, beside one scan of the wide table that compares one of its columns."""
    asker = _Asker(place, UNION)
    asked = question_of(ANY)
    scan = text("SELECT count(*) FROM members NOT INDEXED WHERE remark IS NOT 'x'")
    connection = db.session.connection()
    query = asking.selected(asker.user, asked, Member.id).with_hint(Member, "NOT INDEXED", "sqlite")
    truth = list(db.session.scalars(query.order_by(Member.name_pinyin, Member.id)))

    def same(_: Any, found: tuple[int, list[int]]) -> bool:
        return found == (len(truth), truth[:PER_PAGE])

    return [
        Case(
            "任意条件", floor=lambda: connection.execute(scan).scalar_one(),
            ours=lambda _: asker.first_page(asked), same=same,
        )
    ]  # fmt: skip


def name_cases(place: Place) -> list[Case]:
    """Return a part of a name, beside one scan of the index of names."""
    asker = _Asker(place, UNION)
    asked = question_of([{"field": "name", "op": "contains", "value": "晓"}])
    part = "name LIKE '%晓%'"
    return [
        _case(
            "姓名包含", asker, asked,
            asker.bare(
                f"SELECT count(*) FROM members INDEXED BY ix_members_same_name WHERE {part}",
                f"SELECT id FROM members WHERE {part} ORDER BY name_pinyin, id",
            ),
        )
    ]  # fmt: skip


def id_cases(place: Place) -> list[Case]:
    """Return the whole number of a document, beside the lookup by a plain unique index."""
    asker = _Asker(place, UNION)
    member = db.session.scalars(select(Member).where(Member.id_type == "1").order_by(Member.id).limit(1)).first()
    if member is None or member.id_number is None:
        raise RuntimeError("the seeded city has no such member")
    asked = question_of([{"field": "id_number", "op": "eq", "value": member.id_number}])
    lookup = text("SELECT id FROM members WHERE uuid = :uuid")
    connection, uuid = db.session.connection(), member.uuid
    return [
        Case(
            "证件号码", floor=lambda: list(connection.execute(lookup, {"uuid": uuid}).scalars()),
            ours=lambda _: asking.page_ids(asker.user, asked)[0], same=lambda one, other: one == other,
        )
    ]  # fmt: skip


def summary_cases(place: Place) -> list[Case]:
    """Return everybody by unit and sex, and by title level and sex, each beside the same GROUP BY."""
    asker = _Asker(place, UNION)
    cases = []
    for name, by, columns in (
        ("单位 × 性别", ("branch", "sex"), "unit_id, sex"),
        ("职称级别 × 性别", ("title_level", "sex"), "title_level, sex"),
    ):
        statement = text(f"SELECT {columns}, count(*) FROM members WHERE {INDEXED_SQL} GROUP BY {columns}")
        cases.append(_grouped(name, asker, question_of(INDEXED), by, statement))
    return cases


def as_of_cases(place: Place) -> list[Case]:
    """Return the headcounts of all units as of a past day, beside the same GROUP BY over the versions."""
    asker = _Asker(place, UNION)
    day = date.fromisoformat(place.day) - PAST
    statement = text(
        f"SELECT unit_id, count(*) FROM member_versions WHERE {INDEXED_SQL} AND valid_from <= '{day}' "
        f"AND valid_to > '{day}' AND superseded_at IS NULL GROUP BY unit_id"
    )
    return [_grouped("往日各单位人数", asker, question_of(INDEXED, day), ("branch",), statement)]


def _grouped(name: str, asker: _Asker, asked: Asked, by: Sequence[str], statement: Any) -> Case:
    connection = db.session.connection()
    return Case(
        name,
        floor=lambda: connection.execute(statement).all(),
        ours=lambda _: asking.grouped(asker.user, asked, by),
        same=lambda rows, groups: sorted(row[-1] for row in rows) == sorted(group.number for group in groups),
    )
