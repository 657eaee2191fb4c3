"""The paper archive: what is printed, signed and put away, and who may read a scan."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from portal.core import audit, pdf
from portal.core.actors import SHELL
from portal.core.db import db
from portal.members import filing, history
from portal.members.filing import FileState
from portal.members.printing import Papers
from portal.org.permissions import Role
from portal.prints import archive
from portal.prints.archive import Filters
from tests import factories
from tests.client import words
from tests.prints.conftest import pages_of
from tests.prints.test_jobs import ask, done

PLACE = "校工会档案柜 A-03"


def scan() -> io.BytesIO:
    stream = io.BytesIO()
    Image.new("RGB", (1200, 1700), (250, 250, 250)).save(stream, "JPEG")
    stream.seek(0)
    return stream


def test_counts_add_up_and_follow_what_is_done(operator, members):
    done(ask(operator, [members[0].id]))
    archive.file_many(operator, [members[1].id], place=PLACE)
    db.session.commit()

    page = archive.listing(operator, Filters())

    assert page.counts == {"not_printed": 1, "printed": 1, "filed": 1, "all": 3}
    states = {row.id: (row.state, row.place) for row in page.rows}
    assert states == {
        members[0].id: (FileState.PRINTED, ""),
        members[1].id: (FileState.FILED, PLACE),
        members[2].id: (FileState.NOT_PRINTED, ""),
    }
    for state in FileState:
        assert len(archive.listing(operator, Filters(state=state.value)).rows) == page.counts[state.value]


def test_a_paper_that_is_filed_stays_filed_when_it_is_printed_again(operator, members):
    archive.file_many(operator, [members[0].id], place=PLACE)
    db.session.commit()

    done(ask(operator, [members[0].id]))

    row = filing.file_of(members[0])
    assert (row.state, row.place, row.printed_at is not None) == (FileState.FILED, PLACE, True)


def test_many_are_marked_at_once_and_strangers_are_not(client_of, operator, members, tree):
    stranger = factories.make_member(tree["b"])
    db.session.commit()
    ids = [members[0].id, members[1].id, stranger.id]

    answer = client_of(operator).post("/prints/archive", data={"ids": ids, "place": PLACE}, follow_redirects=True)

    assert "已标记 2 人为已签字归档，1 人不在您的管理范围内，已跳过" in words(answer.text)
    assert filing.file_of(stranger) is None
    assert [event.details for event in audit.events_of(members[0]) if event.action == "paper.file"] == [
        {"place": PLACE}
    ]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"ids": []}, archive.NOBODY),
        ({"ids": ["1"], "place": " "}, "请写明归档位置"),
        ({"place": PLACE}, archive.NOBODY),
    ],
)
def test_nobody_or_no_place_gets_a_sentence(client_of, operator, members, data, sentence):
    answer = client_of(operator).post("/prints/archive", data={"place": PLACE} | data)

    assert (answer.status_code, sentence in answer.text) == (422, True)


@pytest.mark.parametrize(("content", "ending", "starts"), [("jpg", "jpg", b"\xff\xd8"), ("pdf", "pdf", b"%PDF-")])
def test_a_signed_scan_is_kept_sealed_and_handed_out_as_a_file(
    client_of, user_as, operator, members, tree, content, ending, starts
):
    file = (scan(), "x.jpg") if content == "jpg" else (io.BytesIO(pdf.render("<p>已签字").pdf), "x.pdf")
    browser = client_of(operator)

    sent = browser.post(f"/prints/archive/{members[0].id}", data={"place": PLACE, "scan": file})
    own = browser.post(f"/prints/archive/{members[0].id}/scan")
    union = client_of(user_as(Role.UNION_OPERATOR, tree["root"])).post(f"/prints/archive/{members[0].id}/scan")
    chair = client_of(user_as(Role.BRANCH_CHAIR, tree["a"])).post(f"/prints/archive/{members[0].id}/scan")

    assert [sent.status_code, own.status_code, union.status_code, chair.status_code] == [303, 200, 200, 403]
    assert union.data.startswith(starts)
    assert union.headers["Content-Disposition"] == f'attachment; filename="scan-{members[0].id}.{ending}"'
    assert union.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    actions = [event.action for event in audit.events_of(members[0])]
    assert actions[-3:] == ["paper.file", "paper.read_scan", "paper.read_scan"]


def test_what_is_no_scan_is_refused_under_its_input(client_of, operator, members):
    page = client_of(operator).post(
        f"/prints/archive/{members[0].id}", data={"place": PLACE, "scan": (io.BytesIO(b"<html>"), "x.jpg")}
    )

    assert (page.status_code, "请上传签字表" in page.text) == (422, True)
    assert filing.file_of(members[0]) is None


def test_one_members_papers_print_from_her_file_in_every_kind(client_of, operator, members):
    browser = client_of(operator)
    page = browser.get(f"/prints/archive/{members[0].id}")
    history.write(members[0], {"department": "后勤处"}, SHELL, reason="更正")
    db.session.commit()

    answer = browser.post(f"/members/{members[0].id}/registration-form", data={"papers": "both", "version": "joined"})

    assert "入会申请书" in words(page.text)
    front, back = pages_of(answer.data)
    assert ("入会申请书" in front, "教务处" in front, "教务处" in back, "后勤处" in back) == (True, True, True, False)
    [print_] = filing.prints_of(members[0])
    assert (print_.papers, print_.at_joining, print_.job) == (Papers.BOTH, True, None)
    assert "打印记录" in words(browser.get(f"/prints/archive/{members[0].id}").text)


@pytest.mark.parametrize(("which", "titles"), [("application", ["入会申请书"]), ("both", ["入会申请书", "登记表"])])
def test_blank_forms_have_the_same_layout_and_nobodys_data(client_of, operator, which, titles):
    answer = client_of(operator).get("/prints/blank", query_string={"papers": which})

    texts = pages_of(answer.data)
    assert [title in text for title, text in zip(titles, texts, strict=True)] == [True] * len(titles)
    assert ("我自愿加入中华全国总工会" in texts[0], "贴照片处" in texts[0], "核验码" in texts[0]) == (True, True, False)
