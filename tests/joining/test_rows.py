"""The buttons of rows in an applicant's form: they bring the page back, and nobody has applied by them."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import func, select

from portal.core.db import db
from portal.joining.models import Application, JoinCode, Receipt
from portal.org.models import User
from tests.client import DistrustfulClient
from tests.factories import a_person
from tests.joining.conftest import People, typed

Browser = Callable[[User | None], DistrustfulClient]


def kept() -> int:
    """Return how many applications and receipts there are."""
    return sum(db.session.scalar(select(func.count()).select_from(model)) or 0 for model in (Application, Receipt))


def test_a_row_more_is_no_application(client: DistrustfulClient, code: JoinCode) -> None:
    person = a_person()
    form = typed(person.values) | {"consent": "y"}

    more = client.submit(f"/joining/apply/{code.token}", form | {"rows": "add-resume"})
    less = client.submit(f"/joining/apply/{code.token}", form | {"rows": "remove-resume-0"})

    assert (more.status_code, less.status_code, kept()) == (200, 200, 0)
    for page in (more, less):
        assert f'value="{person.name}"' in page.text
        assert "请修改下列内容后再提交" not in page.text
    place = f'value="{person.values["resume"][0]["place"]}"'
    assert (place in more.text, place in less.text) == (True, False)
    assert more.text.count('value="remove-resume-') == less.text.count('value="remove-resume-') + 2


def test_a_row_more_is_no_entry(people: People, client_of: Browser) -> None:
    form = typed(a_person().values) | {"consent": "y", "awaits_person": "y"}

    page = client_of(people.branch).submit("/joining/entry/new", form | {"rows": "add-resume"})

    assert (page.status_code, kept()) == (200, 0)
    assert 'value="remove-resume-3"' in page.text
