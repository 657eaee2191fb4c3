"""A thousand members on paper, as a job prints them: every field where it belongs, and no more memory than allowed."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pdfplumber
import pytest

from portal.core import pdf, uploads
from portal.core.actors import SHELL
from portal.core.db import db
from portal.members.models import Member
from portal.org.permissions import Role
from portal.prints import chunks
from portal.prints.models import JobState, PrintJob, PrintKind
from tests import factories
from tests.conftest import PROOF
from tests.house.everything import photo
from tests.members.test_registration_form import CELLS, FAMILY, MORE_FAMILY, MORE_RESUME, RESUME, Sheet
from tests.prints.test_jobs import ask, ids_of

ROOT = Path(__file__).resolve().parents[2]
# the paper is the same whatever the rows come from
MEMBERS = {"sqlite": 1000 if PROOF else 60, "postgresql": 60 if PROOF else 20}
MOST_MEGABYTES = 400
RARE = "𠮷㛃䶮𬱖𫖯𪚥𠀀𠂇𡃁𢆡𣎴𤴓𥥛𦍌𧟌𨈏𩇕𪛕𫟰𬎆"
SPELT = str.maketrans("0123456789", "零一二三四五六七八九")  # no digit stands in a name
FAMILY_ROWS, RESUME_ROWS = 4, 6  # on the form itself; more stand on a further page
WORKS = """
from portal.app import create_app
from portal.config import load
from portal.prints import worker
with create_app(load()).app_context():
    worker.work()
"""

Rows = list[dict[str, str]]


def make(number: int, count: int, unit: Any, portrait: int) -> tuple[Member, dict[str, str], Rows, Rows]:
    """Admit somebody, and return her with what each cell, each row of her family and of her résumé has to show.

    Twenty of `count` have a rare name; one in seven has 15 lines of résumé, one in five a family of 8, and one in three
    no photo.
    """
    rare = "欧阳" if number % (count // 20) else RARE[number // (count // 20)]
    birth, spelt = date(1960 + number % 40, 1 + number % 12, 1 + number % 28), str(number).translate(SPELT)
    began = birth.year + 22
    kin = [
        {
            "relation": "父亲",
            "name": f"亲{spelt}之{one + 1}".translate(SPELT),
            "workplace": f"第{one}中学",
            "phone": f"138{one:08}",
        }
        for one in range(8 if number % 5 == 0 else number % 4)
    ]
    stations = [
        {"period": f"{1990 + one}.09—{1991 + one}.08", "place": f"第{number}所{one}", "post": "教师"}
        for one in range(15 if number % 7 == 0 else number % 6)
    ]
    values = factories.a_person(
        name=f"{rare}第{spelt}", sex="1", birth_date=birth, id_number=factories.id_number(birth=birth, sex="1"),
        ethnicity="02", education="14", native_place=f"江苏南京{number}", dues_base=Decimal(f"{4000 + number}.50"),
        work_start_date=date(began, 7, 1), department=f"第{number}教研室", admin_duty=f"第{number}室主任",
        prof_title="012", remark=f"备注{number}", photo=None if number % 3 == 0 else portrait,
        family_members=[one | {"relation": "51"} for one in kin],
        resume=[
            {"start": one["period"][:7].replace(".", "-"), "end": one["period"][8:].replace(".", "-"),
             "place": one["place"], "post": one["post"], "witness": "某人"}
            for one in stations
        ],
    ).values  # fmt: skip
    member = factories.make_member(unit, **values)
    cells = {
        "name": values["name"], "sex": "男", "birth_date": f"{birth.year}年{birth.month}月{birth.day}日",
        "ethnicity": "蒙古族", "education": "硕士研究生毕业", "native_place": values["native_place"],
        "political_status": "群众", "dues_base": f"{4000 + number}.50", "work_start_date": f"{began}年7月",
        "department": values["department"], "admin_duty": values["admin_duty"], "id_number": values["id_number"],
        "prof_title": "副教授", "mobile": values["mobile"], "branch": unit.name, "remark": values["remark"],
    }  # fmt: skip
    return member, cells, kin, stations


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


def test_a_thousand_members_read_back_equal_from_little_memory(
    user_as, tree, prepared, database_uri, record_property: pytest.RecordProperty
):
    operator = user_as(Role.UNION_OPERATOR, tree["root"])
    portrait = uploads.keep(SHELL, uploads.photo(photo()), kind="photo").id
    count = MEMBERS[prepared.backend]
    people = [make(number, count, tree["a"], portrait) for number in range(count)]
    db.session.commit()
    number = ask(operator, ids_of([member for member, *_ in people]), PrintKind.BOTH).id

    seconds, most = work_alone(prepared, database_uri)

    job = db.session.get_one(PrintJob, number)
    assert job.state is JobState.DONE
    assert (job.without_glyph, job.skipped, job.broken) == ([], [], [])
    begun = time.monotonic()
    with pdfplumber.open(io.BytesIO(b"".join(chunks.read_joined(job.uuid)))) as reader:
        read_back(reader.pages, people)
    read = time.monotonic() - begun
    record_property("printed", {"seconds": seconds, "megabytes": most / 2**20, "pages": job.pages})
    print(
        f"{count} members on {job.pages} pages in {seconds:.0f} s with {most / 2**20:.0f} MB, read back in {read:.0f} s"
    )
    assert most > 100 * 2**20  # it was looked at while it worked
    assert most <= MOST_MEGABYTES * 2**20


def work_alone(prepared: Any, database_uri: str) -> tuple[float, int]:
    """Do what waits in a process of its own, as a server has one; return its seconds and the most that all took.

    The process has run no other tests before.
    """
    pdf._PRESS.close()
    db.session.remove()
    settings = {"PORTAL_INSTANCE": str(prepared.instance), "PORTAL_DATABASE_URI": database_uri}
    begun, most = time.monotonic(), 0
    working = subprocess.Popen([sys.executable, "-c", WORKS], cwd=ROOT, env=os.environ | settings)
    while working.poll() is None:
        most = max(most, memory_of(working.pid))
        threading.Event().wait(0.02)
    return time.monotonic() - begun, most


def read_back(pages: Sequence[Any], people: Sequence[tuple[Member, dict[str, str], Rows, Rows]]) -> None:
    """Every cell of everyone says what it should; the application is always in front, the form on its back."""
    place = 0
    for number, (_, cells, kin, stations) in enumerate(people):
        assert place % 2 == 0
        front, back = pages[place], pages[place + 1]
        text = "".join(front.extract_text().split())
        assert "入会申请书" in text
        assert cells["name"] in text
        sheet = Sheet(back)
        shown = {name: sheet.text(sheet.cell(*cell)) for name, cell in CELLS.items()}
        assert shown == cells
        assert len(back.images) == (1 if number % 3 == 0 else 2)  # the code that proves the print, and her photo
        assert rows_of(sheet, FAMILY, FAMILY_ROWS) == filled(kin[:FAMILY_ROWS], FAMILY, FAMILY_ROWS)
        assert rows_of(sheet, RESUME, RESUME_ROWS) == filled(stations[:RESUME_ROWS], RESUME, RESUME_ROWS)
        place += 2
        if kin[FAMILY_ROWS:] or stations[RESUME_ROWS:]:
            further(Sheet(pages[place]), kin[FAMILY_ROWS:], stations[RESUME_ROWS:])
            assert pages[place + 1].extract_text() == ""
            place += 2
        for page in pages[max(0, place - 4) : place]:
            page.close()  # what has been read is not kept
    assert place == len(pages)


def rows_of(sheet: Sheet, columns: Mapping[str, tuple[int, int, int]], count: int, below: int = 0) -> Rows:
    """Return what stands in `count` rows of a table of the sheet, that many rows further `below`."""
    return [
        {
            name: sheet.text(sheet.cell(left, right, first + below + row))
            for name, (left, right, first) in columns.items()
        }
        for row in range(count)
    ]


def filled(rows: Rows, columns: Mapping[str, object], count: int) -> Rows:
    """Return `rows` with empty ones up to `count`."""
    return rows + [dict.fromkeys(columns, "")] * (count - len(rows))


def further(sheet: Sheet, kin: Rows, stations: Rows) -> None:
    """The further page has the rows that the form has no room for, in their order."""
    assert rows_of(sheet, MORE_FAMILY, len(kin)) == kin
    below = len(kin) if kin else -1  # without a family the résumé begins a heading higher
    assert rows_of(sheet, MORE_RESUME, len(stations), below) == stations
