"""The pages through real requests: what people type, what they read, and what nobody learns."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from portal.core import uploads
from portal.core.actors import SHELL
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.notices import Notice
from portal.joining.models import Application, JoinCode, Reason, Receipt
from portal.joining.models import ApplicationState as S
from portal.joining.workflow import JOINING
from portal.members import history
from portal.members.models import Member
from portal.org.models import JoinForm, OrgUnit, User
from tests import factories
from tests.client import DistrustfulClient, parse, words
from tests.factories import a_person
from tests.joining.conftest import People, typed

Browser = Callable[..., DistrustfulClient]

CONSENT = {"consent": "y"}
PASSWORD = "correct horse battery"


def address(code: JoinCode) -> str:
    return f"/joining/apply/{code.token}"


def send(client: DistrustfulClient, code: JoinCode, values: dict[str, Any], **inputs: Any) -> TestResponse:
    """Fill the form of `code` with `values` (parsed) and `inputs` (as typed), and send it."""
    return client.submit(address(code), typed(values) | CONSENT | inputs)


def count(model: type[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def only() -> Application:
    return db.session.scalars(select(Application)).one()


def under(page: str, name: str) -> str:
    """Return the sentences that stand under the input `name`."""
    return "".join(
        text for element in _all(page) if element.get("id") == f"{name}-error" for text in element.itertext()
    )


def value_of(page: str, name: str) -> str | None:
    """Return what stands in the input `name`."""
    return next((element.get("value") for element in _all(page) if element.get("name") == name), None)


def value_of_id(page: str, identity: str) -> str | None:
    """Return what stands in the input with the id `identity`."""
    return next((element.get("value") for element in _all(page) if element.get("id") == identity), None)


def _all(page: str) -> Iterator[Element]:
    return parse(page).iter()


# --- the form -------------------------------------------------------------------------------------------------------


def test_the_form_names_the_unit_first_then_consent_pledge_and_fields(
    client: DistrustfulClient, code: JoinCode
) -> None:
    page = client.get(address(code))

    read = words(page.text)
    order = ["外国语学院分工会", "版本 2026-09", "我自愿加入中华全国总工会", "基本信息", "证件与户籍", "个人简历"]
    places = [read.index(text) for text in order]
    assert places == sorted(places)
    assert len(page.data) < 60_000


def test_a_complete_form_becomes_an_application(client: DistrustfulClient, code: JoinCode) -> None:
    person = a_person()

    answer = send(client, code, person.values)

    assert (answer.status_code, answer.location) == (302, "/joining/receipt")
    item = only()
    assert (item.state, item.unit_id, item.code_id, item.name) == (S.SUBMITTED, code.unit_id, code.id, person.name)
    assert item.data["id_number"] == person.id_number
    assert item.data["resume"][0]["place"] == "海港大学"
    assert item.sensitive_consented_at is None


def test_sex_and_birth_date_may_be_left_to_the_number(client: DistrustfulClient, code: JoinCode) -> None:
    person = a_person(id_number=factories.id_number(birth=date(1990, 5, 1), sex="2"))

    send(client, code, person.values | {"sex": None, "birth_date": None})

    assert (only().data["sex"], only().data["birth_date"]) == ("2", "1990-05-01")


def fresh_number(first_17: str) -> str:
    number = first_17 + factories.check_digit(first_17)
    factories.numbers_made.add(number)
    return number


GOOD = factories.id_number(birth=date(1990, 5, 1), sex="2", serial=77)
OTHER_LAST = "0" if GOOD[-1] != "0" else "1"

# what is typed, the input under which the sentence stands, the sentence
BAD = {
    "wrong check digit": ({"id_number": GOOD[:-1] + OTHER_LAST}, "id_number", "身份证号码校验位错误，请核对"),
    "impossible date": ({"id_number": fresh_number("13030219900230002")}, "id_number", "身份证号码中的出生日期无效"),
    "future date": ({"id_number": fresh_number("13030221900101002")}, "id_number", "身份证号码中的出生日期无效"),
    "15 digits": ({"id_number": "130302900501002"}, "id_number", "请填写 18 位身份证号码"),
    "17 digits": ({"id_number": GOOD[:-1]}, "id_number", "请填写 18 位身份证号码"),
    "no province": ({"id_number": fresh_number("16010219900501002")}, "id_number", "前两位不是省级行政区划代码"),
    "a foreigner's card as identity card": (
        {"id_number": fresh_number("93101119900501002")},
        "id_number",
        "该号码是外国人永久居留身份证的号码，证件类型请改选“外国人永久居留身份证”，或核对号码",
    ),
    "a residence card as identity card": (
        {"id_number": fresh_number("81000019900501002")},
        "id_number",
        "该号码是港澳台居民居住证的号码，证件类型请改选“港澳台居民居住证”，或核对号码",
    ),
    "no number": ({"id_number": ""}, "id_number", "请填写证件号码"),
    "sex against the number": ({"id_number": GOOD, "sex": "1", "birth_date": ""}, "sex", "性别与身份证号码不一致"),
    "birth against the number": (
        {"id_number": GOOD, "sex": "", "birth_date": "1990-05-02"},
        "birth_date",
        "出生日期与身份证号码不一致（证件为 1990-05-01）",
    ),
    "too young": ({"id_number": fresh_number(f"130302{today().year - 15}0101002")}, "birth_date", "周岁之间"),
    "a passport without sex": (
        {"id_type": "2", "id_number": "E12345678", "sex": "", "political_status": ""},
        "sex",
        "请选择性别",
    ),
    "a passport without birth date": (
        {"id_type": "2", "id_number": "E12345678", "birth_date": "", "political_status": ""},
        "birth_date",
        "请填写出生日期",
    ),
    "a passport of four": ({"id_type": "2", "id_number": "E123"}, "id_number", "格式不正确"),
    "a pass that is none": ({"id_type": "3", "id_number": "X12345678"}, "id_number", "格式不正确"),
    "digits in the name": ({"name": "张3"}, "name", "姓名含有非法字符：‹3›"),
    "a title in the name": ({"name": "张先生"}, "name", "姓名含有非法字符：‹先生›"),
    "a smile in the name": ({"name": "张三😀"}, "name", "姓名含有非法字符：‹😀›"),
    "no name": ({"name": "　"}, "name", "请填写姓名"),
    "a long name": ({"name": "长" * 51}, "name", "姓名应为 2 至 50 个字"),
    "a mobile of 12": ({"mobile": "139000000001"}, "mobile", "应为 11 位数字"),
    "a mobile that begins with 12": ({"mobile": "12900000000"}, "mobile", "应为 11 位数字"),
    "no mobile": ({"mobile": ""}, "mobile", "请填写手机号码"),
    "no staff number": ({"staff_no": ""}, "staff_no", "请填写工号"),
    "a short staff number": ({"staff_no": "12"}, "staff_no", "工号应为 4 至 20 位数字或字母，请核对"),
    "an unknown people": ({"ethnicity": "99"}, "ethnicity", "民族"),
    "no people": ({"ethnicity": ""}, "ethnicity", "请选择民族"),
    "no political status": ({"political_status": ""}, "political_status", "请选择政治面貌"),
    "dispatched by nobody": ({"employment_form": "4"}, "dispatch_company", "请填写劳务派遣单位"),
    "work in the future": ({"work_start_date": "2999-01"}, "work_start_date", "参加工作时间"),
    "a month that is none": ({"resume-0-start": "2010-13"}, "resume-0-start", ""),
    "an end before its start": ({"resume-0-end": "1960-01"}, "resume-0-end", ""),
    "no consent": ({"consent": None}, "consent", "请阅读个人信息处理说明并勾选同意"),
    "family without a consent of its own": (
        {"marital_status": "10"},
        "consent_sensitive",
        "您填写了婚育与家庭信息，请阅读说明并勾选单独同意，或清空这些信息",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input_gets_its_sentence_and_loses_nothing(client: DistrustfulClient, code: JoinCode, case: str) -> None:
    inputs, name, sentence = BAD[case]
    person = typed(a_person().values) | CONSENT
    if "id_number" in inputs and inputs.get("id_type", "1") == "1":
        person |= {"sex": "", "birth_date": ""}
    sent = {key: text for key, text in (person | inputs).items() if text is not None}

    answer = client.submit(address(code), sent | ({"consent": []} if "consent" not in sent else {}))

    assert answer.status_code == 422
    assert sentence in under(answer.text, name)
    assert under(answer.text, name) != ""
    for key in ("name", "id_number", "mobile", "department", "resume-0-place"):
        assert value_of(answer.text, key) == sent[key]
    assert count(Application) == count(Receipt) == 0


def test_all_sentences_come_at_once(client: DistrustfulClient, code: JoinCode) -> None:
    person = typed(a_person().values) | {"name": "张3", "mobile": "12", "ethnicity": "", "id_number": "123"}

    answer = client.submit(address(code), person)

    told = {name for name in ("name", "mobile", "ethnicity", "id_number", "consent") if under(answer.text, name)}
    assert told == {"name", "mobile", "ethnicity", "id_number", "consent"}


def test_an_empty_resume_is_asked_for(client: DistrustfulClient, code: JoinCode) -> None:
    person = {key: value for key, value in typed(a_person().values).items() if not key.startswith("resume")}

    answer = client.submit(address(code), person | CONSENT)

    assert answer.status_code == 422
    assert "请至少填写一行个人简历" in words(answer.text)


RESIDENCE = fresh_number("81000019880808002")
FOREIGNER = fresh_number("93101119880808002")
ENDS_IN_X = next(
    number for number in (fresh_number(f"13030219900501{place:03d}") for place in range(500)) if number[-1] == "X"
)

# what people type, and what is kept of it
TIDIED = {
    "full-width digits": ({"id_number": "".join(chr(ord(sign) + 0xFEE0) for sign in GOOD)}, {"id_number": GOOD}),
    "spaces and a quote": ({"id_number": f" '{GOOD[:6]} {GOOD[6:14]} {GOOD[14:]} "}, {"id_number": GOOD}),
    "a small x": ({"id_number": ENDS_IN_X.lower()}, {"id_number": ENDS_IN_X}),
    "a residence card": ({"id_type": "5", "id_number": RESIDENCE}, {"id_number": RESIDENCE, "id_type": "5"}),
    "a foreigner's card": (
        {"id_type": "6", "id_number": FOREIGNER, "name": "Anna-Maria O'Neil"},
        {"id_type": "6", "name": "Anna-Maria O'Neil"},
    ),
    "an old foreigner's card": (
        {"id_type": "6", "id_number": "usa123456789012", "sex": "1", "birth_date": "1980-01-01"},
        {"id_number": "USA123456789012", "birth_date": "1980-01-01"},
    ),
    "a passport": (
        {"id_type": "2", "id_number": "e1234 5678", "sex": "2", "birth_date": "1980-01-01", "political_status": ""},
        {"id_number": "E12345678", "id_type": "2"},
    ),
    "a dotted name": ({"name": "买买提•吐尔逊"}, {"name": "买买提·吐尔逊"}),
    "rare characters": ({"name": "𠮷䶮𬱖"}, {"name": "𠮷䶮𬱖"}),
    "a name of two with a space": ({"name": "张　三"}, {"name": "张三"}),
    "a mobile with +86": ({"mobile": "+86 139-0335-0001"}, {"mobile": "13903350001"}),
    "a mobile with 0086": ({"mobile": "008613903350001"}, {"mobile": "13903350001"}),
    "a mobile in full width": ({"mobile": "１３９０３３５０００１"}, {"mobile": "13903350001"}),
    "a new mobile": ({"mobile": "19903350001"}, {"mobile": "19903350001"}),
    "a staff number with zeros": ({"staff_no": "０００１２３"}, {"staff_no": "000123"}),
    "a pending staff number": ({"staff_no": "", "staff_no_pending": "y"}, {"staff_no": "待发工号"}),
}  # fmt: skip


@pytest.mark.parametrize("case", list(TIDIED))
def test_what_can_be_understood_is_tidied(client: DistrustfulClient, code: JoinCode, case: str) -> None:
    inputs, kept = TIDIED[case]
    person = typed(a_person().values) | CONSENT
    if "id_number" in inputs:
        person |= {"sex": "", "birth_date": ""}

    answer = client.submit(address(code), person | inputs)

    assert answer.status_code == 302, words(answer.text)
    assert {name: only().data[name] for name in kept} == kept


def test_the_same_form_sent_twice_makes_one_application(client: DistrustfulClient, code: JoinCode) -> None:
    page = client.get(address(code)).text
    inputs = typed(a_person().values) | CONSENT | {"form_key": value_of(page, "form_key"), "photo_kept": ""}

    answers = [client.post(address(code), data=inputs) for _ in range(2)]
    receipts = [words(client.get("/joining/receipt").text) for _ in answers]

    assert [answer.location for answer in answers] == ["/joining/receipt"] * 2
    assert receipts[0] == receipts[1]
    assert count(Application) == count(Receipt) == 1


def test_a_form_without_its_key_is_asked_to_be_scanned_again(client: DistrustfulClient, code: JoinCode) -> None:
    answer = client.post(address(code), data=typed(a_person().values) | CONSENT)

    assert answer.status_code == 422
    assert "页面已失效，请重新扫码打开" in words(answer.text)


def picture(kind: str = "JPEG") -> io.BytesIO:
    stream = io.BytesIO()
    Image.new("RGB", (600, 800), (180, 200, 220)).save(stream, kind)
    stream.seek(0)
    return stream


def test_a_photo_outlives_a_refused_form(client: DistrustfulClient, code: JoinCode, people: People) -> None:
    person = typed(a_person().values) | CONSENT

    refused = client.submit(address(code), person | {"name": ""} | {"photo": (picture(), "me.jpg")})
    kept = value_of(refused.text, "photo_kept")
    form = {"form_key": value_of(refused.text, "form_key"), "photo_kept": kept}
    sent = client.post(address(code), data=person | form)

    assert refused.status_code == 422
    assert "照片已保存" in words(refused.text)
    assert sent.status_code == 302
    with Image.open(io.BytesIO(uploads.content_of(only().data["photo"]))) as photo:
        assert (photo.format, photo.height) == ("JPEG", round(photo.width * 7 / 5))


def test_what_is_no_picture_is_told_among_the_rest(client: DistrustfulClient, code: JoinCode) -> None:
    person = typed(a_person().values) | CONSENT | {"name": ""}

    answer = client.submit(address(code), person | {"photo": (io.BytesIO(b"MZ no picture"), "me.jpg")})

    assert under(answer.text, "photo") == "请上传照片（jpg/png，15MB 以内）"
    assert under(answer.text, "name") == "请填写姓名"


def test_a_photo_of_another_cannot_be_claimed(client: DistrustfulClient, code: JoinCode, people: People) -> None:
    theirs = uploads.keep(people.branch, uploads.photo(picture()), kind="photo").uuid
    db.session.commit()

    answer = send(client, code, a_person().values, photo_kept=theirs)

    assert answer.status_code == 422
    assert under(answer.text, "photo") == "照片没有保存成功，请重新选择"


def test_a_quick_form_asks_three_things(client: DistrustfulClient, code: JoinCode, tree: dict[str, OrgUnit]) -> None:
    tree["root"].join_form = JoinForm.QUICK
    person = a_person()
    page = client.get(address(code)).text
    visible = {
        element.get("name")
        for element in _all(page)
        if str(element.tag).endswith(("input", "select", "textarea")) and element.get("type") != "hidden"
    }

    answer = send(client, code, {name: person.values[name] for name in ("name", "id_number", "mobile")})

    assert visible == {"name", "id_number", "mobile", "consent"}
    assert answer.status_code == 302
    assert (only().form, only().name) == (JoinForm.QUICK, person.name)


def test_every_closed_code_gets_the_same_polite_page(
    client: DistrustfulClient, tree: dict[str, OrgUnit], code: JoinCode
) -> None:
    disabled = factories.make_code(tree["b"])
    tree["b"].is_enabled = False
    code.revoked_at = now()

    answers = [client.get(f"/joining/apply/{token}") for token in (code.token, disabled.token, "nonsense")]
    posted = client.post(address(code), data={"name": "张三"})

    assert [answer.status_code for answer in [*answers, posted]] == [404] * 4
    assert {answer.text for answer in [*answers, posted]} == {answers[0].text}
    assert "这个入会码不能使用" in words(answers[0].text)


# --- nobody learns who is here --------------------------------------------------------------------------------------


def free(tree: dict[str, OrgUnit], values: dict[str, Any]) -> None:
    """Nobody has this number."""


def member(tree: dict[str, OrgUnit], values: dict[str, Any]) -> None:
    """A member of another branch has it."""
    factories.make_member(tree["b"], **values)


def retained(tree: dict[str, OrgUnit], values: dict[str, Any]) -> None:
    """Someone whose membership is kept has it."""
    history.write(factories.make_member(tree["b"], **values), {"membership_status": "retained"}, SHELL, reason="测试")


def deceased(tree: dict[str, OrgUnit], values: dict[str, Any]) -> None:
    """Someone who died had it."""
    history.write(factories.make_member(tree["b"], **values), {"membership_status": "deceased"}, SHELL, reason="测试")


def applied(tree: dict[str, OrgUnit], values: dict[str, Any]) -> None:
    """The same form waits for the branch."""
    factories.make_application(tree["a"], **values)


def agreed(tree: dict[str, OrgUnit], values: dict[str, Any]) -> None:
    """The same form waits for the union."""
    factories.make_application(tree["a"], S.BRANCH_OK, **values)


def elsewhere(tree: dict[str, OrgUnit], values: dict[str, Any]) -> None:
    """The person waits at another branch, under another mobile."""
    factories.make_application(tree["b"], **(values | {"mobile": "13800001111"}))


def same(answer: TestResponse) -> tuple[int, dict[str, str], str]:
    """Return an answer without what is random in it."""
    body = re.sub(r'(name="(?:csrf_token|form_key)"[^>]*value=")[^"]*', r"\1*", answer.text)
    body = re.sub(r"\b[a-z2-9]{5}-[a-z2-9]{5}\b", "*****-*****", body)
    headers = {name: text for name, text in answer.headers if name not in ("Set-Cookie", "Content-Length")}
    return answer.status_code, headers, body


@pytest.mark.parametrize("known", [member, retained, deceased, applied, agreed, elsewhere])
def test_the_public_answers_tell_nobody_who_is_here(
    app: Flask,
    tree: dict[str, OrgUnit],
    code: JoinCode,
    people: People,
    client_of: Browser,
    known: Callable[[dict[str, OrgUnit], dict[str, Any]], None],
) -> None:
    watch = app.extensions["watch"]

    def answers(person: dict[str, Any]) -> tuple[list[Any], dict[str, int]]:
        browser = client_of(None)
        page = browser.get(address(code)).text
        key = {"form_key": value_of(page, "form_key"), "photo_kept": ""}
        watch.start()
        sent = browser.post(address(code), data=typed(person) | CONSENT | key)
        written = [table for verb, table in watch.committed]
        again = browser.post(address(code), data=typed(person) | CONSENT | key)
        shown = browser.get("/joining/receipt")
        password = browser.post(
            "/joining/receipt/password", data={"tail": person["id_number"][-4:], "new": PASSWORD, "again": PASSWORD}
        )
        revise = browser.get("/joining/receipt/revise")
        withdrawn = browser.post("/joining/receipt/withdraw")
        twice = browser.post("/joining/receipt/withdraw")
        ended = browser.get("/joining/receipt")
        told = [same(answer) for answer in (sent, again, shown, password, revise, withdrawn, twice, ended)]
        return told, {table: written.count(table) for table in ("audit_events", "application_receipts", "audit_heads")}

    stranger = a_person(name="沈同名").values
    here = a_person(name="沈同名").values
    known(tree, here)
    db.session.commit()

    of_stranger, of_known = answers(stranger), answers(here)

    assert of_known == of_stranger
    assert [answer[0] for answer in of_stranger[0]] == [302, 302, 200, 409, 302, 302, 409, 200]


def test_a_staff_number_in_use_is_not_told_in_public(
    client: DistrustfulClient, code: JoinCode, tree: dict[str, OrgUnit]
) -> None:
    factories.make_member(tree["b"], staff_no="20260001")

    answer = send(client, code, a_person(staff_no="20260001").values)

    assert answer.status_code == 302
    assert only().state == S.SUBMITTED


def test_operators_see_who_is_here_already(
    client: DistrustfulClient, code: JoinCode, tree: dict[str, OrgUnit], people: People, client_of: Browser
) -> None:
    person = a_person()
    factories.make_member(tree["b"], **person.values)
    send(client, code, person.values)

    page = client_of(people.union).get("/joining/?state=already_here")

    assert f"/joining/{only().id}" in page.text
    assert "疑似已有会籍" in words(page.text)


# --- the receipt ----------------------------------------------------------------------------------------------------


def test_another_device_needs_the_code(client: DistrustfulClient, tree: dict[str, OrgUnit], client_of: Browser) -> None:
    item = factories.make_application(tree["a"], name="宋新人")
    code = factories.receipt_code(item)

    before = client.get("/joining/receipt")
    wrong = client.submit("/joining/receipt", {"code": "abcde-fghjk"})
    opened = client.submit("/joining/receipt", {"code": code.upper()}, follow_redirects=True)

    assert "请输入提交申请时得到的回执码" in words(before.text)
    assert (wrong.status_code, under(wrong.text, "code")) == (
        422,
        "回执码不正确，请核对后重新输入；多次不成功请联系所在工会",
    )
    assert "宋新人的入会申请" in words(opened.text)
    assert code not in "".join(step.location for step in opened.history)


def test_guessing_codes_ends_soon(client: DistrustfulClient, app: Flask) -> None:
    answers = [client.post("/joining/receipt", data={"code": "abcde-fghjk"}) for _ in range(21)]

    assert [answer.status_code for answer in answers] == [422] * 20 + [429]
    assert "请稍候一分钟再试" in words(answers[-1].text)


def test_an_office_behind_one_address_can_apply_together(client: DistrustfulClient, code: JoinCode) -> None:
    answers = {client.post(address(code), data={"name": ""}).status_code for _ in range(60)}

    assert answers == {422}


def holder(client: DistrustfulClient, item: Application) -> DistrustfulClient:
    """Return the browser with the receipt of `item` opened."""
    answer = client.submit("/joining/receipt", {"code": factories.receipt_code(item)})
    assert answer.status_code == 302
    return client


def test_a_device_forgets_its_receipt(client: DistrustfulClient, tree: dict[str, OrgUnit]) -> None:
    holder(client, factories.make_application(tree["a"], name="宋新人"))

    client.submit("/joining/receipt", action="leave")

    assert "宋新人" not in client.get("/joining/receipt").text


def test_without_a_receipt_nothing_can_be_done(client: DistrustfulClient, tree: dict[str, OrgUnit]) -> None:
    factories.make_application(tree["a"], S.RETURNED)

    answers = [
        client.get("/joining/receipt/revise"),
        client.post("/joining/receipt/revise", data={"native_place": "山东青岛"}),
        client.post("/joining/receipt/password", data={"tail": "0000", "new": PASSWORD, "again": PASSWORD}),
        client.post("/joining/receipt/withdraw"),
    ]

    assert [answer.status_code for answer in answers] == [302, 302, 302, 422]
    assert only().state == S.RETURNED


def test_withdrawing_asks_again_and_ends_it(client: DistrustfulClient, tree: dict[str, OrgUnit]) -> None:
    item = factories.make_application(tree["a"])
    page = holder(client, item).get("/joining/receipt")

    client.submit("/joining/receipt", action="withdraw")

    assert "撤回后本次申请结束" in words(page.text)
    assert item.state == S.WITHDRAWN
    assert "已撤回" in words(client.get("/joining/receipt").text)


def returned(tree: dict[str, OrgUnit], wrong: list[str], **values: Any) -> Application:
    item = factories.make_application(tree["a"], **values)
    JOINING.fire(item, "return", factories.Hand(), comment="请核对这几项", wrong_fields=wrong, reason=Reason.WRONG)
    db.session.commit()
    return item


def test_only_the_wrong_fields_are_open_again(client: DistrustfulClient, tree: dict[str, OrgUnit]) -> None:
    item = returned(tree, ["native_place", "mobile"], name="宋新人")
    page = holder(client, item).get("/joining/receipt/revise").text
    inputs = {
        element.get("name")
        for element in _all(page)
        if str(element.tag).endswith(("input", "select", "textarea")) and element.get("type") != "hidden"
    }

    answer = client.submit("/joining/receipt/revise", {"native_place": "山东青岛", "mobile": "13800002222"})

    assert inputs == {"native_place", "mobile"}
    assert "退回说明：请核对这几项" in words(page)
    assert "宋新人" in words(page)
    assert (answer.status_code, item.state) == (302, S.SUBMITTED)
    assert (item.data["native_place"], item.data["mobile"], item.data["name"]) == ("山东青岛", "13800002222", "宋新人")


def test_a_field_that_is_not_open_cannot_be_slipped_in(client: DistrustfulClient, tree: dict[str, OrgUnit]) -> None:
    item = returned(tree, ["native_place"], name="宋新人")
    holder(client, item)

    client.post("/joining/receipt/revise", data={"native_place": "山东青岛", "name": "另一人", "branch": "2"})

    assert (item.data["name"], item.name, item.data["native_place"]) == ("宋新人", "宋新人", "山东青岛")


def test_a_wrong_number_is_typed_anew(client: DistrustfulClient, tree: dict[str, OrgUnit]) -> None:
    other = a_person()
    item = returned(tree, ["id_number"])
    page = holder(client, item).get("/joining/receipt/revise").text

    refused = client.submit("/joining/receipt/revise", {"id_number": GOOD[:-1] + OTHER_LAST})
    sent = client.submit("/joining/receipt/revise", {"id_number": other.id_number})

    assert value_of(page, "id_number") == ""
    assert under(refused.text, "id_number") == "身份证号码校验位错误，请核对"
    assert sent.status_code == 302
    assert (item.data["id_number"], item.data["sex"]) == (other.id_number, other.values["sex"])


def test_a_wrong_photo_is_taken_anew(client: DistrustfulClient, tree: dict[str, OrgUnit]) -> None:
    item = returned(tree, ["photo"])
    holder(client, item)

    client.submit("/joining/receipt/revise", {"photo": (picture("PNG"), "me.png")})

    assert item.state == S.SUBMITTED
    assert uploads.content_of(item.data["photo"]).startswith(b"\xff\xd8")


def test_rows_that_were_wrong_are_filled_in_again(client: DistrustfulClient, tree: dict[str, OrgUnit]) -> None:
    item = returned(tree, ["resume"])
    page = holder(client, item).get("/joining/receipt/revise").text

    client.submit("/joining/receipt/revise", {"resume-0-place": "燕山大学"})

    assert value_of(page, "resume-0-place") == "海港大学"
    assert item.data["resume"][0]["place"] == "燕山大学"


def test_the_approved_set_their_password_and_sign_in(client: DistrustfulClient, tree: dict[str, OrgUnit]) -> None:
    person = a_person()
    item = factories.make_application(tree["a"], S.APPROVED, **person.values)
    holder(client, item)

    wrong = client.submit("/joining/receipt", {"tail": "999Z", "new": PASSWORD, "again": PASSWORD}, action="password")
    uneven = client.submit(
        "/joining/receipt", {"tail": person.id_number[-4:], "new": PASSWORD, "again": "else"}, action="password"
    )
    done = client.submit(
        "/joining/receipt", {"tail": person.id_number[-4:], "new": PASSWORD, "again": PASSWORD}, action="password",
        follow_redirects=True,
    )  # fmt: skip
    signed_in = client.submit("/login", {"username": person.values["staff_no"], "password": PASSWORD})

    assert under(wrong.text, "tail") == "证件号码后四位不正确，请核对"
    assert under(uneven.text, "again") == "两次输入的新密码不一致，请重新输入"
    assert f"您的用户名是 {person.values['staff_no']}" in words(done.text)
    assert (signed_in.status_code, signed_in.location) == (302, "/")


# --- the operators --------------------------------------------------------------------------------------------------


def test_a_stranger_is_sent_to_the_sign_in(client: DistrustfulClient, tree: dict[str, OrgUnit]) -> None:
    item = factories.make_application(tree["a"])

    paths = ["/joining/", f"/joining/{item.id}", f"/joining/{item.id}/approve", "/joining/codes"]

    assert [client.get(path).location.split("?")[0] for path in paths] == ["/login"] * 4


def test_an_application_of_another_branch_looks_absent(
    tree: dict[str, OrgUnit], people: People, client_of: Browser
) -> None:
    item = factories.make_application(tree["a"])
    code = factories.make_code(tree["a"])
    browser = client_of(people.other_branch)
    paths = [f"/joining/{item.id}", f"/joining/{item.id}/photo", f"/joining/{item.id}/return"]

    answers = [browser.get(path) for path in [*paths, f"/joining/codes/{code.id}.svg", "/joining/999999"]]
    agree = browser.post(f"/act/joining/{item.id}/agree")

    assert [answer.status_code for answer in [*answers, agree]] == [404] * 6
    assert len({answer.text for answer in answers}) == 1
    assert item.state == S.SUBMITTED


def test_the_first_page_counts_what_the_list_shows(
    tree: dict[str, OrgUnit], people: People, client_of: Browser
) -> None:
    for _ in range(3):
        factories.make_application(tree["a"])
    browser = client_of(people.branch)

    page = browser.get("/")
    (link,) = {element.get("href") for element in _all(page.text) if "state=todo" in (element.get("href") or "")}
    listed = browser.get(str(link))

    assert "入会申请3" in words(page.text).replace(" ", "")
    assert "共 3 条" in words(listed.text)


def test_the_list_pages_without_losing_its_filters(
    tree: dict[str, OrgUnit], people: People, client_of: Browser
) -> None:
    for name in ("甲一", "甲二", "甲三", "乙四"):
        factories.make_application(tree["a"], name=name)
    browser = client_of(people.branch)

    first = browser.get("/joining/?q=甲&per_page=2")
    (following,) = [href for href in _links(first.text) if "after=" in href]
    second = browser.get(following)

    assert "共 3 条" in words(first.text)
    assert [name for name in ("甲一", "甲二", "甲三", "乙四") if name in words(second.text)] == ["甲三"]
    assert "第 2 页" in words(second.text)


def _links(page: str) -> list[str]:
    return [element.get("href") or "" for element in _all(page) if str(element.tag).endswith("}a")]


def test_nonsense_in_the_address_of_the_list_is_taken_calmly(people: People, client_of: Browser) -> None:
    browser = client_of(people.branch)
    nonsense = ["state=no", "unit=9", "after=x", "page=-1", "per_page=0", "q=" + "长" * 300, "q=" + "a" * 60_000]

    assert [browser.get(f"/joining/?{query}").status_code for query in nonsense] == [200] * len(nonsense)
    assert [browser.get(path).status_code for path in (f"/joining/?after={10**30}", f"/joining/{10**30}")] == [404] * 2


def test_the_sheet_shows_what_was_filled_in_and_masks_the_number(
    tree: dict[str, OrgUnit], people: People, client_of: Browser
) -> None:
    person = factories.canaries()
    asked = {name: value for name, value in person.values.items() if name not in ("dues_base", "children", "honors")}
    item = factories.make_application(tree["a"], **asked)

    read = words(client_of(people.branch).get(f"/joining/{item.id}").text)

    expected = [asked["name"], asked["mobile"], asked["home_address"], asked["spouse"]["name"], asked["id_number"][-4:]]
    assert [text for text in expected if text not in read] == []
    assert asked["id_number"] not in read


def test_the_walk_from_the_branch_to_the_union(tree: dict[str, OrgUnit], people: People, client_of: Browser) -> None:
    item = factories.make_application(tree["a"])
    branch, union = client_of(people.branch), client_of(people.union)
    page = f"/joining/{item.id}"

    branch.submit(page, {"comment": "情况属实，同意入会"}, action="/agree")
    form = union.get(f"{page}/approve")
    union.submit(f"{page}/approve", {"study_date": today().isoformat()})
    done = union.get(page)

    assert value_of(form.text, "study_date") == today().isoformat()
    assert item.state == S.APPROVED
    assert item.member is not None
    assert (item.member.join_date, f"/members/{item.member_id}" in _links(done.text)) == (today(), True)
    assert "情况属实，同意入会" in words(done.text)
    assert f"/members/{item.member_id}/registration-form" in done.text


def test_a_decision_that_lacks_something_keeps_what_was_typed(
    tree: dict[str, OrgUnit], people: People, client_of: Browser
) -> None:
    item = factories.make_application(tree["a"])
    browser = client_of(people.branch)

    answer = browser.submit(f"/joining/{item.id}/return", {"comment": "籍贯请写到县", "reason": "wrong"})

    assert answer.status_code == 422
    assert under(answer.text, "wrong_fields") == "请勾选需要申请人修改的项目"
    assert "籍贯请写到县" in answer.text
    assert item.state == S.SUBMITTED


def test_returning_and_rejecting_reach_the_applicant(
    tree: dict[str, OrgUnit], people: People, client_of: Browser
) -> None:
    first, second = factories.make_application(tree["a"]), factories.make_application(tree["a"])

    client_of(people.branch).submit(
        f"/joining/{first.id}/return", {"comment": "籍贯请写到县", "reason": "wrong", "wrong_fields": ["native_place"]}
    )
    client_of(people.union).submit(f"/joining/{second.id}/reject", {"comment": "尚未入职", "reason": "not_ours"})

    assert (first.state, first.wrong_fields) == (S.RETURNED, ["native_place"])
    assert "籍贯请写到县" in words(holder(client_of(None), first).get("/joining/receipt").text)
    assert second.state == S.REJECTED
    assert "尚未入职" in words(holder(client_of(None), second).get("/joining/receipt").text)


def test_the_second_approver_gets_a_friendly_conflict(
    tree: dict[str, OrgUnit], people: People, client_of: Browser
) -> None:
    item = factories.make_application(tree["a"], S.BRANCH_OK)
    first, second = client_of(people.union), client_of(people.chair)
    path, day = f"/joining/{item.id}/approve", {"study_date": today().isoformat()}
    second.get(path)

    done = first.post(path, data=day)
    late = [second.post(path, data=day), first.post(path, data=day)]

    assert done.status_code == 302
    assert [answer.status_code for answer in late] == [409, 409]
    assert all("该事项已由 总操作 处理，请刷新后查看" in words(answer.text) for answer in late)
    assert count(Member) == 1


def test_a_step_that_is_over_leads_back_to_the_sheet(
    tree: dict[str, OrgUnit], people: People, client_of: Browser
) -> None:
    item = factories.make_application(tree["a"], S.APPROVED)

    answer = client_of(people.union).get(f"/joining/{item.id}/approve", follow_redirects=True)

    assert "这份申请现在不能批准入会" in words(answer.text)


def test_a_notice_leads_to_the_application(tree: dict[str, OrgUnit], people: People, client_of: Browser) -> None:
    item = factories.make_application(tree["a"], name="宋新人")
    notice = db.session.scalars(select(Notice).where(Notice.user_id == people.branch.id)).one()

    answer = client_of(people.branch).post(f"/notices/{notice.id}/read", follow_redirects=True)

    assert answer.request.path == f"/joining/{item.id}"


def test_the_photo_is_shown_to_whoever_reads_the_application(
    client: DistrustfulClient, code: JoinCode, people: People, client_of: Browser
) -> None:
    client.submit(address(code), typed(a_person().values) | CONSENT | {"photo": (picture(), "me.jpg")})

    answer = client_of(people.branch).get(f"/joining/{only().id}/photo")

    assert (answer.status_code, answer.mimetype, answer.data[:2]) == (200, "image/jpeg", b"\xff\xd8")


def test_the_walk_leaves_no_member_unnoticed(user_as: Callable[..., User], client_of: Browser) -> None:
    answer = client_of(user_as()).get("/joining/")

    assert answer.status_code == 403
