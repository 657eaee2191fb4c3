"""The client that distrusts us: whatever a test asks for, each request is looked at as well.

Nothing may be left uncommitted, a change must leave a trace, a GET must change nothing, no full ID number may reach a
page, and the page must be whole HTML with a title, its language, no duplicate id and nothing inline. CSRF protection
stays on: tokens are real.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextvars import Context
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import event
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from portal.core.db import db, is_writing
from portal.org import sessions
from portal.org.models import User
from tests import factories

XHTML = "{http://www.w3.org/1999/xhtml}"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
EIGHTEEN = re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])")
WRITING = re.compile(r"\s*(INSERT INTO|UPDATE|DELETE FROM)\s+\"?(\w+)", re.IGNORECASE)

# What is counted apart, whatever becomes of the request: when a device was last seen, how often a code is opened.
COUNTED = frozenset({"login_sessions", "code_days"})
# What may change without a trace: that, a kept search or question, whether one has read one's own notice.
UNTRACED = COUNTED | {"search_texts", "kept_questions", "notices"}
TRACE = frozenset({"audit_events", "audit_heads"})
# The answers that exist to show a full number.
REVEALING = frozenset({"members.reveal"})

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def is_id_number(text: str) -> bool:
    """Whether 18 characters are an ID number by the check digit of GB 11643."""
    total = sum(int(digit) * weight for digit, weight in zip(text[:17], WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == text[17].upper()


def id_numbers_in(text: str) -> set[str]:
    """Return the full ID numbers that stand in a text: by their check digit, or because a factory made them."""
    found = {number for number in EIGHTEEN.findall(text) if is_id_number(number)}
    return found | {number for number in factories.numbers_made if number in text}


class Watch:
    """What one app's engine writes and commits, by table, and what a request leaves behind."""

    def __init__(self, app: Flask) -> None:
        self._here = threading.local()
        event.listen(db.engine, "before_cursor_execute", self._executes)
        event.listen(db.engine, "commit", self._commits)
        event.listen(db.engine, "rollback", self._rolls_back)
        app.teardown_request(self._leaves)
        app.extensions["watch"] = self

    def start(self) -> None:
        """Forget what was written before."""
        self._here.committed = []
        self._here.left = []

    @property
    def committed(self) -> list[tuple[str, str]]:
        """The (verb, table) pairs committed in this thread since `start`."""
        return list(getattr(self._here, "committed", []))

    @property
    def left(self) -> list[str]:
        """What requests of this thread left undone since `start`."""
        return list(getattr(self._here, "left", []))

    def _executes(self, connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        match = WRITING.match(statement)
        if match:
            pending = connection.info.setdefault("pending", [])
            pending.append((match[1].split()[0].upper(), match[2].lower()))

    def _commits(self, connection: Any) -> None:
        pending = connection.info.pop("pending", [])
        if not hasattr(self._here, "committed"):
            self.start()
        self._here.committed.extend(pending)

    def _rolls_back(self, connection: Any) -> None:
        connection.info.pop("pending", None)

    def _leaves(self, error: BaseException | None) -> None:
        if not hasattr(self._here, "left"):
            self.start()
        session = db.session()
        if session.new or session.dirty or session.deleted:
            self._here.left.append(f"unsaved: {[*session.new, *session.dirty, *session.deleted]}")
        if session.in_transaction():
            self._here.left.append("a transaction still open" + (", writing" if is_writing() else ", reading"))


class DistrustfulClient(FlaskClient):
    """Flask's test client, with eyes. A request runs in an empty context, as in the server: no session is shared."""

    def open(self, *args: Any, follow_redirects: bool = False, **kwargs: Any) -> TestResponse:
        """Send a request, check what it did and what came back, and return the response.

        The test's own transaction is committed before, so that arrangement is there and no lock is held, and its rows
        are read anew afterwards. A POST gets the session's real CSRF token unless `data` brings one or `csrf=False`.
        """
        if not kwargs.pop("csrf", True) or not _changes(kwargs):
            response = self._once(args, kwargs)
        else:
            data = kwargs.get("data") or {}
            if isinstance(data, Mapping) and "csrf_token" not in data:
                kwargs["data"] = {**data, "csrf_token": self.csrf_token()}
            response = self._once(args, kwargs)
        history: list[TestResponse] = []
        while follow_redirects and response.status_code in (301, 302, 303, 307, 308):
            assert len(history) < 5, f"redirects without end: {[step.location for step in history]}"
            history.append(response)
            response = self._once((response.location,), {"method": "GET"})
        response.history = tuple(history)
        return response

    def _once(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> TestResponse:
        app = self.application
        if db.session.registry.has():
            db.session.commit()
        watch: Watch = app.extensions["watch"]
        watch.start()
        response: TestResponse = Context().run(super().open, *args, **kwargs)
        if db.session.registry.has():
            db.session.expire_all()
        method, path = response.request.method, response.request.path
        with Told(f"{method} {path} → {response.status_code}"):
            assert watch.left == []
            assert response.status_code != 500, "our own mistake; see the log"
            check_changes(method, response.status_code, watch.committed)
            check_headers(response)
            carried = _texts(kwargs.get("data")) if _changes(kwargs) else ""
            if _endpoint(app, method, path) not in REVEALING:
                check_numbers(response, carried)
            if response.mimetype == "text/html" and not 300 <= response.status_code < 400:
                check_page(response.text)
        return response

    def csrf_token(self) -> str:
        """Return a token that belongs to this browser's session."""
        with self.session_transaction() as session:
            raw = session.get("csrf_token") or hashlib.sha256(b"a test's browser").hexdigest()
            session["csrf_token"] = raw
        return _signed(self.application, raw)

    def sign_in(self, user: User) -> DistrustfulClient:
        """Open a session for `user` without a password, as signing in would, and return this browser."""
        token = sessions.open_session(user, address="127.0.0.1", device="Test")
        db.session.commit()
        with self.session_transaction() as session:
            session.update(_user_id=token, _fresh=True)
        return self

    def submit(
        self, path: str, values: Mapping[str, Any] | None = None, *, action: str | None = None, **kwargs: Any
    ) -> TestResponse:
        """Open the page `path`, fill its form as a browser would, and send it.

        `values` replaces inputs by name and may only name inputs that the form has; `action` picks the form by a part
        of its address where the page has several. Raises AssertionError where there is no such form or input.
        """
        page = self.get(path)
        assert page.status_code == 200, f"GET {path} → {page.status_code}"
        form, target = find_form(page.text, path, action)
        data = form_values(form)
        inputs = {element.get("name") for element in form.iter() if element.get("name")}
        unknown = set(values or {}) - inputs
        assert not unknown, f"{path} has no inputs {sorted(unknown)}, but {sorted(filter(None, inputs))}"
        data.update(values or {})
        return self.post(target, data={name: value for name, value in data.items() if value is not None}, **kwargs)


def client_of(app: Flask, user: User | None = None) -> DistrustfulClient:
    """Return a new browser, signed in as `user` if given."""
    browser = app.test_client()
    assert isinstance(browser, DistrustfulClient)
    return browser.sign_in(user) if user is not None else browser


class Told:
    """Add to a failed check what it was about."""

    def __init__(self, about: str) -> None:
        self.about = about

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, AssertionError):
            raise AssertionError(f"{self.about}: {error}") from error


# --- the checks -----------------------------------------------------------------------------------------------------


def check_changes(method: str, status: int, committed: Iterable[tuple[str, str]]) -> None:
    """A GET changes nothing; a change that succeeded left a trace; a refusal leaves at most its trace."""
    tables = {table for _, table in committed}
    if method in ("GET", "HEAD", "OPTIONS"):
        allowed = COUNTED | (TRACE if status >= 400 else frozenset())
        assert tables <= allowed, f"a reading request wrote to {sorted(tables - allowed)}"
    elif status < 400 and tables - UNTRACED:
        assert ("INSERT", "audit_events") in committed, f"changed {sorted(tables)} without a trace"
    elif status >= 400:
        # a failed sign-in counts on the account, a refused form keeps its photo: apart from the request's transaction
        allowed = COUNTED | {"users", "login_failures", "uploads"} | TRACE
        if "login_failures" in tables:
            allowed |= {"notices"}  # the owner hears of a storm of wrong passwords
        assert tables <= allowed, f"refused, yet it wrote to {sorted(tables - allowed)}"


def check_headers(response: TestResponse) -> None:
    """Every answer says how a browser must treat it."""
    for name, value in HEADERS.items():
        assert response.headers.get(name) == value, f"{name}: {response.headers.get(name)}"
    for name, value in response.headers.items():
        assert value.isascii(), f"{name} is not what a server can send: {value}"  # this client would take it
    policy = response.headers.get("Content-Security-Policy", "")
    assert "default-src 'self'" in policy or "default-src 'none'" in policy, policy
    assert "unsafe" not in policy, policy
    assert "http:" not in policy, policy
    assert "https:" not in policy, policy
    if response.mimetype == "text/html":
        assert response.headers.get("Cache-Control") == "no-store", response.headers.get("Cache-Control")


def check_numbers(response: TestResponse, carried: str) -> None:
    """No full ID number stands in the answer or its address, but those that the same request carried."""
    address = response.headers.get("Location", "")
    assert id_numbers_in(address) == set(), "an ID number stands in an address"
    if response.mimetype.startswith(("text/", "application/json", "image/svg")):
        leaked = {number for number in id_numbers_in(response.text) if number not in carried}
        assert not leaked, f"{len(leaked)} full ID numbers reached the page"


def check_page(text: str) -> None:
    """The page is whole HTML with title and language, ids are single, nothing is inline, forms carry their token."""
    tags = tags_of(text)
    # html5lib is slow: it reads a page in which tags follow each other as on no page before it, every page in a proof
    shapes = [(name, *sorted(values)) for name, values in tags]
    shape = [*zip(shapes, shapes[1:], shapes[2:], strict=False)]
    if PROOF or not _shapes_checked.issuperset(shape):
        parse(text)
        _shapes_checked.update(shape)
    _check_tags(tags, text)


PROOF = bool(os.environ.get("PORTAL_TEST_PROOF"))
_shapes_checked: set[tuple[tuple[str, ...], ...]] = set()

Tag = tuple[str, dict[str, str]]  # its name, with a slash before it where it ends; its attributes

# of a page that is valid: what follows a sign < is a tag, and no value holds a sign >
TAG = re.compile(r"<(/?[a-z][a-z0-9-]*)((?:[^\"'<>]|\"[^\"]*\"|'[^']*')*)>", re.IGNORECASE)
ATTRIBUTE = re.compile(r"""([^\s=\"'/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")
TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)


def tags_of(text: str) -> list[Tag]:
    """Return the tags of a page in their order; what stands in values is left escaped."""
    return [
        (tag[1].lower(), {one[1].lower(): one[2] or one[3] or one[4] or "" for one in ATTRIBUTE.finditer(tag[2])})
        for tag in TAG.finditer(text)
    ]


def _check_tags(tags: list[Tag], text: str) -> None:
    name, values = next(tag for tag in tags if tag[0] == "html")
    assert values.get("lang") == "zh-CN", f"lang={values.get('lang')}"
    title = TITLE.search(text)
    assert title is not None, "no title"
    assert title[1].strip(" ·\n"), "an empty title"
    ids = [values["id"] for name, values in tags if "id" in values]
    assert len(ids) == len(set(ids)), f"ids twice: {sorted({one for one in ids if ids.count(one) > 1})}"
    sends, tokens = False, 0  # of the form that is open
    for name, values in tags:
        assert not [key for key in values if key == "style" or key.startswith("on")], f"inline on <{name}>"
        assert name != "style", "an inline style sheet"
        if name == "script":
            assert values.get("src") or values.get("type") == "application/json", "an inline script"
        for key in ("src", "href", "action"):
            value = values.get(key, "")
            assert not value.startswith(("http:", "https:", "//", "javascript:")), f"<{name} {key}={value}>"
        if name == "form":
            sends, tokens = values.get("method", "get").lower() == "post", 0
        if name == "input" and values.get("name") == "csrf_token" and values.get("value"):
            tokens += 1
        if name == "/form" and sends:
            assert tokens == 1, f"a form with {tokens} CSRF tokens"
        if name == "a" and values.get("href", "").startswith("#"):
            assert values["href"] in ("#", *(f"#{one}" for one in ids)), f"leads nowhere: {values['href']}"
        if name == "label" and values.get("for"):
            assert values["for"] in ids, f"a label for nothing: {values['for']}"


@functools.lru_cache(maxsize=8)
def parse(text: str) -> Element:
    """Return the page's tree, only to be read; a page that is not valid HTML5 fails, with what was found and where."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"))
    root: Element = parser.parse(text)
    lines = text.splitlines()
    problems = [f"{code} at {lines[min(line, len(lines)) - 1].strip()[:120]!r}" for (line, _), code, _ in parser.errors]
    assert problems == [], problems[:5]
    return root


# --- reading pages ---------------------------------------------------------------------------------------------------


def words(text: str) -> str:
    """Return what a person reads on the page, in one line."""
    return " ".join("".join(part for part in _visible(parse(text))).split())


def _visible(element: Element) -> Iterator[str]:
    if str(element.tag).replace(XHTML, "") in ("script", "head", "template"):
        return
    yield element.text or ""
    for child in element:
        yield from _visible(child)
        yield child.tail or ""


def links(text: str) -> list[str]:
    """Return the addresses that the page leads to."""
    return [element.get("href", "") for element in parse(text).iter(f"{XHTML}a")]


def find_form(text: str, path: str, action: str | None = None) -> tuple[Element, str]:
    """Return the POST form of the page's main part, with `action` in its address if given, and where it goes."""
    root = parse(text)
    place = next(root.iter(f"{XHTML}main"), root)
    forms = [form for form in place.iter(f"{XHTML}form") if (form.get("method") or "").lower() == "post"]
    if action is not None:
        forms = [form for form in forms if action in (form.get("action") or path)]
    assert len(forms) == 1, f"{path} has {len(forms)} forms for {action}"
    return forms[0], forms[0].get("action") or path


def form_values(form: Element) -> dict[str, Any]:
    """Return what a browser would send without the person touching anything."""
    values: dict[str, Any] = {}
    for element in form.iter():
        name, kind = element.get("name"), str(element.tag).replace(XHTML, "")
        if not name or element.get("disabled") is not None:
            continue
        if kind == "input":
            what = (element.get("type") or "text").lower()
            if what in ("checkbox", "radio"):
                if element.get("checked") is not None:
                    values.setdefault(name, []).append(element.get("value", "on"))
            elif what not in ("file", "submit", "button", "image"):
                values[name] = element.get("value", "")
        elif kind == "textarea":
            values[name] = element.text or ""
        elif kind == "select":
            options = list(element.iter(f"{XHTML}option"))
            chosen = [option for option in options if option.get("selected") is not None] or options[:1]
            values[name] = [option.get("value", option.text or "") for option in chosen]
    return values


# --- small things ----------------------------------------------------------------------------------------------------


def _changes(kwargs: Mapping[str, Any]) -> bool:
    return str(kwargs.get("method", "GET")).upper() in ("POST", "PUT", "PATCH", "DELETE")


def _texts(data: Any) -> str:
    if isinstance(data, Mapping):
        return "\n".join(_texts(value) for value in data.values())
    if isinstance(data, (list, tuple)):
        return "\n".join(_texts(value) for value in data)
    # what the server tidies (full-width digits, spaces, a small x) it may show tidied
    return re.sub(r"[\s']", "", str(data or "")).translate(_HALF_WIDTH).upper() + "\n" + str(data or "")


_HALF_WIDTH = {0xFF01 + offset: 0x21 + offset for offset in range(94)}


def _endpoint(app: Flask, method: str, path: str) -> str:
    try:
        return str(app.url_map.bind("localhost").match(path, method=method)[0])
    except HTTPException:
        return ""


def _signed(app: Flask, raw: str) -> str:
    return str(URLSafeTimedSerializer(app.secret_key or "", salt="wtf-csrf-token").dumps(raw))
