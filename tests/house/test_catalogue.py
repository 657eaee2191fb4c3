"""The catalogue agrees with the union's data dictionary and with the model, and every kind works in every consumer.

The table below is written down from the dictionary, apart from the code: number, name, who edits, who sees.
"""

from collections.abc import Iterator
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import Boolean, Date, Integer, String, inspect

from portal.core import kinds
from portal.core.codes import CodeList
from portal.core.fields import ASK, NEVER, NOW, Field, Seen
from portal.core.forms import form_class
from portal.core.kinds import Kind
from portal.members import catalogue, history, models, sight
from portal.members.catalogue import FIELD, FIELDS, NUMBERED
from tests import factories

# letters as in the dictionary: member/branch/union; N at once, A asks, - not by hand
DICTIONARY = """
 1 name               AAN open    | 2 sex                A-N open    | 3 birth_date         A-N open
 4 ethnicity          NNN open    | 5 native_place       NNN open    | 6 political_status   ANN open
 7 photo              N-- open    | 8 id_type            A-N open    | 9 id_number          A-N secret
10 household_type     NNN open    |11 household_place    NNN open    |12 staff_no           --N open
13 department         -AN open    |14 employment_form    -AN open    |15 employment_status  --- open
16 post_category      -NN open    |17 admin_duty         -NN open    |18 work_start_date    ANN open
19 school_entry_date  -NN open    |20 dues_base          --N secret  |21 is_migrant_worker  -NN open
22 education          AAN open    |23 degree             AAN open    |24 prof_title         AAN open
25 title_level        -NN open    |26 skill_level        -NN open    |27 member_no          --- open
28 join_date          --N open    |29 branch             --- open    |30 union_post         --- open
31 membership_status  --- open    |32 membership_changes --- open    |33 marital_status     NNN family
34 spouse             NNN family  |35 children_count     NNN family  |36 children           NNN family
37 family_planning    NNN family  |38 family_members     NNN family  |39 mobile             ANN masked
40 home_address       NNN masked  |41 hobbies            NNN open    |42 honors             -AN open
43 resume             ANN open    |44 remark             -NN open
"""
RIGHTS = {"N": NOW, "A": ASK, "-": NEVER}
SECTIONS = {
    "basic": 7,
    "identity": 4,
    "work": 10,
    "education": 5,
    "membership": 6,
    "family": 6,
    "contact": 4,
    "resume": 2,
}
ENCRYPTED = {
    "id_number",
    "mobile",
    "home_address",
    "dues_base",
    "family_planning_text",
    "spouse",
    "children",
    "family_members",
    "honors",
    "resume",
}
DERIVED = {Kind.AGE, Kind.BIRTHDAY, Kind.YEARS, Kind.COMPLETENESS}
TABLES_OF_THEIR_OWN = {Kind.POSTS, Kind.CHANGES}
STORED = [field for field in FIELDS if field.kind not in DERIVED | TABLES_OF_THEIR_OWN]
# columns that every version carries and that are no field of a form
INTERNAL = {"uuid", "counted_here", "retire_track", "retire_date_hr", "confirmed_at"}


def dictionary() -> Iterator[tuple[int, str, str, str]]:
    for line in DICTIONARY.strip().splitlines():
        for entry in line.split("|"):
            number, name, rights, seen = entry.split()
            yield int(number), name, rights, seen


def test_there_are_exactly_44_in_their_order() -> None:
    assert sorted(field.number for field in NUMBERED if field.number) == list(range(1, 45))
    assert [(field.number, field.name) for field in sorted(NUMBERED, key=lambda field: field.number or 0)] == [
        (number, name) for number, name, _, _ in dictionary()
    ]
    assert len(FIELD) == len(FIELDS)


def test_sections_hold_as_many_as_the_dictionary_says() -> None:
    assert {section: sum(field.section == section for field in NUMBERED) for section in catalogue.Section} == SECTIONS


def test_who_edits_and_who_sees_is_as_written_down() -> None:
    expected = {name: (*(RIGHTS[letter] for letter in rights), seen) for _, name, rights, seen in dictionary()}
    actual = {
        field.name: (field.edits.own, field.edits.branch, field.edits.union, str(field.seen)) for field in NUMBERED
    }

    assert actual == expected


def test_a_helper_field_is_seen_as_the_field_it_helps() -> None:
    helpers = [field for field in FIELDS if field.number is None and field.column is None]

    assert {field.name: (field.seen, field.edits) for field in helpers} == {
        "dispatch_company": (FIELD["employment_form"].seen, FIELD["employment_form"].edits),
        "admin_rank": (FIELD["admin_duty"].seen, FIELD["admin_duty"].edits),
        "family_planning_text": (FIELD["family_planning"].seen, FIELD["family_planning"].edits),
        "completeness": (Seen.OPEN, FIELD["member_no"].edits),
    }


def test_required_sets_are_those_of_the_dictionary() -> None:
    by_number = {field.number: field.name for field in NUMBERED}
    full = (1, 2, 3, 4, 5, 6, 8, 9, 12, 13, 14, 16, 18, 22, 29, 39, 43)

    assert set(catalogue.REQUIRED_QUICK) == {by_number[number] for number in (1, 9, 39)}
    assert set(catalogue.REQUIRED_FULL) == {by_number[number] for number in full}


def test_the_model_has_a_column_for_every_field_and_none_besides() -> None:
    for table in (models.Member.__table__, models.MemberVersion.__table__):
        named = {models.stored_name(field) for field in STORED}
        assert named <= {column.name for column in table.columns}
    assert set(models.SHARED) == {models.stored_name(field) for field in STORED} | INTERNAL


def test_what_must_not_leak_is_sealed() -> None:
    assert models.SEALED == ENCRYPTED
    assert {field.name for field in FIELDS if field.seen in (Seen.SECRET, Seen.MASKED)} <= models.SEALED


@pytest.mark.parametrize(
    "field", [field for field in STORED if field.name not in ENCRYPTED], ids=lambda field: field.name
)
def test_every_column_is_of_the_type_and_length_of_its_field(field: Field) -> None:
    column = inspect(models.Member).columns[field.column_name]

    if field.kind in (Kind.DATE, Kind.MONTH):
        assert isinstance(column.type, Date)
    elif field.kind is Kind.BOOL:
        assert isinstance(column.type, Boolean)
        assert column.nullable
    elif field.kind in (Kind.INTEGER, Kind.UNIT, Kind.PHOTO):
        assert isinstance(column.type, Integer)
    elif field.kind is Kind.CHOICE:
        assert isinstance(column.type, String)
        assert (column.type.length or 0) >= max(len(code) for code, _ in kinds.options_of(field))
    elif field.kind is not Kind.MULTI_CHOICE:
        assert isinstance(column.type, String)
        assert (column.type.length or 0) >= (field.max_length or 20)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_field_is_described_in_full(field: Field) -> None:
    chooses = field.kind in (Kind.CHOICE, Kind.MULTI_CHOICE)
    has_rows = field.kind in (Kind.ROWS, Kind.COMPOSITE)

    assert field.label
    assert not chooses or kinds.options_of(field)
    assert bool(field.rows) == has_rows
    assert field.kind is not Kind.ROWS or field.max_rows
    assert field.kind not in (Kind.TEXT, Kind.LONG_TEXT, Kind.PLACE) or field.max_length
    assert field.kind is not Kind.PLACE or isinstance(field.options, CodeList)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_what_anyone_may_edit_has_an_input_and_nothing_else_is_asked(field: Field) -> None:
    by_hand = {field.edits.own, field.edits.branch, field.edits.union} != {NEVER}
    pages = Flask("pages")
    pages.secret_key = "a key for tests only"

    if by_hand:
        with pages.test_request_context("/"):
            assert [one.name for one in form_class("One", [field])() if one.name != "csrf_token"] == [field.name]
    else:
        assert field.name in {
            "employment_status",
            "member_no",
            "branch",
            "union_post",
            "membership_status",
            "membership_changes",
            "age",
            "birthday",
            "membership_years",
            "completeness",
        }


def test_a_document_within_rows_is_shown_by_its_tail_wherever_it_is_shown() -> None:
    number = factories.id_number(birth=date(2015, 6, 1), sex="2", serial=88)
    pages = Flask("pages")
    pages.secret_key = "a key for tests only"
    fields = [field for field in FIELDS if any(column.kind is Kind.ID_NUMBER for column in field.rows)]

    for field in fields:
        [column] = [column for column in field.rows if column.kind is Kind.ID_NUMBER]
        value = [{column.name: number}]
        with pages.test_request_context("/"):
            form = form_class("One", [field])(data={field.name: value})
            typed = form[field.name].entries[0].form[column.name]()
        texts = [typed, sight.shown(field, value, sight.Sight.FULL), sight.shown(field, value, sight.Sight.MASKED)]
        texts += [cell for cells in sight.cells(field, value) for cell in cells]
        assert [number in text for text in texts] == [False] * len(texts)
        assert f'value="**************{number[-4:]}"' in typed
        assert number[-4:] in texts[1]
        assert history.traced(field.name, None, value) == ("", history.CHANGED)
    assert [field.name for field in fields] == ["children"]


def test_completeness_counts_the_44_and_takes_none_as_an_answer() -> None:
    values: dict[str, object] = {
        "name": "张三",
        "family_members": [],
        "children_count": 0,
        "is_migrant_worker": False,
        "resume": None,
        "remark": "",
        "admin_rank": "0",
    }

    assert catalogue.completeness(values.get) == 4
    assert catalogue.completeness(lambda name: "filled") == 44
