"""`signin`: the whole request that signs in, beside the bare check of the password."""

from __future__ import annotations

import itertools
from typing import Any

from argon2 import PasswordHasher
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.core.db import db
from portal.org.models import User

from .measuring import Case
from .place import UNION, Place


def signin_cases(place: Place) -> list[Case]:
    """Return the one case: the form is open in a new browser, then it is sent."""
    with place.reading():
        stored = db.session.scalars(select(User.password_hash).where(User.username == UNION)).one() or ""
    hasher = PasswordHasher()
    addresses = (f"198.51.100.{number % 250 + 1}" for number in itertools.count())  # nobody is slowed for the others

    def open_form() -> tuple[FlaskClient, dict[str, str], str]:
        client = place.app.test_client()
        return client, place.sign_in_form(client, UNION), next(addresses)

    def send(opened: tuple[FlaskClient, dict[str, str], str]) -> FlaskClient:
        client, form, address = opened
        client.post("/login", data=form, environ_overrides={"REMOTE_ADDR": address})
        return client

    def both_are_in(fits: Any, client: FlaskClient) -> bool:
        return bool(fits) and client.get("/notices").status_code == 200

    return [
        Case(
            "登录",
            floor=lambda: hasher.verify(stored, place.password),
            ours=send,
            same=both_are_in,
            arrange=open_form,
        )
    ]
