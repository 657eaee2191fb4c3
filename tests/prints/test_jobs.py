"""One PDF of many members' papers: asked for, made, taken away, given up; and who may not."""

from __future__ import annotations

import io
import re

import pypdf
import pytest
import time_machine
from sqlalchemy import select

from portal.core import audit
from portal.core import db as database
from portal.core.actors import SHELL
from portal.core.calendar import now, today
from portal.core.db import db
from portal.core.errors import DomainError
from portal.members import filing, history
from portal.members.filing import FileState, MemberPrint
from portal.org.models import Grant
from portal.org.permissions import Role
from portal.prints import chunks, service, worker
from portal.prints.models import JobState, PrintJob, PrintKind
from tests import factories
from tests.client import words
from tests.prints.conftest import pages_of

CHECK = "http://127.0.0.1:5000/prints/check/"


def ask(actor, ids, kind=PrintKind.REGISTRATION, *, at_joining=False):
    job = service.start_selected(actor, ids, kind=kind, at_joining=at_joining, check_url=CHECK)
    db.session.commit()
    return job


def done(job):
    worker.work()
    db.session.refresh(job)
    assert job.state is JobState.DONE, job.state
    return b"".join(chunks.read_joined(job.uuid))


def ids_of(members):
    return [member.id for member in members]


def test_ticked_members_are_one_pdf_in_the_lists_order_with_bookmarks(client_of, operator, members):
    browser = client_of(operator)

    sent = browser.post("/prints/start", data={"ids": ids_of(members), "kind": "registration"})
    waiting = browser.get(sent.location)
    worker.work()
    ready = browser.get(sent.location)
    answer = browser.get(f"{sent.location}/pdf")

    assert (waiting.headers["Refresh"], "0 / 3 人" in words(waiting.text)) == ("3", True)
    assert "Refresh" not in ready.headers
    assert "没有照片（3 人）" in words(ready.text)
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    reader = pypdf.PdfReader(io.BytesIO(answer.data), strict=True)
    titles = [(item.title, reader.get_destination_page_number(item)) for item in reader.outline]
    assert titles == [(f"{member.name} {member.member_no}", place) for place, member in enumerate(members)]
    for member, text in zip(members, pages_of(answer.data), strict=True):
        assert member.name in text


def test_the_whole_result_prints_in_its_order(client_of, operator, members, tree):
    factories.make_member(tree["b"], name="陈别处")
    found = {"scope": "found", "unit": "GH01", "status": "active", "sort": "name"}

    sent = client_of(operator).post("/prints/start", data=found)
    job = db.session.scalars(select(PrintJob)).one()

    assert sent.status_code == 303
    assert [name[0] for name in pages_named(done(job), members)] == ["陈", "李", "王"]


def pages_named(pdf, members):
    return [next(member.name for member in members if member.name in text) for text in pages_of(pdf)]


def test_both_papers_never_shift_sides(operator, tree):
    stations = [{"start": "2001-07", "end": "2003-08", "place": "某厂", "post": "工人", "witness": ""}] * 9
    made = [
        factories.make_member(tree["a"], name=name, resume=stations if name == "长简历" else None)
        for name in ("赵一", "长简历", "孙三")
    ]
    db.session.commit()

    texts = pages_of(done(ask(operator, ids_of(made), PrintKind.BOTH)))

    titles = [re.search(r"入会申请书|登记表（续页）|登记表|$", text)[0] for text in texts]
    front_and_back = ["入会申请书", "登记表"]
    assert titles == [*front_and_back, *front_and_back, "登记表（续页）", "", *front_and_back]


def test_a_form_as_at_joining_shows_what_was_approved(operator, members):
    member = members[0]
    history.write(member, {"department": "后勤处", "name": "王改名"}, SHELL, reason="更正")
    db.session.commit()

    [now] = pages_of(done(ask(operator, [member.id])))
    [then] = pages_of(done(ask(operator, [member.id], at_joining=True)))

    assert ("王改名" in now, "后勤处" in now) == (True, True)
    assert ("王晓梅" in then, "教务处" in then, "后勤处" in then) == (True, True, False)


def test_the_application_shows_promise_opinion_and_decision(operator, tree):
    item = factories.make_application(tree["a"], factories.S.APPROVED)

    [text] = pages_of(done(ask(operator, [item.member_id], PrintKind.APPLICATION)))

    day = item.study_date
    assert f"编号：{item.submitted_at.year}-{item.id:06d}" in text
    assert "".join(item.pledge_text.split()) in text.replace("核验码", "")
    assert f"同意接收{item.name}同志入会" in text
    assert f"经{day.year}年{day.month}月{day.day}日委员会研究，批准入会" in text
    assert item.member.member_no in text


def test_the_roster_lists_everybody_without_a_number(operator, members):
    text = "".join(pages_of(done(ask(operator, ids_of(members), PrintKind.ROSTER))))

    assert "新会员审批名册" in text
    for member in members:
        assert member.name in text
        assert member.id_number[-4:] not in text
    assert db.session.scalars(select(MemberPrint)).all() == []


def test_a_branch_prints_masked_and_the_union_in_full(user_as, tree, operator, members):
    union = user_as(Role.UNION_OPERATOR, tree["root"])

    [masked] = pages_of(done(ask(operator, [members[0].id])))
    [full] = pages_of(done(ask(union, [members[0].id])))

    number = members[0].id_number
    assert (number in masked, number in full) == (False, True)


def test_who_moved_out_of_scope_meanwhile_is_skipped_and_listed(client_of, operator, members, tree):
    job = ask(operator, ids_of(members))
    history.write(members[1], {"branch": tree["b"]}, SHELL, reason="转会")
    db.session.commit()

    texts = pages_of(done(job))

    assert [members[1].name in text for text in texts] == [False, False]
    assert job.skipped == [members[1].id]
    page = words(client_of(operator).get(f"/prints/jobs/{job.id}").text)
    assert "已不在您的管理范围内（1 人）" in page
    assert members[1].name not in page


def test_nobody_out_of_scope_is_taken_at_the_start(operator, members, tree):
    stranger = factories.make_member(tree["b"])
    db.session.commit()

    job = ask(operator, [stranger.id, members[0].id, members[0].id])

    assert job.member_ids == [members[0].id]


@pytest.mark.parametrize("data", [{}, {"ids": ["x", "-1", "99999"]}, {"scope": "new"}])
def test_an_empty_selection_gets_its_sentence(client_of, operator, data):
    answer = client_of(operator).post("/prints/start", data=data)

    assert (answer.status_code, service.NOBODY in answer.text) == (422, True)
    assert db.session.scalars(select(PrintJob)).all() == []


def test_somebody_elses_job_is_absent(client_of, user_as, operator, members, tree):
    job = ask(operator, ids_of(members))
    done(job)
    other = client_of(user_as(Role.UNION_CHAIR, tree["root"]))

    answers = [
        other.get(f"/prints/jobs/{job.id}"), other.get(f"/prints/jobs/{job.id}/pdf"),
        other.post(f"/prints/jobs/{job.id}/cancel"),
    ]  # fmt: skip

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert client_of(operator).get(f"/prints/jobs/{job.id}/pdf").status_code == 200


def test_a_job_that_is_given_up_leaves_no_file_and_no_print(client_of, operator, members, folder):
    job = ask(operator, ids_of(members))

    answer = client_of(operator).post(f"/prints/jobs/{job.id}/cancel")
    again = client_of(operator).post(f"/prints/jobs/{job.id}/cancel")
    worker.work()

    assert (answer.status_code, again.status_code) == (303, 409)
    assert db.session.get(PrintJob, job.id, populate_existing=True).state is JobState.CANCELLED
    assert chunks.names() == []
    assert db.session.scalars(select(MemberPrint)).all() == []


def test_a_job_leaves_its_trace_and_each_members(client_of, operator, members):
    job = ask(operator, ids_of(members))
    done(job)

    [start, finish] = audit.events_of(job)
    assert (start.action, start.details["count"], start.batch_id) == ("print.start", 3, job.uuid)
    assert (finish.action, finish.details["count"], finish.actor_id) == ("print.finish", 3, operator.id)
    assert [filing.file_of(member).state for member in members] == [FileState.PRINTED] * 3
    assert [one.printed_by for one in filing.prints_of(members[0])] == [operator.id]
    mine = client_of(members[0].user).get("/members/me")
    assert "批量打印登记表" in mine.text


def test_a_print_proves_itself_without_a_name(client, operator, members):
    pdf = done(ask(operator, [members[0].id]))
    code = re.search(r"核验码([a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4})", "".join(pages_of(pdf)))[1]

    genuine = client.get(f"/prints/check/{code}")
    typed = client.get("/prints/check/", query_string={"code": code.replace("-", "").upper()})
    unknown = client.get("/prints/check/" + "a" * 12)

    assert (genuine.status_code, typed.status_code, unknown.status_code) == (200, 200, 404)
    assert re.search(r"真：\d{4}-\d\d-\d\d \d\d:\d\d打印，外国语学院分工会", words(genuine.text))
    assert (members[0].name in genuine.text, "未找到" in unknown.text) == (False, True)


def test_a_character_without_a_font_is_listed_beside_its_member(client_of, operator, members):
    nobodys = "\U000323af"
    history.write(members[1], {"name": f"陈{nobodys}"}, SHELL, reason="更正")
    db.session.commit()
    job = ask(operator, ids_of(members))
    done(job)

    assert [tuple(pair) for pair in job.without_glyph] == [(members[1].id, nobodys)]
    assert "有字不能打印（1 人）" in words(client_of(operator).get(f"/prints/jobs/{job.id}").text)


def test_a_file_is_handed_out_only_as_long_as_the_grant_holds(client_of, operator, members):
    job = ask(operator, ids_of(members))
    done(job)
    operator.grants[0].revoked_at = now()
    db.session.add(Grant(user=operator, role=Role.BRANCH_CHAIR, unit=operator.grants[0].unit, starts=today()))
    db.session.commit()

    refused = client_of(operator).get(f"/prints/jobs/{job.id}/pdf")

    assert (refused.status_code, "不能再下载这份文件" in refused.text) == (403, True)


def test_files_are_sealed_and_gone_after_a_week(operator, members, folder):
    job = ask(operator, ids_of(members))
    done(job)
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "lock"]
    assert [path.name for path in files] == ["joined"]
    assert b"%PDF" not in files[0].read_bytes()

    with time_machine.travel(job.finished_at + service.KEPT_FOR * 1.01, tick=False):
        database.writes()
        service.sweep()
        db.session.commit()
        database.run_later()

    assert chunks.names() == []
    assert db.session.get(PrintJob, job.id, populate_existing=True).state is JobState.REMOVED


def test_a_sealed_file_that_was_cut_or_swapped_is_not_read(tmp_path, app):
    from portal.core.crypto import KeyProblem
    from portal.core.sealed_files import FRAME, SealedWriter, read_sealed

    path = tmp_path / "file"
    with SealedWriter(path, "one") as file:
        file.write(b"x" * FRAME * 2 + b"end")
    assert b"".join(read_sealed(path, "one")) == b"x" * FRAME * 2 + b"end"
    whole = path.read_bytes()
    frame = FRAME + 35

    for broken in (whole[:frame], whole[:-1], whole[frame : 2 * frame] + whole[:frame] + whole[2 * frame :]):
        path.write_bytes(broken)
        with pytest.raises(KeyProblem):
            list(read_sealed(path, "one"))
    path.write_bytes(whole)
    with pytest.raises(KeyProblem):
        list(read_sealed(path, "another"))


def test_too_many_waiting_jobs_are_refused(operator, members):
    for _ in range(service.JOBS_WAITING):
        ask(operator, ids_of(members))

    with pytest.raises(DomainError, match="还有 5 个打印任务"):
        ask(operator, ids_of(members))
