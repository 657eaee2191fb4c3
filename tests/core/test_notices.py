"""站内信: rows for people, each once, each only for its own reader."""

import pytest

from portal.core import notices
from portal.core.db import db
from portal.core.errors import Absent


def test_each_person_is_told_once(user_as) -> None:
    one, other = user_as(), user_as()

    notices.tell([one.id, other.id, one.id], "新的入会申请", link="/joining/1")
    db.session.commit()

    assert [(notice.title, notice.body, notice.link) for notice in notices.of(one.id)] == [
        ("新的入会申请", "", "/joining/1")
    ]
    assert (notices.unread_count(one.id), notices.unread_count(other.id)) == (1, 1)


def test_one_reads_only_ones_own(user_as) -> None:
    one, other = user_as(), user_as()
    notices.tell([one.id], "给您的")
    db.session.commit()
    number = notices.of(one.id)[0].id

    with pytest.raises(Absent):
        notices.mark_read(other.id, number)
    with pytest.raises(Absent):
        notices.mark_read(other.id, number + 1)
    notices.mark_read(one.id, number)
    db.session.commit()

    assert notices.unread_count(one.id) == 0


def test_the_newest_stand_first_and_older_ones_follow(user_as) -> None:
    reader = user_as()
    for number in range(5):
        notices.tell([reader.id], f"第 {number} 封")
    db.session.commit()

    newest = notices.of(reader.id, limit=2)
    older = notices.of(reader.id, limit=2, before=newest[-1].id)

    assert [notice.title for notice in newest + older] == ["第 4 封", "第 3 封", "第 2 封", "第 1 封"]


def test_a_notice_is_read_on_its_page_and_leads_on(user_as, client_of) -> None:
    reader = user_as()
    notices.tell([reader.id], "您的入会申请已批准", link="/notices")
    db.session.commit()
    number = notices.of(reader.id)[0].id
    browser = client_of(reader)
    assert "您的入会申请已批准" in browser.get("/notices").text

    answer = browser.post(f"/notices/{number}/read")

    assert (answer.status_code, answer.location) == (302, "/notices")
    assert notices.unread_count(reader.id) == 0


def test_anothers_notice_is_absent(user_as, client_of) -> None:
    reader, other = user_as(), user_as()
    notices.tell([reader.id], "只给一个人的话")
    db.session.commit()
    number = notices.of(reader.id)[0].id
    browser = client_of(other)

    answers = [browser.post(f"/notices/{which}/read") for which in (number, number + 1000)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert "只给一个人的话" not in browser.get("/notices").text
    assert notices.unread_count(reader.id) == 1
