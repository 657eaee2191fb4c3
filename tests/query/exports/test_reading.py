"""The rows of a file are those of the page: every field, every office, today and before, over people with gaps."""

from __future__ import annotations

import io
from datetime import date

import pytest
import time_machine

from portal.core.calendar import today
from portal.core.db import db
from portal.members import history
from portal.org.permissions import Role
from portal.query import asking, conditions, listing
from portal.query.asking import Asked, Sort
from portal.query.exports import making
from portal.query.exports.making import Order
from portal.query.exports.models import ExportFormat, Secrets
from portal.query.exports.reading import Reader
from portal.query.fields import BY_NAME, askable, can_sort
from tests import factories
from tests.conftest import PROOF
from tests.query.asked import Asker
from tests.query.exports import books
from tests.query.people import PAST, noon, populate

TODAY = date(2026, 2, 28)
FUTURE = date(2031, 7, 1)
QUESTIONS = 200 if PROOF else 36
FULL_ROWS = {
    "spouse": {"name": "周=配偶", "workplace": "市医院", "phone": "03358051111", "is_member_here": True,
               "married_on": "2010-10-01"},
    "children": [{"name": "小明", "sex": "1", "birth_date": "2012-03-04", "position": 1, "id_number": None,
                  "school": "一小", "is_only_child": False}, {"name": "小红", "sex": "2"}],
    "family_members": [{"relation": "01", "name": "周父", "workplace": None, "phone": None}],
    "honors": [{"title": "先进", "level": None, "year": 2020, "document_no": "工〔2020〕1号"}],
    "resume": [{"start": "2001-09", "end": "2005-06", "place": "师大", "post": "学生", "witness": "李明"},
               {"start": "2005-07", "end": None, "place": "本校"}],
    "school_entry_date": date(2005, 7, 1), "skill_level": "3", "household_type": "1", "household_place": "河北秦皇岛",
    "degree": "401", "prof_title": "011", "employment_form": "4", "dispatch_company": "某派遣公司",
    "marital_status": "21", "children_count": 2, "family_planning": "1",
    "family_planning_text": "冀0301", "dues_base": "8000.00", "retire_track": "f55",
    "hobbies": ["01", "99"], "remark": "a&b <c>\n第二行 _x0041_", "admin_duty": "=SUM(A1)",
}  # fmt: skip


@pytest.fixture
def offices(tree, user_as):
    return [
        user_as(Role.UNION_OPERATOR, tree["root"]),
        user_as(Role.BRANCH_OPERATOR, tree["a"]),
        user_as(Role.ORG_ADMIN, tree["root"]),
        user_as(Role.BRANCH_CHAIR, tree["b"]),
    ]


def written(actor, asked: Asked, columns, sort: Sort, kind=ExportFormat.XLSX) -> bytes:
    """The file of whom the question finds."""
    order = Order(
        "DC1", actor.id, actor.label, "本单位", "", kind, Secrets.MASKED, tuple(one.name for one in columns),
        asking.ids(actor, asked, sort=sort), asked.day, "口径", "姓名", "测试用途", "", noon(TODAY),
    )  # fmt: skip
    out = io.BytesIO()
    making.write(out, order)
    return out.getvalue()


def test_every_field_reads_as_on_the_page_for_every_office_and_day(tree, offices):
    people = populate(tree, 40, seed=3)
    with time_machine.travel(noon(TODAY), tick=False):
        born = date(1975, 5, 6)  # old enough for all that the rows say of her
        whole = factories.make_member(
            tree["a"], name="安全有", sex="2", birth_date=born, id_number=factories.id_number(birth=born, sex="2"),
            **FULL_ROWS,
        )  # fmt: skip
        none = factories.make_member(tree["a"], name="安全无", children=[], honors=[], family_members=[])
        whole.user_id = offices[1].id  # her own record, which she sees otherwise
        history.write(whole, {"photo": None}, factories.SHELL, reason="测试")
        db.session.commit()
        filled = set()
        for actor in offices:
            columns = askable(actor)
            for day in (TODAY, PAST, FUTURE):
                asked = Asked(conditions.EVERYBODY, day)
                ids = asking.ids(actor, asked)
                expected = [(row.id, list(row.cells)) for row in listing.rows(actor, asked, columns, ids)]

                assert [(one, list(texts)) for one, texts in Reader(actor, columns, day).rows(ids)] == expected

                filled |= {
                    column.name for _, cells in expected for column, text in zip(columns, cells, strict=True) if text
                }
        assert {whole.id, none.id} <= {one for one, _ in expected} | set(asking.ids(offices[0], Asked()))
    assert len(people.now) == 40
    assert set(BY_NAME) - filled <= {"photo", "confirmed_at"}


def test_random_questions_are_written_as_the_page_shows_them(tree, offices):
    people = populate(tree, 60)
    asker = Asker(people, seed=11, family=False)
    several = 0
    with time_machine.travel(noon(TODAY), tick=False):
        for serial in range(QUESTIONS):
            actor = offices[serial % len(offices)]
            asked = Asked(conditions.parse(asker.question()), (TODAY, PAST, FUTURE)[serial % 3])
            may = askable(actor)
            # the name among them: libraries overlook a row at the end in which nothing stands
            columns = [BY_NAME["name"], *asker.rng.sample(may[1:], asker.rng.randint(1, 9))]
            sort = Sort(asker.rng.choice([one.name for one in may if can_sort(one)]), asker.rng.random() < 0.5)
            ids = asking.ids(actor, asked, sort=sort)
            rows = [list(row.cells) for row in listing.rows(actor, asked, columns, ids)]
            kind = ExportFormat.CSV if serial % 5 == 0 else ExportFormat.XLSX

            content = written(actor, asked, columns, sort, kind)

            read = books.rows_of_csv if kind is ExportFormat.CSV else books.rows_in
            assert read(content) == [[one.label for one in columns], *rows]
            several += len(rows) > 1
        db.session.rollback()
    assert several > QUESTIONS // 3  # else nothing was compared


@pytest.mark.parametrize(
    ("secrets", "mobile", "number"),
    [(Secrets.MASKED, False, False), (Secrets.CONTACT, True, False), (Secrets.FULL, True, True)],
)
def test_numbers_are_written_as_asked_and_only_to_who_may(tree, offices, secrets, mobile, number):
    one = factories.make_member(tree["a"], mobile="13800001234", dues_base="8000.00")
    db.session.commit()
    operator, branch = offices[:2]
    fields = [BY_NAME[name] for name in ("mobile", "id_number", "dues_base")]

    [(_, texts)] = Reader(operator, fields, today(), secrets=secrets).rows([one.id])
    [(_, of_branch)] = Reader(branch, fields, today(), secrets=secrets).rows([one.id])

    tail = f"{'*' * 14}{one.id_number[-4:]}"
    assert list(texts) == [
        "13800001234" if mobile else "*******1234",
        one.id_number if number else tail,
        "8000.00" if number else "****",
    ]
    assert list(of_branch) == [texts[0], tail, ""]
