"""Two who take away the last two of an office at the same moment: one of them is told that somebody must stay."""

from __future__ import annotations

from sqlalchemy import select

from portal.core.calendar import today
from portal.core.db import db
from portal.org.models import Grant, User
from portal.org.permissions import Role
from tests.client import words
from tests.faults.test_at_once import at_once

ROUNDS = 3


def live(role: Role) -> list[str]:
    """Who holds the role and can sign in."""
    grants = db.session.scalars(select(Grant).join(Grant.user).where(Grant.role == role, User.is_enabled)).all()
    found = [grant.user.username for grant in grants if grant.holds_on(today())]
    db.session.rollback()
    return found


def test_two_administrators_who_disable_each_other(app, tree, user_as, client_of) -> None:
    for number in range(ROUNDS):
        one, two = (user_as(Role.SUPER_ADMIN, tree["root"], username=f"{name}{number}") for name in ("a", "b"))
        first, second, number_one, number_two = client_of(one), client_of(two), one.id, two.id

        answers = at_once(
            app,
            lambda: first.post(f"/people/{number_two}/disable"),  # noqa: B023 -- sent within the round
            lambda: second.post(f"/people/{number_one}/disable"),  # noqa: B023 -- sent within the round
        )

        # who was disabled before his own click got through is at the sign-in
        assert answers[0].status_code == 302 or answers[1].status_code == 302
        assert len(live(Role.SUPER_ADMIN)) == 1
        (left,) = db.session.scalars(select(User).where(User.is_enabled, User.id.in_((number_one, number_two))))
        left.is_enabled = False
        db.session.commit()


def test_the_last_two_operators_ended_and_disabled_at_once(app, tree, user_as, client_of) -> None:
    admin, second = (user_as(Role.SUPER_ADMIN, tree["root"]) for _ in range(2))
    browsers = [client_of(admin), client_of(second)]
    for number in range(ROUNDS):
        one, two = (user_as(Role.UNION_OPERATOR, tree["root"], username=f"{name}{number}") for name in ("a", "b"))
        user_id, grant_id = one.id, two.grants[0].id

        answers = at_once(
            app,
            lambda: browsers[0].post(f"/people/{user_id}/disable"),  # noqa: B023 -- sent within the round
            lambda: browsers[1].post(f"/people/grants/{grant_id}/end", data={"at_once": "y"}),  # noqa: B023 -- as above
        )

        assert sorted(answer.status_code for answer in answers) == [302, 422]
        refused = next(answer for answer in answers if answer.status_code == 422)
        assert "最后一位校工会操作员，请先设置接任的人" in words(refused.text)
        assert len(live(Role.UNION_OPERATOR)) == 1
        for user in db.session.scalars(select(User).where(User.username.in_((f"a{number}", f"b{number}")))):
            user.is_enabled = False
        db.session.commit()
