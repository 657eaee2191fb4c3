"""The first page, the notices, the one door for plain steps, and the sign of life."""

from __future__ import annotations

from collections.abc import Callable

from portal.core import notices
from portal.core.db import db
from portal.core.notices import Notice
from portal.home.service import union_name
from portal.org.models import OrgUnit, User
from portal.org.permissions import Role
from portal.org.units.names import NOT_NAMED
from tests import factories
from tests.client import DistrustfulClient, links, words

ClientOf = Callable[..., DistrustfulClient]
UserAs = Callable[..., User]


def test_stranger_learns_only_that_the_process_lives(client: DistrustfulClient) -> None:
    answer = client.get("/healthz")

    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_stranger_is_sent_to_sign_in(client: DistrustfulClient) -> None:
    answer = client.get("/")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/login")


def test_first_page_greets_and_shows_the_newest_five_notices(client_of: ClientOf, user_as: UserAs) -> None:
    user = user_as(name="陈思远")
    for number in range(1, 7):
        notices.tell([user.id], f"第 {number} 条通知")
    db.session.commit()

    page = words(client_of(user).get("/").text)

    assert [f"第 {number} 条通知" in page for number in range(1, 7)] == [False, True, True, True, True, True]
    assert "陈思远，您好" in page
    assert "6 条未读" in page


def test_a_union_without_members_is_told_what_to_do_first(
    client_of: ClientOf, user_as: UserAs, tree: dict[str, OrgUnit]
) -> None:
    technician, operator = user_as(Role.SUPER_ADMIN, tree["root"]), user_as(Role.UNION_OPERATOR, tree["root"])
    tree["root"].name = NOT_NAMED
    db.session.commit()

    hers, his = (client_of(user).get("/").text for user in (technician, operator))

    assert "写上本校工会的全称导入分工会名单 已完成请校工会操作员登录，补录已经入会的老会员" in words(hers)
    assert "补录已经入会的老会员" in words(his)
    assert [
        one for one in links(his) if one in ("/units/import", "/members/import", f"/units/{tree['root'].id}/rename")
    ]
    assert "/members/import" not in links(hers)
    assert "开始使用" not in words(client_of(user_as(Role.BRANCH_OPERATOR, tree["a"])).get("/").text)

    factories.make_member(tree["a"])
    db.session.commit()

    assert "开始使用" not in words(client_of(operator).get("/").text)


def test_someone_without_notices_is_told_so(client_of: ClientOf, user_as: UserAs) -> None:
    assert "还没有站内信" in words(client_of(user_as()).get("/").text)
    assert "还没有站内信" in words(client_of(user_as()).get("/notices").text)


def test_frame_names_union_unit_and_role(client_of: ClientOf, user_as: UserAs, tree: dict[str, OrgUnit]) -> None:
    page = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"])).get("/notices").text

    assert "<title>站内信 · 海港大学工会</title>" in page
    assert "外国语学院分工会" in words(page)
    assert "分工会操作员" in words(page)


def test_notices_come_twenty_a_page_newest_first(client_of: ClientOf, user_as: UserAs) -> None:
    user = user_as()
    for number in range(1, 23):
        notices.tell([user.id], f"通知{number:02d}。")
    db.session.commit()
    browser = client_of(user)

    first = browser.get("/notices").text
    older = [link for link in links(first) if "before=" in link]
    second = browser.get(older[0]).text

    def shown(page: str) -> list[int]:
        return [number for number in range(1, 23) if f"通知{number:02d}。" in words(page)]

    assert (len(older), shown(first), shown(second)) == (1, list(range(3, 23)), [1, 2])
    assert [link for link in links(second) if "before=" in link] == []


def test_opening_a_notice_marks_it_and_leads_to_what_it_is_about(client_of: ClientOf, user_as: UserAs) -> None:
    user = user_as()
    notices.tell([user.id], "您的申请已批准", link="/members/me")
    db.session.commit()

    answer = client_of(user).submit("/notices", action="/read")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/members/me")
    assert notices.unread_count(user.id) == 0


def test_notice_without_a_link_leads_back_to_the_list(client_of: ClientOf, user_as: UserAs) -> None:
    user = user_as()
    notices.tell([user.id], "请核对信息")
    db.session.commit()

    answer = client_of(user).submit("/notices", action="/read")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/notices")


def test_foreign_notice_looks_absent_and_stays_unread(client_of: ClientOf, user_as: UserAs) -> None:
    owner, other = user_as(), user_as()
    notices.tell([owner.id], "只给本人")
    db.session.commit()
    number = db.session.query(Notice.id).scalar()
    browser = client_of(other)

    foreign = browser.post(f"/notices/{number}/read")
    absent = browser.post("/notices/999999/read")

    assert (foreign.status_code, absent.status_code, foreign.text) == (404, 404, absent.text)
    assert notices.unread_count(owner.id) == 1


def test_step_of_no_known_workflow_is_absent(client_of: ClientOf, user_as: UserAs) -> None:
    answer = client_of(user_as()).post("/act/nothing/1/approve")

    assert answer.status_code == 404
    assert "不在您的管理范围内" in words(answer.text)


def test_house_without_units_still_has_a_name(app: object) -> None:
    assert union_name() == "工会"


def test_house_is_named_after_its_root(tree: dict[str, OrgUnit]) -> None:
    assert union_name() == "海港大学工会"
