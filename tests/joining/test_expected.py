"""应入会名单: what is pasted and uploaded, who is matched, whose numbers add up, and who is asked."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from portal.core import audit, crypto
from portal.core.actors import APPLICANT
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.errors import Conflict, DomainError
from portal.core.notices import Notice
from portal.joining import applying, receipts, service
from portal.joining import workflow as flow
from portal.joining.expected import inviting, matching, reading, standing
from portal.joining.expected import service as lists
from portal.joining.expected.models import ExpectedList, ExpectedPerson, Standing
from portal.joining.models import Application
from portal.joining.models import ApplicationState as S
from portal.org.models import User
from portal.org.permissions import Role
from tests import doors, factories
from tests.client import DistrustfulClient, links, words
from tests.conftest import PROOF
from tests.joining.conftest import People, typed

A, B = "外国语学院分工会", "机械工程学院分工会"
STRANGERS = "https://gonghui.example.edu.cn"


@pytest.fixture
def outside_address(app: Flask) -> Any:
    """An address that other devices can open."""
    before = app.config["BASE_URL"]
    app.config["BASE_URL"] = STRANGERS
    yield STRANGERS
    app.config["BASE_URL"] = before


def numbers(actor: User, roll: ExpectedList) -> tuple[int, ...]:
    """应, 已申请, 已批, 办理中, 退回, 未批准, 未申请."""
    found = dict(standing.lists(actor))[roll]
    return (
        found.total,
        found.applied,
        *(found.by_standing[one] for one in (Standing.APPROVED, Standing.UNDER_WAY, Standing.RETURNED)),
        found.by_standing[Standing.REFUSED],
        found.by_standing[Standing.NOT_APPLIED],
    )


def verdicts(found: lists.Preview) -> list[tuple[int, str, str]]:
    """Row, verdict and sentence of each row."""
    return [(row.line.number, row.verdict.value, row.sentence) for row in found.rows]


# --- what is brought --------------------------------------------------------------------------------------------------


def test_each_row_gets_its_verdict_and_its_sentence(tree, people: People) -> None:
    doors.make_list(people.union, tree["root"], ("20260001", "周雨桐", "教务处", A), ("20260009", "韩雪", "", A))
    text = (
        "2026年新职工名单\n\n序号\t姓 名\t职工号\t手机号\t所在部门\t所属分工会：\n"
        "1\t周雨桐\t20260001\t13903350001\t教务处\t\n"
        "2\t吴迪\t20260002\t13903350002\t教务处\t外国语学院分工会\n"
        "3\t吴迪\t20260002\t13903350002\t教务处\t外国语学院分工会\n"
        "4\t吴蒂\t20260002\t\t\t\n"
        "5\t\t20260003\t\t\t\n"
        "6\t郑爽3\t20260004\t\t\t\n"
        "7\t王宁\t12\t\t\t\n"
        "8\t冯程\t20260005\t\t\t火星分工会\n"
        "9\t陈真\t20260006\t\t\t已撤销分工会\n"
        "10\t=褚健\t20260007\t\t\t\n"
        "11\t沈周\t\t\t\t\n"
        "12\t周小桐\t20260001\t\t\t\n"
        "13\t韩学\t20260009\t\t\t\n"
        "\t合计\t12\t\t\t\n"
    )

    found = lists.preview(tree["root"], text)

    assert found.columns == ["工号", "姓名", "部门", "分工会"]
    assert found.unused == ["序号", "手机号"]
    assert verdicts(found) == [
        (4, "listed", "已在名单“2026年9月新入职”中"),
        (5, "new", ""),
        (6, "duplicate", "与第 5 行重复，只算一次"),
        (7, "error", "工号与第 5 行相同，但姓名不同，请核对"),
        (8, "error", "请填写姓名"),
        (9, "error", "姓名含有非法字符：‹3›"),
        (10, "error", "工号应为 4 至 20 位数字或字母，请核对"),
        (11, "error", "分工会“火星分工会”不在本名单的范围内，或不接收会员"),
        (12, "error", "分工会“已撤销分工会”不在本名单的范围内，或不接收会员"),
        (13, "error", "姓名是公式，请粘贴为数值后再试"),
        (14, "new", ""),
        (15, "error", "工号与第 4 行相同，但姓名不同，请核对"),
        (16, "error", "工号已在名单“2026年9月新入职”中，但姓名不同，请核对"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "20260001\t周雨桐\t教务处\n20260002\t吴迪\t外国语学院",
        "周雨桐 教务处 20260001\n吴迪 外国语学院 20260002",
        "教务处,20260001,周雨桐,13903350001\n外国语学院,20260002,吴迪,13903350002",
        "20260001，周雨桐，教务处\n\n20260002，吴迪，外国语学院\n",
    ],
)
def test_columns_are_known_by_what_stands_in_them(tree, text: str) -> None:
    found = lists.preview(tree["root"], text)

    assert [(row.line.staff_no, row.line.name, row.line.department) for row in found.rows] == [
        ("20260001", "周雨桐", "教务处"),
        ("20260002", "吴迪", "外国语学院"),
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "请粘贴名单，或选择要上传的文件"),
        ("  \n\t\n", "请粘贴名单，或选择要上传的文件"),
        ("工号\t部门\n20260001\t教务处", reading.NO_NAME),
        ("姓名\t工号\n合计\t2", "名单里没有人员，请检查粘贴的内容"),
        ("姓名\n" + "周雨桐\n" * 5_030, "超过 5000 行，请分几次办理"),
    ],
)
def test_what_is_no_list_gets_a_sentence(tree, text: str, sentence: str) -> None:
    with pytest.raises(DomainError) as caught:
        lists.preview(tree["root"], text)

    assert (caught.value.message, caught.value.field) == (sentence, "people")


def test_nothing_is_written_while_a_row_is_wrong_and_the_text_stays(tree, people: People, client_of) -> None:
    browser = client_of(people.union)
    text = doors.text(("20260001", "周雨桐", "教务处", A), ("2", "吴迪", "教务处", A))
    given = {"name": "九月", "unit": "GH", "people": text}
    seen = browser.post("/joining/expected/new", data=given | {"act": "preview"})
    seal = re.search(r'name="seal"[^>]*value="(\w+)"', seen.text)

    refused = browser.post("/joining/expected/new", data=given | {"act": "write", "seal": seal and seal[1]})

    assert (seen.status_code, refused.status_code) == (200, 422)
    assert "有 1 行错误" in words(refused.text)
    assert "20260001\t周雨桐" in refused.text
    assert db.session.scalar(select(func.count()).select_from(ExpectedPerson)) == 0
    written = browser.post(
        "/joining/expected/new", data=given | {"act": "write", "seal": seal and seal[1], "skip_errors": "y"}
    )
    assert written.status_code == 302
    assert [person.name for person in db.session.scalars(select(ExpectedPerson))] == ["周雨桐"]


def test_a_number_of_another_member_is_a_mistake_and_no_match(tree, people: People) -> None:
    factories.make_member(tree["a"], staff_no="20260001", name="吴迪")

    found = lists.preview(tree["root"], doors.text(("20260001", "周雨桐", "教务处", A), ("20260001", "吴迪", "", A)))

    assert verdicts(found)[0] == (2, "error", "工号已登记在另一位会员名下，请核对")
    assert verdicts(found)[1] == (3, "new", "")


def test_what_is_written_is_what_was_seen(tree, people: People) -> None:
    text = doors.text(("20260001", "周雨桐", "教务处", A))
    seal = lists.preview(tree["root"], text).seal
    doors.make_list(people.union, tree["root"], ("20260001", "周雨桐", "教务处", A))

    for changed in (text, text.replace("周雨桐", "周雨彤")):
        with pytest.raises(Conflict, match="请重新预览"):
            lists.write(people.union, "GH", changed, seal=seal, name="另一份")
        db.session.rollback()

    assert len(db.session.scalars(select(ExpectedList)).all()) == 1


@pytest.mark.parametrize("name", ["list.xlsx", "gbk.csv"])
def test_a_file_is_shown_as_text_without_the_columns_that_nobody_needs(tree, people: People, client_of, name) -> None:
    number = factories.id_number()
    rows = [("序号", "姓名", "工号", "身份证号", "部门"), ("1", "周雨桐", "00260001", number, "教务处")]
    raw = doors.workbook(rows[1], heading=rows[0])
    if name.endswith("csv"):
        raw = "\r\n".join(",".join(row) for row in rows).encode("gbk")
    browser = client_of(people.union)

    page = browser.post(
        "/joining/expected/new",
        data={"name": "九月", "unit": "GH", "people": "", "act": "write", "file": (io.BytesIO(raw), name)},
    )

    assert page.status_code == 200
    assert "00260001\t周雨桐\t教务处" in page.text
    assert "没有使用的列：序号、身份证号" not in page.text  # they were forgotten with the file
    assert number not in page.text
    assert db.session.scalar(select(func.count()).select_from(ExpectedPerson)) == 0


@pytest.mark.parametrize(
    ("raw", "words_of"),
    [(b"PK\x03\x04nothing", "无法读取"), (b"<html></html>", "不是表格文件"), (b"", "文件是空的")],
)
def test_a_hostile_file_gets_a_sentence_and_what_was_pasted_stays(
    tree, people: People, client_of, raw: bytes, words_of: str
) -> None:
    page = client_of(people.union).post(
        "/joining/expected/new",
        data={"name": "九月", "unit": "GH", "people": "周雨桐 20260001", "act": "preview",
              "file": (io.BytesIO(raw), "x.xlsx")},
    )  # fmt: skip

    assert page.status_code == 422
    assert words_of in words(page.text)
    assert "周雨桐 20260001" in page.text


# --- who is matched ---------------------------------------------------------------------------------------------------


def test_applications_and_members_are_matched_by_themselves(tree, people: People) -> None:
    early = factories.make_application(tree["a"], staff_no="20260001", name="周雨桐")
    member = factories.make_member(tree["b"], staff_no="20260002", name="吴迪")
    roll = doors.make_list(
        people.union, tree["root"],
        ("20260001", "周雨桐", "教务处", A), ("20260002", "吴迪", "教务处", B), ("20260003", "郑重", "教务处", A),
        ("", "王宁", "后勤处", ""), ("20260005", "冯程", "教务处", A),
    )  # fmt: skip
    assert numbers(people.union, roll) == (5, 2, 1, 1, 0, 0, 3)

    by_number = factories.make_application(tree["b"], staff_no="20260003", name="郑重")
    by_name = factories.make_application(tree["a"], staff_no="待发工号", name="王宁", department="后勤处")
    elsewhere = factories.make_application(tree["a"], staff_no="待发工号", name="王宁", department="教务处")
    other_number = factories.make_application(tree["a"], staff_no="20269999", name="冯程")

    rows, _ = standing.people(people.union, roll)
    assert {row.person.name: (row.standing, row.application_id, row.member_id) for row in rows} == {
        "周雨桐": (Standing.UNDER_WAY, early.id, None),
        "吴迪": (Standing.APPROVED, None, member.id),
        "郑重": (Standing.UNDER_WAY, by_number.id, None),
        "王宁": (Standing.UNDER_WAY, by_name.id, None),
        "冯程": (Standing.NOT_APPLIED, None, None),
    }
    assert matching.outside([early, by_number, by_name, elsewhere, other_number]) == {elsewhere.id, other_number.id}


def test_a_name_that_stands_twice_is_nobody(tree, people: People) -> None:
    roll = doors.make_list(people.union, tree["root"], ("", "周雨桐", "教务处", ""), ("", "周雨桐", "后勤处", ""))

    factories.make_application(tree["a"], staff_no="待发工号", name="周雨桐", department="教务处")

    assert numbers(people.union, roll) == (2, 0, 0, 0, 0, 0, 2)


def test_a_mended_number_finds_its_line(tree, people: People) -> None:
    roll = doors.make_list(people.union, tree["root"], ("20260001", "周雨桐", "教务处", A))
    item = factories.make_application(tree["a"], S.RETURNED, staff_no="20269001", name="周雨桐")
    assert numbers(people.union, roll)[-1] == 1

    item.wrong_fields = ["staff_no"]
    db.session.commit()
    applying.resubmit(factories.receipt_code(item), {"staff_no": "20260001"}, sensitive_consented=True)
    db.session.commit()

    assert numbers(people.union, roll) == (1, 1, 0, 1, 0, 0, 0)


def test_the_operators_are_told_of_another_branch_and_nobody_else_is(tree, people: People, client_of, client) -> None:
    doors.make_list(people.union, tree["root"], ("20260001", "周雨桐", "教务处", A))
    item = factories.make_application(tree["b"], staff_no="20260001", name="周雨桐")
    hint = f"应入会名单（2026年9月新入职）登记的分工会是{A}"

    page = client_of(people.other_branch).get(f"/joining/{item.id}")
    receipt = client.post("/joining/receipt", data={"code": factories.receipt_code(item)}, follow_redirects=True)
    code = factories.make_code(tree["b"])
    public = client.get(f"/joining/apply/{code.token}")

    assert hint in words(page.text)
    assert page.status_code == receipt.status_code == public.status_code == 200
    assert "名单" not in words(receipt.text)
    assert "名单" not in words(public.text)


def test_who_stands_on_no_list_is_marked_until_the_list_is_closed(tree, people: People, client_of) -> None:
    item = factories.make_application(tree["a"], staff_no="20269999", name="沈周")
    browser = client_of(people.branch)
    assert "不在应入会名单" not in browser.get("/joining/?state=all").text
    roll = doors.make_list(people.union, tree["root"], ("20260001", "周雨桐", "教务处", A))

    assert "不在应入会名单" in browser.get("/joining/?state=all").text
    assert "不在应入会名单" in browser.get(f"/joining/{item.id}").text

    client_of(people.union).post(f"/joining/expected/{roll.id}/close")
    assert "不在应入会名单" not in browser.get("/joining/?state=all").text


def test_lists_of_another_union_match_nobody_here(tree, people: People, user_as: Callable[..., User]) -> None:
    city = factories.make_unit(None, code="SZ", name="市总工会", approves_members=False)
    plant = factories.make_unit(city, code="SZ01", name="一厂工会", approves_members=True)
    other = factories.make_unit(city, code="SZ02", name="二厂工会", approves_members=True)
    operator = user_as(Role.UNION_OPERATOR, plant)
    roll = doors.make_list(operator, plant, ("20260001", "周雨桐", "教务处", ""))

    item = factories.make_application(other, staff_no="20260001", name="周雨桐")

    assert numbers(operator, roll) == (1, 0, 0, 0, 0, 0, 1)
    assert matching.outside([item]) == set()


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_each_number_opens_its_people_and_a_branch_sees_its_own(tree, people: People, client_of) -> None:
    roll = doors.make_list(
        people.union, tree["root"],
        ("20260001", "周雨桐", "教务处", A), ("20260002", "吴迪", "教务处", B), ("20260003", "郑重", "教务处", A),
    )  # fmt: skip
    factories.make_application(tree["a"], S.APPROVED, staff_no="20260001", name="周雨桐")
    page = client_of(people.union).get(f"/joining/expected/{roll.id}")
    address = f"/joining/expected/{roll.id}"

    assert {f"{address}?standing=applied", f"{address}?standing=approved", f"{address}?standing=not_applied",
            f"{address}?unit=GH01", f"{address}?unit=GH01&standing=approved"} <= set(links(page.text))  # fmt: skip
    for query, names in (
        ("standing=approved", ["周雨桐"]),
        ("standing=not_applied", ["吴迪", "郑重"]),
        ("unit=GH01", ["周雨桐", "郑重"]),
        ("unit=GH01&standing=not_applied", ["郑重"]),
    ):
        shown = client_of(people.union).get(f"{address}?{query}").text
        assert [name for name in ("周雨桐", "吴迪", "郑重") if f'data-label="姓名">{name}' in shown] == names
    assert numbers(people.branch, roll) == (2, 1, 1, 0, 0, 0, 1)
    assert "吴迪" not in client_of(people.branch).get(address).text
    assert client_of(people.admin).get(address).status_code == 403


def test_the_numbers_add_up_after_anything(tree, people: People) -> None:
    """Random lists, applications, decisions and removals: five kinds, each person in one, as the cases behind say."""
    for seed in range(12 if PROOF else 3):
        chance = random.Random(seed)
        names = [f"{family}{given}" for family in "周吴郑王冯" for given in ("雨桐", "文博", "海燕")]
        rows = [
            (
                f"{seed}{number:05d}" if chance.random() < 0.7 else "",
                chance.choice(names),
                chance.choice(["教务处", ""]),
                chance.choice([A, B, ""]),
            )
            for number in range(12)
        ]
        roll = doors.make_list(people.union, tree["root"], *rows, name=f"第{seed}份")
        hand = factories.Hand()
        for _ in range(14):
            act = chance.choice(["apply", "apply", "decide", "remove", "again"])
            alive = [person for person in roll.people if person.removed_at is None]
            if act == "apply" and alive:
                person = chance.choice(alive)
                unit = tree[chance.choice("ab")]
                state = chance.choice([S.SUBMITTED, S.BRANCH_OK, S.WITHDRAWN])
                number = person.staff_no or "待发工号"
                factories.make_application(unit, state, staff_no=number, name=person.name, department="教务处")
            elif act == "decide":
                ready = db.session.scalars(select(Application).where(Application.state == S.BRANCH_OK)).all()
                if ready:
                    item = chance.choice(ready)
                    try:
                        flow.JOINING.fire(item, "approve", hand, study_date=today())
                        db.session.commit()
                    except DomainError:
                        db.session.rollback()  # a 工号 that somebody has by now
            elif act == "remove" and alive:
                lists.remove(people.union, chance.choice(alive).id, reason="未到岗")
                db.session.commit()
        _check_numbers(people, roll)


def _check_numbers(people: People, roll: ExpectedList) -> None:
    """Count by hand, person by person, and compare with every number of every page."""
    expected = dict.fromkeys(Standing, 0)
    kinds = dict.fromkeys((S.SUBMITTED, S.BRANCH_OK, S.ALREADY_HERE), Standing.UNDER_WAY)
    kinds |= {S.APPROVED: Standing.APPROVED, S.RETURNED: Standing.RETURNED, S.REJECTED: Standing.REFUSED}
    for person in roll.people:
        if person.removed_at is None:
            found = {kinds.get(match.application.state, Standing.NOT_APPLIED) for match in person.matches}
            found |= {Standing.APPROVED} if person.member_id else set()
            expected[next((one for one in Standing if one in found), Standing.NOT_APPLIED)] += 1
    whole = dict(standing.lists(people.union))[roll]
    parts = [part for _, part in standing.by_unit(people.union, roll)]
    assert dict(whole.by_standing) == expected
    assert dict(standing.sum_of(parts).by_standing) == expected
    assert whole.total == sum(person.removed_at is None for person in roll.people)
    assert whole.total == whole.applied + whole.by_standing[Standing.NOT_APPLIED]
    for one in Standing:
        assert standing.people(people.union, roll, standing=one)[1] == expected[one]
    assert standing.people(people.union, roll, standing=standing.APPLIED)[1] == whole.applied


# --- invitations ------------------------------------------------------------------------------------------------------


def test_one_click_invites_whoever_has_not_applied_and_counts_it(
    tree, people: People, client_of, outside_address
) -> None:
    account = factories.make_user(username="20260003", name="郑重")
    roll = doors.make_list(
        people.union, tree["root"],
        ("20260001", "周雨桐", "教务处", A), ("20260002", "吴迪", "教务处", B), ("20260003", "郑重", "教务处", A),
    )  # fmt: skip
    factories.make_application(tree["b"], staff_no="20260002", name="吴迪")
    address = f"/joining/expected/{roll.id}/invite"

    page = client_of(people.union).post(address, data={"days": "10"})
    again = client_of(people.branch).post(address, data={"days": "10"})

    assert page.status_code == again.status_code == 200
    tokens = re.findall(rf"{STRANGERS}/joining/expected/invited/([\w-]{{22}})", page.text)
    assert len(set(tokens)) == 2
    assert "周雨桐，请点击" in page.text
    assert "吴迪" not in page.text
    assert "目前没有短信" in page.text
    assert [doors.line_of(roll, name).reminders for name in ("周雨桐", "吴迪", "郑重")] == [2, 0, 2]
    told = db.session.scalars(select(Notice).where(Notice.user_id == account.id)).all()
    assert [notice.title for notice in told] == ["邀请您加入工会"] * 2
    assert not any(token in notice.body + notice.link for token in tokens for notice in told)
    assert [event.action for event in audit.events_of(roll)] == [
        "expected.create",
        "expected.invite",
        "expected.remind",
    ]
    assert inviting.opened(tokens[0]) is None  # the second link took its place


def test_a_link_opens_the_form_once_with_what_is_known(tree, people: People, client: DistrustfulClient) -> None:
    roll = doors.make_list(people.union, tree["root"], ("20260001", "周雨桐", "教务处", A))
    token = doors.invite(people.union, roll)["周雨桐"]
    address = f"/joining/expected/invited/{token}"
    page = client.get(address)
    assert 'value="周雨桐"' in page.text
    assert 'value="20260001"' in page.text
    assert A in words(page.text)
    # whatever number she types: the link says who she is
    person = factories.a_person(name="周雨桐", staff_no="T9999999").values

    sent = client.submit(address, typed(person) | {"consent": "y"})

    assert (sent.status_code, sent.location) == (302, "/joining/receipt")
    item = db.session.scalars(select(Application)).one()
    assert (item.name, item.unit, item.state) == ("周雨桐", tree["a"], S.SUBMITTED)
    assert numbers(people.union, roll) == (1, 1, 0, 1, 0, 0, 0)
    closed = client.get(address)
    assert (closed.status_code, "这个链接不能使用" in closed.text) == (404, True)


def test_the_same_form_sent_twice_gives_one_application_and_one_receipt(tree, people: People, app) -> None:
    roll = doors.make_list(people.union, tree["root"], ("20260001", "周雨桐", "教务处", A))
    token = doors.invite(people.union, roll)["周雨桐"]
    values, key = factories.a_person(name="周雨桐").values, crypto.random_token()
    agreed = {"consented": True, "sensitive_consented": False}

    first = inviting.accept(token, "", key, values, **agreed)
    db.session.commit()
    second = inviting.accept(token, "", key, values, **agreed)

    assert first == second
    assert receipts.find(first).application is db.session.scalars(select(Application)).one()
    with pytest.raises(DomainError, match="已使用"):
        inviting.accept(token, "", crypto.random_token(), values, **agreed)
    db.session.rollback()


def test_expired_revoked_and_forged_links_are_closed_politely(tree, people: People, client: DistrustfulClient) -> None:
    roll = doors.make_list(
        people.union, tree["root"], ("20260001", "周雨桐", "教务处", A), ("20260002", "吴迪", "教务处", A)
    )
    first = doors.invite(people.union, roll)
    tokens = doors.invite(people.union, roll)
    good = tokens["周雨桐"]
    assert client.get(f"/joining/expected/invited/{good}").status_code == 200
    lists.remove(people.union, doors.line_of(roll, "吴迪").id, reason="未到岗")
    db.session.commit()
    closed = [first["周雨桐"], tokens["吴迪"], "A" * 22, good[:-1] + ("B" if good[-1] != "B" else "C"), "x"]

    answers = [client.get(f"/joining/expected/invited/{token}") for token in closed]
    with time_machine.travel(now() + timedelta(days=31), tick=False):
        answers.append(client.get(f"/joining/expected/invited/{good}"))

    assert [answer.status_code for answer in answers] == [404] * 6
    assert len({answer.text for answer in answers}) == 1


def test_a_thousand_flipped_bits_open_nothing(tree, people: People) -> None:
    roll = doors.make_list(people.union, tree["root"], ("20260001", "周雨桐", "教务处", A))
    token = doors.invite(people.union, roll)["周雨桐"]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    chance = random.Random(3)
    opened = 0

    for _ in range(1_000):
        place = chance.randrange(len(token))
        other = chance.choice(letters.replace(token[place], ""))
        opened += inviting.opened(token[:place] + other + token[place + 1 :]) is not None

    assert inviting.opened(token) is not None
    assert opened == 0


def test_without_a_branch_she_chooses_one(tree, people: People, client: DistrustfulClient) -> None:
    roll = doors.make_list(people.union, tree["root"], ("20260001", "周雨桐", "教务处", ""))
    token = doors.invite(people.union, roll)["周雨桐"]
    address = f"/joining/expected/invited/{token}"

    page = client.get(address)

    assert links(page.text).count(f"{address}?unit=GH02") == 1
    assert f"{address}?unit=GH03" not in links(page.text)
    assert B in words(client.get(f"{address}?unit=GH02").text)
    sent = client.submit(f"{address}?unit=GH02", typed(factories.a_person(name="周雨桐").values) | {"consent": "y"})
    assert sent.status_code == 302
    assert db.session.scalars(select(Application)).one().unit == tree["b"]


def test_with_an_address_of_this_machine_the_page_says_how_to_set_it(tree, people: People, client_of) -> None:
    roll = doors.make_list(people.union, tree["root"], ("20260001", "周雨桐", "教务处", A))
    browser = client_of(people.union)

    page = browser.get(f"/joining/expected/{roll.id}")
    refused = browser.post(f"/joining/expected/{roll.id}/invite", data={"days": "30"})

    assert "PORTAL_BASE_URL" in page.text
    assert (refused.status_code, "PORTAL_BASE_URL" in refused.text) == (422, True)
    assert doors.line_of(roll, "周雨桐").reminders == 0


def test_no_token_stands_in_the_database(tree, people: People) -> None:
    roll = doors.make_list(people.union, tree["root"], ("20260001", "周雨桐", "教务处", A))
    token = doors.invite(people.union, roll)["周雨桐"]
    link = doors.line_of(roll, "周雨桐").link

    assert link is not None
    assert link.token_hash == crypto.index("personal_link", token)
    assert token not in link.token_hash


@pytest.mark.parametrize("days", [0, -1, 91, 10**9])
def test_a_link_cannot_last_for_ever(tree, people: People, client_of, outside_address, days: int) -> None:
    roll = doors.make_list(people.union, tree["root"], ("20260001", "周雨桐", "教务处", A))

    page = client_of(people.union).post(f"/joining/expected/{roll.id}/invite", data={"days": str(days)})

    assert (page.status_code, "有效期应为 1 至 90 天" in page.text) == (422, True)


def test_a_closed_list_invites_nobody_and_its_links_die(tree, people: People, client_of, client) -> None:
    roll = doors.make_list(people.union, tree["root"], ("20260001", "周雨桐", "教务处", A))
    token = doors.invite(people.union, roll)["周雨桐"]

    client_of(people.union).post(f"/joining/expected/{roll.id}/close")

    assert client.get(f"/joining/expected/invited/{token}").status_code == 404
    with pytest.raises(Conflict, match="已停用"):
        inviting.invite(people.union, roll)


def test_the_hint_of_another_name_gives_no_name_away(tree, people: People) -> None:
    doors.make_list(people.union, tree["root"], ("20260001", "周雨桐", "教务处", B))
    item = factories.make_application(tree["a"], staff_no="20260001", name="吴迪")

    found = " ".join(service.hints(people.branch, item))

    assert "姓名与名单上的不同" in found
    assert "周雨桐" not in found
    assert APPLICANT.label not in found
