"""Asking for a change, agreeing to it, and what follows in the record."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine
from sqlalchemy import select

from portal.changes import many, service
from portal.changes.models import ChangeRequest
from portal.changes.models import ChangeState as S
from portal.changes.workflow import CHANGES
from portal.core import scans
from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import Absent, DomainError, Forbidden, Problems
from portal.core.notices import Notice
from portal.members import cases, correcting, filing, history, turning
from portal.members import service as members
from portal.members.enums import ChangeType
from portal.members.printing import Papers
from portal.query import asking, conditions
from tests import doors, factories
from tests.client import find_form, form_values, words
from tests.members.test_history import noon

DAY = date(2026, 9, 1)


def told(user) -> list[str]:
    """The titles of a person's notices."""
    return list(db.session.scalars(select(Notice.title).where(Notice.user_id == user.id).order_by(Notice.id)))


def test_a_new_title_takes_the_branch_and_the_union(tree, people, member) -> None:
    item = factories.make_change(tree["a"], member=member, prof_title="012")
    assert (item.state, member.prof_title) == (S.PENDING_BRANCH, "013")
    assert cases.open_cases([member.id])[member.id] == [
        cases.Case("信息变更：职称", "changes.detail", item.id, fields=("prof_title",))
    ]

    CHANGES.fire(item, "pass_on", people["operator"])
    CHANGES.fire(item, "approve", people["union"], document_no="冀人社〔2026〕5号")
    db.session.commit()

    assert (item.state, member.prof_title, member.title_level) == (S.APPLIED, "012", "412")
    assert history.present_version(member).reason == "本人申请修改职称，文号：冀人社〔2026〕5号"
    assert cases.open_cases([member.id]) == {}
    assert told(people["operator"]) == ["曾晓梅申请修改职称，分工会审核"]
    assert told(people["union"]) == ["曾晓梅申请修改职称，校工会审批"]
    assert told(member.user)[-1] == "申请修改的职称已经修改"


def test_what_a_branch_may_set_is_set_by_its_word(tree, people, member) -> None:
    item = factories.make_change(tree["a"], member=member, mobile="13912340000")

    CHANGES.fire(item, "agree", people["chair"])

    assert (item.state, member.mobile) == (S.APPLIED, "13912340000")
    assert member.mobile_index == history.indexes_of("mobile", "13912340000")[0]
    assert "13912340000" not in str([event.changes for event in service.audit.events_of(member)])


def test_a_new_number_brings_sex_and_birth_date_and_is_unique(tree, people, member) -> None:
    number = factories.id_number(birth=date(1991, 2, 3), sex="1")
    item = factories.make_change(tree["a"], member=member, id_number=number)
    CHANGES.fire(item, "pass_on", people["operator"])
    other = factories.make_member(tree["b"], id_number=number, birth_date=date(1991, 2, 3), sex="1")
    db.session.commit()

    with pytest.raises(DomainError, match="该证件号码已是工会会员"), db.session.begin_nested():
        CHANGES.fire(item, "approve", people["union"])
    history.write(
        other, {"id_number": factories.id_number(birth=date(1991, 2, 3), sex="1")}, people["union"], reason=""
    )
    db.session.commit()
    CHANGES.fire(db.session.get(ChangeRequest, item.id), "approve", people["union"])

    assert (member.id_number, member.sex, member.birth_date) == (number, "1", date(1991, 2, 3))


def test_it_holds_from_the_day_that_was_agreed_on(tree, people) -> None:
    with time_machine.travel(noon(DAY), tick=False):
        member = factories.make_member(tree["a"], prof_title="013")
        db.session.commit()
    with time_machine.travel(noon(DAY + timedelta(days=20)), tick=False):
        item = factories.make_change(tree["a"], member=member, prof_title="012")
        CHANGES.fire(item, "pass_on", people["operator"])
        for day, sentence in ((today() + timedelta(days=1), "不能晚于今天"), (DAY - timedelta(days=1), "没有")):
            with pytest.raises(DomainError, match=sentence) as refusal, db.session.begin_nested():
                CHANGES.fire(item, "approve", people["union"], on=day)
            assert refusal.value.field == "on"
            db.session.refresh(item)
        CHANGES.fire(item, "approve", people["union"], on=DAY + timedelta(days=10))
        db.session.commit()

        titles = [history.version_on(member, DAY + timedelta(days=number)).prof_title for number in (9, 10, 20)]
        assert titles == ["013", "012", "012"]
        assert history.present_version(member).reason == "本人申请修改职称，自2026年9月11日起"


def test_a_record_that_has_moved_must_be_looked_at_again(tree, people, member) -> None:
    item = factories.make_change(tree["a"], member=member, prof_title="012")
    CHANGES.fire(item, "pass_on", people["operator"])
    history.write(member, {"prof_title": "014"}, people["union"], reason="更正")
    db.session.commit()
    mark = members.mark_of(member)

    for given in ({}, {"has_seen": True}, {"has_seen": True, "seen_version": mark - 1}):
        with pytest.raises(DomainError, match="登记的内容又有改动") as refusal, db.session.begin_nested():
            CHANGES.fire(item, "approve", people["union"], **given)
        assert refusal.value.field == "has_seen"
        db.session.refresh(item)
    CHANGES.fire(item, "approve", people["union"], has_seen=True, seen_version=mark)

    assert member.prof_title == "012"


def test_what_must_be_proven_and_what_says_nothing_new_is_refused(tree, people, member) -> None:
    her = member.user
    refused = (
        ({"prof_title": "012"}, "请上传证明材料"),
        ({"prof_title": "013"}, "没有需要申请的修改"),
        ({"mobile": None}, "请填写手机号码"),
        ({"sex": "12"[member.sex == "1"]}, "性别与身份证号码不一致"),
    )
    for values, sentence in refused:
        with pytest.raises(DomainError, match=sentence):
            service.ask(her, member, values)
    with pytest.raises(Forbidden, match="您不能申请修改「备注」"):
        service.ask(her, member, {"remark": "好"})
    with pytest.raises(DomainError, match="文件没有保存成功"):
        service.ask(her, member, {"prof_title": "012"}, evidence="somebody-elses")

    assert db.session.scalars(select(ChangeRequest)).all() == []


def test_several_fields_are_several_requests_and_each_is_open_once(tree, people, member) -> None:
    proof = factories.uploads.keep(member.user, b"%PDF-", kind="scan_pdf").uuid
    filed = service.ask(
        member.user, member, {"degree": "201", "education": "11", "mobile": "13911112222"}, evidence=proof, why="毕业"
    )
    db.session.commit()

    assert [(item.field, item.state, item.evidence is not None) for item in filed] == [
        ("degree", S.PENDING_BRANCH, True), ("education", S.PENDING_BRANCH, True), ("mobile", S.PENDING_BRANCH, True),
    ]  # fmt: skip
    assert {field.name for field in service.askable(member.user, member)} == {
        "name", "political_status", "id_type", "id_number", "work_start_date", "prof_title", "resume",
    }  # fmt: skip
    with pytest.raises(Problems, match="已有申请正在办理"):
        service.ask(member.user, member, {"degree": "301"}, evidence=proof)
    assert told(people["operator"]) == ["曾晓梅申请修改学位、学历（文化程度）、手机号码，分工会审核"]


def test_an_operator_proposes_what_the_union_decides(tree, people, member) -> None:
    [item] = service.ask(people["operator"], member, {"department": "教务处"})
    db.session.commit()

    with pytest.raises(Forbidden):
        CHANGES.fire(item, "approve", people["operator"])
    CHANGES.fire(item, "approve", people["union"])

    assert (item.state, member.department) == (S.APPLIED, "教务处")
    assert history.present_version(member).reason == "李操作申请修改工作单位（部门）"
    assert told(people["operator"]) == ["申请修改的工作单位（部门）已经修改"]


def test_each_sees_what_waits_for_her(tree, people, member) -> None:
    first = factories.make_change(tree["a"], member=member)
    second = factories.make_change(tree["b"])
    CHANGES.fire(second, "pass_on", people["elsewhere"])
    mine = factories.make_change(tree["a"], member=members.own(people["colleague"]))
    db.session.commit()

    waiting = {who: service.requests(user)[0] for who, user in people.items() if who not in ("herself", "nobody")}

    assert waiting == {
        "operator": [first, mine], "chair": [first, mine], "elsewhere": [], "union": [second],
        "union chair": [second], "admin": [], "colleague": [first],
    }  # fmt: skip
    assert [todo.count for todo in service.todo(people["operator"])] == [2]
    assert service.todo(people["elsewhere"]) == []
    assert service.requests(people["elsewhere"], state=service.ALL)[0] == [second]
    assert service.find(member.user, first.id) is first
    with pytest.raises(Absent):
        service.find(member.user, second.id)


def test_she_takes_it_back_and_others_do_not(tree, people, member) -> None:
    item = factories.make_change(tree["a"], member=member)

    with pytest.raises(Absent):
        service.cancel(people["operator"], item.id)
    service.cancel(member.user, item.id)

    assert item.state is S.CANCELLED


def test_requests_end_with_the_membership_and_move_with_the_member(tree, people, member) -> None:
    item = factories.make_change(tree["a"], member=member)

    turning.turn(
        member, people["union"], ChangeType.MOVED_BRANCH, on=today(), values={"branch": tree["b"]}, reason="转"
    )
    assert (item.state, item.unit) == (S.PENDING_BRANCH, tree["b"])
    gone = {"membership_status": "withdrawn"}
    turning.turn(member, people["union"], ChangeType.WITHDRAWN, on=today(), values=gone, reason="退会")

    assert (item.state, item.answer) == (S.CANCELLED, "会籍变化：退会")
    assert told(member.user)[-1] == "申请修改的学位已取消"


def test_a_query_of_the_day_before_and_of_the_day_differ_by_exactly_her(tree, people) -> None:
    with time_machine.travel(noon(DAY), tick=False):
        crowd = [factories.make_member(tree["a"], prof_title=title) for title in ("013", "012", "013", "011")]
        db.session.commit()
    her = crowd[0]
    with time_machine.travel(noon(DAY + timedelta(days=30)), tick=False):
        item = factories.make_change(tree["a"], member=her, prof_title="012")
        CHANGES.fire(item, "pass_on", people["operator"])
        CHANGES.fire(item, "approve", people["union"], on=DAY + timedelta(days=10))
        db.session.commit()
        question = conditions.parse({"field": "title_level", "op": "in", "value": ["411", "412"]})

        before, after = (
            set(asking.ids(people["union"], asking.Asked(question, DAY + timedelta(days=number)))) for number in (9, 10)
        )

    assert (before, after - before, before - after) == ({crowd[1].id, crowd[3].id}, {her.id}, set())


def test_many_are_agreed_to_at_once_but_for_what_has_moved(tree, people, member) -> None:
    items = [factories.make_change(tree["a"], member=member, political_status="01")]
    items += [factories.make_change(tree["a"], political_status="01") for _ in range(2)]
    items.append(factories.make_change(tree["a"]))
    history.write(member, {"political_status": "02"}, people["union"], reason="更正")
    mine = factories.make_change(tree["a"], member=members.own(people["colleague"]), political_status="01")
    db.session.commit()

    done, left = many.take(
        people["colleague"], [one.id for one in (*items, mine)], on=today(), document_no="海大工〔2026〕7号"
    )
    db.session.commit()

    assert [one.item_id for one in done] == [one.id for one in items[1:]]
    assert [(one.item_id, one.why[:8]) for one in left] == [
        (items[0].id, "申请提交以后，登"),
        (mine.id, "现在不由您办理，"),
    ]
    assert [one.state for one in items] == [S.PENDING_BRANCH, S.APPLIED, S.APPLIED, S.PENDING_SCHOOL]
    assert len({one.batch_id for one in items[1:3]}) == 1
    assert history.present_version(items[1].member).reason == "本人申请修改政治面貌，文号：海大工〔2026〕7号"
    with pytest.raises(DomainError, match="请先勾选"):
        many.take(people["elsewhere"], [items[0].id], on=today())


def test_her_papers_are_closed_to_the_branch_that_she_has_left(tree, people, member) -> None:
    paper = scans.keep(people["operator"], "scan_jpg", b"paper")
    item = factories.make_change(tree["a"], member=member, mobile="13912340000")
    item.evidence = paper
    CHANGES.fire(item, "agree", people["operator"])
    assert service.evidence_of(people["operator"], item.id) == (b"paper", "image/jpeg")

    turning.turn(
        member, people["union"], ChangeType.MOVED_BRANCH, on=today(), values={"branch": tree["b"]}, reason="转"
    )
    db.session.commit()

    with pytest.raises(Absent):
        service.evidence_of(people["operator"], item.id)
    assert [service.evidence_of(people[who], item.id)[0] for who in ("herself", "union")] == [b"paper"] * 2
    looked = [event.actor_id for event in service.audit.events_of(item) if event.action == "changes.evidence"]
    assert looked == [people[who].id for who in ("operator", "herself", "union")]


def test_a_long_list_of_numbers_is_cut(tree, people, member) -> None:
    item = factories.make_change(tree["a"], member=member, mobile="13912340000")

    found = many.chosen(people["operator"], [item.id, *range(10**6, 10**6 + 300_000)])

    assert found == [item]


def test_a_member_does_not_fill_the_disk_with_papers(tree, people, member, monkeypatch) -> None:
    monkeypatch.setattr(service, "PAPERS_MOST", 1)
    herself = people["herself"]
    service.keep_scan(herself, doors.scan())

    with pytest.raises(DomainError, match="每天最多上传 1 份") as refusal:
        service.keep_scan(herself, doors.scan())

    assert refusal.value.field == "evidence"


# --- what stands on a printed form ------------------------------------------------------------------------------------


@pytest.fixture
def printed(tree, people, member):
    """The member, whose form has been printed."""
    filing.keep_prints(
        people["union chair"], [(member.id, tree["a"].id)], print_id="p1", papers=Papers.REGISTRATION,
        at_joining=False, of_batch=False,
    )  # fmt: skip
    db.session.commit()
    return member


def test_by_hand_nobody_changes_alone_who_stands_on_a_printed_form(tree, people, printed) -> None:
    union, number = people["union"], factories.id_number()
    mark, before = members.mark_of(printed), (printed.name, printed.id_number)
    sentences = set()
    for values in (
        {"name": "曾晓玫"},
        {"id_number": number},
        {"id_type": "A"},
        {"name": "曾晓玫", "department": "图书馆"},
    ):
        with pytest.raises(Problems) as caught:
            members.edit(union, printed, values, seen_version=mark)
        sentences |= {(name, *told) for name, told in caught.value.errors.items()}
    with pytest.raises(DomainError, match="两人办理") as corrected:
        correcting.correct(union, printed, "name", "曾晓玫", since=today(), reason="登记有误", seen=mark)

    assert {name for name, told in sentences if "另点“申请修改”提出" in told} == {"name", "id_number", "id_type"}
    assert (corrected.value.field, (printed.name, printed.id_number)) == ("name", before)
    assert "name" not in {field.name for field in correcting.correctable(union, printed)}
    members.edit(union, printed, {"department": "图书馆"}, seen_version=mark)
    other = factories.make_member(tree["a"])
    members.edit(union, other, {"name": "曾晓玫"}, seen_version=members.mark_of(other))
    assert (printed.department, other.name) == ("图书馆", "曾晓玫")


def test_a_form_that_was_open_before_the_print_keeps_what_was_typed(tree, people, member, client_of) -> None:
    browser, path = client_of(people["union"]), f"/members/{member.id}/edit"
    typed = form_values(find_form(browser.get(path).text, path)[0]) | {"name": "曾晓玫", "department": "图书馆"}
    filing.keep_prints(
        people["union chair"], [(member.id, tree["a"].id)], print_id="p1", papers=Papers.REGISTRATION,
        at_joining=False, of_batch=False,
    )  # fmt: skip
    db.session.commit()

    answer = browser.post(path, data=typed)

    assert (answer.status_code, "须两人办理" in answer.text) == (422, True)
    assert ('value="曾晓玫"' in answer.text, 'value="图书馆"' in answer.text) == (True, True)
    fresh = browser.get(path)
    assert ('name="name"' in fresh.text, "姓名、证件类型、证件号码：须经审核" in words(fresh.text)) == (False, True)
    db.session.expire_all()
    assert (member.name, member.department) == ("曾晓梅", "外国语学院")


def test_who_asks_is_the_first_of_the_two_and_another_of_the_union_the_second(tree, people, printed) -> None:
    union = people["union"]
    proof = service.keep_scan(union, doors.scan())
    [item] = service.ask(union, service.find_member(union, printed.id), {"name": "曾晓玫"}, evidence=proof)
    db.session.commit()
    assert (item.state, item.first_by, told(people["union chair"])) == (
        S.PENDING_SECOND, union.id, ["曾晓梅申请修改姓名，校工会复核"],
    )  # fmt: skip

    with pytest.raises(Forbidden):
        CHANGES.fire(item, "confirm", union)
    assert [todo.count for who in (union, people["union chair"]) for todo in service.todo(who)] == [1]
    CHANGES.fire(item, "confirm", people["union chair"])
    assert (item.state, printed.name) == (S.APPLIED, "曾晓玫")
    db.session.commit()

    turning.turn(
        printed, people["union chair"], ChangeType.WITHDRAWN, on=today(), values={"membership_status": "withdrawn"},
        reason="退会",
    )  # fmt: skip
    db.session.commit()
    [after] = service.ask(
        union,
        service.find_member(union, printed.id),
        {"name": "曾晓梅"},
        evidence=service.keep_scan(union, doors.scan()),
    )
    CHANGES.fire(after, "confirm", people["union chair"])
    assert printed.name == "曾晓梅"
    db.session.commit()

    people["union chair"].is_enabled = False
    db.session.commit()
    proof = service.keep_scan(union, doors.scan())
    with pytest.raises(DomainError, match="请先开通校工会主席的账号"):
        service.ask(union, service.find_member(union, printed.id), {"name": "曾晓眉"}, evidence=proof)
