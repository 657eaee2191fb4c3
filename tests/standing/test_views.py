"""The pages: from the member's page to a change, what is refused there, the list, many at once, the papers."""

from __future__ import annotations

from portal.core.calendar import today
from portal.core.db import db
from portal.members import cases
from portal.org.permissions import Role
from portal.standing import listing
from portal.standing.models import ChangeKind as K
from portal.standing.models import StandingChange
from portal.standing.models import StandingState as S
from portal.standing.workflow import STANDING
from tests import doors, factories


def the_change() -> StandingChange:
    """The only change there is."""
    return db.session.scalars(db.select(StandingChange)).one()


def test_a_branch_asks_from_the_members_page_and_the_union_agrees_to_all_it_has_ticked(tree, user_as, client_of):
    member = factories.make_member(tree["a"])
    db.session.commit()
    number = member.id
    branch = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))
    union = client_of(user_as(Role.UNION_OPERATOR, tree["root"]))

    page = branch.get(f"/members/{number}").text
    answer = branch.post(
        f"/standing/retire/{number}",
        data={
            "kind": "retire", "on": today().isoformat(), "note": "到龄",
            "paper": (doors.scan(), "retire.jpg"), "paper_name": "退休审批表",
        },
    )  # fmt: skip

    item = the_change()
    assert [f'href="/standing/{way}/{number}"' in page for way in ("retire", "leave", "other")] == [True] * 3
    assert (answer.status_code, answer.location) == (302, f"/standing/{item.id}")
    assert (item.kind, item.state, item.data) == (K.RETIRE, S.SUBMITTED, {"note": "到龄"})
    assert [(paper.name, paper.upload.kind) for paper in item.papers] == [("退休审批表", "scan_jpg")]
    waits = branch.get(f"/members/{number}").text
    assert f'办理中</span> <a href="/standing/{item.id}">退休' in waits

    home, listed = union.get("/").text, union.get("/standing/").text
    asked = union.get(f"/standing/agree?id={item.id}").text
    done = union.post("/standing/agree", data={"ids": str(item.id)}).text

    assert 'href="/standing/?state=todo"' in home
    assert f'name="id" value="{item.id}"' in listed
    assert "同意 1 件会籍变动" in asked
    assert "已同意 1 件" in done
    db.session.expire_all()
    assert (the_change().state, the_change().member.membership_status) == (S.DONE, "retained")
    opened = branch.post(f"/standing/papers/{item.papers[0].id}")
    assert (opened.status_code, opened.mimetype) == (200, "image/jpeg")


def test_a_refusal_names_the_input_and_keeps_what_was_typed(tree, user_as, client_of):
    member = factories.make_member(tree["a"])
    db.session.commit()
    browser = client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))

    answer = browser.post(
        f"/standing/leave/{member.id}", data={"kind": "leave", "on": "2020-01-01", "employer": "山海大学"}
    )

    assert answer.status_code == 422
    assert "生效日期不能早于" in answer.text
    assert 'value="山海大学"' in answer.text
    assert db.session.scalars(db.select(StandingChange)).all() == []


def test_the_union_asks_and_agrees_in_one_page(tree, user_as, client_of):
    member = factories.make_member(tree["a"])
    db.session.commit()
    browser = client_of(user_as(Role.UNION_OPERATOR, tree["root"]))

    page = browser.get(f"/standing/other/{member.id}").text
    browser.post(f"/standing/other/{member.id}?kind=army", data={"on": today().isoformat(), "agree": "1"})

    assert [label in page for label in ("服兵役", "开除会籍", "退会")] == [True] * 3
    assert (the_change().state, the_change().kind) == (S.DONE, K.ARMY)


def test_what_was_returned_is_mended_and_sent_again(tree, user_as, client_of):
    operator = user_as(Role.BRANCH_OPERATOR, tree["a"])
    member = factories.make_member(tree["a"])
    db.session.commit()
    browser = client_of(operator)
    browser.post(
        f"/standing/leave/{member.id}",
        data={"kind": "leave", "on": today().isoformat(), "employer": "山海大学", "union": "山海大学工会"},
    )
    STANDING.fire(the_change(), "return", user_as(Role.UNION_OPERATOR, tree["root"]), comment="请写全称")
    db.session.commit()
    number = the_change().id

    page = browser.get(f"/standing/{number}/resubmit").text
    browser.post(
        f"/standing/{number}/resubmit",
        data={"on": today().isoformat(), "employer": "山海关大学", "union": "山海关大学工会"},
    )

    assert 'value="山海大学工会"' in page
    db.session.expire_all()
    assert the_change().state is S.SUBMITTED
    assert the_change().data == {"employer": "山海关大学", "union": "山海关大学工会"}


def test_an_expulsion_is_proposed_decided_and_filed_and_hidden_from_the_branch(tree, user_as, client_of):
    member = factories.make_member(tree["a"])
    db.session.commit()
    operator, chair = user_as(Role.UNION_OPERATOR, tree["root"]), user_as(Role.UNION_CHAIR, tree["root"])
    union, branch = client_of(operator), client_of(user_as(Role.BRANCH_OPERATOR, tree["a"]))

    union.post(f"/standing/other/{member.id}?kind=expel", data=factories.FACTS[K.EXPEL] | {"on": today().isoformat()})

    item = the_change()
    hers, others = branch.get(f"/members/{member.id}").text, union.get(f"/members/{member.id}").text
    assert ("开除会籍" in hers, "开除会籍" in others) == (False, True)
    assert "共 0 条" in branch.get("/standing/?state=all").text
    assert branch.get(f"/standing/{item.id}").status_code == 404
    STANDING.fire(item, "decide", chair)
    db.session.commit()
    union.post(f"/standing/{item.id}/file-number", data={"filing_no": "秦工备〔2026〕3号"})
    db.session.expire_all()
    assert (the_change().state, the_change().filing_no) == (S.DONE, "秦工备〔2026〕3号")


def test_counts_and_todo_are_those_of_the_list(tree, user_as):
    for state in S:
        factories.make_standing(tree["a"], state)
    factories.make_standing(tree["b"], kind=K.LAPSE)
    people = {
        "branch": user_as(Role.BRANCH_OPERATOR, tree["a"]),
        "union": user_as(Role.UNION_OPERATOR, tree["root"]),
        "chair": user_as(Role.UNION_CHAIR, tree["root"]),
        "other": user_as(Role.BRANCH_OPERATOR, tree["b"]),
    }

    todos = {name: [todo.count for todo in listing.todo(user)] for name, user in people.items()}
    rows = {name: listing.listing(user, listing.Filters(), 1)[1] for name, user in people.items()}
    everything = {name: listing.listing(user, listing.Filters("all"), 1)[1] for name, user in people.items()}

    assert todos == {"branch": [1], "union": [1], "chair": [2], "other": []}
    assert rows == {"branch": 1, "union": 1, "chair": 2, "other": 0}
    assert everything == {"branch": 6, "union": 7, "chair": 7, "other": 1}


def test_a_reported_death_silences_at_once(tree):
    item = factories.make_standing(tree["a"], kind=K.DEATH)
    other = factories.make_standing(tree["a"])

    assert cases.reported_dead([item.member_id, other.member_id]) == {item.member_id}
