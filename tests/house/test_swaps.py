"""Another's number where one's own belongs: in the address, behind the question mark, in a form, where no input is."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select, text

from portal.core.db import Base, db
from portal.joining.models import Application
from portal.joining.models import ApplicationState as S
from portal.members.models import Member, MemberVersion, SearchText
from tests import client as distrust
from tests.house.walk import Walk

ROW = re.compile(r"/(?:members|joining)/(\d+)$")
# What an operator or a member may try to set in passing.
FORBIDDEN_INPUTS = {
    "id": "1",
    "user_id": "1",
    "uuid": "11111111-1111-1111-1111-111111111111",
    "unit_id": "1",
    "branch": "GH",
    "member_no": "GH-2026-99999",
    "membership_status": "expelled",
    "join_date": "1990-01-01",
    "counted_here": "",
    "retire_track": "x",
    "confirmed_at": "2026-01-01",
    "union_post": "01",
    "membership_changes": "x",
    "state": "approved",
}
# What a member asks her branch to change.
ASKED_FOR = {"name": "改名", "mobile": "13900000001", "staff_no": "X999999", "sex": "1", "education": "11"}
HONOURS = {"honors-0-title": "冒领的称号", "honors-0-level": "1"}
SECRET_INPUTS = {"id_number": "11010519491231002X", "dues_base": "9999.99", "id_type": "2"}


def rows_on(page: str) -> set[int]:
    """Return the numbers of the rows that a list leads to."""
    return {int(found[1]) for link in distrust.links(page) if (found := ROW.search(link))}


def row_of(table: str, number: int) -> dict[str, Any]:
    """Return a row as it is stored."""
    found = db.session.execute(text(f"SELECT * FROM {table} WHERE id = :id"), {"id": number}).mappings().one()
    db.session.rollback()
    return dict(found)


def differing(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """Return the columns that are not as they were."""
    return {name for name in before if before[name] != after[name]}


# --- behind the question mark ---------------------------------------------------------------------------------------


def test_a_list_shows_ones_own_place_whatever_its_address_asks(walk: Walk) -> None:
    browser, places = walk.browsers["operator of a"], walk.ids["places"]
    mine, other = {places["a"]["member"]}, places["b"]["member"]
    queries = [
        "", "unit=GH", "unit=GH02", "unit=NONE", "status=all", "sex=2", "sort=joined", "per_page=100000", "page=2",
        f"after={other}", f"before={other}", f"after={places['top']['member']}", "q=殷晓澜", "q=yxl", "q=%", "q=_",
        f"q={walk.canaries['b'][0].values['staff_no']}", "q=GH-2026-00001' OR '1'='1",
    ]  # fmt: skip

    seen = {query: rows_on(browser.get(f"/members/?{query}&status=all").text) for query in queries}

    assert seen[""] >= mine  # there is something to see
    own = {walk.ids["own"]["operator of a"]["member"]}
    outside = {query: rows - places_of(walk, "a") - own for query, rows in seen.items()}
    assert {query: rows for query, rows in outside.items() if rows} == {}


def places_of(walk: Walk, place: str) -> set[int]:
    """Return the numbers of all members of a place."""
    unit = walk.ids["places"][place]["unit"]
    found = set(db.session.scalars(select(Member.id).where(Member.unit_id == unit)))
    db.session.rollback()
    return found


def test_the_list_of_applications_shows_ones_own_place_alone(walk: Walk) -> None:
    browser, places = walk.browsers["operator of a"], walk.ids["places"]
    at_a = select(Application.id).where(Application.unit_id == places["a"]["unit"], Application.state != S.DRAFT)
    mine = set(db.session.scalars(at_a))
    db.session.rollback()
    foreign = places["b"]["application"][S.SUBMITTED]
    queries = ["state=all", "state=all&unit=GH02", "state=all&unit=GH", f"state=all&after={foreign}",
               f"state=all&before={foreign}", "state=submitted", "state=nonsense", "state=all&q=殷晓澜"]  # fmt: skip

    seen = {query: rows_on(browser.get(f"/joining/?per_page=100&{query}").text) for query in queries}

    assert seen["state=all"] == mine
    assert {query: rows - mine for query, rows in seen.items() if rows - mine} == {}


def test_a_foreign_row_as_the_place_in_a_list_tells_nothing(walk: Walk) -> None:
    """Paging on from a member one cannot see must not tell where her name stands among one's own."""
    browser = walk.browsers["operator of a"]
    foreign = [walk.ids["places"][place]["member"] for place in ("b", "top")]
    db.session.execute(text("UPDATE members SET name_pinyin = 'zzz' WHERE id = :id"), {"id": foreign[0]})
    db.session.execute(text("UPDATE members SET name_pinyin = 'aaa' WHERE id = :id"), {"id": foreign[1]})
    db.session.commit()

    answers = [rows_on(browser.get(f"/members/?status=all&after={number}").text) for number in (*foreign, 999_999)]

    assert answers[0] == answers[1] == answers[2]


def test_a_kept_search_is_its_owners_alone(walk: Walk) -> None:
    union, chair = walk.browsers["union operator"], walk.browsers["union chair"]
    number = walk.canaries["a"][0].secret[0]
    kept = union.post("/members/search", data={"q": number}).location

    assert rows_on(union.get(kept).text) == {walk.ids["places"]["a"]["member"]}
    assert rows_on(chair.get(kept).text) == set()
    assert db.session.scalars(select(SearchText.user_id).order_by(SearchText.id.desc())).first()


# --- in a form ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["seen_version", "known_version"])
def test_another_members_version_in_the_edit_form_is_refused(walk: Walk, name: str) -> None:
    browser, places = walk.browsers["operator of a"], walk.ids["places"]
    number = places["a"]["member"]
    foreign = db.session.scalars(
        select(MemberVersion.id).where(MemberVersion.member_id == places["b"]["member"])
    ).first()
    before, path = row_of("members", number), f"/members/{number}/edit"
    values = {"home_address": "不该存下的住址", "seen_version": "0", name: str(foreign)}

    answer = browser.submit(path, values, action="edit")

    assert answer.status_code == 409
    assert differing(before, row_of("members", number)) == set()


@pytest.mark.parametrize(
    ("principal", "place", "path", "more"),
    [
        ("operator of a", "a", "/members/{}/edit", FORBIDDEN_INPUTS | SECRET_INPUTS | HONOURS),
        # she came in without an application, so the union may set right when; tests/members/test_rows_edited.py
        ("union operator", "a", "/members/{}/edit", {k: v for k, v in FORBIDDEN_INPUTS.items() if k != "join_date"}),
        ("member", "own", "/members/me/edit", FORBIDDEN_INPUTS | SECRET_INPUTS | ASKED_FOR | HONOURS),
    ],
)  # fmt: skip
def test_an_input_that_the_form_does_not_have_sets_nothing(
    walk: Walk, principal: str, place: str, path: str, more: dict[str, str]
) -> None:
    browser = walk.browsers[principal]
    number = walk.at("members.edit", place, principal)["member"]
    address = path.format(number)
    page = browser.get(address).text
    form = distrust.form_values(distrust.find_form(page, address, "edit")[0])
    assert set(more) & set(form) == set()
    before = row_of("members", number)

    answer = browser.post(address, data=form | {"home_address": "新住址一号"} | more)

    assert answer.status_code == 303
    assert differing(before, row_of("members", number)) == {"home_address_sealed"}


def test_an_applicant_sets_nothing_but_what_is_asked(walk: Walk) -> None:
    more = FORBIDDEN_INPUTS | {"dues_base": "9999", "decided_by": "1", "member_id": "1", "code_id": "1", "answer": "x"}
    arguments, body = walk.request("joining.apply", walk.ids["places"]["a"])

    answer = walk.browsers["stranger"].post(f"/joining/apply/{arguments['token']}", data=body | more)

    assert answer.status_code == 302
    item = db.session.scalars(select(Application).order_by(Application.id.desc()).limit(1)).one()
    stored = row_of("applications", item.id)
    assert (stored["state"], stored["unit_id"]) == ("submitted", walk.ids["places"]["a"]["unit"])
    assert [stored[name] for name in ("decided_by", "member_id", "study_date", "answer")] == [None, None, None, ""]
    assert set(item.data) & (set(more) - {"id_type"}) == set()


@pytest.mark.parametrize("field", ["password_hash", "user_id", "uuid", "mobile", "name", "member.id_number", ""])
def test_a_reveal_opens_secret_fields_alone(walk: Walk, field: str) -> None:
    number = walk.ids["places"]["a"]["member"]

    answer = walk.browsers["union operator"].post(
        f"/members/{number}/reveal", data={"field": field, "reason": "核对登记表"}
    )

    assert answer.status_code == 404
    assert [
        song for song in (*walk.canaries["a"][0].secret, *walk.canaries["a"][0].masked) if song in answer.text
    ] == []


@pytest.mark.parametrize(
    ("principal", "address"),
    [
        ("operator of a", "/act/joining/{}/submit"),
        ("operator of a", "/act/joining/{}/withdraw"),
        ("union operator", "/act/joining/{}/withdraw"),
        ("union operator", "/act/joining/{}/expire"),
        ("union operator", "/act/joining/{}/park"),
        ("operator of a", "/act/nothing/{}/agree"),
        ("operator of a", "/act/joining/{}/nothing"),
        ("operator of a", "/act/members/{}/agree"),
    ],
)
def test_a_step_that_is_not_ones_own_is_not_taken(walk: Walk, principal: str, address: str) -> None:
    number = walk.ids["places"]["a"]["application"][S.SUBMITTED]

    answer = walk.browsers[principal].post(address.format(number), data={"comment": "试一试"})

    assert answer.status_code in (403, 404)
    assert row_of("applications", number)["state"] == "submitted"


def test_only_asked_fields_are_sent_back(walk: Walk) -> None:
    number = walk.ids["places"]["a"]["application"][S.SUBMITTED]
    browser = walk.browsers["operator of a"]

    answer = browser.post(
        f"/joining/{number}/return", data={"comment": "请核对", "wrong_fields": ["dues_base", "member_no", "state"]}
    )

    assert answer.status_code == 422
    assert row_of("applications", number)["state"] == "submitted"


def test_a_receipt_opens_its_own_application_alone(walk: Walk) -> None:
    stranger, places = walk.browsers["stranger"], walk.ids["places"]
    stranger.submit("/joining/receipt", {"code": places["a"]["receipt"]}, action="receipt")
    mine = places["a"]["application"][S.SUBMITTED]
    before = {number: row_of("applications", number)["state"] for number in places["b"]["application"].values()}

    answer = stranger.post(
        "/joining/receipt/withdraw",
        data={"id": places["b"]["application"][S.SUBMITTED], "code": places["b"]["receipt"]},
    )

    assert answer.status_code == 302
    assert row_of("applications", mine)["state"] == "withdrawn"
    assert {number: row_of("applications", number)["state"] for number in before} == before


def test_nothing_of_this_has_made_anybody_a_member(walk: Walk) -> None:
    """The tables that decide are the same after all refused attempts of one person."""
    browser, places = walk.browsers["operator of a"], walk.ids["places"]
    tables = [name for name in Base.metadata.tables if name not in ("audit_events", "audit_heads", "login_sessions")]

    def counts() -> dict[str, int]:
        found = {name: db.session.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in tables}
        db.session.rollback()
        return found

    before = counts()
    for place in ("b", "top"):
        for state, number in places[place]["application"].items():
            for action in ("approve", "return", "reject"):
                answer = browser.post(f"/joining/{number}/{action}", data={"study_date": "2026-09-01", "comment": "x"})
                assert (state, action, answer.status_code) in {(state, action, 403), (state, action, 404)}

    assert counts() == before
