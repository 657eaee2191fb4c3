"""The request: what mode it begins in, its one commit, and what becomes of errors."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, current_app, make_response, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from limits import parse
from limits.storage import MemoryStorage
from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from . import audit
from . import db as database
from .db import db
from .errors import Absent, Busy, Conflict, DomainError
from .networks import network_of
from .paging import Page

View = Callable[..., ResponseReturnValue]

OUT_OF_RANGE = "22003"  # PostgreSQL's word for a number too large for its column; SQLite's driver has OverflowError

READING = frozenset({"GET", "HEAD", "OPTIONS"})
SIGNED_IN = "_user_id"  # Flask-Login's name in the session's cookie for who has signed in

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF = "application/pdf"
LONGEST_NUMBER = 10  # digits: a number of a row has fewer

STRANGERS_BYTES = 256 * 1024  # of text that someone who is not signed in may send; the longest form has a tenth


SWEPT_EVERY = 60  # seconds


class Counters(MemoryStorage):
    """The limits' counters in memory; who counts sweeps the old ones away, for which the library starts a thread."""

    STORAGE_SCHEME = ["counters"]  # noqa: RUF012  # as the library declares it

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: str) -> None:
        super().__init__(uri, wrap_exceptions, **options)
        self._counting = threading.Lock()
        self._swept_at = time.time()

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count `amount` more of `key`, which are forgotten `expiry` seconds after the first; return how many now."""
        at = time.time()
        with self._counting:
            if at >= self._swept_at + SWEPT_EVERY:
                self._swept_at = at
                for old in [one for one, ends in self.expirations.items() if ends <= at]:
                    self.clear(old)
            elif self.expirations.get(key, at) <= at:
                self.clear(key)
            self.storage[key] += amount
            self.expirations.setdefault(key, at + expiry)
            return self.storage[key]


def _network() -> str:
    return network_of(request.remote_addr or "")


limiter = Limiter(_network, default_limits=[], headers_enabled=False)

log = logging.getLogger("portal")


def may_go_on(what: str, first: str, then: str) -> bool:
    """Whether a request called `what` is served now, or its address has to wait a little.

    `first` is how many are served at once, `then` how fast those beyond are, both in words such as "120 per 10
    minutes". Other addresses do not notice.
    """
    return is_within(first, what, "first") or is_within(then, what, "then")


def is_within(limit: str, *what: str) -> bool:
    """Whether one more request called `what` from this address stays within `limit`, and count it."""
    return limiter.limiter.hit(parse(limit), *what, _network())


def numbers_in(words: Iterable[str]) -> list[int]:
    """Return the numbers among `words`, such as the ticked rows of a list; what is no number is left out."""
    return [int(word) for word in words if word.isascii() and word.isdigit() and len(word) < LONGEST_NUMBER]


def attachment(name: str) -> str:
    """Return the Content-Disposition of a file called `name`, which may be Chinese (RFC 6266).

    A header is Latin letters to the server, so that the name itself goes percent-encoded; browsers that do not read
    that keep what is left of it.
    """
    plain = "".join(letter if letter.isascii() and letter.isprintable() else "_" for letter in name)
    plain = plain.replace('"', "_").replace("\\", "_")
    encoded = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'attachment; filename="{plain}"{encoded}'


def download(content: bytes, mimetype: str, name: str) -> Response:
    """Return a file to be kept under `name`."""
    return Response(content, mimetype=mimetype, headers={"Content-Disposition": attachment(name)})


def scan_shown(content: bytes, mimetype: str, name: str) -> Response:
    """Return a scan: a picture for the page, a PDF as a file called `name`.pdf."""
    return download(content, mimetype, f"{name}.pdf") if mimetype == PDF else Response(content, mimetype=mimetype)


def numbered_page(endpoint: str, *, total: int, number: int, per_page: int, **here: Any) -> dict[str, Any]:
    """Return what the macro `pager` shows of page `number`, counted from 1, of `total` rows, `per_page` on each.

    `endpoint` with the arguments `here` is the list's address without its `page`.
    """
    return {
        "total": total,
        "number": number,
        "first_url": url_for(endpoint, **here),
        "prev_url": url_for(endpoint, **here, page=number - 1) if number > 1 else None,
        "next_url": url_for(endpoint, **here, page=number + 1) if number * per_page < total else None,
    }


def keyed_page(endpoint: str, page: Page[Any], *, number: int, **here: Any) -> dict[str, Any]:
    """Return what the macro `pager` shows of `page`, a page by key, which is the `number`th that one has come to.

    `endpoint` and `here` as for `numbered_page`.
    """
    return {
        "total": page.total,
        "number": number,
        "first_url": url_for(endpoint, **here),
        "prev_url": page.before and url_for(endpoint, **here, before=page.before, page=max(number - 1, 1)),
        "next_url": page.after and url_for(endpoint, **here, after=page.after, page=number + 1),
    }


def renders(view: View) -> View:
    """Mark a view that hashes, renders or sends on POST: it begins reading.

    The view calls `release()`, does the slow work with no transaction open, then `writes()`, then writes trace and
    result.
    """
    view._renders = True  # type: ignore[attr-defined]  # a mark on the function
    return view


def takes_files(view: View) -> View:
    """Mark a view that takes files from strangers too; all others get from them no more than STRANGERS_BYTES."""
    view._takes_files = True  # type: ignore[attr-defined]  # a mark on the function
    return view


def begin() -> None:
    """Set the mode of the request before its first statement, and how much a stranger may send."""
    database.forget_later()
    audit.came_from("web", request.remote_addr or "")
    view = current_app.view_functions.get(request.endpoint or "")
    if request.method in READING or getattr(view, "_renders", False):
        database.reads()
    else:
        database.writes()
    if request.method not in READING and SIGNED_IN not in session:
        request.max_form_memory_size = STRANGERS_BYTES
        if not getattr(view, "_takes_files", False):
            request.max_content_length = STRANGERS_BYTES


def transacted(view: View, refused: Callable[[DomainError], None]) -> View:
    """Wrap a view so that it commits once, by itself, only on success.

    An answer of 400 or more, or an error, rolls back. `refused(error)` is called after a refusal with no transaction
    open.
    """

    @functools.wraps(view)
    def wrapper(**arguments: Any) -> ResponseReturnValue:
        try:
            _refuse_nul()
            response = make_response(view(**arguments))
            if response.status_code < 400 and database.is_writing():
                db.session.commit()
            else:
                db.session.rollback()
            return response
        except DomainError as error:
            db.session.rollback()
            refused(error)
            raise
        except IntegrityError as error:
            db.session.rollback()
            raise Conflict("数据刚刚被他人改动，请返回刷新后重试") from error
        except (OverflowError, DataError) as error:
            db.session.rollback()
            if isinstance(error, DataError) and not _names_nothing(error):
                raise
            raise Absent from error
        except OperationalError as error:
            db.session.rollback()
            raise _from_database(error) from error
        except BaseException:
            db.session.rollback()
            raise
        finally:
            database.run_later()

    return wrapper


def _names_nothing(error: DataError) -> bool:
    """Whether no row can have what an address names: a number beyond its column, or a text with a NUL."""
    return getattr(error.orig, "sqlstate", "") == OUT_OF_RANGE or "NUL" in str(error.orig)


def _refuse_nul() -> None:
    """Raise DomainError for a NUL among the words of an address or a form: PostgreSQL takes none in a text."""
    if any("\0" in word for given in (request.args, request.form) for _, words in given.lists() for word in words):
        raise DomainError("内容里有看不见的控制字符，没有办理；请删除后重新输入，不要从其他程序粘贴")


def _from_database(error: OperationalError) -> DomainError:
    """Name what the database could not do; its own words may quote values, so only the kind is logged."""
    words = str(error.orig)
    log.error("database: %s", type(error.orig).__name__)
    if "disk is full" in words or "No space left" in words:
        return Busy("服务器磁盘已满，本次操作没有保存，请联系系统管理员清理磁盘后重试")
    return Busy()


def install(app: Flask) -> None:
    """Hang the request's beginning on the app."""
    limiter.init_app(app)
    app.before_request(begin)
