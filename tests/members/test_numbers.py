"""Member numbers are without gaps, by approving unit and year."""

from __future__ import annotations

from portal.core.db import db
from portal.members.numbers import given_in, keep_clear, next_member_no, scope_of, take, values_of


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


def test_numbers_of_several_series_are_taken_at_once_each_after_its_last(tree):
    next_member_no(tree["root"], 2026)

    taken = take({("GH01", 2025): 1, ("GH", 2026): 2})

    assert taken == {("GH01", 2025): ["GH01-2025-00001"], ("GH", 2026): ["GH-2026-00002", "GH-2026-00003"]}
    assert take({("GH", 2026): 1, ("GH01", 2025): 1}) == {
        ("GH", 2026): ["GH-2026-00004"], ("GH01", 2025): ["GH01-2025-00002"]
    }  # fmt: skip


def test_a_series_goes_on_behind_numbers_that_were_given_elsewhere(tree):
    keep_clear(given_in(["GH-2026-00007", "GH-2026-00005", "老证-1"]))

    assert next_member_no(tree["root"], 2026) == "GH-2026-00008"
    keep_clear({scope_of("GH", 2026): 3})
    assert values_of([scope_of("GH", 2026), scope_of("GH", 2027)]) == {"member_no:GH:2026": 8, "member_no:GH:2027": 0}
