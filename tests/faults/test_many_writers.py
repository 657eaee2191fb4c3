"""32 people write at once through a real server: no edit is lost, nobody is turned away by a busy database."""

from __future__ import annotations

import http.client
import re
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from flask import Flask
from sqlalchemy import func, select

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.members.models import Member, MemberVersion
from portal.org.models import OrgUnit
from portal.org.permissions import Role
from tests import client as distrust
from tests import factories
from tests.client import DistrustfulClient
from tests.conftest import Prepared
from tests.serving import Server

MEMBERS = 20  # each on her own record
OPERATORS = 12  # on SHARED records, so that they meet
SHARED = 3
TIMEOUT = 60  # seconds for one answer, more than anybody waits
SEEN = re.compile(r'name="seen_version"[^>]*value="(\d+)"')


@dataclass
class Writer:
    """One person who changes an address again and again, with a text that nobody else writes."""

    address: str
    browser: DistrustfulClient
    path: str
    member_id: int
    name: str
    saved: list[str] = field(default_factory=list)
    told: int = 0  # how often somebody was faster, and the form said so
    wrong: list[str] = field(default_factory=list)

    def work(self, until: float) -> None:
        """Open the form, change the address, save; at least once."""
        token = self.browser.csrf_token()
        cookie = self.browser.get_cookie("portal")
        assert cookie is not None
        headers = {"Cookie": f"portal={cookie.value}", "Content-Type": "application/x-www-form-urlencoded"}
        place = urlsplit(self.address)
        line = http.client.HTTPConnection(place.hostname or "", place.port, timeout=TIMEOUT)
        _, page = self._ask(line, "GET", headers)
        values = distrust.form_values(distrust.find_form(page, self.path)[0]) | {"csrf_token": token}
        while time.monotonic() < until or not self.saved:
            text = f"{self.name}第 {len(self.saved)} 次住址"
            body = urlencode(values | {"home_address": text}, doseq=True)
            status, answer = self._ask(line, "POST", headers, body)
            if status == 303:
                self.saved.append(text)
            elif status in (409, 422) and "刚刚由" in answer:
                self.told += 1
            else:
                self.wrong.append(f"{status}: {answer[-500:]}")
                break
            status, page = self._ask(line, "GET", headers)
            seen = SEEN.search(page)
            if status != 200 or seen is None:
                self.wrong.append(f"GET {status}")
                break
            values["seen_version"] = seen[1]
        line.close()

    def _ask(
        self, line: http.client.HTTPConnection, method: str, headers: dict[str, str], body: str | None = None
    ) -> tuple[int, str]:
        line.request(method, self.path, body, headers)
        answer = line.getresponse()
        return answer.status, answer.read().decode()


def test_no_edit_is_lost(
    app: Flask, prepared: Prepared, tree: dict[str, OrgUnit], seconds: Callable[[float, float], float]
) -> None:
    own = [factories.make_member(tree["a"]) for _ in range(MEMBERS)]
    shared = [factories.make_member(tree["b"]) for _ in range(SHARED)]
    operators = [factories.make_user(Role.BRANCH_OPERATOR, tree["b"], name=f"操作{n}") for n in range(OPERATORS)]
    db.session.commit()
    writers = [
        Writer("", distrust.client_of(app, one.user), "/members/me/edit", one.id, f"会员{one.id}") for one in own
    ]
    for number, user in enumerate(operators):
        member_id = shared[number % SHARED].id
        browser = distrust.client_of(app, user)
        writers.append(Writer("", browser, f"/members/{member_id}/edit", member_id, f"操作员{user.id}"))
    db.session.remove()

    with Server(prepared.instance, prepared.uri) as server, ThreadPoolExecutor(len(writers)) as threads:
        until = time.monotonic() + seconds(4, 20)
        for writer in writers:
            writer.address = server.address
        list(threads.map(lambda writer: writer.work(until), writers))
        said = server.log.read_text("utf-8")

    assert [wrong for writer in writers for wrong in writer.wrong] == []
    assert sum(writer.told for writer in writers) > 0  # those on the same record have met
    assert "locked" not in said
    assert "database:" not in said
    saved = Counter({writer.member_id: 0 for writer in writers})
    for writer in writers:
        saved[writer.member_id] += len(writer.saved)
    versions = db.session.execute(select(MemberVersion.member_id, func.count()).group_by(MemberVersion.member_id))
    assert {member_id: count - 1 for member_id, count in versions} == saved
    written = Counter(one.home_address for one in db.session.scalars(select(MemberVersion)) if one.home_address)
    assert written == Counter(text for writer in writers for text in writer.saved)
    traced = select(func.count()).select_from(AuditEvent).where(AuditEvent.action == "member.edit")
    assert db.session.scalar(traced) == saved.total()
    for member in db.session.scalars(select(Member)):
        last = [one for one in member.versions if one.superseded_at is None]
        assert [one.home_address for one in last] == [member.home_address]
