"""What a personnel office sends each month is imported as it is: its columns are explained once, and never again."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select

from portal.core import kinds
from portal.core.db import db
from portal.joining.models import Application, ApplicationState
from portal.members.importing.models import ColumnMapping, Import, ImportState
from portal.members.models import Member
from tests import factories
from tests.client import links, words
from tests.factories import Person, a_person
from tests.members.importing.hr_file import FIRST_ROW, MAPPING, hr_file, numbers_of

AT = ("教务处", "机械工程学院", "后勤处")  # three people each, in the file of September


@pytest.fixture
def page(client_of, union):
    """The browser of the union's operator."""
    return client_of(union)


@pytest.fixture
def departments(page, tree) -> None:
    """The departments of HR that no branch is named after, as the operator has pasted them."""
    pasted = "部门\t分工会\n教务处\tGH01\n后勤处\t机械工程学院分工会\n"
    page.submit(f"/units/{tree['root'].id}/departments", {"pasted": pasted}, action="paste")


def send(page, people: Sequence[Person], *, month: int):
    """Upload HR's file of the month by the page and return the answer."""
    return page.submit("/members/import", {"file": (io.BytesIO(hr_file(people, month=month)), f"{month}月花名册.xlsx")})


def explain(page, answer):
    """Choose for each column that is asked about what it is, and return the answer."""
    said = {one["heading"]: number for number, one in enumerate(the_import(answer).said["columns"])}
    chosen = {f"field{said[heading]}": field or "" for heading, field in MAPPING.items()}
    return page.submit(answer.location, chosen, action="columns")


def the_import(answer) -> Import:
    number = re.search(r"/members/import/(\d+)", answer.location)
    assert number, answer.location
    return db.session.get_one(Import, int(number[1]))


def counts(answer) -> dict[str, int]:
    """Return how many rows have which verdict, without those that nobody has."""
    return {name: number for name, number in the_import(answer).counts.items() if number and name != "warned"}


def take_in(page, answer) -> None:
    done = page.submit(answer.location, action="commit", follow_redirects=True)
    assert "导入完成" in words(done.text)
    assert the_import(answer).state is ImportState.IMPORTED


def said_of(person: Person, department: str, *, serial: int) -> dict[str, object]:
    """Return what the row with this 序号 says, as the catalogue keeps it."""
    kept = ("name", "sex", "birth_date", "id_type", "id_number", "staff_no", "mobile", "work_start_date")
    said = {name: person.values[name] for name in kept} | {
        "department": department, "ethnicity": "01", "political_status": "13", "employment_form": "1",
        "post_category": "1", "education": "21",
    }  # fmt: skip
    said |= {} if serial % 2 else {"degree": "4"}  # the cell holds nothing
    return said | ({} if serial % 3 else {"prof_title": "013", "title_level": "420"})  # or a stroke


def test_a_list_from_hr_is_imported_after_one_mapping_and_the_next_month_without_any(page, tree, departments):
    people = [a_person() for _ in range(9)]
    old = {"mobile": "13755550000", "education": "31", "ethnicity": "02", "department": "旧部门"}
    known = {
        place: factories.make_member(tree[unit], **people[place].values | old) for place, unit in ((0, "a"), (4, "b"))
    }
    db.session.commit()

    asked = send(page, people, month=9)
    assert asked.location.endswith("/columns")
    preview = explain(page, asked)
    assert counts(preview) == {"new": 7, "update": 2}
    take_in(page, preview)

    rows = {
        person.id_number: (AT[place // 3], row - FIRST_ROW + 1)
        for place, (person, row) in enumerate(zip(people, numbers_of(people), strict=True))
    }
    forms = {form.data["id_number"]: form for form in db.session.scalars(select(Application))}
    strangers = [person for place, person in enumerate(people) if place not in known]
    assert set(forms) == {person.id_number for person in strangers}
    for person in strangers:
        department, serial = rows[person.id_number]
        form = forms[person.id_number]
        assert form.data == kinds.plain(said_of(person, department, serial=serial))
        assert (form.state, form.unit) == (ApplicationState.SUBMITTED, tree["a" if department == "教务处" else "b"])
    for place, member in known.items():
        department, serial = rows[people[place].id_number]
        said = said_of(people[place], department, serial=serial)
        assert {name: getattr(member, name) for name in said} == said
        assert member.marital_status == "20"

    # October: two have come, one has left, and one of the members has another phone
    fresh = [a_person() for _ in range(2)]
    people[4].values["mobile"] = "13766660000"
    october = [*people[:3], fresh[0], *people[3:6], fresh[1], *people[6:8]]
    again = send(page, october, month=10)

    assert re.fullmatch(r"/members/import/\d+", again.location)
    assert counts(again) == {"new": 2, "update": 2, "unchanged": 1, "duplicate": 6}
    take_in(page, again)
    assert known[4].mobile == "13766660000"
    added = [form for form in db.session.scalars(select(Application)) if form.data["id_number"] not in forms]
    assert {form.data["id_number"]: form.unit for form in added} == {
        fresh[0].id_number: tree["a"], fresh[1].id_number: tree["b"],
    }  # fmt: skip
    assert db.session.scalar(select(func.count()).select_from(ColumnMapping)) == 1
    assert db.session.scalar(select(func.count()).select_from(Member)) == 2


def test_departments_that_belong_to_no_branch_are_named_once_with_the_way_out(page, tree):
    people = [a_person() for _ in range(9)]

    preview = explain(page, send(page, people, month=9))

    shown = page.get(preview.location).text
    assert counts(preview) == {"new": 3, "error": 6}
    assert "有 2 个部门还没有对应的分工会：教务处、后勤处" in words(shown)
    assert f"/units/{tree['root'].id}/departments" in links(shown)
    refused = page.submit(preview.location, action="commit")
    assert refused.status_code == 422

    pasted = "教务处\tGH01\n后勤处\tGH02\n"
    page.submit(f"/units/{tree['root'].id}/departments", {"pasted": pasted}, action="paste")
    again = send(page, people, month=9)

    assert counts(again) == {"new": 9}
    assert "还没有对应的分工会" not in words(page.get(again.location).text)
