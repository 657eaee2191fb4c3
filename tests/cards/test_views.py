"""The card on its holder's phone, and what a stranger reads who scans it."""

from __future__ import annotations

import re
from datetime import date

import pytest

from portal.cards import service
from portal.core.actors import SHELL
from portal.core.db import db
from portal.members import history
from portal.members.enums import MembershipStatus
from tests import factories
from tests.client import links, words


@pytest.fixture
def member(tree):
    one = factories.make_member(tree["a"], **factories.canaries().values, join_date=date(2020, 9, 1))
    db.session.commit()
    return one


def end(member, status=MembershipStatus.EXPELLED):
    history.write(member, {"membership_status": status.value}, SHELL, reason="测试")
    db.session.commit()


def test_the_card_names_unit_holder_number_day_and_standing(client_of, member):
    page = client_of(member.user).get("/card")

    text = words(page.text)
    for word in ("海港大学工会", "外国语学院分工会", member.name, member.member_no, "2020年9月1日", "有效"):
        assert word in text
    assert 'src="/card/code.svg"' in page.text
    assert "/card" in links(page.text)  # the menu leads here


def test_without_a_script_the_page_comes_anew_before_the_code_grows_old(client_of, member):
    page = client_of(member.user).get("/card")

    assert re.findall(r'<noscript><meta http-equiv="refresh" content="(\d+)"></noscript>', page.text) == ["25"]


def test_someone_without_a_record_is_told_so(client_of, user_as):
    browser = client_of(user_as())

    assert "您还没有电子会员证" in words(browser.get("/card").text)
    assert browser.get("/card/code.svg").status_code == 404


def test_a_stranger_is_sent_to_the_sign_in(client):
    assert client.get("/card").location == "/login?next=/card"
    assert client.get("/card/code.svg").location.startswith("/login")


def test_a_membership_that_has_ended_has_a_card_without_code(client_of, member):
    end(member)
    browser = client_of(member.user)

    page = browser.get("/card")

    assert "会籍已结束，电子会员证停用" in words(page.text)
    assert "code.svg" not in page.text
    assert browser.get("/card/code.svg").status_code == 404


def test_the_code_is_never_kept(client_of, member):
    answer = client_of(member.user).get("/card/code.svg")

    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("image/svg+xml", "no-store")
    assert answer.text.startswith("<?xml")


def test_whoever_scans_it_reads_the_standing_and_nothing_of_the_holder(client, member):
    answer = client.get(f"/verify/{service.token(member)}")

    text = words(answer.text)
    assert answer.status_code == 200
    assert "有效 会员证有效" in text
    canaries = [member.name, member.member_no, member.staff_no, member.mobile, member.unit.name, member.uuid]
    assert [word for word in canaries if word in answer.text] == []


@pytest.mark.parametrize(
    ("status", "says"),
    [("retained", "保留会籍（证件停用）"), ("expelled", "无效"), ("deceased", "无效")],
)
def test_a_change_of_standing_shows_at_the_next_scan(client, member, status, says):
    address = f"/verify/{service.token(member)}"
    assert "<h1>有效</h1>" in client.get(address).text

    end(member, MembershipStatus(status))

    assert f"<h1>{says}</h1>" in client.get(address).text


def test_all_that_is_not_good_gets_the_same_page(client, member):
    good = service.token(member)
    end(member)
    bad = [good, "A" * 48, good[:-1], "x", "a/b/c", "会员", "%00", f"{good}%20", f"{good}="]

    answers = [client.get(f"/verify/{one}") for one in bad]

    assert {answer.status_code for answer in answers} == {200}
    assert len({re.sub(r"核验时间 [-\d: ]+", "", answer.text) for answer in answers}) == 1
    assert "<h1>无效</h1>" in answers[0].text


def test_guessing_is_slowed_down(client):
    answers = [client.get("/verify/x").status_code for _ in range(241)]

    assert (answers[239], answers[240]) == (200, 429)
