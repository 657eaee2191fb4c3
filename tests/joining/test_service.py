"""The verbs: one form, one application; counts that equal their lists; receipts that open only what is one's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.core import audit, crypto
from portal.core.actors import SHELL
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.errors import Absent, Conflict, DomainError, TooOften
from portal.joining import applying, codes, receipts, service
from portal.joining.models import Application, JoinCode, Reason, Receipt
from portal.joining.models import ApplicationState as S
from portal.joining.service import ALL, OVERDUE, TODO, Filters
from portal.joining.workflow import JOINING
from portal.members import history
from portal.org.models import JoinForm, OrgUnit, User
from portal.org.permissions import Role
from tests import factories
from tests.factories import Person, a_person
from tests.joining.conftest import People

PASSWORD = "correct horse battery"


def send(code: JoinCode, person: Person, form_key: str = "") -> Receipt:
    """Send the form of `person` and return what she holds."""
    db.session.commit()
    key = form_key or crypto.random_token()
    receipt = applying.submit(code.token, key, person.values, consented=True, sensitive_consented=True)
    db.session.commit()
    return receipts.find(receipt)


def states() -> list[str]:
    """The states of all applications, in the order of their coming."""
    return [item.state.value for item in db.session.scalars(select(Application).order_by(Application.id))]


# --- sending --------------------------------------------------------------------------------------------------------


def test_the_same_form_sent_twice_is_one_application_with_one_receipt(code: JoinCode) -> None:
    person, key = a_person(), crypto.random_token()

    first, second = send(code, person, key), send(code, person, key)

    assert first == second
    assert states() == ["submitted"]
    assert len(db.session.scalars(select(Receipt)).all()) == 1


@pytest.mark.parametrize("status", ["active", "retained", "deceased", "expelled"])
def test_whoever_is_here_is_parked(code: JoinCode, tree: dict[str, OrgUnit], status: str) -> None:
    person = a_person()
    member = factories.make_member(tree["b"], **person.values)
    history.write(member, {"membership_status": status}, SHELL, reason="测试")

    receipt = send(code, person)

    assert (receipt.application.state, receipt.is_first) == (S.ALREADY_HERE, True)


@pytest.mark.parametrize("status", ["withdrawn", "transferred_out"])
def test_who_has_left_applies_like_anybody(code: JoinCode, tree: dict[str, OrgUnit], status: str) -> None:
    person = a_person()
    member = factories.make_member(tree["b"], **person.values)
    history.write(member, {"membership_status": status}, SHELL, reason="测试")

    receipt = send(code, person)

    assert receipt.application.state == S.SUBMITTED


def test_the_same_person_again_gets_a_receipt_that_opens_nothing(code: JoinCode) -> None:
    person = a_person()
    first = send(code, person)

    again = send(code, person)

    assert states() == ["submitted"]
    assert (again.application, again.is_first) == (first.application, False)
    assert [event.action for event in audit.events_of(first.application)] == ["joining.submit", "joining.repeat"]


@pytest.mark.parametrize("other", [{"mobile": "13800001111"}, {"name": "周别名"}])
def test_other_data_under_the_same_number_is_parked(code: JoinCode, other: dict[str, str]) -> None:
    person = a_person()
    send(code, person)

    send(code, Person(person.values | other))

    assert states() == ["submitted", "already_here"]


def test_the_same_person_at_another_unit_is_parked(code: JoinCode, tree: dict[str, OrgUnit]) -> None:
    person = a_person()
    send(code, person)

    send(factories.make_code(tree["b"]), person)

    assert states() == ["submitted", "already_here"]


def test_what_is_sent_instead_of_a_returned_form_is_not_lost(code: JoinCode, tree: dict[str, OrgUnit]) -> None:
    person = a_person()
    factories.make_application(tree["a"], S.RETURNED, **person.values)

    send(code, person)

    assert states() == ["returned", "already_here"]


@pytest.mark.parametrize("ended", [S.REJECTED, S.WITHDRAWN, S.EXPIRED])
def test_after_an_end_a_new_application_is_allowed(code: JoinCode, tree: dict[str, OrgUnit], ended: S) -> None:
    person = a_person()
    factories.make_application(tree["a"], ended, **person.values)

    send(code, person)

    assert states() == [ended.value, "submitted"]


def test_what_was_agreed_to_is_frozen_with_its_version(code: JoinCode) -> None:
    item = send(code, a_person()).application

    assert (item.pledge_version, item.consent_version) == ("2023", "2026-09")
    assert item.pledge_text.startswith("我自愿加入中华全国总工会，遵守《中国工会章程》")
    assert item.consented_at == item.sensitive_consented_at
    assert now() - item.consented_at < timedelta(minutes=1)


def test_a_quick_form_asks_three_things_and_derives_the_rest(code: JoinCode, tree: dict[str, OrgUnit]) -> None:
    tree["root"].join_form = JoinForm.QUICK
    person = a_person()
    three = Person({name: person.values[name] for name in ("name", "id_number", "mobile")})

    item = send(code, three).application

    assert item.form == JoinForm.QUICK
    assert item.data == three.values | {
        "id_type": "1",
        "sex": person.values["sex"],
        "birth_date": person.values["birth_date"].isoformat(),
    }


def test_the_units_own_setting_goes_before_the_one_above(tree: dict[str, OrgUnit]) -> None:
    tree["root"].join_form, tree["a"].join_form = JoinForm.QUICK, JoinForm.FULL

    assert [codes.form_of(tree[name]) for name in ("a", "b", "root")] == [JoinForm.FULL, JoinForm.QUICK, JoinForm.QUICK]


def test_a_mended_application_keeps_what_was_right(tree: dict[str, OrgUnit]) -> None:
    item = factories.make_application(tree["a"], S.RETURNED)
    before = dict(item.data)

    applying.resubmit(
        factories.receipt_code(item), {"native_place": "山东青岛", "name": "改不动"}, sensitive_consented=False
    )
    db.session.commit()

    assert item.data == before | {"native_place": "山东青岛"}
    assert (item.state, item.wrong_fields, item.answer) == (S.SUBMITTED, [], "")


def test_a_mended_number_that_is_here_already_is_parked(tree: dict[str, OrgUnit], people: People) -> None:
    here = factories.make_member(tree["b"])
    item = factories.make_application(tree["a"])
    JOINING.fire(
        item, "return", people.branch, comment="请核对证件号码", wrong_fields=["id_number"], reason=Reason.WRONG
    )
    db.session.commit()

    applying.resubmit(factories.receipt_code(item), {"id_number": here.id_number}, sensitive_consented=False)
    db.session.commit()

    assert (item.state, item.id_index) == (S.ALREADY_HERE, here.id_index)


def test_a_mended_number_tells_sex_and_birth_date_anew(tree: dict[str, OrgUnit], people: People) -> None:
    other = a_person()
    item = factories.make_application(tree["a"])
    JOINING.fire(
        item, "return", people.branch, comment="请核对证件号码", wrong_fields=["id_number"], reason=Reason.WRONG
    )
    db.session.commit()

    applying.resubmit(factories.receipt_code(item), {"id_number": other.id_number}, sensitive_consented=False)
    db.session.commit()

    mended = {name: item.data[name] for name in ("id_number", "sex", "birth_date")}
    assert mended == {
        "id_number": other.id_number,
        "sex": other.values["sex"],
        "birth_date": other.values["birth_date"].isoformat(),
    }


@pytest.mark.parametrize("state", [state for state in S if state not in (S.DRAFT, S.RETURNED)])
def test_only_what_was_returned_is_sent_again(tree: dict[str, OrgUnit], state: S) -> None:
    item = factories.make_application(tree["a"], state)

    with pytest.raises(Conflict, match="申请已有结果或已撤回"):
        applying.resubmit(factories.receipt_code(item), {"native_place": "山东青岛"}, sensitive_consented=False)

    db.session.rollback()
    assert item.state == state


def test_a_returned_application_expires_after_thirty_days(tree: dict[str, OrgUnit]) -> None:
    old, young = (factories.make_application(tree["a"], S.RETURNED) for _ in range(2))
    assert old.returned_at is not None
    old.returned_at -= timedelta(days=30, minutes=1)
    db.session.commit()

    closed = service.expire_returned()
    db.session.commit()

    assert (closed, old.state, young.state) == (1, S.EXPIRED, S.RETURNED)
    assert audit.events_of(old)[-1].actor_label == "系统定时任务"


# --- the list -------------------------------------------------------------------------------------------------------


@pytest.fixture
def one_of_each(tree: dict[str, OrgUnit]) -> dict[tuple[str, S], Application]:
    """At both branches an application in every state."""
    seen = [state for state in S if state is not S.DRAFT]
    return {(place, state): factories.make_application(tree[place], state) for place in ("a", "b") for state in seen}


def shown(actor: User, **filters: str) -> list[Application]:
    """What the list shows, all of it."""
    return service.listing(actor, Filters(**filters), per_page=100).rows


def test_each_sees_the_applications_of_the_own_subtree(
    people: People, one_of_each: dict[tuple[str, S], Application]
) -> None:
    mine = {item for (place, _), item in one_of_each.items() if place == "a"}

    assert set(shown(people.branch, state=ALL)) == mine
    assert set(shown(people.union, state=ALL)) == set(one_of_each.values())
    assert shown(people.admin, state=ALL) == shown(people.nobody, state=ALL) == []


def test_what_waits_is_what_one_can_move_on(people: People, one_of_each: dict[tuple[str, S], Application]) -> None:
    assert shown(people.branch) == [one_of_each["a", S.SUBMITTED]]
    assert shown(people.other_branch) == [one_of_each["b", S.SUBMITTED]]
    assert shown(people.union) == [one_of_each["a", S.BRANCH_OK], one_of_each["b", S.BRANCH_OK]]
    assert shown(people.admin) == []


@pytest.mark.parametrize("who", ["branch", "other_branch", "union", "chair"])
def test_what_waits_can_be_moved_on(people: People, one_of_each: object, who: str) -> None:
    actor = getattr(people, who)
    forward = {"agree", "approve"}

    movable = [
        item
        for item in db.session.scalars(select(Application).order_by(Application.id))
        if forward & {step.action for step in JOINING.open_steps(item, actor)}
    ]

    assert shown(actor) == movable
    assert movable != []


@pytest.mark.parametrize("who", ["branch", "union"])
def test_every_count_equals_its_list(people: People, one_of_each: object, who: str) -> None:
    actor = getattr(people, who)

    counts = service.counts(actor, Filters())

    assert counts == {state: len(shown(actor, state=state)) for state in counts}
    assert set(counts) == {TODO, OVERDUE, ALL, *(state.value for state in S if state is not S.DRAFT)}
    assert [(todo.count, dict(todo.params)) for todo in service.todo(actor)] == [(counts[TODO], {"state": TODO})]


def test_someone_without_a_step_has_nothing_to_do(people: People) -> None:
    assert service.todo(people.admin) == service.todo(people.nobody) == []


def test_a_grant_below_the_approving_unit_approves_nothing(
    tree: dict[str, OrgUnit], user_as: Callable[..., User]
) -> None:
    factories.make_application(tree["a"], S.BRANCH_OK)

    misplaced = user_as(Role.UNION_OPERATOR, tree["a"])

    assert shown(misplaced) == []
    assert len(shown(misplaced, state=ALL)) == 1


def test_filters_cut_the_list(people: People, tree: dict[str, OrgUnit]) -> None:
    here = factories.make_application(tree["a"], name="买买提·吐尔逊")
    there = factories.make_application(tree["b"], name="欧阳文博")

    assert shown(people.union, state=ALL, unit="GH01") == [here]
    assert shown(people.union, state=ALL, unit="GH") == [there, here]
    assert shown(people.union, state=ALL, unit="NO") == []
    assert shown(people.union, state=ALL, name="阳文") == [there]
    assert shown(people.union, state=ALL, name="%") == []
    assert shown(people.branch, state=ALL, unit="GH02") == []


@pytest.mark.parametrize("state", [TODO, ALL])
def test_pages_join_without_gap_or_overlap(people: People, tree: dict[str, OrgUnit], state: str) -> None:
    for _ in range(5):
        factories.make_application(tree["a"])
    whole = shown(people.branch, state=state)

    forward = [service.listing(people.branch, Filters(state), per_page=2)]
    while forward[-1].after is not None:
        forward.append(service.listing(people.branch, Filters(state), after=forward[-1].after, per_page=2))
    backward = [forward[-1]]
    while backward[-1].before is not None:
        backward.append(service.listing(people.branch, Filters(state), before=backward[-1].before, per_page=2))

    assert [item for page in forward for item in page.rows] == whole
    assert {page.total for page in forward} == {5}
    assert [page.rows for page in reversed(backward)] == [page.rows for page in forward]


def test_the_oldest_waits_at_the_top_and_the_newest_stands_there_otherwise(
    people: People, tree: dict[str, OrgUnit]
) -> None:
    first, second = (factories.make_application(tree["a"]) for _ in range(2))

    assert shown(people.branch) == [first, second]
    assert shown(people.branch, state=ALL) == [second, first]


def test_an_application_of_elsewhere_is_absent(people: People, tree: dict[str, OrgUnit]) -> None:
    item = factories.make_application(tree["a"])

    assert service.find(people.branch, item.id) == item
    for stranger in (people.other_branch, people.admin, people.nobody):
        with pytest.raises(Absent):
            service.find(stranger, item.id)


def test_hints_name_what_to_look_at(people: People, tree: dict[str, OrgUnit]) -> None:
    factories.make_member(tree["a"], name="同名人")
    unknown_county = factories.id_number(area="139999", sex="1")
    item = factories.make_application(
        tree["a"], name="同名人", staff_no="待发工号", sex="1", birth_date=None, id_number=unknown_county
    )

    hints = service.hints(people.branch, item)

    assert "身份证号码前六位不在行政区划代码表中，请核对" in hints
    assert "您的管理范围内已有 1 位同名会员，请核对是否同一人" in hints
    assert "工号待发，发放后请由校工会补录" in hints


def test_only_whoever_reads_the_member_is_told_where_she_is(people: People, tree: dict[str, OrgUnit]) -> None:
    person = a_person()
    member = factories.make_member(tree["b"], **person.values)
    send(factories.make_code(tree["a"]), person)
    (item,) = shown(people.union, state="already_here")

    of_branch, of_union = service.hints(people.branch, item), service.hints(people.union, item)

    assert "该证件号码已有会籍，请由校工会核实" in of_branch
    assert f"该证件号码已有会籍：{member.trace_label}，机械工程学院分工会，正常，请按校内转会或恢复会籍办理" in of_union


# --- receipts -------------------------------------------------------------------------------------------------------


def test_a_code_is_read_as_people_write_it(tree: dict[str, OrgUnit]) -> None:
    item = factories.make_application(tree["a"])
    code = factories.receipt_code(item)
    written = [code, code.upper(), f" {code[:5]} - {code[5:]}\n", "".join(chr(ord(sign) + 0xFEE0) for sign in code)]

    assert [receipts.find(text).application for text in written] == [item] * 4
    assert set(code) <= set(crypto.READABLE)
    assert receipts.grouped(code) == f"{code[:5]}-{code[5:]}"


def test_the_line_follows_the_application(tree: dict[str, OrgUnit], people: People) -> None:
    item = factories.make_application(tree["a"])
    seen = []
    for action, inputs in (("agree", {}), ("approve", {"study_date": today()}), ("", {})):
        db.session.commit()
        seen.append([state for _, state, _ in receipts.progress(item.receipts[0]).lines])
        if action:
            JOINING.fire(item, action, factories.Hand(), **inputs)

    assert seen == [["done", "now", "todo", "todo"], ["done", "done", "now", "todo"], ["done"] * 4]


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (S.RETURNED, ["done", "bad", "todo", "todo"]),
        (S.REJECTED, ["done", "bad", "todo", "todo"]),
        (S.WITHDRAWN, ["done", "bad", "todo", "todo"]),
        (S.EXPIRED, ["done", "bad", "todo", "todo"]),
        (S.ALREADY_HERE, ["done", "now", "todo", "todo"]),
    ],
)
def test_the_line_says_where_it_stopped(tree: dict[str, OrgUnit], state: S, line: list[str]) -> None:
    item = factories.make_application(tree["a"], state)

    assert [mark for _, mark, _ in receipts.progress(item.receipts[0]).lines] == line


def test_the_line_has_no_opinion_where_none_is_asked(tree: dict[str, OrgUnit]) -> None:
    tree["a"].needs_opinion = False
    item = factories.make_application(tree["a"], S.BRANCH_OK)

    labels = [label for label, _, _ in receipts.progress(item.receipts[0]).lines]

    assert labels == ["已提交", "校工会审批", "建立会籍"]


def test_a_second_receipt_never_moves(code: JoinCode, people: People) -> None:
    person = a_person()
    first, second = send(code, person), send(code, person)
    at_first = receipts.progress(second)

    JOINING.fire(first.application, "agree", people.branch)
    JOINING.fire(first.application, "approve", people.union, study_date=today())
    db.session.commit()

    assert receipts.progress(second) == at_first
    assert receipts.progress(first).may_set_password


def test_withdrawing_by_a_second_receipt_leaves_the_application(code: JoinCode) -> None:
    person = a_person()
    first, second = send(code, person, "one"), send(code, person, "two")

    receipts.withdraw(receipts.code_from("two"))
    db.session.commit()

    assert receipts.progress(second).state == S.WITHDRAWN
    assert receipts.progress(first).state == S.SUBMITTED
    with pytest.raises(Conflict):
        receipts.withdraw(receipts.code_from("two"))


def test_whoever_has_an_account_is_never_offered_a_password_again(code: JoinCode, tree: dict[str, OrgUnit]) -> None:
    person = a_person()
    factories.make_member(tree["b"], **person.values)

    receipt = send(code, person, "a key")

    assert not receipts.progress(receipt).may_set_password
    with pytest.raises(Conflict):
        receipts.set_password(receipts.code_from("a key"), person.id_number[-4:], PASSWORD, PASSWORD)


def test_the_password_is_set_once_and_opens_the_account(tree: dict[str, OrgUnit]) -> None:
    person = a_person()
    item = factories.make_application(tree["a"], S.APPROVED, **person.values)
    code = factories.receipt_code(item)

    username = receipts.set_password(code, person.id_number[-4:].lower(), PASSWORD, PASSWORD)
    db.session.commit()

    assert item.member is not None
    assert item.member.user is not None
    assert username == item.member.user.username == person.values["staff_no"]
    assert crypto.check_password(item.member.user.password_hash, PASSWORD)
    assert receipts.progress(item.receipts[0]).username == username
    with pytest.raises(Conflict, match="密码已经设置过"):
        receipts.set_password(code, person.id_number[-4:], "another horse battery", "another horse battery")


def test_the_last_four_may_be_tried_five_times(tree: dict[str, OrgUnit]) -> None:
    person = a_person()
    item = factories.make_application(tree["a"], S.APPROVED, **person.values)
    code = factories.receipt_code(item)
    wrong = "0000" if person.id_number[-4:] != "0000" else "1111"

    for _ in range(5):
        with pytest.raises(DomainError, match="证件号码后四位不正确"):
            receipts.set_password(code, wrong, PASSWORD, PASSWORD)
    with pytest.raises(TooOften, match="到所在工会现场办理"):
        receipts.set_password(code, person.id_number[-4:], PASSWORD, PASSWORD)

    tried = [event.action for event in audit.events_of(item) if event.action == "joining.password_try"]
    assert len(tried) == 5
    assert item.member is not None
    assert item.member.user is not None
    assert item.member.user.password_hash is None


def test_a_password_that_is_too_simple_costs_no_try(tree: dict[str, OrgUnit]) -> None:
    item = factories.make_application(tree["a"], S.APPROVED)

    with pytest.raises(DomainError, match="至少 10 个字符") as refused:
        receipts.set_password(factories.receipt_code(item), "0000", "short", "short")

    assert refused.value.field == "new"
    assert [event.action for event in audit.events_of(item) if event.action == "joining.password_try"] == []


@pytest.mark.parametrize("state", [S.SUBMITTED, S.BRANCH_OK, S.RETURNED, S.REJECTED, S.WITHDRAWN])
def test_before_the_approval_there_is_no_password(tree: dict[str, OrgUnit], state: S) -> None:
    item = factories.make_application(tree["a"], state)

    with pytest.raises(Conflict):
        receipts.set_password(factories.receipt_code(item), "0000", PASSWORD, PASSWORD)


def test_an_unknown_code_is_one_sentence(app: Flask) -> None:
    for text in ("", "abcde-fghjk", "' OR 1=1 --", "回执码", "a" * 5000):
        with pytest.raises(DomainError) as refused:
            receipts.find(text)
        assert refused.value.message == receipts.WRONG_CODE
    assert db.session.scalar(select(func.count(Receipt.id))) == 0
