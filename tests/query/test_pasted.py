"""A pasted column: whom each line means, who has the same name, who has left, who is not here."""

from __future__ import annotations

import pytest

from portal.core.actors import SHELL
from portal.core.db import db
from portal.core.errors import DomainError
from portal.members import history
from portal.org.permissions import Role
from portal.query import asking, pasted
from portal.query.asking import Asked
from tests import factories


@pytest.fixture
def people(tree):
    """Two of one name in two branches, one who has left, one with a number of her own, one of a Latin name."""
    made = {
        "a": factories.make_member(tree["a"], name="张三丰", staff_no="A1001"),
        "b": factories.make_member(tree["b"], name="张三丰", staff_no="B2002"),
        "left": factories.make_member(tree["a"], name="李已去"),
        "one": factories.make_member(tree["a"], name="欧阳一", staff_no="C3003"),
        "latin": factories.make_member(tree["a"], name="Anna Smith", staff_no="D4004"),
    }
    history.write(made["left"], {"membership_status": "withdrawn"}, SHELL, reason="退会")
    db.session.commit()
    return made


def told(lines):
    return [(line.text, line.verdict.value, [one.id for one in line.people]) for line in lines]


def test_each_line_is_told(tree, people, user_as):
    actor = user_as(Role.UNION_OPERATOR, tree["root"])
    text = f"张三丰\n李已去\n欧 阳 一\nc3003\n{people['a'].member_no}\n无名氏\n\n张三丰\nAnna Smith"

    lines = told(pasted.match(actor, text))

    by_branch = sorted((people["a"], people["b"]), key=lambda one: (one.unit.name, one.id))
    assert lines == [
        ("张三丰", "several", [one.id for one in by_branch]),
        ("李已去", "gone", [people["left"].id]),
        ("欧 阳 一", "found", [people["one"].id]),
        ("c3003", "found", [people["one"].id]),
        (people["a"].member_no, "found", [people["a"].id]),
        ("无名氏", "missing", []),
        ("Anna Smith", "found", [people["latin"].id]),
    ]


def test_two_columns_and_names_in_one_line(tree, people, user_as):
    actor = user_as(Role.UNION_OPERATOR, tree["root"])

    lines = told(pasted.match(actor, "张三丰\tB2002\nA1001 张三丰\n张三丰\tC3003\n欧阳一、李已去\n欧阳一 张三丰"))

    assert [(text, verdict) for text, verdict, _ in lines] == [
        ("张三丰 B2002", "found"), ("A1001 张三丰", "found"), ("张三丰 C3003", "missing"),
        ("欧阳一", "found"), ("李已去", "gone"), ("张三丰", "several"),
    ]  # fmt: skip
    assert [lines[0][2], lines[1][2]] == [[people["b"].id], [people["a"].id]]


def test_a_branch_finds_its_own_alone(tree, people, user_as):
    actor = user_as(Role.BRANCH_OPERATOR, tree["a"])

    assert told(pasted.match(actor, "张三丰\nB2002")) == [
        ("张三丰", "found", [people["a"].id]), ("B2002", "missing", []),
    ]  # fmt: skip


def test_the_question_finds_just_those_who_were_ticked(tree, people, user_as):
    actor = user_as(Role.UNION_OPERATOR, tree["root"])
    wanted = {people["b"].id, people["left"].id}

    node = pasted.question(actor, [*wanted, 999_999])

    assert set(asking.ids(actor, Asked(node))) == wanted
    with pytest.raises(DomainError, match="没有选中会员"):
        pasted.question(user_as(Role.BRANCH_OPERATOR, tree["a"]), [people["b"].id])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("  \n", "请粘贴"),
        ("张三\n13912345678", "第 2 行像是"),
        ("\n".join(f"X{n:05}" for n in range(2001)), "最多 2000 行"),
    ],
)
def test_what_cannot_be_taken_is_refused(tree, user_as, text, sentence):
    with pytest.raises(DomainError, match=sentence):
        pasted.match(user_as(Role.UNION_OPERATOR, tree["root"]), text)


def test_the_page_goes_from_the_column_to_the_list(tree, people, user_as, client_of):
    browser = client_of(user_as(Role.UNION_OPERATOR, tree["root"]))

    page = browser.post("/query/names", data={"pasted": "张三丰\n欧阳一\n无名氏"}).text
    place = browser.post("/query/names/take", data={"ids": [people["one"].id, people["b"].id]}).location
    answer = browser.get(place).text

    assert [word in page for word in ("有同名，请选择 1 行", "没有找到 1 行", "已找到 1 行")] == [True] * 3
    assert "查到 2 人" in answer
    refused = browser.post("/query/names", data={"pasted": factories.id_number()})
    assert (refused.status_code, "像是证件号码" in refused.text) == (422, True)
