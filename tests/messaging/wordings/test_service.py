"""Blanks are fields that any list may show, or typed; what branches write the union approves."""

from __future__ import annotations

import pytest

from portal.core.calendar import today
from portal.core.errors import DomainError, Forbidden
from portal.messaging.wordings import blanks, service
from portal.messaging.wordings.models import WordingState
from portal.messaging.wordings.service import Wanted
from portal.messaging.wordings.shipped import SHIPPED
from portal.messaging.wordings.workflow import WORDINGS
from portal.org.permissions import Role
from tests import factories


def test_a_branchs_wording_is_used_once_the_union_has_approved_it(tree, user_as) -> None:
    branch, union = user_as(Role.BRANCH_OPERATOR, tree["a"]), user_as(Role.UNION_OPERATOR, tree["root"])
    item = service.write(branch, Wanted("领书", "【姓名】老师：【时间】领书。", "时间", ""))
    WORDINGS.fire(item, "ask", branch)
    with pytest.raises(Forbidden):
        WORDINGS.fire(item, "approve", branch)
    before = [one.ref for one in service.ready(branch)]

    WORDINGS.fire(item, "approve", union)

    assert f"w:{item.id}" not in before
    assert service.of_ref(branch, f"w:{item.id}").typed == ("时间",)
    assert item.state is WordingState.APPROVED
    with pytest.raises(DomainError, match="不能修改"):
        service.rewrite(branch, item, Wanted("领书", "改", "", ""))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("【时辰】见", "没有“时辰”这个填空"),
        ("【手机号码】", "没有“手机号码”"),
        ("【姓名老师", "成对使用"),
        ("【】", "没有“（空）”"),
    ],
)
def test_a_blank_that_nobody_fills_is_refused(tree, user_as, text: str, sentence: str) -> None:
    with pytest.raises(DomainError, match=sentence) as refusal:
        service.write(user_as(Role.BRANCH_OPERATOR, tree["a"]), Wanted("见面", text, "", ""))

    assert refusal.value.field == "words"


def test_a_text_is_filled_from_the_record_and_names_what_is_empty(tree, user_as) -> None:
    actor = user_as(Role.BRANCH_OPERATOR, tree["a"])
    member = factories.make_member(tree["a"], name="周雨桐", staff_no=None)

    filled = blanks.filled(actor, member, "【姓名】（【工号】）【时间】到【分工会】", {"时间": "九点"}, today())

    assert filled.text == "周雨桐（【工号】）九点到外国语学院分工会"
    assert filled.empty == ("工号",)


def test_no_blank_is_a_number_a_family_or_a_salary() -> None:
    assert {"证件号码", "手机号码", "家庭住址", "婚姻状况", "会费基数"} & set(blanks.fields()) == set()
    assert all(blanks.names_in(one.text) for one in SHIPPED.values())


def test_no_wording_carries_the_number_of_a_document(tree, user_as) -> None:
    actor, number = user_as(Role.BRANCH_OPERATOR, tree["a"]), factories.id_number()

    with pytest.raises(DomainError, match="不能写证件号码") as refusal:
        service.write(actor, Wanted("见面", f"请{number}来", "", ""))

    assert refusal.value.field == "words"
    assert service.write(actor, Wanted("见面", "请在 13912345678 联系", "", "")).text == "请在 13912345678 联系"
