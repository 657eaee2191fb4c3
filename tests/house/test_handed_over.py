"""After a handing-over the old account opens nothing of the office any more, and the new one all of it."""

from __future__ import annotations

from portal.core.db import db
from portal.org.models import User
from tests import client as distrust
from tests.house import matrix
from tests.house.walk import Walk
from tests.org.people.test_accounts import PASSWORD, password_on


def requests_of_an_operator(walk: Walk) -> list[str]:
    """The addresses that the union's operator, and nobody without her office, opens in the full house."""
    wanted = [
        (endpoint, place)
        for endpoint, method, place, signs in matrix.rows()
        if (method, signs["union operator"], signs["stranger"]) == ("GET", ".", "L")
        and (signs["member"] == "F" or (signs["member"] == "A" and place != "own"))
    ]
    build = walk.app.url_map.bind("localhost").build
    paths = []
    for endpoint, place in wanted:
        arguments, _ = walk.request(endpoint, walk.at(endpoint, place, "union operator"))
        paths.append(build(endpoint, arguments))
    # whom somebody has selected for a task is hers for a day, and is selected anew by whoever comes after her
    return sorted(path for path in set(paths) if "selection=" not in path)


def opened(browser: distrust.DistrustfulClient, paths: list[str]) -> list[str]:
    return [path for path in paths if browser.get(path).status_code == 200]


def test_the_old_account_is_out_of_everything_and_the_new_one_is_in(walk: Walk) -> None:
    """The operator is a member as well: her account stays, and opens none of the fifty even when she signs in anew."""
    old = walk.browsers["union operator"]
    pages = opened(old, requests_of_an_operator(walk))
    paths = pages[:: len(pages) // 50][:50]
    assert len(paths) == 50
    technician = walk.browsers["super administrator"]
    number = walk.ids["own"]["union operator"]["account"]
    username = db.session.get_one(User, number).username

    answer = technician.submit(
        f"/handover/new?from_username={username}", {"to_username": "jieban", "to_name": "殷接班"}, action="new"
    )

    password = password_on(answer.text)
    assert opened(old, paths) == []
    assert old.get(paths[0]).location.startswith("/login")
    again = distrust.client_of(walk.app, db.session.get_one(User, number))
    assert opened(again, paths) == []
    assert again.get("/").status_code == 200
    new = distrust.client_of(walk.app)
    new.submit("/login", {"username": "jieban", "password": password})
    new.submit("/password", {"current": password, "new": PASSWORD, "again": PASSWORD}, action="password")
    assert opened(new, paths) == paths
