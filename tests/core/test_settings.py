"""Settings: a default until somebody changes them, one query to read them all, and a trace of each change."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select

from portal.core import audit, settings
from portal.core.actors import SHELL
from portal.core.db import db
from portal.core.errors import Conflict, DomainError, Problems
from portal.core.kinds import Kind
from portal.core.settings import Setting, StoredSetting

DAYS, NOTE, LINK, OTHERS = "joining_opinion_days", "home_contact", "joining_province_link", "joining_enterer_approves"


@pytest.fixture
def actor(tree, user_as):
    return user_as(name="管系统")


def test_a_setting_has_its_default_until_it_is_changed(actor) -> None:
    before = [settings.value(name) for name in (DAYS, NOTE, OTHERS)]

    changed = [
        settings.set(actor, DAYS, "7"),
        settings.set(actor, NOTE, "行政楼 203"),
        settings.set(actor, OTHERS, False),
    ]
    db.session.commit()

    assert (before, changed) == ([5, "", True], [True, True, True])
    assert [settings.value(name) for name in (DAYS, NOTE, OTHERS)] == [7, "行政楼 203", False]


def test_a_change_is_traced_with_old_and_new_and_none_where_nothing_changed(actor) -> None:
    settings.set(actor, DAYS, 7)
    settings.set(actor, OTHERS, "否")
    same = settings.set(actor, DAYS, "７")
    db.session.commit()

    events = db.session.scalars(select(audit.AuditEvent).order_by(audit.AuditEvent.id)).all()

    told = [(one.action_label, one.actor_label, one.subject_label, one.changes) for one in events[-2:]]
    assert same is False
    assert told == [
        ("修改系统设置", "管系统", "分工会提出意见的期限（工作日）", {DAYS: ["5", "7"]}),
        ("修改系统设置", "管系统", "录入人可以批准自己录入的申请", {OTHERS: ["是", "否"]}),
    ]


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        (DAYS, "0", "分工会提出意见的期限（工作日）应为 1 至 60 的整数"),
        (DAYS, "五", "分工会提出意见的期限（工作日）应为 1 至 60 的整数"),
        (DAYS, "", "请填写分工会提出意见的期限（工作日）"),
        (OTHERS, "", "请选择录入人可以批准自己录入的申请"),
        (NOTE, "长" * 81, "联系方式最多 80 个字，现在是 81 个，请缩短"),
        (LINK, "www.acftu.org", "省级平台注册网址应是完整网址，例如 https://gonghui.example.edu.cn/"),
        (LINK, "javascript:alert(1)//x", "省级平台注册网址应是完整网址，例如 https://gonghui.example.edu.cn/"),
        (LINK, "https://[::1", "省级平台注册网址应是完整网址，例如 https://gonghui.example.edu.cn/"),
        (LINK, 'https://a.example/"><b', "省级平台注册网址应是完整网址，例如 https://gonghui.example.edu.cn/"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(actor, name: str, typed: str, sentence: str) -> None:
    with pytest.raises(DomainError) as refused:
        settings.set(actor, name, typed)

    assert (refused.value.field, refused.value.message) == (name, sentence)
    assert db.session.scalars(select(StoredSetting)).all() == []


def test_an_address_is_taken_and_a_text_may_be_emptied_again(actor) -> None:
    address = "https://gh.example.gov.cn/reg?a=1&b=2"
    settings.set(actor, LINK, address)
    taken = settings.value(LINK)
    settings.set(actor, LINK, "")

    assert (taken, settings.value(LINK)) == (address, "")


def test_however_many_are_read_a_transaction_asks_once(actor) -> None:
    asked: list[str] = []

    def look(connection, cursor, statement, *rest) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", look)
    try:
        for _ in range(2):
            for line in settings.declared("school"):
                settings.value(line.name)
            db.session.rollback()
    finally:
        event.remove(db.engine, "before_cursor_execute", look)

    assert len([statement for statement in asked if "FROM settings" in statement]) == 2


def test_what_somebody_else_has_changed_is_seen_in_the_next_transaction(actor, app) -> None:
    assert settings.value(DAYS) == 5
    db.session.rollback()
    with app.app_context():  # a session of its own
        settings.set(SHELL, DAYS, 9)
        db.session.commit()

    assert settings.value(DAYS) == 9


def test_a_limit_that_has_become_narrower_gives_the_default(actor, monkeypatch) -> None:
    settings.set(actor, DAYS, 50)
    narrow = Setting(DAYS, "期限", Kind.INTEGER, 5, "入会", low=1, high=10)
    monkeypatch.setitem(settings._declared, DAYS, narrow)

    assert settings.value(DAYS) == 5


def test_many_are_changed_together_or_not_at_all(actor) -> None:
    seen = settings.mark([DAYS, NOTE])

    with pytest.raises(Problems) as refused:
        settings.change(actor, {DAYS: "99", NOTE: "甲"}, seen=seen)
    labels = settings.change(actor, {DAYS: "9", NOTE: ""}, seen=seen)
    with pytest.raises(Conflict):
        settings.change(actor, {DAYS: "8", NOTE: "乙"}, seen=seen)

    assert list(refused.value.errors) == [DAYS]
    assert labels == ["分工会提出意见的期限（工作日）"]
    assert (settings.value(DAYS), settings.value(NOTE)) == (9, "")


def test_the_school_does_not_show_what_is_the_citys() -> None:
    school, city = ({line.name for line in settings.declared(profile)} for profile in ("school", "city"))

    assert school - city == {"joining_poster_note_school"}
    assert city - school == {"joining_poster_note_city", LINK}


def test_every_line_can_take_its_own_default() -> None:
    lines = [*settings.declared("school"), *settings.declared("city")]

    assert lines != []
    assert [line.name for line in lines if settings.checked(line.name, line.default) != line.default] == []
    assert [line.name for line in lines if len(line.hint) < 8 or line.heading not in settings.HEADINGS] == []
