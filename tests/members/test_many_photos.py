"""Pictures made to hurt, sent to a real server by many at once: the others must not notice."""

from __future__ import annotations

import http.client
import io
import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import pytest
import waitress
from flask import Flask
from PIL import Image
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from portal.cli import THREADS
from portal.core import uploads
from portal.core.db import db
from tests import doors, factories
from tests.client import words


@pytest.fixture
def server(app: Flask) -> Iterator[tuple[str, int]]:
    """The app as `run` serves it."""
    sockets: dict[int, object] = {}
    listener = waitress.create_server(app, host="127.0.0.1", port=0, threads=THREADS, map=sockets)
    thread = threading.Thread(target=listener.run)
    thread.start()
    yield "127.0.0.1", listener.effective_port
    listener.trigger.pull_trigger(listener.close)
    listener.task_dispatcher.shutdown()
    for channel in list(sockets.values()):
        channel.close()
    thread.join()


def heavy() -> bytes:
    """Return a photo that is allowed and takes the reader about as long as any that is."""
    grain = Image.frombytes("RGB", (500, 375), random.Random(2).randbytes(500 * 375 * 3))
    out = io.BytesIO()
    grain.resize((8000, 6000), Image.Resampling.BICUBIC).save(out, "JPEG", quality=70, progressive=True)
    return out.getvalue()


@pytest.fixture
def stopped() -> Iterator[Callable[[], None]]:
    """The reader of pictures stands still until it is called, as if a picture took for ever."""
    uploads.photo(io.BytesIO(doors.picture(500, 700, (90, 120, 150))))  # it is there from the first picture on
    reader = uploads._READER._process
    assert reader is not None
    os.kill(reader.pid, signal.SIGSTOP)
    yield lambda: os.kill(reader.pid, signal.SIGCONT)
    os.kill(reader.pid, signal.SIGCONT)


def test_the_house_answers_while_heavy_pictures_are_read(server, client_of, tree, stopped):
    member = factories.make_member(tree["a"])
    db.session.commit()
    browser = client_of(member.user)
    token, cookie = browser.csrf_token(), browser.get_cookie("portal").value
    boundary, body = encode_multipart({"csrf_token": token, "photo": FileStorage(io.BytesIO(heavy()), "me.jpg")})
    headers = {"Cookie": f"portal={cookie}", "Content-Type": f'multipart/form-data; boundary="{boundary}"'}

    def ask(method: str, address: str, *rest: Any) -> int:
        connection = http.client.HTTPConnection(*server, timeout=60)
        connection.request(method, address, *rest)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    with ThreadPoolExecutor(THREADS * 2) as pool:
        sent = [pool.submit(ask, "POST", "/members/me/photo", body, headers) for _ in range(THREADS * 2)]
        turned_away = next(as_completed(sent)).result()
        healthy = [ask("GET", "/healthz") for _ in range(5)]
        waiting = [one for one in sent if not one.done()]
        stopped()
        answers = {one.result() for one in sent}

    assert turned_away == 503
    assert healthy == [200] * 5
    assert waiting
    assert answers == {303, 503}
    db.session.expire_all()
    assert Image.open(io.BytesIO(uploads.content_of(member.photo))).format == "JPEG"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<!doctype html><html><script>alert(1)</script></html>", "请上传照片（jpg/png，15MB 以内）"),
        (b"\0\0\0\x18ftypheic" + bytes(2000), "这是 HEIC 格式的照片"),
    ],
)
def test_what_only_calls_itself_a_photo_is_refused_with_a_sentence(client_of, tree, content, says):
    member = factories.make_member(tree["a"])
    db.session.commit()

    answer = client_of(member.user).post("/members/me/photo", data={"photo": (io.BytesIO(content), "me.jpg")})

    assert (answer.status_code, says in words(answer.text)) == (422, True)
    assert member.photo is None
