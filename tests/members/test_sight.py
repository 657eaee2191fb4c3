"""Who sees what: the same rule for sheet, list, history and every text of a field."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest

from portal.core.actors import SHELL
from portal.members import history, service, sight
from portal.members.catalogue import FIELD, FIELDS
from portal.members.enums import PostKind
from portal.members.models import UnionPost
from portal.members.sight import Sight
from portal.members.timeline import service as timeline
from portal.org.permissions import Role
from tests import factories

CHILD = factories.id_number(birth=date(2015, 6, 1))


@pytest.fixture
def member(tree):
    """Someone of branch a with a family."""
    values = factories.a_person(
        mobile="13912345678",
        dues_base="7654.32",
        marital_status="21",
        home_address="海港区迎宾路一号",
        children=[{"name": "小宝", "sex": "2", "birth_date": "2015-06-01", "id_number": CHILD}],
        children_count=1,
    ).values
    return service.admit(SHELL, unit=tree["a"], values=values, join_date=date(2026, 9, 1))


FULL, MASKED, HIDDEN = Sight.FULL, Sight.MASKED, Sight.HIDDEN
#                        name  mobile  address marital children id_number dues_base
MATRIX = {
    "self":             (FULL, FULL,   FULL,   FULL,   FULL,    MASKED,   MASKED),
    "union operator":   (FULL, FULL,   FULL,   FULL,   FULL,    MASKED,   MASKED),
    "union chair":      (FULL, FULL,   FULL,   FULL,   FULL,    MASKED,   MASKED),
    "branch operator":  (FULL, FULL,   FULL,   FULL,   FULL,    MASKED,   HIDDEN),
    "branch chair":     (FULL, FULL,   FULL,   FULL,   FULL,    MASKED,   HIDDEN),
    "branch elsewhere": (HIDDEN,) * 7,
    "super admin":      (HIDDEN,) * 7,
    "another member":   (HIDDEN,) * 7,
}  # fmt: skip
ASKED = ("name", "mobile", "home_address", "marital_status", "children", "id_number", "dues_base")


@pytest.mark.parametrize("who", MATRIX)
def test_everyone_sees_what_the_design_says(tree, user_as, member, who):
    actor = {
        "self": lambda: member.user,
        "union operator": lambda: user_as(Role.UNION_OPERATOR, tree["root"]),
        "union chair": lambda: user_as(Role.UNION_CHAIR, tree["root"]),
        "branch operator": lambda: user_as(Role.BRANCH_OPERATOR, tree["a"]),
        "branch chair": lambda: user_as(Role.BRANCH_CHAIR, tree["a"]),
        "branch elsewhere": lambda: user_as(Role.BRANCH_OPERATOR, tree["b"]),
        "super admin": lambda: user_as(Role.SUPER_ADMIN, tree["root"]),
        "another member": lambda: (
            service.admit(SHELL, unit=tree["a"], values=factories.a_person().values, join_date=date(2026, 9, 1)).user
        ),
    }[who]()

    assert tuple(sight.can_see(actor, FIELD[name], member) for name in ASKED) == MATRIX[who]
    version = history.present_version(member)
    assert tuple(sight.can_see(actor, FIELD[name], version) for name in ASKED) == MATRIX[who]
    for name, seen in zip(ASKED, MATRIX[who], strict=True):
        assert (sight.value(actor, member, name) == "") is (seen is HIDDEN)


def test_the_texts_are_full_masked_or_nothing(tree, user_as, member):
    union, branch = user_as(Role.UNION_OPERATOR, tree["root"]), user_as(Role.BRANCH_OPERATOR, tree["a"])

    assert sight.value(union, member, "mobile") == "13912345678"
    assert sight.value(union, member, "mobile", place="list") == "*******5678"
    assert sight.value(union, member, "home_address", place="list").count("海港区") == 0
    assert sight.value(union, member, "id_number") == "*" * 14 + member.id_number[-4:]
    assert (sight.value(union, member, "dues_base"), sight.value(branch, member, "dues_base")) == ("****", "")


def test_a_list_never_shows_more_than_the_sheet_would(tree, user_as, member):
    rank = [HIDDEN, MASKED, FULL].index
    for actor in (user_as(Role.UNION_CHAIR, tree["root"]), user_as(Role.BRANCH_OPERATOR, tree["a"])):
        for field in FIELDS:
            assert rank(sight.in_list(field)) <= rank(sight.can_see(actor, field, member, place="list"))


def test_a_childs_number_is_masked_even_where_the_row_is_read(tree, user_as, member):
    union = user_as(Role.UNION_OPERATOR, tree["root"])

    text = sight.value(union, member, "children")
    [line] = [line for _, lines in sight.sheet(union, member) for line in lines if line.field.name == "children"]

    assert ("小宝" in text, CHILD in text, CHILD[-4:] in text) == (True, False, True)
    assert CHILD not in str(line.cells)
    assert member.children[0]["id_number"] == CHILD


def test_what_has_no_column_is_read_too(tree, user_as, member):
    union = user_as(Role.UNION_OPERATOR, tree["root"])
    past = UnionPost(kind=PostKind.BRANCH_CHAIR, unit=tree["a"], starts=date(2026, 1, 1), ends=date(2026, 1, 31))
    member.posts += [past, UnionPost(kind=PostKind.DELEGATE, unit=tree["root"], starts=date(2026, 1, 1))]

    assert sight.value(union, member, "union_post") == "海港大学工会 教代会代表"
    assert sight.value(union, member, "membership_changes") == "2026年9月1日 入会"
    assert sight.value(union, member, "branch") == "外国语学院分工会"
    filled = sum(sight.raw_value(member, field.name) not in (None, "") for field in FIELDS if field.number)
    assert sight.value(union, member, "completeness") == f"{filled}/44 项"


def test_any_row_of_a_unit_is_read_by_the_same_rule(tree, user_as):
    row = SimpleNamespace(unit_id=tree["a"].id, uuid="x", mobile="13912345678")

    assert sight.value(user_as(Role.BRANCH_CHAIR, tree["a"]), row, "mobile") == "13912345678"
    assert sight.value(user_as(Role.BRANCH_CHAIR, tree["b"]), row, "mobile") == ""


def test_the_history_hides_what_the_sheet_hides(tree, user_as, member):
    history.write(
        member, {"dues_base": "8765.43", "department": "财务处", "mobile": "13700001111"}, SHELL, reason="工会修改"
    )
    union, branch = user_as(Role.UNION_OPERATOR, tree["root"]), user_as(Role.BRANCH_OPERATOR, tree["a"])

    by_union, by_branch = (dict(timeline.page(who, member).rows[0].changes) for who in (union, branch))

    salary = FIELD["dues_base"].label
    assert by_union[FIELD["department"].label] == "教务处 → 财务处"
    assert by_union["手机号码"] == "13912345678 → 13700001111"
    assert (by_union[salary], by_branch[salary]) == ("已修改", "已修改（无权查看）")
    assert [told.what for told in timeline.page(union, member).rows] == ["工会修改", "入会"]
