"""The pages of members, by people with their rights; the client looks for what must not stand there."""

from __future__ import annotations

import io
from datetime import date

from PIL import Image

from portal.core import audit, uploads
from portal.core.actors import SHELL
from portal.core.db import db
from portal.members import history, service
from portal.members.models import SearchText
from tests import factories
from tests.client import find_form, form_values
from tests.members.conftest import NUMBER


def picture() -> io.BytesIO:
    """Return a photo as it would be uploaded."""
    out = io.BytesIO()
    Image.new("RGB", (500, 700), "gray").save(out, "JPEG")
    out.seek(0)
    return out


# --- the list ---------------------------------------------------------------------------------------------------------


def test_the_list_shows_ones_own_subtree_masked(client_of, people, member):
    page = client_of(people["operator"]).get("/members/")
    foreign = client_of(people["elsewhere"]).get("/members/")

    for text in ("曾晓梅", "20150012", "GH-2026-00001", "*******5678", "共 1 条", "会籍状态：正常"):
        assert text in page.text
    for text in ("13912345678", "7654", "迎宾路", "王伟", "海港煤矿"):
        assert text not in page.text
    assert "曾晓梅" not in foreign.text
    assert "共 0 条" in foreign.text
    assert "没有符合条件的会员" in foreign.text


def test_who_reads_no_members_gets_no_list(client, client_of, people):
    assert client.get("/members/").location.startswith("/login")
    for who in ("nobody", "self", "admin"):
        assert client_of(people[who]).get("/members/").status_code == 403


def test_a_number_never_stands_in_an_address(client_of, people, member):
    browser = client_of(people["operator"])

    sent = browser.submit("/members/", {"q": NUMBER}, action="search")
    word = db.session.query(SearchText).one().token
    page = browser.get(sent.location)

    assert (sent.status_code, NUMBER in sent.location) == (303, False)
    assert f"~{word}" in sent.location
    assert "曾晓梅" in page.text
    assert f"尾号 {NUMBER[-4:]}" in page.text
    # the next search keeps it while only another filter changes
    again = browser.submit(sent.location, {"sex": "1"}, action="search")
    assert f"~{word}" in again.location
    assert "没有符合条件的会员" in browser.get(again.location).text


def test_a_number_typed_into_the_address_finds_nobody(client_of, people, member):
    browser = client_of(people["operator"])

    for query in ("13912345678", "~nothing"):
        page = browser.get(f"/members/?q={query}")
        assert "没有执行查询" in page.text
        assert "曾晓梅" not in page.text
    assert "曾晓梅" in browser.get("/members/?q=zxm").text


def test_another_persons_kept_number_is_nobodys(client_of, people, member):
    sent = client_of(people["operator"]).submit("/members/", {"q": NUMBER}, action="search")

    assert "没有执行查询" in client_of(people["union"]).get(sent.location).text


def test_filters_stand_in_the_address_and_can_be_taken_off(client_of, people, member):
    browser = client_of(people["union"])
    history.write(member, {"membership_status": "retained"}, SHELL, reason="退休")

    sent = browser.submit("/members/", {"membership_status": "retained", "unit": "GH01"}, action="search")

    assert sent.location == "/members/?unit=GH01&status=retained"
    page = browser.get(sent.location)
    assert "曾晓梅" in page.text
    assert 'href="/members/?unit=GH01&amp;status=all"' in page.text
    assert "曾晓梅" not in browser.get("/members/").text
    assert "曾晓梅" in browser.get("/members/?status=all").text
    assert "共 0 条" in browser.get("/members/?status=nonsense&sort=nonsense&page=-1&after=x").text


def test_pages_lead_on_and_back(client_of, people, tree):
    for name in ("安然", "白雪", "曹雪", "邓丽"):
        service.admit(SHELL, unit=tree["b"], values=factories.a_person(name=name).values, join_date=date(2026, 9, 1))
    browser = client_of(people["elsewhere"])

    first = browser.get("/members/?per_page=2")
    second = browser.get(link(first.text, "next"))
    back = browser.get(link(second.text, "prev"))

    assert [name in first.text for name in ("安然", "白雪", "曹雪", "邓丽")] == [True, True, False, False]
    assert [name in second.text for name in ("安然", "白雪", "曹雪", "邓丽")] == [False, False, True, True]
    assert 'rel="next"' not in second.text
    assert "安然" in back.text
    assert "共 4 条" in first.text


def link(text: str, rel: str) -> str:
    """Return the address of the page's link `rel`."""
    return text.split(f'rel="{rel}" href="')[1].split('"')[0].replace("&amp;", "&")


# --- the sheet --------------------------------------------------------------------------------------------------------


def test_the_sheet_shows_all_44_to_the_union_with_secrets_masked(client_of, people, member):
    page = client_of(people["union"]).get(f"/members/{member.id}").text

    for field in service.FIELDS:
        if field.number is not None:
            assert field.label in page
    for text in ("13912345678", "迎宾路一号", "初婚", "王伟", "曾父", "海港煤矿", "****", NUMBER[-4:], "入会"):
        assert text in page
    assert "7654" not in page


def test_the_branch_reads_the_family_but_no_salary(client_of, people, member):
    page = client_of(people["operator"]).get(f"/members/{member.id}").text

    assert "曾父" in page
    assert "无权查看" in page
    assert "7654" not in page
    assert "查看完整" not in page


def test_a_foreign_member_looks_absent(client_of, people, member):
    browser = client_of(people["elsewhere"])

    foreign, absent = browser.get(f"/members/{member.id}"), browser.get("/members/99999")

    assert (foreign.status_code, foreign.text) == (404, absent.text)
    for path in ("edit", "photo"):
        assert browser.get(f"/members/{member.id}/{path}").status_code == 404
    for path in ("edit", "reveal", "registration-form"):
        answer = browser.post(f"/members/{member.id}/{path}", data={"field": "id_number", "reason": "办理会员卡"})
        assert answer.status_code == 404


def test_the_address_of_ones_own_record_leads_to_ones_own_page(client_of, people, member, tree):
    other = factories.make_member(tree["a"])
    own_browser = client_of(people["self"])

    assert own_browser.get(f"/members/{member.id}").location == "/members/me"
    assert own_browser.get(f"/members/{other.id}").status_code == 404
    assert client_of(people["operator"]).get(f"/members/{member.id}").status_code == 200


def test_the_own_page_shows_who_looked(client_of, people, member):
    client_of(people["union"]).post(f"/members/{member.id}/reveal", data={"field": "dues_base", "reason": "核对会费"})

    page = client_of(people["self"]).get("/members/me").text

    for text in ("13912345678", "曾父", "谁查看过我的信息", "张操作", "核对会费", "查看完整", "申请修改"):
        assert text in page
    assert "7654" not in page


def test_who_is_no_member_is_told_so(client_of, people):
    page = client_of(people["nobody"]).get("/members/me")

    assert (page.status_code, "没有会员档案" in page.text) == (200, True)
    assert client_of(people["nobody"]).get("/members/me/edit").status_code == 404


# --- reveal -----------------------------------------------------------------------------------------------------------


def test_a_reveal_shows_once_after_its_trace(client_of, people, member):
    browser = client_of(people["union"])
    path = f"/members/{member.id}/reveal"

    without = browser.post(path, data={"field": "id_number", "reason": "看"})
    shown = browser.post(path, data={"field": "id_number", "reason": "办理会员卡"})

    assert (without.status_code, "至少 4 个字" in without.text, NUMBER in without.text) == (422, True, False)
    assert (shown.status_code, NUMBER in shown.text) == (200, True)
    assert shown.headers["Cache-Control"] == "no-store"
    [event] = [event for event in audit.events_of(member) if event.action == "member.reveal"]
    assert (event.actor_label, event.reason, event.details) == ("张操作", "办理会员卡", {"field": "id_number"})


def test_the_member_opens_her_own_secret_without_a_reason(client_of, people, member):
    browser = client_of(people["self"])
    assert "查看原因" not in browser.get("/members/me").text

    answer = browser.post(f"/members/{member.id}/reveal", data={"field": "id_number"})

    assert (answer.status_code, NUMBER in answer.text) == (200, True)


def test_nobody_else_opens_a_secret_nor_what_is_none(client_of, people, member):
    path = f"/members/{member.id}/reveal"
    asked = {"field": "id_number", "reason": "办理会员卡"}

    assert client_of(people["operator"]).post(path, data=asked).status_code == 403
    for who in ("nobody", "admin", "elsewhere"):
        assert client_of(people[who]).post(path, data=asked).status_code == 404
    assert client_of(people["union"]).post(path, data=asked | {"field": "name"}).status_code == 404


# --- edit -------------------------------------------------------------------------------------------------------------


def test_an_operator_edits_and_the_member_is_told(client_of, people, member):
    browser = client_of(people["operator"])

    saved = browser.submit(
        f"/members/{member.id}/edit",
        {"post_category": "2", "resume-1-start": "2012-09", "resume-1-place": "海港学院"},
        action="",
    )

    assert (saved.status_code, saved.location) == (303, f"/members/{member.id}")
    assert (member.post_category, len(member.resume)) == ("2", 2)
    page = browser.get(saved.location).text
    for text in ("已保存", "岗位类别：专任教师 → 行政管理", "李操作", "工会修改"):
        assert text in page
    assert "您的会员信息已由 李操作 修改" in client_of(people["self"]).get("/").text


def test_the_edit_form_never_carries_a_secret(client_of, people, member):
    page = client_of(people["union"]).get(f"/members/{member.id}/edit").text

    assert "7654" not in page
    assert 'name="id_number"' in page
    assert "留空表示不修改" in page
    answer = client_of(people["union"]).submit(f"/members/{member.id}/edit", {"remark": "已核对"}, action="")
    assert (answer.status_code, member.remark, member.dues_base, member.id_number) == (
        303,
        "已核对",
        "7654.32",
        NUMBER,
    )


def test_a_refused_edit_keeps_what_was_typed(client_of, people, member):
    answer = client_of(people["union"]).submit(
        f"/members/{member.id}/edit", {"school_entry_date": "1990-01-01", "remark": "打字很久"}, action=""
    )

    assert answer.status_code == 422
    for text in ("来校时不满 16 周岁", "打字很久", "1990-01-01"):
        assert text in answer.text
    assert member.remark is None


def test_what_must_be_there_cannot_be_emptied(client_of, people, member):
    answer = client_of(people["union"]).submit(f"/members/{member.id}/edit", {"name": "", "ethnicity": ""}, action="")

    assert answer.status_code == 422
    for text in ("请填写姓名", "请选择民族"):
        assert text in answer.text


def test_two_who_edit_at_once_get_one_friendly_conflict(client_of, people, member):
    first, second = client_of(people["operator"]), client_of(people["union"])
    page = second.get(f"/members/{member.id}/edit")
    first.submit(f"/members/{member.id}/edit", {"post_category": "3"}, action="")
    typed = form_inputs(page.text) | {"remark": "第二个人写的"}

    conflict = second.post(f"/members/{member.id}/edit", data=typed)
    assert conflict.status_code == 409
    for text in ("刚刚由 李操作 修改（岗位类别）", "第二个人写的"):
        assert text in conflict.text
    assert member.remark is None

    saved = second.post(f"/members/{member.id}/edit", data=form_inputs(conflict.text))
    assert (saved.status_code, member.remark, member.post_category) == (303, "第二个人写的", "3")


def form_inputs(text: str) -> dict[str, object]:
    """Return what a browser would send of the edit form."""
    form, _ = find_form(text, "/members/1/edit", "")
    return dict(form_values(form))


def test_a_member_edits_what_is_hers_and_nothing_else(client_of, people, member):
    browser = client_of(people["self"])

    saved = browser.submit(
        "/members/me/edit",
        {"home_address": "迎宾路二号", "family_members-1-relation": "52", "family_members-1-name": "曾母"},
        action="",
    )
    page = browser.get("/members/me/edit").text
    mark = service.mark_of(member)
    forged = browser.post("/members/me/edit", data={"name": "王新名", "mobile": "13800001111", "seen_version": mark})

    assert (saved.location, member.home_address, len(member.family_members)) == ("/members/me", "迎宾路二号", 2)
    assert (member.name, member.mobile) == ("曾晓梅", "13912345678")
    assert 'name="mobile"' not in page
    assert f"/changes/new/{member.id}" in page
    assert forged.status_code in (303, 422)


def test_the_chair_reads_but_has_no_edit_page(client_of, people, member):
    browser = client_of(people["chair"])

    assert "修改</a>" not in browser.get(f"/members/{member.id}").text
    assert browser.get(f"/members/{member.id}/edit").status_code == 403


# --- photo ------------------------------------------------------------------------------------------------------------


def test_a_member_changes_her_photo_and_only_readers_see_it(client_of, people, member):
    browser = client_of(people["self"])
    assert browser.get(f"/members/{member.id}/photo").status_code == 404

    refused = browser.post("/members/me/photo", data={"photo": (io.BytesIO(b"no picture"), "a.jpg")})
    empty = browser.post("/members/me/photo", data={})
    saved = browser.post("/members/me/photo", data={"photo": (picture(), "a.jpg")})

    for answer in (refused, empty):
        assert (answer.status_code, "请上传照片（jpg/png，15MB 以内）" in answer.text) == (422, True)
    assert (saved.status_code, saved.location) == (303, "/members/me")
    shown = browser.get(f"/members/{member.id}/photo")
    assert (shown.mimetype, shown.data) == ("image/jpeg", uploads.content_of(member.photo))
    assert shown.headers["Cache-Control"] == "no-store"
    assert shown.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert client_of(people["operator"]).get(f"/members/{member.id}/photo").status_code == 200
    for who in ("elsewhere", "nobody", "admin"):
        assert client_of(people[who]).get(f"/members/{member.id}/photo").status_code == 404
