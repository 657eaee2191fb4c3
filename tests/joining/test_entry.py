"""Entry by an operator: whose word stands behind it, who is told what, and that nobody is approved without it."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal.core import audit, scans
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.errors import DomainError, TooOften
from portal.core.uploads import Upload
from portal.joining import applying, entry, proof, receipts
from portal.joining.models import Application
from portal.joining.models import ApplicationState as S
from portal.joining.workflow import JOINING
from portal.members.models import Member
from portal.org import sessions
from tests import doors, factories
from tests.client import DistrustfulClient, links, words
from tests.joining.conftest import People, typed


@pytest.fixture
def outside_address(app: Flask) -> Any:
    """An address that other devices can open."""
    before = app.config["BASE_URL"]
    app.config["BASE_URL"] = "https://gonghui.example.edu.cn"
    yield app.config["BASE_URL"]
    app.config["BASE_URL"] = before


HER_PHONE = {"REMOTE_ADDR": "203.0.113.7"}


def filled(**more: Any) -> dict[str, Any]:
    """Someone's form as an operator types it."""
    return typed(factories.a_person().values) | {"consent": "y"} | more


def approve(item: Application, people: People) -> None:
    """Let the branch agree and the union approve; commits."""
    if item.state is S.SUBMITTED:
        JOINING.fire(item, "agree", people.branch)
    JOINING.fire(item, "approve", people.union, study_date=today())
    db.session.commit()


def test_an_entry_with_the_signed_form_goes_its_way(tree, people: People, client_of) -> None:
    browser = client_of(people.branch)

    sent = browser.submit("/joining/entry/new", filled(evidence=(doors.scan(), "signed.jpg")))

    item = db.session.scalars(select(Application)).one()
    assert sent.location == f"/joining/{item.id}"
    assert (item.state, item.unit, item.code_id) == (S.SUBMITTED, tree["a"], None)
    acts = [(event.action, event.actor_label) for event in audit.events_of(item)]
    assert acts == [("joining.enter", "方分会"), ("joining.submit", "方分会")]
    page = browser.get(f"/joining/{item.id}")
    assert "录入人方分会" in words(page.text)
    assert browser.get(f"/joining/entry/{item.id}/scan").status_code == 405
    scan = browser.submit(f"/joining/{item.id}", action="scan")
    assert (scan.status_code, scan.mimetype, scan.data[:3]) == (200, "image/jpeg", b"\xff\xd8\xff")
    assert [event.action for event in audit.events_of(item)][2:] == ["joining.scan"]
    approve(item, people)
    assert db.session.scalars(select(Member)).one().name == item.name


def test_the_union_chooses_the_branch_first(tree, people: People, client_of) -> None:
    browser = client_of(people.union)

    choice = browser.get("/joining/entry/new")
    page = browser.get("/joining/entry/new?unit=GH02")
    foreign = client_of(people.branch).get("/joining/entry/new?unit=GH02")

    assert re.findall(r'<option value="(\w+)">', choice.text) == ["GH01", "GH02"]
    assert "申请加入机械工程学院分工会" in words(page.text)
    assert "申请加入外国语学院分工会" in words(foreign.text)  # his own; there is no other for him


def test_without_paper_or_her_word_nothing_is_taken_and_nothing_typed_is_lost(tree, people: People, client_of) -> None:
    given = filled()

    page = client_of(people.branch).submit("/joining/entry/new", given)

    assert (page.status_code, entry.UNPROVEN in page.text) == (422, True)
    assert given["name"] in page.text
    assert db.session.scalars(select(Application)).all() == []


def test_a_scan_survives_a_refusal(tree, people: People, client_of) -> None:
    browser = client_of(people.branch)
    given = filled(mobile="123", evidence=(doors.scan(), "signed.jpg"))
    page = browser.submit("/joining/entry/new", given)
    kept = re.search(r'name="evidence_kept"[^>]*value="([\w-]{36})"', page.text)
    assert (page.status_code, kept is not None) == (422, True)

    data = {**given, "mobile": "13903350001", "evidence_kept": kept and kept[1]}
    del data["evidence"]
    assert browser.post("/joining/entry/new", data=data).status_code == 302

    found = proof.entry_of(db.session.scalars(select(Application)).one())
    assert found is not None
    assert found.evidence is not None
    assert found.evidence.uuid == (kept and kept[1])


def test_what_came_with_a_form_that_was_never_taken_is_swept(tree, people: People, client_of, prepared) -> None:
    browser, folder = client_of(people.branch), prepared.instance / "uploads"
    before = len(list(folder.iterdir())) if folder.exists() else 0

    def files() -> dict[str, object]:
        return {
            "photo": (io.BytesIO(doors.picture(900, 1200, (90, 120, 150))), "a.jpg"),
            "evidence": (doors.scan(), "signed.jpg"),
        }

    refused = browser.submit("/joining/entry/new", filled(mobile="123", **files()))
    taken = browser.submit("/joining/entry/new", filled(**files()))
    with time_machine.travel(now() + timedelta(days=6)):
        early = (applying.sweep_photos(), scans.sweep())
        db.session.commit()
    with time_machine.travel(now() + timedelta(days=8)):
        late = (applying.sweep_photos(), scans.sweep())
        db.session.commit()

    assert (refused.status_code, taken.status_code, early, late) == (422, 302, (0, 0), (1, 1))
    found = proof.entry_of(db.session.scalars(select(Application)).one())
    assert found is not None
    assert sorted(db.session.scalars(select(Upload.id))) == sorted([found.evidence_id, found.application.data["photo"]])
    assert len(list(folder.iterdir())) - before == 2


@pytest.mark.parametrize(
    "raw", [b"<html>signed</html>", b"MZ\x90\x00", b"%PDF-1.4 nothing"], ids=["html", "exe", "half a pdf"]
)
def test_what_is_no_scan_is_refused_with_a_sentence(tree, people: People, client_of, raw: bytes) -> None:
    page = client_of(people.branch).submit("/joining/entry/new", filled(evidence=(io.BytesIO(raw), "signed.jpg")))

    assert (page.status_code, entry.scans.PROBLEM in page.text) == (422, True)
    assert db.session.scalars(select(Application)).all() == []


def test_another_ones_upload_is_not_taken(tree, people: People) -> None:
    db.session.commit()
    foreign = entry.keep_scan(people.other_branch, doors.scan())
    values = factories.a_person().values

    with pytest.raises(DomainError, match="没有保存成功"):
        entry.enter(people.branch, tree["a"].id, values, consented=True, sensitive_consented=True,
                    awaits_person=False, evidence=foreign)  # fmt: skip
    db.session.rollback()


def test_a_known_number_is_told_openly_with_the_way_there(tree, people: People, client_of) -> None:
    here = factories.make_member(tree["a"])
    there = factories.make_member(tree["b"])
    waiting = factories.make_application(tree["a"])
    browser, union = client_of(people.branch), client_of(people.union)
    paper = {"awaits_person": "y"}

    own = browser.submit("/joining/entry/new", filled(id_number=here.id_number, sex="", birth_date="", **paper))
    other = browser.submit("/joining/entry/new", filled(id_number=there.id_number, sex="", birth_date="", **paper))
    again = browser.submit(
        "/joining/entry/new", filled(id_number=waiting.data["id_number"], sex="", birth_date="", **paper)
    )
    above = union.submit(
        "/joining/entry/new?unit=GH01", filled(id_number=there.id_number, sex="", birth_date="", **paper)
    )

    assert [page.status_code for page in (own, other, again, above)] == [422] * 4
    assert all("该证件号码已是工会会员" in page.text for page in (own, other, above))
    assert f"/members/{here.id}" in links(own.text)
    assert f"/members/{there.id}" not in links(other.text)
    assert there.name not in words(other.text)
    assert f"/members/{there.id}" in links(above.text)
    assert "该证件号码已有入会申请在办理" in again.text
    assert f"/joining/{waiting.id}" in links(again.text)


def test_nobody_is_approved_before_she_has_confirmed(tree, people: People, client_of, client, outside_address) -> None:
    item = doors.make_entry(people.branch, tree["a"], awaits_person=True, name="周雨桐")
    with pytest.raises(DomainError) as caught:
        approve(item, people)
    assert caught.value.message == proof.MISSING
    db.session.rollback()
    page = client_of(people.union).get(f"/joining/{item.id}")
    assert proof.MISSING in page.text
    assert "待本人确认" in words(page.text)

    shown = client_of(people.branch).post(f"/joining/entry/{item.id}/link")
    address = re.search(rf"{outside_address}(/joining/entry/confirm/[\w-]{{22}})", shown.text)
    assert address is not None
    form = client.get(address[1])
    assert "周雨桐" in form.text
    assert item.data["mobile"] not in form.text
    tail = item.data["id_number"][-4:]
    unticked = client.submit(address[1], {"tail": tail})
    wrong = client.submit(address[1], {"tail": "0000" if tail != "0000" else "1111", "consent": "y"})
    confirmed = client.submit(address[1], {"tail": tail, "consent": "y"}, environ_base=HER_PHONE)

    assert [answer.status_code for answer in (unticked, wrong, confirmed)] == [422, 422, 302]
    receipt = client.get("/joining/receipt")
    assert "周雨桐的入会申请" in words(receipt.text)
    assert client.get(address[1]).status_code == 404
    approve(item, people)
    assert item.state is S.APPROVED
    assert ("joining.confirm", "申请人") in [(event.action, event.actor_label) for event in audit.events_of(item)]


def awaiting(people: People, tree, client_of) -> tuple[Application, str, dict[str, str]]:
    """An entry that awaits the person: what she confirms, by which address, and what she types."""
    item = doors.make_entry(people.branch, tree["a"], awaits_person=True)
    page = client_of(people.branch).post(f"/joining/entry/{item.id}/link")
    address = re.search(r"/joining/entry/confirm/[\w-]{22}", page.text)
    assert address is not None
    return item, address[0], {"tail": item.data["id_number"][-4:], "consent": "y"}


@pytest.mark.parametrize("who", ["branch", "union", "chair", "other_branch"])
def test_no_browser_of_the_unions_people_confirms_for_her(
    tree, people: People, client_of, outside_address, who: str
) -> None:
    item, address, word = awaiting(people, tree, client_of)

    refused = client_of(getattr(people, who)).submit(address, word, environ_base=HER_PHONE)

    assert (refused.status_code, entry.STAFF in refused.text) == (422, True)
    assert proof.missing(item) == proof.MISSING
    assert client_of(people.nobody).submit(address, word, environ_base=HER_PHONE).status_code == 302
    assert proof.missing(item) == ""


@pytest.mark.parametrize("where", ["where it was typed in", "where he is signed in"])
def test_a_word_from_where_the_operator_works_is_marked_for_who_decides(
    tree, people: People, client_of, client, outside_address, where: str
) -> None:
    item, address, word = awaiting(people, tree, client_of)
    place = {"REMOTE_ADDR": "127.0.0.1"}
    if where == "where he is signed in":
        place = {"REMOTE_ADDR": "2001:db8::7"}
        sessions.open_session(people.branch, address="2001:db8::1", device="Office")
    other = doors.make_entry(people.branch, tree["a"])
    db.session.commit()

    assert client.submit(address, word, environ_base=place).status_code == 302

    JOINING.fire(item, "agree", people.branch)
    JOINING.fire(other, "agree", people.branch)
    db.session.commit()
    browser = client_of(people.union)
    page = browser.get(f"/joining/{item.id}").text
    assert proof.NEAR in page
    assert "本人确认（由经办人所在地址确认）" in words(page)
    lists = [browser.get(path).text for path in ("/joining/", f"/joining/approve-many?id={item.id}&id={other.id}")]
    assert [text.count("由经办人所在地址确认") for text in lists] == [1, 1]
    assert "其中 1 份的本人确认来自经办人所在的地址" in words(lists[1])
    assert proof.NEAR not in browser.get(f"/joining/{other.id}").text


def test_a_word_from_elsewhere_or_a_signed_form_needs_no_mark(
    tree, people: People, client_of, client, outside_address
) -> None:
    item, address, word = awaiting(people, tree, client_of)
    near, its_address, its_word = awaiting(people, tree, client_of)
    client.submit(address, word, environ_base=HER_PHONE)
    client.submit(its_address, its_word)
    client_of(people.branch).post(f"/joining/entry/{near.id}/evidence", data={"evidence": (doors.scan(), "x.jpg")})

    assert (proof.hints(item), proof.hints(near)) == ([], [])


def test_paper_that_comes_later_is_enough(tree, people: People, client_of) -> None:
    item = doors.make_entry(people.branch, tree["a"], awaits_person=True)
    browser = client_of(people.branch)

    refused = browser.post(f"/joining/entry/{item.id}/evidence", data={"evidence": (io.BytesIO(b"no"), "x.pdf")})
    taken = browser.post(f"/joining/entry/{item.id}/evidence", data={"evidence": (doors.scan(), "x.jpg")})

    assert (refused.status_code, entry.scans.PROBLEM in refused.text) == (422, True)
    assert taken.location == f"/joining/{item.id}"
    approve(item, people)
    assert item.state is S.APPROVED
    late = browser.post(f"/joining/entry/{item.id}/evidence", data={"evidence": (doors.scan(), "x.jpg")})
    assert late.status_code == 409


def test_the_last_four_are_tried_five_times(tree, people: People) -> None:
    item = doors.make_entry(people.branch, tree["a"], awaits_person=True)
    tail = item.data["id_number"][-4:]
    _, token = entry.make_link(people.branch, item.id)
    db.session.commit()

    for _ in range(receipts.TRIES):
        with pytest.raises(DomainError, match="后四位不正确"):
            entry.confirm(token, "x", consented=True)
    with pytest.raises(TooOften):
        entry.confirm(token, tail, consented=True)
    db.session.rollback()


def test_a_returned_entry_is_mended_by_the_person_through_her_link(tree, people: People) -> None:
    item = doors.make_entry(people.branch, tree["a"])
    item_id, tail = item.id, item.data["id_number"][-4:]
    JOINING.fire(item, "agree", people.branch)
    item.state = S.RETURNED
    item.wrong_fields = ["native_place"]
    _, token = entry.make_link(people.branch, item_id)
    db.session.commit()

    code = entry.confirm(token, tail, consented=True)
    db.session.commit()

    assert receipts.progress(receipts.find(code)).may_revise


def test_a_link_of_this_machine_is_not_made(tree, people: People, client_of) -> None:
    item = doors.make_entry(people.branch, tree["a"], awaits_person=True)

    answer = client_of(people.branch).post(f"/joining/entry/{item.id}/link")

    assert (answer.status_code, "PORTAL_BASE_URL" in answer.text) == (422, True)


def test_a_forged_or_older_link_is_closed(tree, people: People, client: DistrustfulClient) -> None:
    item = doors.make_entry(people.branch, tree["a"], awaits_person=True)
    _, old = entry.make_link(people.branch, item.id)
    db.session.commit()
    _, new = entry.make_link(people.branch, item.id)
    db.session.commit()

    answers = [client.get(f"/joining/entry/confirm/{token}") for token in (old, "A" * 22, new)]

    assert [answer.status_code for answer in answers] == [404, 404, 200]
    assert answers[0].text == answers[1].text


def test_other_branches_and_roles_stay_outside(tree, people: People, client_of) -> None:
    item = doors.make_entry(people.branch, tree["a"])

    for person, shown, changed in ((people.other_branch, 404, 404), (people.chair, 200, 403), (people.admin, 403, 403)):
        browser = client_of(person)
        assert browser.post(f"/joining/entry/{item.id}/scan").status_code == shown
        assert browser.post(f"/joining/entry/{item.id}/link").status_code == changed
        if person is not people.other_branch:
            assert browser.get("/joining/entry/new").status_code == 403


def test_an_application_of_one_s_own_has_no_entry(tree, people: People, client_of) -> None:
    item = factories.make_application(tree["a"])

    assert "代为录入" not in words(client_of(people.branch).get(f"/joining/{item.id}").text)
    assert client_of(people.branch).post(f"/joining/entry/{item.id}/link").status_code == 404
