"""Children, honours and the day of joining, edited by the member, her branch and the union, each as far as they may."""

from __future__ import annotations

import re
from datetime import date

import pytest

from portal.core import audit
from portal.core.actors import SHELL
from portal.core.db import db
from portal.members import filing, history, service
from portal.members.enums import ChangeType
from portal.members.models import ChildBirth, MembershipChange
from tests import factories
from tests.client import find_form, form_values, words

CHILD = factories.id_number(birth=date(2015, 6, 1), sex="2", serial=88)
HIDDEN = "*" * 14 + CHILD[-4:]
ROW = {
    "name": "曾小宝", "sex": "2", "birth_date": "2015-06-01", "position": 1, "id_number": CHILD,
    "school": "海港小学", "is_only_child": True,
}  # fmt: skip
OWN = "/members/me/edit"


@pytest.fixture
def mother(member):
    """The member with one child and one honour."""
    values = {"children": [ROW], "honors": [{"title": "优秀教师", "level": "4", "year": 2020, "document_no": None}]}
    history.write(member, values, SHELL, reason="测试")
    db.session.commit()
    return member


def typed(place: int, **cells: str) -> dict[str, str]:
    """Return inputs of the row of children at `place`."""
    return {f"children-{place}-{name}": text for name, text in cells.items()}


# --- children ---------------------------------------------------------------------------------------------------------


def test_a_member_writes_down_her_children(client_of, people, member):
    browser = client_of(people["self"])
    first = typed(0, name="曾小宝", sex="2", birth_date="2015-06-01", id_number=CHILD, school="海港小学")

    saved = browser.submit(OWN, first | typed(1, name="曾小贝", birth_date="2019-02-03") | {"children_count": "2"})

    assert (saved.status_code, saved.location) == (303, "/members/me")
    assert [(row["name"], row["birth_date"], row["id_number"]) for row in member.children] == [
        ("曾小宝", "2015-06-01", CHILD), ("曾小贝", "2019-02-03", None),
    ]  # fmt: skip
    births = db.session.query(ChildBirth).filter_by(member_id=member.id).order_by(ChildBirth.birth_date).all()
    assert [(one.birth_date, one.sex) for one in births] == [(date(2015, 6, 1), "2"), (date(2019, 2, 3), None)]
    page = words(browser.get(saved.location).text)
    assert HIDDEN in page
    assert "子女信息：未填 → 曾小宝 女 2015年6月1日" in page


def test_a_childs_number_is_shown_to_nobody_and_stays_where_it_is_not_touched(client_of, people, mother):
    for who in ("self", "operator", "union"):
        browser = client_of(people[who])
        path = OWN if who == "self" else f"/members/{mother.id}/edit"

        assert f'value="{HIDDEN}"' in browser.get(path).text
        saved = browser.submit(path, typed(0, school=f"海港小学{who}"), action="")

        assert saved.status_code == 303
        assert mother.children == [ROW | {"school": f"海港小学{who}"}]
        assert CHILD not in browser.get(saved.location).text


def test_a_childs_number_is_replaced_or_taken_out(client_of, people, mother):
    browser, other = client_of(people["self"]), factories.id_number(birth=date(2015, 6, 1), sex="2", serial=89)

    browser.submit(OWN, typed(0, id_number=other))
    replaced = mother.children[0]["id_number"]
    browser.submit(OWN, typed(0, id_number=""))

    assert (replaced, mother.children[0]["id_number"]) == (other, None)


def test_the_trace_and_the_notice_say_that_and_not_what(client_of, people, mother):
    client_of(people["operator"]).submit(f"/members/{mother.id}/edit", typed(0, school="新城小学"), action="")

    event = audit.events_of(mother)[-1]
    assert (event.action, event.changes) == ("member.edit", {"children": ["", history.CHANGED]})
    told = words(client_of(people["self"]).get("/notices").text)
    assert "您的“子女信息”已修改" in told
    assert "新城小学" not in told


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"children_count": "0"}, "子女数不能少于已填写的子女信息（1 行）"),
        (typed(0, birth_date="1995-01-01"), "曾小宝的出生日期与本人相差不到 14 年"),
        (typed(0, birth_date="2016-06-01"), "曾小宝的出生日期与证件号码不一致"),
        (typed(0, id_number="*" * 14 + "0000"), "请完整填写，不能含有星号"),
        (typed(1, birth_date="去年"), "出生日期"),
        ({"children-none": "y"}, "已勾选“无”"),
    ],
)
def test_a_refusal_keeps_what_was_typed_and_changes_nothing(client_of, people, mother, changed, sentence):
    answer = client_of(people["self"]).submit(OWN, changed | typed(0, school="打字很久") | changed)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert "打字很久" in answer.text
    assert CHILD not in answer.text
    assert mother.children == [ROW]


def test_the_certificate_of_an_only_child_is_looked_at(client_of, people, mother):
    browser = client_of(people["self"])
    second = typed(1, name="曾小贝", birth_date="2017-01-01")

    page = browser.get(browser.submit(OWN, second | {"family_planning": "1", "children_count": "2"}).location).text

    assert len(mother.children) == 2
    for words_of in ("子女数一般为 1", "只发给 2015 年底以前出生的子女", "不止一行而填为独生"):
        assert words_of in page


def test_nobody_without_the_family_right_sees_or_sends_children(client_of, people, mother):
    browser = client_of(people["elsewhere"])

    assert browser.get(f"/members/{mother.id}/edit").status_code == 404
    assert browser.post(f"/members/{mother.id}/edit", data=typed(0, name="别人")).status_code == 404
    assert mother.children == [ROW]


def test_two_who_edit_the_children_at_once_lose_no_number(client_of, people, mother):
    first, second = client_of(people["operator"]), client_of(people["union"])
    path = f"/members/{mother.id}/edit"
    mine = form_values(find_form(second.get(path).text, path, "")[0]) | typed(0, school="我写的小学")
    first.submit(path, typed(0, id_number="", school="别处小学"), action="")

    conflict = second.post(path, data=mine)

    assert conflict.status_code == 409
    assert "刚刚由 李操作 修改（子女信息）" in conflict.text
    assert CHILD not in conflict.text
    assert (mother.children[0]["school"], mother.children[0]["id_number"]) == ("别处小学", None)
    saved = second.post(path, data=form_values(find_form(conflict.text, path, "")[0]))
    assert saved.status_code == 303
    assert (mother.children[0]["school"], mother.children[0]["id_number"]) == ("我写的小学", CHILD)


# --- the buttons of rows, without a script ----------------------------------------------------------------------------


def test_rows_are_added_and_taken_away_without_a_script(client_of, people, mother):
    browser = client_of(people["self"])

    added = browser.submit(OWN, typed(1, name="曾小贝") | {"home_address": "改了一半", "rows": "add-children"})
    taken = browser.submit(OWN, typed(1, name="曾小贝") | {"rows": "remove-children-0"})

    assert (added.status_code, taken.status_code) == (200, 200)
    for page in (added, taken):
        assert "请修改下列内容后再提交" not in page.text
    assert 'name="children-4-name"' in added.text
    assert 'value="改了一半"' in added.text
    assert f'value="{HIDDEN}"' in added.text
    assert f'value="{HIDDEN}"' not in taken.text
    assert 'value="曾小贝"' in taken.text
    assert mother.children == [ROW]


def test_spouse_and_children_are_brought_among_the_family(client_of, people, mother):
    browser = client_of(people["self"])

    page = browser.submit(OWN, {"rows": "copy-family_members"})
    again = browser.submit(OWN, {"spouse-name": "曾父", "rows": "copy-family_members"})

    assert page.status_code == 200
    assert re.findall(r'name="family_members-\d+-name"[^>]* value="(\w*)"', page.text) == ["曾父", "王伟", "曾小宝"]
    assert 'value="海港小学"' in page.text
    assert again.text.count('value="曾父"') == 2  # her family's and the spouse's own input: nobody twice
    assert CHILD not in page.text
    assert len(mother.family_members) == 1


# --- honours ----------------------------------------------------------------------------------------------------------


def test_the_union_writes_honours_and_the_branch_is_told_to_ask(client_of, people, mother):
    union, branch = client_of(people["union"]), client_of(people["operator"])
    path = f"/members/{mother.id}/edit"

    page = branch.get(path).text
    honour = {"honors-1-title": "劳动模范", "honors-1-level": "3", "honors-1-year": "2024"}
    saved = union.submit(path, honour, action="")
    forged = branch.post(path, data={"honors-0-title": "冒领", "seen_version": service.mark_of(mother)})

    assert 'name="honors-0-title"' not in page
    assert "荣誉（劳模/先进）" in page
    assert f'href="/changes/new/{mother.id}"' in page
    assert saved.status_code == 303
    assert [row["title"] for row in mother.honors] == ["优秀教师", "劳动模范"]
    assert forged.status_code in (303, 422)
    shown = words(client_of(people["self"]).get("/members/me").text)
    assert "劳动模范" in shown
    assert "荣誉（劳模/先进）：优秀教师 校 2020 → 优秀教师 校 2020；劳动模范 市 2024" in shown
    assert 'name="honors-0-title"' not in client_of(people["self"]).get(OWN).text


def test_no_honours_is_an_answer(client_of, people, member):
    client_of(people["union"]).submit(f"/members/{member.id}/edit", {"honors-none": "y"}, action="")

    assert member.honors == []
    assert "荣誉（劳模/先进）无" in words(client_of(people["union"]).get(f"/members/{member.id}").text)


# --- the day of joining -----------------------------------------------------------------------------------------------


def admitted_by_application(tree):
    """Return someone who came in by an application."""
    applied = filing.Applied(serial="GH-2026-0001", applied_on=date(2026, 8, 20))
    values = factories.a_person(name="申请来").values
    return service.admit(SHELL, unit=tree["a"], values=values, join_date=date(2026, 9, 1), applied=applied)


def test_the_union_sets_right_when_a_historic_member_joined(client_of, people, member):
    union = client_of(people["union"])

    saved = union.submit(f"/members/{member.id}/edit", {"join_date": "2010-09-01"}, action="")

    assert saved.status_code == 303
    assert member.join_date == date(2010, 9, 1)
    assert [(one.kind, one.on_date) for one in member.changes] == [(ChangeType.JOINED, date(2010, 9, 1))]
    assert db.session.query(filing.Admission).filter_by(member_id=member.id).one().study_date == date(2010, 9, 1)
    assert "入会日期：2026年9月1日 → 2010年9月1日" in words(union.get(saved.location).text)


def test_a_day_of_joining_before_the_age_of_work_is_pointed_out(client_of, people, member):
    union = client_of(people["union"])

    page = union.get(union.submit(f"/members/{member.id}/edit", {"join_date": "1999-01-01"}, action="").location)

    assert "入会时不满 16 周岁，请核对入会日期" in page.text
    assert member.join_date == date(1999, 1, 1)


def test_the_day_of_a_decision_is_nobodys_to_change(client_of, people, tree):
    other = admitted_by_application(tree)
    union = client_of(people["union"])

    page = union.get(f"/members/{other.id}/edit")
    union.post(f"/members/{other.id}/edit", data={"join_date": "2010-09-01", "seen_version": service.mark_of(other)})

    assert 'name="remark"' in page.text
    assert 'name="join_date"' not in page.text
    assert other.join_date == date(2026, 9, 1)


def test_only_the_union_changes_the_day_of_joining(client_of, people, member):
    for who, path in (("operator", f"/members/{member.id}/edit"), ("self", OWN)):
        page = client_of(people[who]).get(path).text
        assert 'name="home_address"' in page
        assert 'name="join_date"' not in page


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        ("", "请填写入会日期"),
        ("2099-01-01", "入会日期不能晚于今天"),
        ("2026-09-03", "入会日期不能越过会籍变化记录中的保留会籍（2026年9月2日）"),
    ],
)
def test_a_day_of_joining_that_cannot_be_is_refused(client_of, people, member, day, sentence):
    db.session.add(MembershipChange(member=member, kind=ChangeType.RETAINED, on_date=date(2026, 9, 2)))
    db.session.commit()

    answer = client_of(people["union"]).submit(f"/members/{member.id}/edit", {"join_date": day}, action="")

    assert answer.status_code == 422
    assert sentence in answer.text
    assert member.join_date == date(2026, 9, 1)
