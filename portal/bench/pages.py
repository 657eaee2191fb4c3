"""`list`: a page of 50 members at any depth, the whole request, beside the bare SQL of its rows and an empty page."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import Connection, Row, TextClause, text

from portal.core import kinds
from portal.core.db import db
from portal.members import sight
from portal.members.catalogue import FIELD
from portal.members.enums import MembershipStatus

from .measuring import Case
from .place import BRANCH, LEAF, UNION, Place, branch_of

EMPTY_PAGE = "/notices"  # of someone who has none: menu, top bar, heading, and a sentence

ROWS = """
SELECT m.id, m.uuid, m.name, m.member_no, m.staff_no, u.name AS branch, m.sex, m.birth_date, m.prof_title,
       m.mobile_sealed, m.membership_status
FROM members m JOIN org_units u ON u.id = m.unit_id
WHERE m.membership_status = 'active' {conditions}
{order} LIMIT 50
"""
# a union is gathered by its unit and sorted; a county is found along the index of names: each the quickest way there is
BELOW = "AND m.unit_id IN (SELECT id FROM org_units WHERE path >= :path AND path < :path_end)"
BELOW_WALKING = BELOW.replace("m.unit_id", "+m.unit_id")
AFTER = "AND (m.name_pinyin, m.id) > (:pinyin, :after)"
KEYS = (
    "SELECT name_pinyin AS pinyin, id AS after FROM members m WHERE membership_status = 'active' {conditions} "
    "ORDER BY name_pinyin, id LIMIT 1 OFFSET :skipped"
)
COUNT = "SELECT count(*) FROM members m WHERE membership_status = 'active' {conditions}"


def list_cases(place: Place) -> list[Case]:
    """Return the first, a middle and the last page of the whole city and of a county, and the page of one union.

    A county and a union are each opened by their own operator, and by the city's who filters by them.
    """
    union, branch, leaf = (place.browser(username) for username in (UNION, BRANCH, LEAF))
    with place.reading():
        connection = db.engine.connect()
        county, small = branch_of(BRANCH), branch_of(LEAF)
        in_county, in_small = ({"path": unit.path, "path_end": unit.path_end} for unit in (county, small))
        codes = county.code, small.code
    lists: tuple[tuple[str, FlaskClient, str, str, dict[str, Any]], ...] = (
        ("全市", union, "/members/?", "", {}),
        ("区县操作员", branch, "/members/?", BELOW_WALKING, in_county),
        ("按区县筛选", union, f"/members/?unit={codes[0]}&", BELOW_WALKING, in_county),
        ("基层操作员", leaf, "/members/?", BELOW, in_small),
        ("按基层筛选", union, f"/members/?unit={codes[1]}&", BELOW, in_small),
    )
    cases = []
    for name, client, address, below, given in lists:
        total = connection.execute(text(COUNT.format(conditions=below)), given).scalar_one()
        cases.append(_case(f"{name}首页", connection, client, address, below, given))
        for depth, skipped in (("中间页", total // 2), ("末页", total - 51)):
            if skipped < 1:
                continue
            keys = text(KEYS.format(conditions=below))
            key = connection.execute(keys, {**given, "skipped": skipped}).one()._asdict()
            deep = f"{address}after={key['after']}&page={skipped // 50 + 1}"
            cases.append(_case(f"{name}{depth}", connection, client, deep, below, {**given, **key}))
    return cases


def _case(
    name: str, connection: Connection, client: FlaskClient, address: str, below: str, given: dict[str, Any]
) -> Case:
    conditions = f"{below} {AFTER if 'after' in given else ''}"
    order = "ORDER BY +m.name_pinyin, m.id" if below == BELOW else "ORDER BY m.name_pinyin, m.id"
    statement = text(ROWS.format(conditions=conditions, order=order))
    return Case(
        name,
        floor=_floor(connection, statement, given, client),
        ours=lambda _: client.get(address).get_data(as_text=True),
        same=lambda rows, page: shown_on(page) == [expected(row) for row in rows],
    )


def _floor(
    connection: Connection, statement: TextClause, given: dict[str, Any], client: FlaskClient
) -> Callable[[], Sequence[Row[Any]]]:
    def floor() -> Sequence[Row[Any]]:
        rows = connection.execute(statement, given).all()
        client.get(EMPTY_PAGE).get_data(as_text=True)
        return rows

    return floor


def expected(row: Any) -> list[str]:
    """Return the texts that the list shows of a bare row, but for the mark of a namesake."""
    mobile = sight.opened(row.uuid, "mobile", row.mobile_sealed) if row.mobile_sealed else None
    year, month, _ = str(row.birth_date).split("-") if row.birth_date else ("", "0", "")
    texts = (
        row.name,
        row.member_no,
        row.staff_no,
        row.branch,
        kinds.show(FIELD["sex"], row.sex),
        f"{year}年{int(month)}月" if year else "",
        kinds.show(FIELD["prof_title"], row.prof_title),
        kinds.mask(FIELD["mobile"], mobile) if mobile else "",
        dict(MembershipStatus.choices())[row.membership_status],
    )
    return [text or "—" for text in texts]


def shown_on(page: str) -> list[list[str]]:
    """Return the texts of the cells of the page's table, row by row, without the marks of namesakes."""
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    body = re.sub(r'<span class="badge[^>]*>同名.*?</span>', "", body)
    rows = (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in body.split("<tr>")[1:])
    return [[html.unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in row] for row in rows]
