"""A seeded pair of files: exactly the planted differences, and applying them makes the second comparison empty."""

from __future__ import annotations

import io
from typing import Any

from sqlalchemy import select

from portal.comparison.matters.models import Matter
from portal.comparison.models import Comparison, Finding, Kind, Outcome
from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.joining.expected.models import ExpectedPerson
from portal.members.models import Member, MemberVersion
from portal.org.models import User
from tests.client import DistrustfulClient, find_form, form_values, words
from tests.comparison.conftest import findings, waiting
from tests.comparison.planted import PROFESSOR, Planted, plant
from tests.conftest import PROOF

ALIKE = 3000 if PROOF else 200


def upload(browser: DistrustfulClient, raw: bytes) -> Comparison:
    """Bring the file by the page, as it stands, and return the comparison."""
    answer = browser.post(
        "/comparison/", data=form_of(browser, "/comparison/") | {"file": (io.BytesIO(raw), "在职名单.xlsx")}
    )
    assert (answer.status_code, words(answer.text)[:0]) == (303, "")
    return db.session.get_one(Comparison, int(answer.location.rsplit("/", 1)[1]))


def form_of(browser: DistrustfulClient, path: str) -> dict[str, Any]:
    """Return what a browser would send of the page's form."""
    return form_values(find_form(browser.get(path).text, path)[0])


def settle(browser: DistrustfulClient, item: Comparison, kind: str, act: str, *names: str, **values: str) -> str:
    """Tick those called so (or press the button for all), confirm, and return what the list says afterwards."""
    path = f"/comparison/{item.id}/settle"
    waits = findings(item, Kind(kind))
    ids = [one.id for one in waits if not names or named(one) in names]
    query = {"list": kind, "action": act} | ({"id": ids} if names else {"all": len(waits)})
    page = browser.get(path, query_string=query)
    assert page.status_code == 200, page.location
    form, target = find_form(page.text, path, "settle")
    done = browser.post(target, data=form_values(form) | values)
    assert done.status_code == 303, words(done.text)
    assert f"list={kind}" in done.location
    return words(browser.get(done.location).text)


def named(one: Finding) -> str:
    """Return the name of whom a finding is about."""
    return one.member.name if one.member is not None else str(one.data["row"]["values"]["name"])


def found(item: Comparison) -> set[tuple[str, str, str]]:
    """Return what waits: list, name, field."""
    query = select(Finding).where(Finding.comparison_id == item.id, Finding.outcome.is_(None))
    rows = [(one.kind.value, named(one), one.field) for one in db.session.scalars(query)]
    assert len(rows) == len(set(rows))
    return set(rows)


def test_exactly_what_was_planted_is_found_and_settled_it_is_gone(tree, client_of, operator: User) -> None:
    planted = plant(tree, alike=ALIKE)
    versions = db.session.query(MemberVersion).count()
    browser = client_of(operator)

    item = upload(browser, planted.file())

    assert found(item) == planted.found
    assert told(item) == planted.told | {planted_line(planted)}
    assert [name for name, _ in item.said["unknown"]] == ["没登记的部门"]
    assert notes(item, "殷新号") == ["工号登记在会员殷旧号名下，是另一个人，请核对工号"]
    assert notes(item, "殷退会") == ["曾是会员，现为退会"]
    assert (item.rows, db.session.query(MemberVersion).count()) == (len(planted.rows), versions)

    work_through(browser, item)

    assert waiting(operator, item) == {}
    again = upload(browser, planted.file())
    assert found(again) == set()
    assert outcomes(again) == outcomes(item, lasting=True)


def planted_line(planted: Planted) -> str:
    """Return the sentence about the row that stands twice, with its number in the sheet."""
    number = [row["name"] for row in planted.rows].index("殷两行") + 3
    sentence = next(one for one in planted.told if "{twice}" in one)
    planted.told.remove(sentence)
    return sentence.format(twice=number)


def told(item: Comparison) -> set[str]:
    """Return the sentences about rows."""
    return {sentence for sentence, _, _ in item.said["problems"]}


def notes(item: Comparison, name: str) -> list[str]:
    """Return what is said beside somebody who is no member."""
    return next(one.data["notes"] for one in findings(item, Kind.ONLY_THERE) if named(one) == name)


def outcomes(item: Comparison, *, lasting: bool = False) -> set[tuple[str, str, str]]:
    """Return how each was settled; those that last alone."""
    query = select(Finding).where(Finding.comparison_id == item.id, Finding.outcome.is_not(None))
    kept = (Outcome.INVITED, Outcome.MATTER, Outcome.IGNORED, Outcome.NOTHING)
    rows = [one for one in db.session.scalars(query) if not lasting or one.outcome in kept]
    return {(one.kind.value, named(one), str(one.outcome)) for one in rows}


def work_through(browser: DistrustfulClient, item: Comparison) -> None:
    """Settle every list by its buttons, and look at what has come of it."""
    said = settle(browser, item, "unsure", "same", "殷错号")
    assert "是同一人：已处理 1 项" in said
    settle(browser, item, "unsure", "other", "殷只名")
    assert {one for one in found(item) if "殷错号" in one or "殷只名" in one} == {
        ("different", "殷错号", "id_number"), ("only_there", "殷只名", ""), ("only_here", "殷只名", ""),
    }  # fmt: skip

    settle(browser, item, "only_there", "ignore", "殷退会", reason="outsider")
    said = settle(browser, item, "only_there", "invite")
    assert "已把 5 人加入应入会名单" in said
    invited = db.session.scalars(select(ExpectedPerson).order_by(ExpectedPerson.id)).all()
    assert {one.name: one.staff_no is not None for one in invited} == {
        "殷新来": True, "殷同名": True, "殷数字": True, "殷新号": False, "殷只名": False,
    }  # fmt: skip

    settle(browser, item, "only_here", "leave", "殷离开", "殷旧号", "殷只名", note="人事处已办离校")
    settle(browser, item, "only_here", "retire", "殷退休")
    settle(browser, item, "only_here", "ignore", reason="other", note="外派支教一年")
    settle(browser, item, "misplaced", "transfer")
    settle(browser, item, "retained", "ignore", reason="rehired")
    said = settle(browser, item, "different", "retire", "殷到龄")
    assert "拟办退休：已处理 1 项" in said
    matters = db.session.scalars(select(Matter).order_by(Matter.id)).all()
    assert sorted((one.kind.value, one.member.name, one.to_unit.code if one.to_unit else "") for one in matters) == [
        ("leave", "殷只名", ""), ("leave", "殷旧号", ""), ("leave", "殷离开", ""),
        ("retire", "殷到龄", ""), ("retire", "殷退休", ""),
        ("transfer", "殷调动", "GH02"), ("transfer", "殷转会", "GH02"),
    ]  # fmt: skip

    before = db.session.query(MemberVersion).count()
    said = settle(browser, item, "different", "apply")
    assert "按名单更新：已处理 8 项" in said
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "comparison.apply")).one()
    written = db.session.scalars(select(MemberVersion).where(MemberVersion.batch_id == event.batch_id)).all()
    assert (len(written), db.session.query(MemberVersion).count()) == (8, before + 8)
    assert {one.reason for one in written} == {"人事名单比对"}
    now = {
        one.name: one for one in db.session.scalars(select(Member).where(Member.id.in_([v.member_id for v in written])))
    }
    assert now["殷职称"].prof_title == PROFESSOR
    assert {"王改姓", "殷新名"} <= set(now)
    assert (now["殷手机"].mobile, now["殷工号"].staff_no) == ("13700001234", "20018888")
