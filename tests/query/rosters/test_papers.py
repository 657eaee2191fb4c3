"""The papers of a list, read back: one sheet for each branch, a workbook, all in one archive."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
import time_machine

from portal.core import audit
from portal.core import db as database
from portal.core.actors import SHELL
from portal.core.calendar import now
from portal.core.db import db
from portal.members import history
from portal.org.models import OrgUnit
from portal.org.permissions import Role
from portal.org.units.names import rename
from portal.query.rosters import jobs, service, worker
from portal.query.rosters.files import FILES
from portal.query.rosters.models import RosterJob
from portal.query.rosters.models import RosterJobState as J
from portal.query.rosters.workflow import ROSTERS
from tests import factories
from tests.conftest import PROOF
from tests.query.rosters.frozen import freeze, names, pages

PEOPLE, BRANCHES = 8, 2
MANY, PLACES = (3000, 24) if PROOF else (34, 2)


@pytest.fixture
def keeper(user_as, tree):
    """The union's operator."""
    return user_as(Role.UNION_OPERATOR, tree["root"], name="钱操作")


def grown(root: OrgUnit, people: int, branches: int) -> list[Any]:
    """Return so many members, whom the branches have by turns."""
    units = [
        factories.make_unit(root, code=f"GH1{number:02d}", name=f"第{number:02d}分工会") for number in range(branches)
    ]
    made = []
    for place in range(people):
        person = factories.a_person(name=called(place)).values
        made.append(history.begin(person, units[place % branches], SHELL, reason="入会"))
    db.session.commit()
    return made


@pytest.fixture
def school(tree) -> list[Any]:
    """A few members of two branches."""
    return grown(tree["root"], PEOPLE, BRANCHES)


def called(place: int) -> str:
    """A name that nobody else has, and that is no part of another's."""
    return "赵" + "".join("梅国琴轩博娟强远燕哲"[int(digit)] for digit in f"{place:04d}")


def made(job: RosterJob) -> dict[str, bytes]:
    """Work, and return the files of the archive."""
    worker.work()
    db.session.refresh(job)
    assert job.state is J.DONE
    with zipfile.ZipFile(io.BytesIO(b"".join(FILES.read(job.uuid)))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def ask(keeper: Any, roster: Any) -> RosterJob:
    job = jobs.start(keeper, roster)
    db.session.commit()
    return job


def test_every_branch_has_its_sheet_and_later_moves_change_none(keeper, tree):
    """Neither do a retirement and a new name of a branch."""
    school = grown(tree["root"], MANY, PLACES)
    roster = freeze(keeper)
    before = made(ask(keeper, roster))

    with time_machine.travel(now() + timedelta(days=30), tick=False):
        rename(keeper, school[0].unit, "改名后的分工会")
        for member in school[:5]:
            history.write(member, {"branch": tree["a"]}, SHELL, reason="转会")
        history.write(school[-1], {"membership_status": "retained"}, SHELL, reason="退休")
        db.session.commit()
        after = made(ask(keeper, roster))

    sheets = [name for name in before if name.endswith(".pdf")]
    assert len(sheets) == PLACES
    assert list(before) == list(after)
    for number, name in enumerate(sheets):
        text = pages(before[name])
        assert (f"第{number:02d}分工会" in name, names(before[name]) == names(after[name])) == (True, True)
        of_branch = [member for place, member in enumerate(school) if place % PLACES == number]
        found = "".join(text)
        assert [found.count(member.name) for member in of_branch] == [1] * len(of_branch)
        assert found.count("赵") == len(of_branch)
        assert f"分工会：第{number:02d}分工会共{len(of_branch)}人应发数：{len(of_branch)}份" in text[0]
        for page, words in enumerate(text, 1):
            assert "序号姓名工号品名签名日期代领人" in words
            assert f"第{page}/{len(text)}页" in words
        assert "制表人：分工会主席（签字）：" in text[-1]


def test_the_workbook_says_what_the_pages_say(keeper, school):
    roster = freeze(keeper)
    newcomer = factories.make_member(school[0].unit, name="吴明哲")
    db.session.commit()
    service.remove(keeper, service.all_rows(roster)[0], reason="已调离")
    service.add(keeper, roster, newcomer.id, reason="退休返聘")
    db.session.commit()

    book = openpyxl.load_workbook(io.BytesIO(made(ask(keeper, roster))[worker.TABLE]))

    assert book.sheetnames == ["名单", "分工会合计", "增减情况", "说明"]
    people = [[cell.value for cell in row] for row in book["名单"].iter_rows(min_row=2)]
    assert people[0] == ["序号", "姓名", "工号", "所属分工会", "性别", "品名", "应发数"]  # 婚姻状况 is of the family
    assert len(people) - 1 == PEOPLE
    assert [row[1] for row in people if "吴" in row[1]] == ["吴明哲"]
    totals = [[cell.value for cell in row] for row in book["分工会合计"].iter_rows(min_row=3)]
    assert totals[-1][:6] == ["合计", PEOPLE, 1, 1, PEOPLE, PEOPLE]
    assert [sum(row[place] for row in totals[:-1]) for place in range(1, 6)] == totals[-1][1:6]
    changes = [[row[place].value for place in (0, 3, 5)] for row in book["增减情况"].iter_rows(min_row=2)]
    assert sorted(changes) == sorted([["吴明哲", "增补", "退休返聘"], [changes[0][0], "核减", "已调离"]])


def test_a_list_out_of_scope_by_then_makes_no_file(keeper, school, caplog):
    roster = freeze(keeper)
    job = ask(keeper, roster)
    keeper.grants[0].ends = now().date() - timedelta(days=1)
    db.session.commit()

    worker.work()

    db.session.refresh(job)
    assert (job.state, FILES.has(job.uuid)) == (J.FAILED, False)
    assert "赵" not in caplog.text


def test_old_files_go_with_a_trace(keeper, school):
    job = ask(keeper, freeze(keeper))
    made(job)
    assert FILES.names() == [job.uuid]

    with time_machine.travel(now() + timedelta(days=8), tick=False):
        jobs.sweep()
        db.session.commit()
    database.run_later()

    assert (job.state, FILES.names()) == (J.REMOVED, [])
    assert [event.action for event in audit.events_of(job)][-1] == "roster.papers_remove"


def test_a_closed_list_still_prints(keeper, school):
    roster = freeze(keeper)
    ROSTERS.fire(roster, "close", keeper)
    db.session.commit()

    assert len(made(ask(keeper, roster))) == BRANCHES + 1
