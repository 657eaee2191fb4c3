"""Member numbers are without gaps, by approving unit and year."""

from __future__ import annotations

from portal.core.db import db
from portal.members.numbers import next_member_no


def test_numbers_count_on_within_unit_and_year(tree):
    taken = [next_member_no(tree["root"], 2026), next_member_no(tree["root"], 2026), next_member_no(tree["root"], 2027)]
    other = next_member_no(tree["a"], 2026)

    assert (taken, other) == (["GH-2026-00001", "GH-2026-00002", "GH-2027-00001"], "GH01-2026-00001")


def test_a_number_of_a_rolled_back_approval_is_given_again(tree):
    root = tree["root"]
    next_member_no(root, 2026)
    db.session.commit()
    next_member_no(root, 2026)
    db.session.rollback()

    assert next_member_no(root, 2026) == "GH-2026-00002"
