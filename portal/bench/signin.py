"""`signin`: the whole request that signs in, beside the bare check of the password."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import select
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from portal.core.db import db
from portal.org.models import User

from .measuring import Case
from .place import UNION, Place

Answer = tuple[Iterable[bytes], str, Headers]


def signin_cases(place: Place) -> list[Case]:
    """Return the one case: a new browser has opened the form and built its request; what the server does is timed."""
    with place.reading():
        stored = db.session.scalars(select(User.password_hash).where(User.username == UNION)).one() or ""
    hasher = PasswordHasher()
    addresses = (f"198.51.100.{number % 250 + 1}" for number in itertools.count())  # nobody is slowed for the others

    def open_form() -> dict[str, Any]:
        client = place.app.test_client()
        form = place.sign_in_form(client, UNION)
        cookie = client.get_cookie("portal")
        sent = Headers({"Cookie": f"portal={cookie.value}"} if cookie else {})
        came_from = {"REMOTE_ADDR": next(addresses)}
        return EnvironBuilder("/login", method="POST", data=form, headers=sent, environ_base=came_from).get_environ()

    def send(environ: dict[str, Any]) -> Answer:
        return run_wsgi_app(place.app.wsgi_app, environ)

    def both_are_in(fits: Any, answer: Answer) -> bool:
        cookie = answer[2].get("Set-Cookie", "").partition(";")[0]
        browser = place.app.test_client(use_cookies=False)
        return bool(fits) and browser.get("/notices", headers={"Cookie": cookie}).status_code == 200

    return [
        Case(
            "登录",
            floor=lambda: hasher.verify(stored, place.password),
            ours=send,
            same=both_are_in,
            arrange=open_form,
        )
    ]
