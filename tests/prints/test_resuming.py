"""A job that is killed half-way goes on where it was, loses nothing and leaves no half file."""

from __future__ import annotations

import io
import os
import signal
import threading
import time

import pypdf

from portal.core import queues
from portal.core.db import db
from portal.members import printing
from portal.prints import chunks, worker
from portal.prints.models import JobState, PrintJob
from tests import factories
from tests.conftest import PROOF
from tests.prints.test_jobs import ask, done, ids_of


def wait_for(what, seconds=60.0):
    """Look until `what()` is true."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited in vain"
        os.sched_yield()
        select_nothing(0.02)


def select_nothing(seconds):
    threading.Event().wait(seconds)


def in_a_process_of_its_own(verb):
    """Fork, and do `verb` with connections of the child's own; return its number."""
    db.session.remove()
    db.engine.dispose()
    pid = os.fork()
    if pid:
        return pid
    try:
        verb()
        os._exit(0)
    except BaseException:
        os._exit(1)


def test_a_killed_job_goes_on_with_what_is_finished(operator, tree, folder, monkeypatch):
    monkeypatch.setattr(printing, "FORMS_PER_CHUNK", 25 if PROOF else 4)
    made = [factories.make_member(tree["a"], resume=None) for _ in range(3000 if PROOF else 20)]
    db.session.commit()
    job = ask(operator, ids_of(made))
    uuid, number, names = job.uuid, job.id, [member.name for member in made]
    half = len(made) // printing.FORMS_PER_CHUNK // 2

    pid = in_a_process_of_its_own(worker.work)
    wait_for(lambda: chunks.has(uuid, half - 1), seconds=1800)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    kept = {path.name: path.stat().st_mtime_ns for path in (folder / uuid).glob("[0-9]" * 5)}
    assert db.session.get(PrintJob, number).state is JobState.RUNNING
    assert len(kept) >= half
    assert not chunks.joined_path(uuid).exists()
    (folder / uuid / "00000").replace(folder / uuid / "first")  # what is there is not printed again
    (folder / uuid / "first").replace(folder / uuid / "00000")
    untouched = []
    monkeypatch.setattr(chunks, "remove_chunks", lambda one: untouched.extend(sorted((folder / one).glob("[0-9]*"))))

    db.session.rollback()
    content = done(db.session.get(PrintJob, number))

    assert {path.name: path.stat().st_mtime_ns for path in untouched if path.name in kept} == kept
    assert list((folder / uuid).glob("*.partial")) == []
    texts = ["".join((page.extract_text() or "").split()) for page in pypdf.PdfReader(io.BytesIO(content)).pages]
    assert [name in text for name, text in zip(names, texts, strict=True)] == [True] * len(names)


def test_a_second_worker_leaves_the_first_alone(operator, members, folder):
    job = ask(operator, ids_of(members))
    with queues._alone(chunks.root()) as is_alone:
        assert is_alone
        worker.work()

    assert db.session.get(PrintJob, job.id, populate_existing=True).state is JobState.QUEUED
