"""Drafts: kept as typed, opened by the code on any device, seen by nobody else, and gone in the end."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from portal import jobs
from portal.core import audit, crypto, uploads
from portal.core.actors import APPLICANT
from portal.core.audit import AuditEvent
from portal.core.calendar import now
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError, Problems
from portal.core.uploads import Upload
from portal.joining import applying, drafts, figures, receipts, service
from portal.joining.models import Application, JoinCode, Receipt
from portal.joining.models import ApplicationState as S
from portal.joining.service import ALL, Filters
from portal.org.models import OrgUnit, User
from tests import factories
from tests.client import DistrustfulClient, parse, words
from tests.factories import a_person
from tests.joining.conftest import People, typed

Browser = Callable[[User | None], DistrustfulClient]
CONSENT = {"consent": "y"}
HALF = {"name": "周半张", "id_number": "1303021990", "mobile": "139", "resume-0-place": "海港大学"}


def address(code: JoinCode) -> str:
    return f"/joining/apply/{code.token}"


def keep(code: JoinCode, key: str = "", **inputs: str) -> str:
    """Keep a draft with `inputs` beside half a form and return its receipt code."""
    db.session.commit()
    texts = {name: [text] for name, text in (HALF | inputs).items()}
    receipt = drafts.keep(code.token, key or crypto.random_token(), texts, consented=True, sensitive_consented=False)
    db.session.commit()
    return receipt


def picture() -> io.BytesIO:
    stream = io.BytesIO()
    Image.new("RGB", (600, 800), (180, 200, 220)).save(stream, "JPEG")
    stream.seek(0)
    return stream


def count(model: type[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def only() -> Application:
    return db.session.scalars(select(Application)).one()


def inputs_of(page: str) -> dict[str, str | None]:
    return {str(element.get("name")): element.get("value") for element in parse(page).iter() if element.get("name")}


def test_a_draft_needs_nothing_but_the_consent_and_comes_back_as_typed(
    client: DistrustfulClient, code: JoinCode, client_of: Browser
) -> None:
    kept = client.submit(address(code), HALF | CONSENT | {"keep": "1", "id_type": ""})
    receipt = words(client.get("/joining/receipt").text)
    item = only()
    other = client_of(None)
    other.submit("/joining/receipt", {"code": receipts.grouped(_code_on(receipt))})
    page = other.get("/joining/receipt/draft")

    assert (kept.status_code, kept.location) == (302, "/joining/receipt")
    assert (item.state, item.name, item.id_index, item.submitted_at) == (S.DRAFT, None, None, None)
    assert "还没有提交的入会申请" in receipt
    assert {name: inputs_of(page.text)[name] for name in HALF} == HALF


def _code_on(read: str) -> str:
    found = re.search(r"\b([a-z2-9]{5}-[a-z2-9]{5})\b", read)
    assert found
    return found[1].replace("-", "")


def test_without_consent_nothing_is_kept(client: DistrustfulClient, code: JoinCode) -> None:
    plain = client.submit(address(code), HALF | {"keep": "1"})
    family = client.submit(address(code), HALF | CONSENT | {"keep": "1", "children_count": "2"})

    assert [plain.status_code, family.status_code] == [422, 422]
    assert "请阅读个人信息处理说明并勾选同意" in words(plain.text)
    assert "请阅读说明并勾选单独同意" in words(family.text)
    assert inputs_of(family.text)["name"] == "周半张"
    assert count(Application) == count(Receipt) == 0


def test_a_draft_becomes_the_application_itself(client: DistrustfulClient, code: JoinCode) -> None:
    person = a_person()
    client.submit(address(code), HALF | CONSENT | {"keep": "1"})
    item_id = only().id

    sent = client.submit("/joining/receipt/draft", typed(person.values) | CONSENT)

    item = only()
    assert (sent.status_code, sent.location) == (302, "/joining/receipt")
    assert (item.id, item.state, item.name, item.code_id) == (item_id, S.SUBMITTED, person.name, code.id)
    assert item.data["id_number"] == person.id_number
    assert "typed" not in item.data
    assert [event.action for event in audit.events_of(item)] == ["joining.submit"]
    assert count(Receipt) == 1


def test_a_refused_draft_keeps_what_was_typed(client: DistrustfulClient, code: JoinCode) -> None:
    client.submit(address(code), HALF | CONSENT | {"keep": "1"})

    answer = client.submit("/joining/receipt/draft", {"mobile": "13900000000"})

    assert answer.status_code == 422
    assert {name: inputs_of(answer.text)[name] for name in HALF} == HALF | {"mobile": "13900000000"}
    assert only().state == S.DRAFT


def test_the_page_that_kept_the_draft_may_still_send_it(client: DistrustfulClient, code: JoinCode) -> None:
    """She keeps a draft, goes back in the browser, and sends the page that stands there."""
    page = client.get(address(code)).text
    form = {"form_key": inputs_of(page)["form_key"], "photo_kept": ""}
    client.post(address(code), data=HALF | CONSENT | form | {"keep": "1"})
    client.post(address(code), data=HALF | CONSENT | form | {"keep": "1", "name": "周改过"})
    changed = drafts.typed_in(only())["name"]

    sent = client.post(address(code), data=typed(a_person().values) | CONSENT | form)

    assert changed == ["周改过"]
    assert (sent.status_code, only().state, count(Receipt)) == (302, S.SUBMITTED, 1)


def test_a_photo_stays_with_the_draft(client: DistrustfulClient, code: JoinCode) -> None:
    client.submit(address(code), HALF | CONSENT | {"keep": "1", "photo": (picture(), "me.jpg")})
    page = client.get("/joining/receipt/draft")
    number = only().data["photo"]

    client.submit("/joining/receipt/draft", typed(a_person().values) | CONSENT)

    assert "照片已保存" in words(page.text)
    assert only().data["photo"] == number
    assert uploads.content_of(number)[:2] == b"\xff\xd8"


def test_somebody_here_already_gets_the_same_receipt(code: JoinCode, tree: dict[str, OrgUnit]) -> None:
    here, free = a_person(), a_person()
    factories.make_member(tree["b"], **here.values)
    seen = []
    for person in (here, free):
        receipt = keep(code)
        found = receipts.find(receipt)
        found.created_at -= timedelta(days=3)
        db.session.commit()
        drafts.send(receipt, person.values, consented=True, sensitive_consented=False)
        db.session.commit()
        seen.append(receipts.progress(receipts.find(receipt)))

    assert [item.state for item in db.session.scalars(select(Application).order_by(Application.id))] == [
        S.ALREADY_HERE,
        S.SUBMITTED,
    ]
    assert seen[0] == seen[1]


def test_a_draft_is_sent_after_its_code_was_renewed_but_not_to_a_closed_unit(
    code: JoinCode, tree: dict[str, OrgUnit]
) -> None:
    first, second = keep(code), keep(code)
    code.revoked_at = now()
    db.session.commit()

    drafts.send(first, a_person().values, consented=True, sensitive_consented=False)
    db.session.commit()
    tree["a"].is_enabled = False
    db.session.commit()

    with pytest.raises(DomainError, match="目前不接收会员"):
        drafts.send(second, a_person().values, consented=True, sensitive_consented=False)
    db.session.rollback()
    with pytest.raises(DomainError, match="刚刚停用"):
        drafts.keep(code.token, "x", {}, consented=True, sensitive_consented=False)
    db.session.rollback()
    assert receipts.find(first).application.state == S.SUBMITTED


def test_what_was_sent_is_no_draft_any_more(code: JoinCode) -> None:
    receipt = keep(code)
    drafts.send(receipt, a_person().values, consented=True, sensitive_consented=False)
    db.session.commit()

    for verb in (
        lambda: drafts.drop(receipt),
        lambda: drafts.keep_again(receipt, {}, consented=True, sensitive_consented=False),
        lambda: drafts.send(receipt, a_person().values, consented=True, sensitive_consented=False),
    ):
        with pytest.raises(Conflict, match="草稿已经提交或删除"):
            verb()
        db.session.rollback()
    with pytest.raises(Absent):
        drafts.find(receipt)


def test_operators_never_meet_a_draft(
    code: JoinCode, people: People, client_of: Browser, tree: dict[str, OrgUnit]
) -> None:
    keep(code)
    item = only()

    shown = service.listing(people.union, Filters(state=ALL)).rows
    drafted = service.listing(people.union, Filters(state="draft")).rows
    page = client_of(people.union).get(f"/joining/{item.id}")

    assert shown == drafted == []
    assert page.status_code == 404
    assert figures.figures(people.union, str(now().year))[1].sent == 0
    assert audit.events_of(item) == []


def test_nothing_of_a_draft_stands_in_the_database_as_text(app: Flask, code: JoinCode) -> None:
    keep(code, name="周金丝雀", home_address="金丝雀路密址")

    stored = bytes(only().data_sealed)
    traced = [
        event.subject_label + event.reason + str(event.details) for event in db.session.scalars(select(AuditEvent))
    ]

    assert only().data["typed"]["name"] == ["周金丝雀"]
    assert "周金丝雀".encode() not in stored
    assert "金丝雀" not in "".join(traced)


def test_only_the_forms_own_inputs_are_kept_and_not_too_much(code: JoinCode) -> None:
    receipt = keep(code, csrf_token="x", dues_base="1", unit_id="7", consent="y")

    assert set(drafts.typed_in(receipts.find(receipt).application)) == {*HALF, "consent"}
    with pytest.raises(DomainError, match="填写的内容过长"):
        keep(code, name="长" * 60_000)
    db.session.rollback()


def test_a_draft_is_removed_by_its_holder(client: DistrustfulClient, code: JoinCode, app: Flask) -> None:
    client.submit(address(code), HALF | CONSENT | {"keep": "1", "photo": (picture(), "me.jpg")})
    files = list((Path(app.config["INSTANCE"]) / "uploads").iterdir())

    client.submit("/joining/receipt", action="drop")

    assert len(files) == 1
    assert list((Path(app.config["INSTANCE"]) / "uploads").iterdir()) == []
    assert count(Application) == count(Receipt) == count(Upload) == 0


def test_the_clock_removes_drafts_that_nobody_touches(code: JoinCode) -> None:
    old, young = keep(code), keep(code)
    sent = factories.make_application(code.unit)
    for item in (receipts.find(old).application, sent):
        item.saved_at = now() - drafts.KEPT_FOR - timedelta(minutes=1)
    db.session.commit()

    gone = drafts.sweep()
    db.session.commit()

    assert gone == 1
    assert {item.state for item in db.session.scalars(select(Application))} == {S.DRAFT, S.SUBMITTED}
    assert receipts.find(young).application.state == S.DRAFT
    with pytest.raises(DomainError):
        receipts.find(old)
    (event,) = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "joining.sweep_drafts"))
    assert (event.details, event.actor_label) == ({"count": 1}, "系统定时任务")
    assert {"joining.drafts", "joining.photos"} <= {job.name for job in jobs.JOBS}


def test_photos_of_forms_never_sent_are_removed_after_a_week(app: Flask, code: JoinCode) -> None:
    folder = Path(app.config["INSTANCE"]) / "uploads"
    left, recent = applying.keep_photo(picture()), applying.keep_photo(picture())
    factories.make_application(code.unit, photo=picture())
    kept = uploads.keep(APPLICANT, uploads.photo(picture()), kind="photo")
    for upload in db.session.scalars(select(Upload).where(Upload.uuid != recent)):
        upload.created_at -= timedelta(days=7, minutes=1)
    db.session.commit()
    before = {path.name for path in folder.iterdir()}
    (path,) = db.session.scalars(select(Upload.path).where(Upload.uuid == left))

    gone = applying.sweep_photos()
    db.session.commit()

    assert gone == 1
    assert before - {path.name for path in folder.iterdir()} == {path}
    assert db.session.scalar(select(func.count(Upload.id)).where(Upload.uuid.in_([left, recent, kept.uuid]))) == 2
    assert applying.sweep_photos() == 0


def test_a_photo_belongs_to_one_application(code: JoinCode) -> None:
    db.session.commit()
    photo = applying.keep_photo(picture())
    first = {"consented": True, "sensitive_consented": False}
    applying.submit(code.token, "one", a_person().values, photo=photo, **first)
    db.session.commit()

    with pytest.raises(DomainError, match="照片没有保存成功"):
        applying.submit(code.token, "two", a_person().values, photo=photo, **first)
    db.session.rollback()


def test_the_consents_of_a_draft_are_those_of_its_last_save(code: JoinCode) -> None:
    db.session.commit()
    with pytest.raises(Problems) as refused:
        drafts.keep(code.token, "one", {"marital_status": ["10"]}, consented=False, sensitive_consented=False)
    db.session.rollback()

    receipt = keep(code)
    item = receipts.find(receipt).application
    was = item.consented_at
    drafts.keep_again(receipt, {"marital_status": ["10"]}, consented=True, sensitive_consented=True)
    db.session.commit()

    assert set(refused.value.errors) == {"consent", "consent_sensitive"}
    assert item.consented_at > was
    assert item.sensitive_consented_at == item.consented_at
    assert isinstance(item.created_at.date(), date)
