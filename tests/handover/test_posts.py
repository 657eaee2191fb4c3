"""Posts with their terms: listed, given, ended, a whole term at once; and the offices that come and go with them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from portal.core import audit, notices
from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import DomainError
from portal.handover.posts import service
from portal.handover.posts.models import PostGrant
from portal.members.enums import PostKind
from portal.members.models import Member, UnionPost
from portal.org.models import Grant, OrgUnit
from portal.org.permissions import Role
from tests import factories
from tests.client import words


@pytest.fixture
def members(tree, people) -> dict[str, Member]:
    """Two members of branch a, one of b; two are called the same."""
    made = {
        "wu": factories.make_member(tree["a"], name="吴一"),
        "zheng": factories.make_member(tree["a"], name="郑二"),
        "same": factories.make_member(tree["a"], name="王同名"),
        "other": factories.make_member(tree["b"], name="王同名"),
    }
    db.session.commit()
    return made


def wanted(member: Member, unit: OrgUnit, kind: PostKind = PostKind.BRANCH_CHAIR, **days: date) -> service.Wanted:
    return service.Wanted(member, kind, unit, "", "第八届", days.get("starts", today()), days.get("ends"))


def posts() -> list[tuple[str, str, str, str, date, date | None]]:
    rows = db.session.scalars(select(UnionPost).order_by(UnionPost.id))
    return [(post.member.name, post.kind.label, post.unit.code, post.term, post.starts, post.ends) for post in rows]


def live(member: Member) -> list[tuple[Role, str]]:
    assert member.user is not None
    return [(grant.role, grant.unit.code) for grant in member.user.live_grants]


def test_given_on_its_page_with_the_office(people, tree, members, client_of) -> None:
    browser = client_of(people["operator"])
    form = {"member": str(members["wu"].staff_no), "kind": "04", "unit": "外国语学院分工会", "term": "第八届"}

    answer = browser.submit("/posts/new", form)

    assert "已登记吴一的职务" in words(browser.get(answer.location).text)
    assert posts() == [("吴一", "分工会主席", "GH01", "第八届", today(), None)]
    assert live(members["wu"]) == [(Role.BRANCH_CHAIR, "GH01")]
    post = db.session.scalars(select(UnionPost)).one()
    assert [event.action for event in audit.events_of(post)] == ["post.give"]
    titles = [notice.title for notice in notices.of(members["wu"].user_id)]
    assert "您任外国语学院分工会分工会主席" in titles


REFUSED = [
    ({"member": "王同名"}, "有不止一位会员叫“王同名”，请改填工号或会员证号"),
    ({"member": "没有此人"}, "您的管理范围内没有会员“没有此人”"),
    ({"unit": "外国"}, "您的管理范围内没有单位“外国”"),
    ({"unit": "GH"}, "海港大学工会（基层工会）不设分工会主席"),
    ({"unit": "GH03"}, "已撤销分工会已停用"),
    ({"kind": "99"}, "请选择职务"),
    ({"ends": "2020-01-01"}, "任职截止日期不能早于起始日期"),
    ({"starts": "1900-01-01"}, "任职起始日期不合理"),
]


@pytest.mark.parametrize(("typed", "sentence"), REFUSED, ids=[sentence for _, sentence in REFUSED])
def test_refused_with_a_sentence(people, tree, members, client_of, typed: dict[str, str], sentence: str) -> None:
    form = {"member": "吴一", "kind": "04", "unit": "GH01", "term": "第八届"} | typed

    answer = client_of(people["operator"]).post("/posts/new", data={"starts": today().isoformat()} | form)

    assert (answer.status_code, posts()) == (422, [])
    assert sentence in words(answer.text)
    assert 'value="第八届"' in answer.text


def test_a_unit_has_one_chair_at_a_time(people, tree, members) -> None:
    service.give(people["operator"], wanted(members["wu"], tree["a"]), with_office=True)

    with pytest.raises(DomainError, match="吴一在这段时间任外国语学院分工会分工会主席，请先结束其任职"):
        service.give(people["operator"], wanted(members["zheng"], tree["a"]), with_office=True)


def test_an_office_beyond_the_actor_is_not_given(people, tree, members) -> None:
    """A union's operator may write down who is chair; the account's right is not hers to give."""
    post, why = service.give(
        people["operator"], wanted(members["wu"], tree["root"], PostKind.UNION_CHAIR), with_office=True
    )

    assert why == "校工会主席的账号职责不由您设置，请由上级办理"
    assert (service.grant_of(post), live(members["wu"])) == (None, [])


def test_a_foreign_post_is_absent(people, tree, members, user_as, client_of, monkeypatch) -> None:
    post, _ = service.give(people["operator"], wanted(members["other"], tree["b"]), with_office=False)
    db.session.commit()
    clerk = user_as(Role.UNIT_ADMIN, tree["a"], name="韩外人")

    assert client_of(clerk).get(f"/posts/{post.id}/end").status_code == 404
    assert "王同名" not in words(client_of(clerk).get("/posts/?standing=").text)
    assert "王同名" in words(client_of(people["operator"]).get("/posts/?standing=").text)


@pytest.mark.parametrize("days", [0, 12])
def test_the_office_ends_with_the_post(people, tree, members, client_of, days: int) -> None:
    post, _ = service.give(people["operator"], wanted(members["wu"], tree["a"]), with_office=True)
    db.session.commit()
    on = today() + timedelta(days=days)

    browser, path = client_of(people["operator"]), f"/posts/{post.id}/end"
    assert "随职务授予的账号职责分工会主席·外国语学院分工会" in words(browser.get(path).text)

    browser.submit(path, {"on": on.isoformat()}, action="end")

    grant = db.session.scalars(select(Grant).join(PostGrant)).one()
    assert post.ends == on
    assert (grant.revoked_at is not None, grant.ends) == ((True, None) if days == 0 else (False, on))
    assert live(members["wu"]) == ([] if days == 0 else [(Role.BRANCH_CHAIR, "GH01")])


def test_an_end_that_cannot_be(people, tree, members, client_of) -> None:
    ends = today() + timedelta(days=30)
    post, _ = service.give(people["operator"], wanted(members["wu"], tree["a"], ends=ends), with_office=True)
    db.session.commit()
    browser, path = client_of(people["operator"]), f"/posts/{post.id}/end"

    early = browser.submit(path, {"on": (today() - timedelta(days=1)).isoformat()}, action="end")
    late = browser.submit(path, {"on": (ends + timedelta(days=1)).isoformat()}, action="end")

    assert "最后一天不能早于任职起始日期" in words(early.text)
    assert "随职务授予的账号职责" in words(early.text)
    assert "就结束，最后一天不能更晚" in words(late.text)
    assert db.session.scalars(select(UnionPost.ends)).one() == ends


def test_the_list_is_cut_to_unit_kind_term_and_standing(people, tree, members, client_of) -> None:
    give, operator = service.give, people["operator"]
    give(operator, wanted(members["wu"], tree["a"]), with_office=False)
    give(operator, wanted(members["other"], tree["b"], PostKind.GROUP_LEADER), with_office=False)
    past = {"starts": today() - timedelta(days=50), "ends": today() - timedelta(days=9)}
    give(operator, wanted(members["zheng"], tree["a"], PostKind.DELEGATE, **past), with_office=False)
    db.session.commit()
    browser = client_of(operator)

    found = {
        query: [name in words(browser.get(f"/posts/?{query}").text) for name in ("吴一", "王同名", "郑二")]
        for query in ("", "standing=", "standing=past", "standing=&unit=GH02", "kind=04&standing=", "standing=&term=x")
    }

    assert found == {
        "": [True, True, False],
        "standing=": [True, True, True],
        "standing=past": [False, False, True],
        "standing=&unit=GH02": [False, True, False],
        "kind=04&standing=": [True, False, False],
        "standing=&term=x": [False, False, False],
    }


# --- a whole term -----------------------------------------------------------------------------------------------------


def test_a_whole_term_is_seen_first_and_written_in_one_batch(people, tree, members, client_of) -> None:
    before = today() - timedelta(days=900)
    old, _ = service.give(people["operator"], wanted(members["wu"], tree["a"], starts=before), with_office=True)
    db.session.commit()
    browser = client_of(people["operator"])
    lines = f"郑二\t分工会主席\tGH01\n吴一，分工会副主席，外国语学院分工会\n{members['same'].staff_no} 教代会代表"
    form = {"term": "第九届", "starts": today().isoformat(), "lines": lines, "ends_others": "y"}

    seen = browser.post("/posts/term", data=form | {"act": "preview"})
    number = len(posts())
    answer = browser.post("/posts/term", data=form | {"act": "write"})

    assert "结束吴一的原任" in words(seen.text)
    assert number == 1
    assert answer.status_code == 302
    yesterday = today() - timedelta(days=1)
    assert posts() == [
        ("吴一", "分工会主席", "GH01", "第八届", before, yesterday),
        ("郑二", "分工会主席", "GH01", "第九届", today(), None),
        ("吴一", "分工会副主席", "GH01", "第九届", today(), None),
        ("王同名", "教代会代表", "GH", "第九届", today(), None),
    ]
    assert (live(members["wu"]), live(members["zheng"])) == ([], [(Role.BRANCH_CHAIR, "GH01")])
    event = audit.AuditEvent
    batches = db.session.scalars(
        select(event.batch_id).where(event.action.in_(("post.give", "post.end")), event.batch_id.is_not(None))
    ).all()
    assert (len(batches), len(set(batches))) == (4, 1)
    assert old.ends == yesterday


def test_one_wrong_line_keeps_all_out_and_the_others_are_still_seen(people, tree, members, client_of) -> None:
    lines = "郑二 分工会主席 GH01\n王同名 分工会委员 GH01\n吴一 大总管 GH01\n吴一 分工会主席 GH01\n吴一"
    form = {"term": "第九届", "starts": today().isoformat(), "lines": lines}

    answer = client_of(people["operator"]).post("/posts/term", data=form | {"act": "write"})

    text = words(answer.text)
    assert (answer.status_code, posts()) == (422, [])
    assert "第 2、3、4、5 行有错误，请改好后再保存；现在什么都没有保存" in text
    assert "有不止一位会员叫“王同名”" in text
    assert "没有职务“大总管”" in text
    assert "与第 1 行重复：外国语学院分工会分工会主席" in text
    assert "应有姓名或工号、职务、单位" in text
    assert db.session.scalar(select(func.count()).select_from(PostGrant)) == 0


def test_a_chair_who_stays_keeps_her_office_into_the_next_term(people, tree, members, client_of) -> None:
    service.give(people["operator"], wanted(members["wu"], tree["a"]), with_office=True)
    db.session.commit()
    starts = today() + timedelta(days=30)
    form = {"term": "第九届", "starts": starts.isoformat(), "lines": "吴一 分工会主席 GH01", "ends_others": "y"}

    client_of(people["operator"]).post("/posts/term", data=form | {"act": "write"})

    terms = [(grant.starts, grant.ends) for grant in members["wu"].user.grants]
    assert terms == [(today(), starts - timedelta(days=1)), (starts, None)]
