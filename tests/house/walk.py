"""A walk through a full house: its people have signed in, and any request can be sent at any place."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from portal.core import clock, crypto
from portal.core.calendar import today
from portal.core.db import db
from portal.core.web import limiter
from portal.joining.models import ApplicationState as S
from portal.members import filing, history
from portal.messaging.sending import receiving
from portal.org.people import delegating
from portal.prints.models import JobState
from portal.query.exports.models import ExportState
from tests import client as distrust
from tests import doors, factories
from tests.client import DistrustfulClient
from tests.conftest import PROOF, Prepared
from tests.congress import making as congresses
from tests.house import everything, matrix
from tests.house.everything import House
from tests.members.importing import lists
from tests.messaging import making as messages

ABSENT = 999_999
COLUMNS = (
    "name",
    "id_number",
    "mobile",
    "staff_no",
    "department",
    "education",
    "branch",
)  # of a list as `lists` makes it
NO_TOKEN = "A" * 22
QUESTION = {"mode": "all", "part": "row:1", "f-1": "name", "o-1": "contains", "v-1": "殷"}
EXPORT = {"q": '{"all":[]}', "purpose": "节日慰问名册核对", "format": "xlsx"}
DEFINITION = {"name": "新口径", "reach": "private", "sentence": "性别 等于「女」"}

# forms that are sent as they stand, but for these fields
CHANGED: dict[str, dict[str, Any]] = {
    "members.edit": {"home_address": "改过的住址"},
    "members.edit_me": {"home_address": "改过的住址"},
    "system.settings": {},
}

# whom the database has to tell apart: on the second kind of server the others walk under --proof alone
TOLD_APART = ("operator of a", "union operator")

Place = tuple[dict[str, Any], dict[str, Any]]  # arguments of the address, body


class Walk:
    """One house with all its people signed in, put back after every change."""

    def __init__(self, app: Flask, prepared: Prepared) -> None:
        self.app, self.prepared = app, prepared
        self.principals = matrix.PRINCIPALS if PROOF or prepared.backend == "sqlite" else TOLD_APART
        self.house: House = everything.fill()
        everything.add_people(self.house)
        self.browsers = {name: distrust.client_of(app, self.house.people.get(name)) for name in matrix.PRINCIPALS}
        self.house.people["disabled"].is_enabled = False
        db.session.commit()
        self.cookies = {name: browser.get_cookie("portal") for name, browser in self.browsers.items()}
        self.ids = self._ids()
        self.canaries = {name: (place.canaries, place.applicant) for name, place in self.house.places.items()}
        db.session.remove()
        self.prepared.keep("kept")

    def _ids(self) -> dict[str, Any]:
        """All numbers that addresses take, read once: the rows themselves are put back between requests."""
        house = self.house
        places = {
            name: {
                "message_batch": everything.batch_in(place.unit),
                "message": everything.message_in(place.unit),
                "member": place.member.id,
                "line": place.member.changes[0].id,
                "version": history.present_version(place.member).id,
                "application": {state: item.id for state, item in place.applications.items()},
                "receipt": factories.receipt_code(place.applications[S.SUBMITTED]),
                "code": place.code.id,
                "token": place.code.token,
                "entry": place.entry.id,
                "tail": place.entry.data["id_number"][-4:],
                "list": place.roll.id,
                "person": place.roll.people[-1].id,
                "invitation": place.invitation,
                "confirmation": place.confirmation,
                "unit": place.unit.id,
                "event": everything.event_at(place.unit),
                "notice": everything.notice_of(place.member.user).id if place.member.user else 0,
                "job": everything.job_of(place.member.user, JobState.DONE),
                "waiting_job": everything.job_of(place.member.user, JobState.QUEUED),
                "selection": everything.selection_of(place.member.user),
                "batch": everything.batch_of(place.member.user, is_written=False),
                "slow": everything.slow_of(place.member.user),
                "written_batch": everything.batch_of(place.member.user, is_written=True),
                "export": everything.export_of(place.member.user, ExportState.PENDING),
                "made_export": everything.export_of(place.member.user, ExportState.DONE),
                "account": place.officer.id,
                "grant": place.officer.grants[0].id,
                "delegation": place.officer.grants[1].id,
                "import": place.brought.id,
                "proof": filing.prints_of(place.member)[0].code,
                "unit_code": place.unit.code,
                "coming_name": place.coming_name.id,
                "department": place.department.id,
                "sheet": place.sheet.id,
                "comparison": place.comparison.id,
                "finding": place.finding.id,
                "matter": place.matter.id,
                "leaving": place.leaving.id,
                "coming": place.coming.id,
                "standing": place.standing.id,
                "standing_paper": place.standing.papers[0].id,
                "incoming": place.incoming.id,
                "merge": place.merge.id,
                "double": place.merge.kept_id,
                "plan": place.plan.id if place.plan else ABSENT,
                "letter": place.letter.id,
                "handover": place.handover.id,
                "post": place.member.posts[0].id,
                "dues": place.dues[0],
                "recorded_dues": place.dues[1],
                "definition": place.definition.id,
                "roster": place.row.roster_id,
                "roster_row": place.row.id,
                "roster_part": place.part.id,
                "objection": place.objection.id,
                "objectionable": place.objection.version_id,
                "check": place.check.id,
                "check_part": place.check.parts[0].id,
                **{f"change{number}": item.id for number, item in enumerate(place.changes)},
                "roster_job": everything.roster_job_of(place.member.user),
                **place.told.ids,
                **place.congress.ids,
            }
            for name, place in house.places.items()
        }
        own = {
            name: {
                "member": house.records[name].id,
                "line": house.records[name].changes[0].id,
                "application": dict.fromkeys(S, house.applications[name].id),
                "notice": everything.notice_of(user).id,
                "job": everything.job_of(user, JobState.DONE),
                "waiting_job": everything.job_of(user, JobState.QUEUED),
                "selection": everything.selection_of(user),
                "batch": everything.batch_of(user, is_written=False),
                "slow": everything.slow_of(user),
                "written_batch": everything.batch_of(user, is_written=True),
                "export": everything.export_of(user, ExportState.PENDING),
                "made_export": everything.export_of(user, ExportState.DONE),
                "sheet": everything.sheet_of(user),
                "account": user.id,
                "grant": user.grants[0].id if user.grants else ABSENT,
                "delegation": next(iter(one.id for one in delegating.own(user)), ABSENT),
                "import": everything.import_of(user),
                "definition": everything.definition_of(user),
                "roster_job": everything.roster_job_of(user),
                "change0": everything.change_of(user),
                **messages.own_of(user),
                **dict(zip(("objection", "objectionable"), everything.objection_of(user), strict=True)),
            }
            for name, user in house.people.items()
        }
        # a stranger and a disabled account have nothing of their own; they knock at somebody's
        own["stranger"] = own["member"]
        person = factories.a_person()
        return {
            "places": places,
            "own": own,
            "elsewhere": house.units["c"].id,
            "member_name": house.places["a"].member.member_no,
            "applicant": _typed(person.values),
            "file": lists.table([lists.line(factories.a_person())]),
        }

    def put_back(self) -> None:
        """Bring the house and the browsers back to what they were."""
        db.session.remove()
        self.prepared.put("kept")
        for name, browser in self.browsers.items():
            cookie = self.cookies[name]
            browser.delete_cookie("portal")
            if cookie is not None:
                browser.set_cookie("portal", cookie.value)

    def at(self, endpoint: str, place: str, principal: str) -> dict[str, Any]:
        """Return the numbers of the object that lies at `place`."""
        if place == "absent":
            nothing = dict.fromkeys(S, ABSENT)
            numbers = (
                "member", "line", "code", "unit", "notice", "job", "waiting_job", "entry", "list", "person",
                "coming_name",
                "message_batch", "message", "merge", "double",
                "department", "sheet", "event", "import", "account", "grant", "delegation", "comparison", "finding",
                "matter", "handover", "post", "definition", "roster", "roster_row", "roster_part", "roster_job",
                "batch", "written_batch", "slow", "dues", "recorded_dues", "leaving", "coming", "plan", "incoming",
                "change0", "change1", "change2", "standing", "standing_paper",
                "batch", "written_batch", "slow", "dues", "recorded_dues", "leaving", "coming",
                "change0", "change1", "change2", "standing", "standing_paper", "letter",
                "objection", "objectionable", "check", "check_part",
                "export", "made_export",
                "export", "made_export", *messages.NUMBERS, *congresses.NUMBERS,
            )  # fmt: skip
            words = {"receipt": "aaaaa-bbbbb", "proof": "a" * 12, "role": "nobody"}
            words |= dict.fromkeys(("token", "invitation", "confirmation", "selection"), NO_TOKEN)
            return {"application": nothing, **dict.fromkeys(numbers, ABSENT), **words}
        found: dict[str, Any] = self.ids["own"][principal] if place == "own" else self.ids["places"].get(place, {})
        return found

    def send(self, endpoint: str, method: str, place: str, principal: str) -> TestResponse:
        """Send one request of the table."""
        limiter.reset()
        clock.beat(self.prepared.instance / "jobs")  # a test has no clock of its own
        browser, here = self.browsers[principal], self.at(endpoint, place, principal)
        arguments, body = self.request(endpoint, here)
        path = self.app.url_map.bind("localhost").build(endpoint, arguments)
        if method == "GET":
            return browser.get(path)
        if endpoint in CHANGED:
            body = self._as_it_stands(browser, path) | CHANGED[endpoint]
        return browser.post(path, data=body)

    def _as_it_stands(self, browser: DistrustfulClient, path: str) -> dict[str, Any]:
        """Return what the form says before anybody types; nothing where one cannot see it."""
        page = browser.get(path)
        return {} if page.status_code != 200 else distrust.form_values(distrust.find_form(page.text, path)[0])

    def request(self, endpoint: str, here: dict[str, Any]) -> Place:
        """Return the arguments and the body that would succeed for someone with the right."""
        application = here.get("application", {})
        waiting, agreed = application.get(S.SUBMITTED), application.get(S.BRANCH_OK)
        one: dict[str, Any] = {"id": here.get("member")}
        of_unit: dict[str, Any] = {"id": here.get("unit")}
        from_today = {"starts": today().isoformat()}
        from_on = {"on": today().isoformat()}
        of_comparison: dict[str, Any] = {"id": here.get("comparison")}
        of_import: dict[str, Any] = {"id": here.get("import")}
        requests: dict[str, Place] = {
            "system.retry": ({"name": "attempts.sweep"}, {}),
            "system.event": ({"id": here.get("event")}, {}),
            "static": ({"filename": "public.css"}, {}),
            "calendar.edit": ({"year": 2026}, {}),
            "help.role": ({"role": here.get("role", "union_operator")}, {}),
            "home.read": ({"id": here.get("notice")}, {}),
            "home.act": ({"workflow": "joining", "item_id": waiting, "action": "agree"}, {}),
            "org.login": ({}, {"username": "nobody", "password": "wrong"}),
            "org.password": ({}, {"current": "wrong", "new": "海上明月共潮生 88", "again": "海上明月共潮生 88"}),
            "handover.new": (
                {"from_username": "gbd-gh01"},
                {"to_username": "jieban", "to_name": "殷接班", "day": today().isoformat()},
            ),
            "posts.new": (
                {}, {"member": self.ids["member_name"], "kind": "12", "unit": "GH", "term": "第九届"} | from_today,
            ),
            "posts.of_term": (
                {},
                {"term": "第九届", "lines": f"{self.ids['member_name']} 教代会代表", "act": "write"} | from_today,
            ),
            "posts.end": ({"id": here.get("post")}, {"on": today().isoformat()}),
            "handover.detail": ({"id": here.get("handover")}, {}),
            "handover.print_list": ({"id": here.get("handover")}, {}),
            "people.new": (
                {},
                {"username": "xin-gan-shi", "name": "殷新来", "role": "branch_operator", "unit": "GH01"} | from_today,
            ),
            **{
                f"people.{verb}": ({"id": here.get("account")}, {})
                for verb in ("detail", "slip", "unlock", "disable", "enable")
            },
            "people.give": (
                {"id": here.get("account")}, {"role": "branch_chair", "unit": "机关分工会"} | from_today,
            ),
            "people.end": ({"id": here.get("grant")}, {"on": today().isoformat()}),
            "people.lend": (
                {},
                {"unit": self.ids["places"]["top"]["unit"], "username": "gbd-gh02", "decisions": ["joining.approve"]}
                | from_today | {"ends": (today() + timedelta(days=7)).isoformat()},
            ),
            "people.take_back": ({"id": here.get("delegation")}, {}),
            "members.find": ({}, {"q": "殷晓澜"}),
            "members.detail": (one, {}),
            "members.photo": (one, {}),
            "timeline.index": (one, {}),
            "members.reveal": (one, {"field": "id_number", "reason": "核对登记表"}),
            "members.registration_form": (one, {}),
            "members.edit": (one, {}),
            "corrections.correct": (
                one | {"field": "department", "since": today().isoformat()},
                {"department": "图书馆", "reason": "登记有误", "seen": str(here.get("version", ""))},
            ),
            "corrections.redate": (
                one | {"line_id": here.get("line")}, {"on": today().isoformat(), "reason": "登记有误"},
            ),
            "members.my_photo": ({}, {"photo": (everything.photo(), "me.jpg")}),
            # without a place one of the house's own
            **{
                f"definitions.{verb}": ({"id": here["definition"]} if "definition" in here else {"preset": "q1"}, {})
                for verb in ("detail", "compare")
            },
            "definitions.new": ({}, DEFINITION),
            "definitions.edit": ({"id": here.get("definition")}, DEFINITION),
            "definitions.withdraw": ({"id": here.get("definition")}, {}),
            "activation.activate": (
                {},
                {"who": "x", "id_number": "x", "mobile": "x", "new": "海上明月共潮 8", "again": "海上明月共潮 8"},
            ),
            "activation.slip": (one, {}),
            "joining.apply": (
                {"token": here.get("token")},
                self.ids["applicant"] | {"form_key": crypto.random_token(), "consent": "y"},
            ),
            "joining.receipt": ({}, {"code": here.get("receipt")}),
            "joining.detail": ({"id": waiting}, {}),
            "joining.photo": ({"id": waiting}, {}),
            "joining.approve": ({"id": agreed}, {"study_date": today().isoformat()}),
            "joining.send_back": (
                {"id": agreed}, {"comment": "籍贯请写到市", "reason": "wrong", "wrong_fields": ["native_place"]},
            ),
            "joining.reject": ({"id": agreed}, {"comment": "不符合入会条件", "reason": "not_ours"}),
            "entry.new": ({}, self.ids["applicant"] | {"consent": "y", "awaits_person": "y"}),
            "entry.scan": ({"id": here.get("entry")}, {}),
            "entry.evidence": ({"id": here.get("entry")}, {"evidence": (doors.scan(), "signed.jpg")}),
            # as posters: the address of this house leads to nobody's phone
            "entry.link": ({"id": here.get("entry")}, {}),
            "entry.confirm": ({"token": here.get("confirmation")}, {"tail": here.get("tail", ""), "consent": "y"}),
            "expected.new": (
                {}, {"name": "新名单", "unit": "GH", "people": "20269999 殷新来", "act": "preview"},
            ),
            "expected.detail": ({"id": here.get("list")}, {}),
            "expected.add": ({"id": here.get("list")}, {"people": "20269999 殷新来", "act": "preview"}),
            "expected.invite": ({"id": here.get("list")}, {"days": "30"}),
            "expected.close": ({"id": here.get("list")}, {}),
            "expected.remove": ({"id": here.get("person")}, {"comment": "未到岗"}),
            "expected.invited": (
                {"token": here.get("invitation")},
                self.ids["applicant"] | {"form_key": crypto.random_token(), "consent": "y"},
            ),
            "joining.approve_without_opinion": (
                {"id": waiting}, {"comment": "分工会长期无人办理", "study_date": today().isoformat()},
            ),
            "joining.redirect": (
                {"id": waiting},
                {
                    # one's own application lies at c, all others elsewhere
                    "unit_id": self.ids["elsewhere"] if "unit" in here else self.ids["places"]["a"]["unit"],
                    "seen_unit": here.get("unit", self.ids["elsewhere"]),
                    "comment": "他在机关工作",
                },
            ),
            "many.approve": ({}, {"ids": str(agreed), "study_date": today().isoformat()}),
            "many.agree": ({}, {"ids": str(waiting)}),
            "unions.code": ({"id": here.get("unit")}, {"kind": "svg"}),
            "codes.issue": ({"id": here.get("unit")}, {}),
            "codes.detail": ({"id": here.get("code")}, {}),
            "codes.revoke": ({"id": here.get("code")}, {"reason": "海报遗失"}),
            "codes.renew": ({"id": here.get("code")}, {"reason": "定期更换"}),
            # made nowhere here: the address of this house leads to nobody's phone
            "codes.poster": ({"id": here.get("code")}, {"note": "请先连接校园网"}),
            "codes.bundle": ({}, {"unit": here.get("unit")}),
            "codes.svg": ({"id": here.get("code")}, {}),
            "receipts.receive": ({"gateway": "console", "token": receiving.token("console")}, {}),
            **{
                f"outbox.{verb}": ({"id": here.get("message_batch")}, {"reason": "已与网关核对"})
                for verb in ("detail", "release")
            },
            "outbox_messages.detail": ({"id": here.get("message")}, {}),
            "cards.verify": ({"token": NO_TOKEN}, {}),
            "codes.png": ({"id": here.get("code")}, {}),
            "prints.start": ({}, {"scope": "new"}),
            "prints.of_selection": ({"selection": here.get("selection")}, {}),
            **{f"query.{verb}": ({}, {"act": "add"} | QUESTION) for verb in ("run", "build", "count")},
            "query.names": ({}, {"pasted": "殷晓澜"}),
            "query.select": ({}, {"task": "prints.of_selection", "scope": "all"}),
            "batches.new": (
                {"selection": here.get("selection"), "fields": "remark"},
                {"remark": "批量", "day": today().isoformat(), "reason": "部门合并"},
            ),
            **{f"batches.{verb}": ({"id": here.get("batch")}, {}) for verb in ("detail", "write", "again", "discard")},
            **{f"slow.{verb}": ({"id": here.get("slow")}, {}) for verb in ("detail", "task", "cancel")},
            "batches.undo": ({"id": here.get("written_batch")}, {}),
            "exports.of_selection": ({"selection": here.get("selection")}, {}),
            "exports.start": ({}, EXPORT),
            "exports.detail": ({"id": here.get("export")}, {}),
            "exports.withdraw": ({"id": here.get("export")}, {}),
            "exports.take": ({"id": here.get("made_export")}, {}),
            "figures.report": ({"name": "basics"}, {}),
            "figures.export": ({"name": "basics"}, {"purpose": "年度统计", "kind": "xlsx"}),
            "figures.counted": ({"by": "sex"}, {}),
            "figures.export_counted": ({"by": "sex"}, {"purpose": "年度统计", "kind": "xlsx"}),
            "figures.moved": ({"name": "monthly", "kind": "joined"}, {}),
            "rosters.new": ({"selection": here.get("selection")}, {"title": "春节慰问品", "kind": "holiday"}),
            **{f"rosters.{verb}": ({"id": here.get("roster")}, {}) for verb in ("detail", "export", "sheets")},
            "roster_sheets.new": (
                {"selection": here.get("selection")},
                {"kind": "people", "title": "花名册", "purpose": "核对花名册", "out": "xlsx"},
            ),
            "changes.new": (
                {"member_id": here.get("member"), "f": ["department", "political_status"]},
                {"department": "学校办公室", "political_status": "01"},
            ),
            "objections.new": ({"version_id": here.get("objectionable")}, {"words": "部门不对，应是教务处"}),
            **{f"objections.{verb}": ({"id": here.get("objection")}, {}) for verb in ("detail", "withdraw")},
            "checks.new": ({}, {"name": "秋季学期信息核对", "due": today().isoformat()}),
            **{f"checks.{verb}": ({"id": here.get("check")}, {}) for verb in ("detail", "remind")},
            "check_parts.detail": ({"id": here.get("check_part")}, {}),
            **{f"changes.{verb}": ({"id": here.get("change0")}, {}) for verb in ("detail", "evidence", "cancel")},
            **{
                f"changes.{verb}": ({"id": here.get(f"change{number}")}, {"on": today().isoformat()})
                for number, verb in enumerate(("agree", "approve", "confirm"))
            },
            "rosters.add": ({"id": here.get("roster")}, {"q": "殷晓澜"}),
            "rosters.remove": ({"id": here.get("roster_row")}, {"reason": "调离"}),
            "rosters.restore": ({"id": here.get("roster_row")}, {"reason": "误核减"}),
            "rosters.job": ({"id": here.get("roster_job")}, {}),
            "rosters.file": ({"id": here.get("roster_job")}, {}),
            "roster_parts.detail": ({"id": here.get("roster_part")}, {}),
            "roster_parts.sheet": ({"id": here.get("roster_part")}, {}),
            "prints.job": ({"id": here.get("job")}, {}),
            "prints.download": ({"id": here.get("job")}, {}),
            "prints.cancel": ({"id": here.get("waiting_job")}, {}),
            "prints.blank": ({}, {}),
            "prints.check": ({"token": here.get("proof")}, {}),
            "prints.file_many": ({}, {"ids": [here.get("member")], "place": "档案柜 A-03"}),
            "prints.paper": (one, {"place": "档案柜 A-03"}),
            "prints.scan": (one, {}),
            "importing.index": ({}, {"file": (io.BytesIO(self.ids["file"]), "名单.csv")}),
            "importing.detail": (of_import, {}),
            "importing.columns": (of_import, {f"field{number}": name for number, name in enumerate(COLUMNS)}),
            "importing.commit": (of_import, {"seen": "1"}),
            "importing.undo": (of_import, {}),
            "importing.discard": (of_import, {}),
            "importing.file": (of_import, {}),
            "units.detail": (of_unit, {}),
            "units.new": (of_unit, {"name": "新小组", "kind": "group"}),
            "units.edit": (of_unit, {"contact_phone": "0335-8051111"}),
            "units.rename": (of_unit, {"name": "改过的分工会", "on": today().isoformat()}),
            "units.cancel_name": ({"id": here.get("coming_name")}, {}),
            "units.move": (of_unit, {"parent": self.ids["places"]["top"]["unit"]}),  # where all but the top are already
            "units.disable": (of_unit, {}),
            "units.enable": (of_unit, {}),
            "departments.index": (of_unit, {}),
            "departments.add": (of_unit, {"department": "新部门", "unit": here.get("unit")}),
            "departments.paste": (of_unit, {"pasted": f"新部门\t{here.get('unit_code')}"}),
            "departments.end": ({"id": here.get("department")}, {"on": today().isoformat()}),
            "comparison.index": (
                {}, {"unit": self.ids["places"]["top"]["unit"],
                     "file": (io.BytesIO("工号,姓名\n20991234,殷名单\n".encode()), "名单.csv")},
            ),
            "comparison.detail": (of_comparison, {}),
            "comparison.columns": (of_comparison, {}),
            "comparison.settle": (
                {**of_comparison, "action": "ignore", "list": "only_there"},
                {"ids": str(here.get("finding")), "reason": "outsider"},
            ),
            "comparison.recheck": (of_comparison, {}),
            "comparison.export": ({**of_comparison, "list": "only_there"}, {"purpose": "与人事处核对"}),
            "comparison.discard": (of_comparison, {}),
            "matters.detail": ({"id": here.get("matter")}, {}),
            "retiring.submit": ({}, {"ids": here.get("member", "")}),
            "retiring.export": ({"months": 24}, {"purpose": "与人事处核对"}),
            "leaving.detail": (one, {}),
            "leaving.warn": (one, {"kind": "talk", "on": today().isoformat()}),
            "leaving.propose": (one, {"situation": "没有参加过活动"}),
            "dues.sheets": (
                {}, {"file": (io.BytesIO("工号\nA001\n".encode()), "会费.csv"), "month": f"{today():%Y-%m}"},
            ),
            **{f"dues.{verb}": ({"id": here.get("dues")}, {"seen": "1"}) for verb in ("sheet", "record", "discard")},
            "dues.undo": ({"id": here.get("recorded_dues")}, {}),
            "dues.member": (one, {"reason": "核对会费金额"}),
            "transfers.detail": ({"id": here.get("leaving")}, {}),
            "transfers.send": (
                {"member_id": here.get("member")}, {"to": self.ids["elsewhere"], "occasion": "post"},
            ),
            "transfers.receive": ({"id": here.get("coming")}, {}),
            "transfers.turn_down": ({"id": here.get("coming")}, {"reason": "not_ours"}),
            # none of the house's is where these begin: the page leads back, and the step says so
            "transfers.resend": ({"id": here.get("leaving")}, {"to": self.ids["elsewhere"]}),
            "transfers.reroute": ({"id": here.get("leaving")}, {"to": self.ids["elsewhere"], "comment": "改派"}),
            "transfers.force": ({"id": here.get("leaving")}, {"comment": "长期无人接收"}),
            "transfers.mine": ({}, {"to": self.ids["places"]["a"]["unit"], "occasion": "post"}),
            "transfers_many.send": (
                {"selection": here.get("selection")}, {"to": self.ids["elsewhere"], "occasion": "post"},
            ),
            **{f"incoming.{verb}": ({"id": here.get("incoming")}, {}) for verb in ("detail", "letter", "slip")},
            "incoming.accept": ({"id": here.get("incoming")}, {"unit_id": self.ids["places"]["a"]["unit"]}),
            "incoming.new": (
                {},
                self.ids["applicant"] | {
                    "from_union": "唐山大学工会", "join_date": "2011-05-04", "to": self.ids["places"]["a"]["unit"],
                    "letter": (doors.scan(), "letter.jpg"),
                },
            ),
            "plans.detail": ({"id": here.get("plan")}, {}),
            "plans.new": (
                {"unit_id": here.get("unit")},
                {"heir": self.ids["elsewhere"], "on": today().isoformat(), "closes": "y"},
            ),
            "transfers_many.approve": ({}, {"ids": str(here.get("leaving"))}),
            "transfers_many.receive": ({}, {"ids": str(here.get("coming"))}),
            "merging.of": ({"member_id": here.get("member")}, {"q": "殷"}),
            "merging.pair": (
                {"kept_id": here.get("member"), "gone_id": here.get("double", here.get("member"))},
                {"reason": "核对了本人护照", "is_sure": "y"},
            ),
            "merging.detail": ({"id": here.get("merge")}, {}),
            "merging.led": ({"id": here.get("member")}, {}),
            "standing.detail": ({"id": here.get("standing")}, {}),
            "standing.paper": ({"id": here.get("standing_paper")}, {}),
            **{f"letters.{verb}": ({"id": here.get("letter")}, {}) for verb in ("detail", "paper")},
            "letters.receive": ({"id": here.get("letter")}, {"received_on": today().isoformat()}),
            "standing.retire": ({"member_id": here.get("member")}, from_on | {"kind": "retire"}),
            "standing.leave": (
                {"member_id": here.get("member")},
                from_on | {"kind": "leave", "employer": "山海大学", "union": "山海大学工会"},
            ),
            "standing.other": ({"member_id": here.get("member"), "kind": "army"}, from_on),
            "standing.resubmit": ({"id": here.get("standing")}, from_on),
            "standing.talk": ({"id": here.get("standing")}, {"talked_on": today().isoformat()}),
            "my_standing.index": ({}, {"kind": "withdraw", "wish": "个人原因，自愿退会"}),
            "standing.file_number": ({"id": here.get("standing")}, {"filing_no": "秦工备〔2026〕3号"}),
            "standing.agree": ({}, {"ids": str(self.ids["places"]["a"]["standing"])}),
            **{
                f"congress.{verb}": ({"id": here.get("congress")}, {"names": "第一代表团\n第二代表团\n第三代表团"})
                for verb in ("detail", "delegations")
            },
            "congress.new": ({}, {"number": "9", "starts": "2041-01-01", "ends": "2045-12-31"}),
            "congress_sessions.new": ({"id": here.get("congress")}, {}),
            **{
                f"congress_sessions.{verb}": ({"id": here.get("congress_session")}, {})
                for verb in ("detail", "edit", "attend", "sheet")
            },
            **{
                f"seats.{verb}": ({"id": here.get("seat")}, {"why": "resigned", "on": today().isoformat()})
                for verb in ("detail", "leave", "account")
            },
            "seats.edit": ({"id": here.get("seat")}, {"delegation": here.get("delegation_of_seat"), "post": "deputy"}),
            **{f"seats.{verb}": ({"id": here.get("congress")}, {}) for verb in ("index", "cards")},
            "seats.imports": (
                {"id": here.get("congress")},
                {"file": (io.BytesIO("姓名,工号,代表团,性别\n殷新,W77,第一代表团,女\n".encode()), "代表.csv")},
            ),
            **{
                f"seats.{verb}": ({"id": here.get("delegate_list")}, {"seen": "1"})
                for verb in ("preview", "record", "discard")
            },
            "seats.undo": ({"id": here.get("recorded_list")}, {}),
            "congress_offices.committee": ({"id": here.get("congress")}, {}),
            "congress_offices.name_member": ({"id": here.get("congress")}, {"person": "鲁外聘", "post": "head"}),
            "congress_offices.end_member": ({"id": here.get("committee_member")}, {}),
            "congress_offices.add_department": ({}, {"name": "后勤处"}),
            **{
                f"congress_offices.{verb}": (
                    {"id": here.get("handling_department")}, {"person": "鲁外聘", "post": "head"},
                )
                for verb in ("department", "name_handler", "close_department")
            },
            "congress_offices.end_handler": ({"id": here.get("handler")}, {}),
            **{f"groups.{verb}": ({"id": here.get("group")}, {}) for verb in ("detail", "withdraw")},
            "groups.new": ({}, {"name": "球友", "source": "people"}),
            "groups.built_in": ({"name": "everyone"}, {}),
            "groups.put": ({"id": here.get("group")}, {"member": here.get("member"), "act": "out"}),
            "groups.drop": ({"id": here.get("group")}, {"person": here.get("group_person")}),
            "wordings.detail": ({"id": here.get("wording")}, {}),
            "wordings.new": ({}, {"name": "领书", "words": "【姓名】老师：请领书。"}),
            "wordings.edit": ({"id": here.get("wording")}, {"name": "领书", "words": "【姓名】老师：请领书。"}),
            "bulletins.new": ({}, {"title": "放假", "body": "放假三天。", "groups": ["b:everyone"]}),
            "bulletins.edit": (
                {"id": here.get("draft_bulletin")}, {"title": "放假", "body": "放假三天。", "groups": ["b:everyone"]},
            ),
            **{f"bulletins.{verb}": ({"id": here.get("bulletin")}, {}) for verb in ("detail", "remind")},
            **{f"board.{verb}": ({"id": here.get("bulletin")}, {}) for verb in ("detail", "read")},
            "board.file": ({"id": here.get("bulletin_file")}, {}),
            "board.choose": ({}, {"sms": "inside"}),
            "composing.new": ({}, {"groups": ["b:everyone"], "wording": "s:birthday"}),
            "composing.detail": ({"id": here.get("short_message")}, {}),
            "composing.fill": ({"id": here.get("short_message")}, {"title": "生日"}),
            "composing.send": ({"id": here.get("short_message")}, {"seen": "other"}),
            "composing.trial": ({"id": here.get("short_message")}, {}),
            "composing.calls": ({"id": here.get("short_message")}, {}),
            "composing.remind": ({"id": here.get("sent_short_message")}, {}),
            "message_receipts.show": ({"token": here.get("acknowledgement", NO_TOKEN)}, {}),
            "message_receipts.confirm": ({"token": here.get("acknowledgement", NO_TOKEN)}, {}),
            "birthdays.detail": ({"id": here.get("unit")}, {"wording": "s:birthday", "is_on": "y"}),
            "unit_sheets.bring": ({}, {"file": (io.BytesIO("名称,类型\n二小组,工会小组\n".encode()), "小组.csv")}),
            "unit_sheets.detail": ({"id": here.get("sheet")}, {}),
            "unit_sheets.write": ({"id": here.get("sheet")}, {}),
        }  # fmt: skip
        return requests.get(endpoint, ({}, {}))


def _typed(values: dict[str, Any]) -> dict[str, Any]:
    """Return a person's values as inputs of the form carry them."""
    typed: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, list):
            for number, row in enumerate(value):
                typed |= {f"{name}-{number}-{cell}": text or "" for cell, text in row.items()}
        else:
            typed[name] = str(value)[:7] if name == "work_start_date" else str(value)
    return typed
