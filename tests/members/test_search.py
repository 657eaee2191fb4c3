"""The list shows whom one may read, finds them by what people type, and goes by keys."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from portal.core import db as database
from portal.core.actors import SHELL
from portal.core.db import db
from portal.members import history, search, service
from portal.members.models import SearchText
from portal.members.search import Filters, Sort
from portal.org.permissions import Role
from tests import factories


def member(unit, **values):
    """Admit someone to `unit`."""
    person, day = factories.a_person(**values), values.get("join_date", date(2026, 1, 5))
    return service.admit(SHELL, unit=unit, values=person.values, join_date=day)


@pytest.fixture
def union(tree, user_as):
    """Someone who reads all."""
    return user_as(Role.UNION_CHAIR, tree["root"])


def ids(actor, **given) -> list[int]:
    """Return the numbers on the first page for these filters."""
    return [row.id for row in search.list_page(actor, Filters(**given)).rows]


def test_one_sees_ones_own_subtree_and_the_count_agrees(tree, user_as, union):
    here, there = member(tree["a"], name="阿甲"), member(tree["b"], name="毕乙")

    for actor, expected in (
        (union, [here.id, there.id]),
        (user_as(Role.BRANCH_OPERATOR, tree["b"]), [there.id]),
        (user_as(Role.SUPER_ADMIN, tree["root"]), []),
        (here.user, []),
    ):
        page = search.list_page(actor, Filters())
        assert ([row.id for row in page.rows], page.total) == (expected, len(expected))


@pytest.mark.parametrize(
    "text",
    [
        "曾晓梅",
        "晓梅",
        "zengxiaomei",
        "ZengXiao",
        "xiaomei",
        "zxm",
        "zx",
        "20150012",
        "2015",
        "GH-2026-00001",
        "13912345678",
        "+86 139 1234 5678",
        "5678",
        "13030219850615",
        " 曾 晓梅 ",
    ],
)
def test_everything_that_people_type_finds(tree, union, text):
    number = factories.id_number(birth=date(1985, 6, 15), sex="2")
    values = {"birth_date": date(1985, 6, 15), "sex": "2", "id_number": number}
    wanted = member(tree["a"], name="曾晓梅", staff_no="20150012", mobile="13912345678", **values)
    member(tree["a"], name="王建国", mobile="13800000001")
    if text == "13030219850615":
        text = number

    assert ids(union, q=text) == [wanted.id]


def test_the_tail_of_the_number_finds_also_with_x(tree, union):
    number = next(n for n in (factories.id_number(serial=s) for s in range(200, 300)) if n.endswith("X"))
    wanted = member(tree["a"], id_number=number, birth_date=date(1985, 6, 15), sex="2")
    member(tree["a"])

    assert ids(union, q=number[-4:].lower()) == [wanted.id]


def test_dots_do_not_matter_and_signs_of_patterns_mean_themselves(tree, union):
    wanted = member(tree["a"], name="买买提·吐尔逊")
    member(tree["a"], name="王建国")

    assert ids(union, q="买买提吐尔逊") == ids(union, q="买买提•吐") == [wanted.id]
    assert ids(union, q="%") == ids(union, q="_") == ids(union, q="·") == []


def test_filters_cut_and_unknown_ones_find_nobody(tree, union):
    woman, man = member(tree["a"], sex="2", **born("2")), member(tree["b"], sex="1", **born("1"))
    gone = member(tree["a"], sex="2", **born("2"))
    history.write(gone, {"membership_status": "retained"}, SHELL, reason="退休")

    assert ids(union, unit="GH01") == [woman.id]
    assert set(ids(union, unit="GH")) == {woman.id, man.id}
    assert ids(union, sex="1") == [man.id]
    assert ids(union, status="retained") == [gone.id]
    assert set(ids(union, status="all")) == {woman.id, man.id, gone.id}
    assert ids(union, unit="NONE") == ids(union, status="x") == ids(union, sex="7") == []


def test_texts_of_a_length_that_nothing_has_find_nobody_and_are_not_kept(tree, union):
    member(tree["a"], name="阿甲")
    db.session.commit()
    database.reads()
    kept = len(search._totals)

    assert ids(union, q="a" * 60_000) == ids(union, unit="x" * 60_000) == []
    assert len(search._totals) == kept


def born(sex: str) -> dict:
    """Return a number and birth date for `sex`."""
    return {"id_number": factories.id_number(birth=date(1985, 6, 15), sex=sex), "birth_date": date(1985, 6, 15)}


def test_a_line_is_masked_and_namesakes_are_marked(tree, union):
    first, second = member(tree["a"], name="王芳", mobile="13912345678"), member(tree["b"], name="王芳")
    alone = member(tree["a"], name="赵单")

    rows = {row.id: row for row in search.list_page(union, Filters()).rows}

    assert (rows[first.id].namesake, rows[second.id].namesake) == (first.id_number[-4:], second.id_number[-4:])
    assert (rows[alone.id].namesake, rows[first.id].mobile) == ("", "*******5678")
    assert "13912345678" not in str(rows)


@pytest.mark.parametrize("sort", list(Sort))
def test_pages_by_key_lose_and_repeat_nobody_in_either_direction(tree, union, sort):
    people = [
        member(
            tree["a"],
            name=name,
            staff_no=None if n == 3 else f"S{n % 2}{n:04d}",
            join_date=date(2026, 1, 1 + n // 2),
        )
        for n, name in enumerate(["王芳", "王芳", "王芳", "李雷", "韩梅", "曾晓", "单雄", "查理"])
    ]

    whole = [row.id for row in search.list_page(union, Filters(), sort=sort).rows]
    pages, after = [], None
    while True:
        page = search.list_page(union, Filters(), sort=sort, after=after, per_page=3)
        pages.append([row.id for row in page.rows])
        after = page.rows[-1].id
        if not page.has_after:
            break
    back = search.list_page(union, Filters(), sort=sort, before=pages[2][0], per_page=3)

    assert sorted(whole) == sorted(person.id for person in people)
    assert [number for page in pages for number in page] == whole
    assert [row.id for row in back.rows] == pages[1]
    assert (back.has_before, back.has_after) == (True, True)
    numbered = search.list_page(union, Filters(), sort=sort, number=2, per_page=3)
    assert [row.id for row in numbered.rows] == pages[1]


def test_the_order_is_that_of_sound_and_of_days(tree, union):
    zhang, an = member(tree["a"], name="张三", join_date=date(2026, 1, 9)), member(tree["a"], name="安然")

    assert ids(union) == [an.id, zhang.id]
    last = search.list_page(union, Filters(), sort=Sort.JOINED_LAST)
    assert [row.id for row in last.rows] == [zhang.id, an.id]


def test_a_number_is_kept_sealed_for_its_searcher_and_a_day(tree, union, user_as):
    number = factories.id_number()
    assert search.is_secret(number)
    assert not search.is_secret("5678")

    with time_machine.travel(datetime(2026, 9, 1, 4, tzinfo=UTC)):
        word = search.keep_text(union, number)
        db.session.flush()
    row = db.session.query(SearchText).one()

    assert number.encode() not in row.text_sealed
    assert search.text_of(union, word) == number
    assert search.text_of(user_as(Role.UNION_CHAIR, tree["root"]), word) is None
    assert search.text_of(union, "~nothing") is None
    assert search.text_of(union, "王芳") == "王芳"
    with time_machine.travel(datetime(2026, 9, 1, 4, tzinfo=UTC) + timedelta(days=2)):
        search.keep_text(union, "13912345678")
        db.session.flush()
    assert search.text_of(union, word) is None


def test_figures_count_the_own_subtree(tree, union, user_as):
    member(tree["a"]), member(tree["b"])

    told = search.figures(union)

    assert [(figure.number, figure.params) for figure in told] == [
        ("2", {"status": "active"}),
        ("0", {"status": "retained"}),
    ]
    assert search.figures(user_as(Role.BRANCH_CHAIR, tree["a"]))[0].number == "1"
    assert search.figures(user_as()) == []
