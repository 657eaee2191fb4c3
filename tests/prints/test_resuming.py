"""A job that is killed half-way goes on where it was, loses nothing and leaves no half file; and how much it takes."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pdfplumber
import pypdf
import pytest

from portal.core import pdf
from portal.core.db import db
from portal.members import printing
from portal.members.printing import FamilyRow, Papers, RegistrationForm, ResumeRow
from portal.prints import chunks, worker
from portal.prints.models import JobState, PrintJob, PrintKind
from tests import factories
from tests.conftest import PROOF
from tests.members.test_registration_form import (
    CELLS,
    FAMILY,
    MORE_FAMILY,
    MORE_RESUME,
    ORDINARY,
    RESUME,
    Sheet,
    picture,
)
from tests.prints.test_jobs import ask, done, ids_of

RARE = "𠮷㛃䶮𬱖𫖯𪚥𠀀𠂇𡃁𢆡𣎴𤴓𥥛𦍌𧟌𨈏𩇕𪛕𫟰𬎆"
MOST_MEGABYTES = 400


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
    with worker._alone() as is_alone:
        assert is_alone
        worker.work()

    assert db.session.get(PrintJob, job.id, populate_existing=True).state is JobState.QUEUED


def forms(count: int) -> list[RegistrationForm]:
    """Invented forms: rare names, fifteen lines of résumé, eight of family, and some without a photo."""
    made = []
    for number in range(count):
        name = f"{RARE[number % 20]}第{number}" if number % max(1, count // 20) == 0 else f"欧阳{number}"
        lines = 15 if number % 7 == 0 else number % 6
        kin = 8 if number % 5 == 0 else number % 4
        made.append(
            replace(
                ORDINARY, name=name, member_no=f"GH-2026-{number:05d}", serial=f"2026-{number:06d}",
                photo=None if number % 3 == 0 else picture(),
                family=[
                    FamilyRow(relation="兄弟", name=f"亲{number}之{one}", workplace="第一中学", phone=f"138{one:08}")
                    for one in range(kin)
                ],
                resume=[
                    ResumeRow(period=f"{1990 + one}.09—{1991 + one}.08", place=f"第{number}所{one}", post="教师")
                    for one in range(lines)
                ],
            )
        )  # fmt: skip
    return made


def memory_of(pid: int) -> int:
    """Return the proportional memory of a process and of all that it has started, in bytes."""
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        try:
            rollup = Path(f"/proc/{one}/smaps_rollup").read_text("ascii")
            total += int(next(line for line in rollup.splitlines() if line.startswith("Pss:")).split()[1]) * 1024
            for task in Path(f"/proc/{one}/task").iterdir():
                waiting += map(int, (task / "children").read_text("ascii").split())
        except (FileNotFoundError, ProcessLookupError, StopIteration):
            continue  # it has just ended
    return total


@pytest.fixture(scope="module")
def printed():
    """Many forms, double-sided, joined as a job joins them, with what a sheet of paper may not do."""
    from portal.core.pdf_join import Joiner

    made = forms(1000 if PROOF else 40)
    out = io.BytesIO()
    joiner = Joiner(out)
    for first in range(0, len(made), printing.FORMS_PER_CHUNK):
        chunk = made[first : first + printing.FORMS_PER_CHUNK]
        rendered = pdf.render_all(
            [one for form in chunk for one in printing.papers(form, Papers.BOTH, double_sided=True)]
        )
        assert rendered.missing == ()
        joiner.add(rendered.pdf)
    joiner.finish("测试")
    with pdfplumber.open(io.BytesIO(out.getvalue())) as reader:
        yield made, reader.pages


def test_every_printed_field_reads_back_equal_and_sides_never_shift(printed):
    made, pages = printed
    place = 0
    for form in made:
        front, back = pages[place], pages[place + 1]
        assert "入会申请书" in "".join(front.extract_text().split())
        assert place % 2 == 0
        sheet = Sheet(back)
        for name, cell in CELLS.items():
            assert (name, sheet.text(sheet.cell(*cell))) == (name, getattr(form, name))
        more_family, more_resume = form.family[4:], form.resume[6:]
        for rows, cells, count in ((form.family, FAMILY, 4), (form.resume, RESUME, 6)):
            for number in range(count):
                for name, (left, right, first) in cells.items():
                    expected = getattr(rows[number], name) if number < len(rows) else ""
                    assert sheet.text(sheet.cell(left, right, first + number)) == expected
        assert len(back.images) == (0 if form.photo is None else 1)
        place += 2
        if more_family or more_resume:
            _reads_back(Sheet(pages[place]), more_family, more_resume)
            assert pages[place + 1].extract_text() == ""
            place += 2
        for page in pages[max(0, place - 4) : place]:
            page.close()  # what has been read is not kept
    assert place == len(pages)


def _reads_back(sheet, family, resume):
    for number, one in enumerate(family):
        for name, (left, right, first) in MORE_FAMILY.items():
            assert sheet.text(sheet.cell(left, right, first + number)) == getattr(one, name)
    above = len(family) + 1 if family else 0
    for number, one in enumerate(resume):
        for name, (left, right, first) in MORE_RESUME.items():
            assert sheet.text(sheet.cell(left, right, first - 1 + above + number)) == getattr(one, name)


ROOT = Path(__file__).resolve().parents[2]
WORKS = """
from portal.app import create_app
from portal.config import load
from portal.prints import worker
with create_app(load()).app_context():
    worker.work()
"""


def test_all_processes_together_stay_small(operator, tree, prepared, database_uri):
    people = [factories.make_member(tree["a"]) for _ in range(300 if PROOF else 60)]
    db.session.commit()
    job = ask(operator, ids_of(people), PrintKind.BOTH)
    number = job.id
    pdf._PRESS.close()

    db.session.remove()
    settings = {"PORTAL_INSTANCE": str(prepared.instance), "PORTAL_DATABASE_URI": database_uri}
    # a process that has not run other tests before, as the memory of a server is asked about
    working = subprocess.Popen([sys.executable, "-c", WORKS], cwd=ROOT, env=os.environ | settings)
    most = 0
    while working.poll() is None:
        most = max(most, memory_of(working.pid))
        select_nothing(0.02)

    job = db.session.get(PrintJob, number)
    assert job.state is JobState.DONE
    assert len(pypdf.PdfReader(io.BytesIO(b"".join(chunks.read_joined(job.uuid)))).pages) == job.pages
    assert most > 100 * 2**20  # it was looked at while it worked
    assert most <= MOST_MEGABYTES * 2**20
