"""The tables keep what the catalogue names, and nothing that must not leak in clear."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal.core.actors import SHELL
from portal.core.db import db
from portal.members import history
from portal.members.catalogue import FIELDS
from portal.members.models import SEALED, SHARED, Member, MemberVersion, stored_name
from tests import factories

WITHOUT_COLUMN = {"union_post", "membership_changes", "completeness"}


def test_every_field_has_its_column_in_both_tables():
    wanted = {stored_name(field) for field in FIELDS if field.name not in WITHOUT_COLUMN}

    assert {name for name in wanted if name not in SHARED} == set()
    assert {name for name in wanted if not hasattr(Member, name) or not hasattr(MemberVersion, name)} == set()


def test_columns_are_long_enough_for_what_the_catalogue_admits():
    longest = {field.name: field.max_length for field in FIELDS if field.max_length and field.name not in SEALED}

    too_short = {
        name for name, most in longest.items() if name in SHARED and Member.__table__.c[name].type.length < most
    }

    assert too_short == set()


def test_sealed_columns_are_unreadable_in_both_tables_and_readable_from_both(tree):
    person = factories.a_person(
        home_address="海港区迎宾路金丝雀小区", family_members=[{"relation": "51", "name": "父金丝雀"}]
    )
    member = history.begin(person.values, tree["a"], SHELL, reason="入会")
    db.session.commit()

    raw = b"".join(
        value if isinstance(value, bytes) else str(value).encode()
        for table in ("members", "member_versions")
        for row in db.session.execute(text(f"SELECT * FROM {table}"))
        for value in row
    )

    for canary in (person.id_number, person.values["mobile"], "金丝雀"):
        assert canary.encode() not in raw
    version = history.present_version(member)
    for row in (member, version):
        assert (row.id_number, row.mobile) == (person.id_number, person.values["mobile"])
        assert (row.home_address, row.family_members[0]["name"]) == ("海港区迎宾路金丝雀小区", "父金丝雀")
    assert version.id_number_sealed == member.id_number_sealed


def test_one_document_is_one_member(tree):
    person = factories.a_person()
    history.begin(person.values, tree["a"], SHELL, reason="入会")

    with pytest.raises(IntegrityError, match=r"uq_members_document|members.id_type"):
        history.begin(person.values | {"staff_no": None}, tree["b"], SHELL, reason="入会")
    db.session.rollback()


def test_two_members_without_staff_number_are_no_conflict(tree):
    members = [
        history.begin(factories.a_person(staff_no="待发工号").values, tree["a"], SHELL, reason="入会") for _ in range(2)
    ]

    assert [member.staff_no for member in members] == [None, None]
