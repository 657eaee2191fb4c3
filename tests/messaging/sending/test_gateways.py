"""Each gateway over loopback, against a server that speaks its protocol and checks its signature."""

import json
import logging
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from portal.config import ROOT, SettingProblem, load
from portal.messaging.sending.gateways import choosing
from portal.messaging.sending.gateways.aliyun import Aliyun
from portal.messaging.sending.gateways.gateway import Answer, Fate, Gateway, Parcel, Receipt, Unreadable, Verdict
from portal.messaging.sending.gateways.http import Http
from portal.messaging.sending.gateways.tencent import Tencent
from portal.messaging.sending.gateways.transport import CutOff, ask
from tests.messaging.gateways import KEY_ID, SECRET, Manners, campus, gateway

WORDS = '王"芳"，\n您好 & 100%'
PARCEL = Parcel("uuid-1", "13912345678", WORDS, "校工会", "SMS_1", {"name": "王芳", "day": "5日 & 6日"})


def every(url: str) -> list[Gateway]:
    """Return the three gateways with an account at the server."""
    return [campus(url), Aliyun(KEY_ID, SECRET, endpoint=url), Tencent(KEY_ID, SECRET, "1400", endpoint=url)]


def test_each_hands_over_one_message(tmp_path: Path) -> None:
    with gateway(tmp_path) as running:
        answers = [one.send(PARCEL) for one in every(running.url)]
        http, aliyun, tencent = running.took()

    assert [(answer.verdict, answer.gateway_id) for answer in answers] == [
        (Verdict.TAKEN, one["id"]) for one in (http, aliyun, tencent)
    ]
    assert (http["key"], http["number"], http["text"]) == ("uuid-1", "13912345678", f"【校工会】{WORDS}")
    assert (aliyun["key"], aliyun["number"], aliyun["template"], aliyun["signature"]) == (
        "uuid-1", "13912345678", "SMS_1", "校工会",
    )  # fmt: skip
    assert json.loads(aliyun["text"]) == {"name": "王芳", "day": "5日 & 6日"}
    assert (tencent["key"], tencent["number"], tencent["template"]) == ("uuid-1", "+8613912345678", "SMS_1")
    assert json.loads(tencent["text"]) == ["王芳", "5日 & 6日"]
    assert [answer.parts for answer in answers] == [0, 0, 2]  # 腾讯云 alone says at once what it charges


def test_a_wrong_key_is_seen_and_may_be_mended(tmp_path: Path) -> None:
    with gateway(tmp_path) as running:
        answers = [
            Aliyun(KEY_ID, "wrong", endpoint=running.url).send(PARCEL),
            Aliyun("wrong", SECRET, endpoint=running.url).send(PARCEL),
            Tencent(KEY_ID, "wrong", "1400", endpoint=running.url).send(PARCEL),
        ]
        took = running.took()

    assert took == []
    assert [(one.verdict, one.word) for one in answers] == [
        (Verdict.NOT_NOW, "SignatureDoesNotMatch"),
        (Verdict.NOT_NOW, "InvalidAccessKeyId.NotFound"),
        (Verdict.NOT_NOW, "AuthFailure.SignatureFailure"),
    ]


@pytest.mark.parametrize(
    ("manners", "verdict"),
    [
        (Manners(busy=1), Verdict.NOT_NOW),
        (Manners(cut_before=1), Verdict.UNSURE),
        (Manners(cut_after=1), Verdict.UNSURE),
        (Manners(answer={"status": 500, "body": {}}), Verdict.UNSURE),
        (Manners(answer={"status": 200, "body": {"said": "what?"}}), Verdict.UNSURE),
        (Manners(answer={"status": 200, "body": "<html>"}), Verdict.UNSURE),
        (Manners(answer={"status": 502, "body": "<html>"}), Verdict.UNSURE),
        (Manners(answer={"status": 307, "body": {}, "headers": {"Location": "/elsewhere"}}), Verdict.UNSURE),
    ],
)
def test_only_what_was_surely_not_taken_is_tried_again(tmp_path: Path, manners: Manners, verdict: Verdict) -> None:
    with gateway(tmp_path, manners) as running:
        assert [one.send(PARCEL).verdict for one in every(running.url)] == [verdict] * 3
        assert len(running.took()) == (3 if manners.answer or manners.cut_after else 0)  # none asks again by itself


def test_a_gateway_that_is_not_there_was_not_reached() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"

    assert [one.send(PARCEL) for one in every(url)] == [Answer(Verdict.NOT_NOW, word="连不上网关")] * 3


def test_one_that_takes_the_call_and_never_answers_is_cut_off_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"

        with pytest.raises(CutOff):  # whether it has the message nobody knows: 待核实
            ask("POST", f"{url}/send", {}, b"{}", timeout=0.2)
        waiting = (
            Aliyun(KEY_ID, SECRET, endpoint=url, timeout=0.2),
            Tencent(KEY_ID, SECRET, "1400", endpoint=url, timeout=0.2),
        )
        assert [one.send(PARCEL) for one in waiting] == [Answer(Verdict.UNSURE, word="没有收到网关的应答")] * 2


def test_nothing_is_said_to_one_that_does_not_prove_who_it_is(tmp_path: Path) -> None:
    with gateway(tmp_path) as running:
        url = running.url.replace("http:", "https:")  # which it does not speak

        assert [one.send(PARCEL).verdict for one in every(url)] == [Verdict.NOT_NOW] * 3
        assert running.took() == []


def test_the_sdks_take_no_proxy_and_write_nothing_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("DEBUG", "sdk")  # with which that of 阿里云 writes each request on the standard error
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    with gateway(tmp_path) as running, gateway(tmp_path, Manners(cut_after=1)) as rude:
        taken = [one.send(PARCEL).verdict for one in every(running.url)]
        unsure = [one.send(PARCEL).verdict for one in every(rude.url)]
        took = running.took()

    assert (taken, unsure, len(took)) == ([Verdict.TAKEN] * 3, [Verdict.UNSURE] * 3, 6)
    assert (caplog.text, *capfd.readouterr()) == ("", "", "")


def test_the_sdks_are_loaded_by_the_first_message_and_not_before(tmp_path: Path) -> None:
    code = (
        "import sys; from portal.config import load; from portal.messaging.sending.gateways import choosing\n"
        "made = choosing.outlet(load()).gateway\n"
        "print(made.name, {'darabonba', 'aiohttp', 'requests', 'tencentcloud'} & set(sys.modules))"
    )

    ran = subprocess.run(
        [sys.executable, "-c", code], env={**ALIYUN, "PORTAL_INSTANCE": str(tmp_path)}, cwd=ROOT, check=True,
        capture_output=True, encoding="utf-8",
    )  # fmt: skip

    assert ran.stdout == "aliyun set()\n"


def test_an_sdk_that_will_not_start_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    spaced = Tencent(KEY_ID, "a key ", "1400").send(PARCEL)
    monkeypatch.setitem(sys.modules, "alibabacloud_dysmsapi20170525.client", None)
    gone = Aliyun(KEY_ID, SECRET).send(PARCEL)

    assert (spaced.verdict, gone.verdict) == (Verdict.NOT_NOW, Verdict.NOT_NOW)
    assert spaced.word == "短信程序库不能使用（TencentCloudSDKException）"
    assert gone.word == "短信程序库不能使用（ModuleNotFoundError）"


@pytest.mark.parametrize(
    ("status", "headers", "code", "verdict"),
    [
        (400, {}, "isv.SMS_SIGNATURE_ILLEGAL", Verdict.REFUSED),  # ClientException
        (403, {}, "Forbidden.RAM", Verdict.NOT_NOW),
        (400, {"x-acs-retry-after": "900"}, "Flow.Limited", Verdict.NOT_NOW),  # ThrottlingException
        (500, {"x-acs-retry-after": "900"}, "InternalError", Verdict.UNSURE),
        (503, {}, "ServiceUnavailable", Verdict.NOT_NOW),  # ServerException
        (500, {}, "SomethingBroke", Verdict.UNSURE),
    ],
)
def test_errors_of_aliyun(tmp_path: Path, status: int, headers: dict[str, str], code: str, verdict: Verdict) -> None:
    told = {"status": status, "headers": headers, "body": {"Code": code, "Message": "", "RequestId": "1"}}
    with gateway(tmp_path, Manners(answer=told)) as running:
        answer = Aliyun(KEY_ID, SECRET, endpoint=running.url).send(PARCEL)

    assert answer == Answer(verdict, word=code)


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("RequestLimitExceeded", Verdict.NOT_NOW),
        ("AuthFailure.SecretIdNotFound", Verdict.NOT_NOW),
        ("UnauthorizedOperation.SmsSdkAppIdVerifyFail", Verdict.REFUSED),
        ("InternalError.OtherError", Verdict.UNSURE),
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8"])
def test_errors_of_tencent(tmp_path: Path, kind: str, code: str, verdict: Verdict) -> None:
    told = {"Response": {"Error": {"Code": code, "Message": ""}, "RequestId": "1"}}
    with gateway(tmp_path, Manners(answer={"body": told, "headers": {"Content-Type": kind}})) as running:
        answer = Tencent(KEY_ID, SECRET, "1400", endpoint=running.url).send(PARCEL)

    assert answer == Answer(verdict, word=code)


@pytest.mark.parametrize("states", [[], None, [{}], ["what?"], {}])
def test_an_answer_of_tencent_without_a_state_is_unsure(tmp_path: Path, states: object) -> None:
    told = {"Response": {"SendStatusSet": states, "RequestId": "1"}}
    with gateway(tmp_path, Manners(answer={"body": told})) as running:
        answer = Tencent(KEY_ID, SECRET, "1400", endpoint=running.url).send(PARCEL)

    assert answer == Answer(Verdict.UNSURE, word="网关的应答无法识别")


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("isv.BUSINESS_LIMIT_CONTROL", Verdict.NOT_NOW),
        ("Throttling.User", Verdict.NOT_NOW),
        ("isv.MOBILE_NUMBER_ILLEGAL", Verdict.WRONG_NUMBER),
        ("isv.SMS_TEMPLATE_ILLEGAL", Verdict.REFUSED),
        ("isp.SYSTEM_ERROR", Verdict.UNSURE),
    ],
)
def test_words_of_aliyun(tmp_path: Path, code: str, verdict: Verdict) -> None:
    with gateway(tmp_path, Manners(answer={"body": {"Code": code, "Message": "", "RequestId": "1"}})) as running:
        answer = Aliyun(KEY_ID, SECRET, endpoint=running.url).send(PARCEL)

    assert answer == Answer(verdict, word=code)


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("LimitExceeded.PhoneNumberThirtySecondLimit", Verdict.NOT_NOW),
        ("InvalidParameterValue.IncorrectPhoneNumber", Verdict.WRONG_NUMBER),
        ("FailedOperation.TemplateIncorrectOrUnapproved", Verdict.REFUSED),
        ("InternalError.Timeout", Verdict.UNSURE),
    ],
)
def test_words_of_tencent(tmp_path: Path, code: str, verdict: Verdict) -> None:
    state = {"SerialNo": "", "PhoneNumber": "+86139", "Fee": 0, "Code": code, "Message": "", "IsoCode": ""}
    with gateway(tmp_path, Manners(answer={"body": {"Response": {"SendStatusSet": [state]}}})) as running:
        answer = Tencent(KEY_ID, SECRET, "1400", endpoint=running.url).send(PARCEL)

    assert answer == Answer(verdict, word=code)


def test_a_report_of_aliyun_is_read() -> None:
    told = [
        {
            "phone_number": "13912345678", "send_time": "2017-01-01 00:00:00", "report_time": "2017-01-01 00:00:00",
            "success": True, "err_code": "DELIVERED", "err_msg": "用户接收成功", "sms_size": "1", "biz_id": "b1",
            "out_id": "uuid-1",
        },
        {"phone_number": "13912345679", "success": False, "err_code": "MOBILE_NOT_ON_SERVICE", "biz_id": "b2"},
        {"phone_number": "13912345670", "success": False, "err_code": "UNDELIV", "biz_id": "b3"},
    ]  # fmt: skip

    receipts = Aliyun(KEY_ID, SECRET).receipts(json.dumps(told).encode())

    assert receipts == [
        Receipt(Fate.DELIVERED, "uuid-1", "b1", "13912345678", parts=1),
        Receipt(Fate.WRONG_NUMBER, "", "b2", "13912345679", "MOBILE_NOT_ON_SERVICE"),
        Receipt(Fate.UNREACHABLE, "", "b3", "13912345670", "UNDELIV"),
    ]


def test_a_report_of_tencent_is_read() -> None:
    told = [
        {
            "user_receive_time": "2015-10-17 08:03:04", "nationcode": "86", "mobile": "13912345678",
            "report_status": "SUCCESS", "errmsg": "DELIVRD", "description": "用户短信送达成功", "sid": "s1",
        },
        {"mobile": "13912345679", "report_status": "FAIL", "errmsg": "REJECTD", "sid": "s2"},
    ]  # fmt: skip

    receipts = Tencent(KEY_ID, SECRET, "1400").receipts(json.dumps(told).encode())

    assert receipts == [
        Receipt(Fate.DELIVERED, "", "s1", "13912345678"),
        Receipt(Fate.REFUSED, "", "s2", "13912345679", "REJECTD"),
    ]


@pytest.mark.parametrize(
    "body",
    [b"ext=u-1&msgid=n1&mobile=139&stat=DELIVRD", b'{"ext": "u-1", "msgid": "n1", "mobile": 139, "stat": "DELIVRD"}'],
)
def test_a_report_of_a_campus_gateway_is_a_form_or_json(body: bytes) -> None:
    assert campus("http://127.0.0.1").receipts(body) == [Receipt(Fate.DELIVERED, "u-1", "n1", "139")]


@pytest.mark.parametrize("body", [b"", b"hello", b"[1]", b"{}", b"\xff\xfe", b"[" * 5000, b'{"stat": 1'])
def test_what_is_no_report_is_refused(body: bytes) -> None:
    for one in every("http://127.0.0.1"):
        with pytest.raises(Unreadable):
            one.receipts(body)


# --- the settings ---------------------------------------------------------------------------------------------------

HTTP = {
    "PORTAL_SMS_GATEWAY": "http", "PORTAL_SMS_HTTP_URL": "https://sms.example.edu.cn/send",
    "PORTAL_SMS_HTTP_BODY": '{"to": "{number}", "text": "{text}"}', "PORTAL_SMS_HTTP_SUCCESS": '"ok"',
}  # fmt: skip
ALIYUN = {"PORTAL_SMS_GATEWAY": "aliyun", "PORTAL_SMS_ALIYUN_KEY_ID": "id", "PORTAL_SMS_ALIYUN_SECRET": "s"}


def test_a_gateway_whose_sdk_is_not_installed_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.messaging.sending.gateways.aliyun.PACKAGE", "not_installed_here")

    with pytest.raises(SettingProblem, match="程序库还没有安装，请用 python3 -m portal run 启动一次"):
        choosing.outlet(load({"PORTAL_INSTANCE": str(tmp_path), **ALIYUN}))


def test_the_settings_name_the_gateway_and_its_pace(tmp_path: Path) -> None:
    here = {"PORTAL_INSTANCE": str(tmp_path)}
    made = [
        choosing.outlet(load({**here, **said}))
        for said in ({}, HTTP, ALIYUN, {**ALIYUN, "PORTAL_SMS_PER_SECOND": "200"})
    ]

    assert [(one.gateway.name, one.pace.per_second, one.pace.lines) for one in made] == [
        ("console", 500, 32), ("http", 20, 4), ("aliyun", 50, 10), ("aliyun", 200, 32),
    ]  # fmt: skip
    assert isinstance(made[1].gateway, Http)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"PORTAL_SMS_GATEWAY": "pigeon"}, "PORTAL_SMS_GATEWAY"),
        ({**HTTP, "PORTAL_SMS_HTTP_URL": "sms"}, "PORTAL_SMS_HTTP_URL"),
        ({**HTTP, "PORTAL_SMS_HTTP_BODY": "{text}"}, "PORTAL_SMS_HTTP_BODY"),
        ({**HTTP, "PORTAL_SMS_HTTP_SUCCESS": "("}, "PORTAL_SMS_HTTP_SUCCESS"),
        ({**HTTP, "PORTAL_SMS_HTTP_METHOD": "GET"}, "PORTAL_SMS_HTTP_METHOD"),
        ({**HTTP, "PORTAL_SMS_HTTP_HEADERS": "x"}, "PORTAL_SMS_HTTP_HEADERS"),
        ({**ALIYUN, "PORTAL_SMS_ALIYUN_SECRET": ""}, "PORTAL_SMS_ALIYUN_SECRET"),
        ({"PORTAL_SMS_GATEWAY": "tencent"}, "PORTAL_SMS_TENCENT_SECRET_ID"),
        ({"PORTAL_SMS_PER_SECOND": "0"}, "PORTAL_SMS_PER_SECOND"),
    ],
)
def test_a_wrong_value_stops_the_start_and_names_the_variable(tmp_path: Path, said: dict[str, str], name: str) -> None:
    settings = load({"PORTAL_INSTANCE": str(tmp_path), **said})

    with pytest.raises(SettingProblem, match=name):
        choosing.outlet(settings)
    assert "PORTAL_SMS_ALIYUN_SECRET" not in said or said["PORTAL_SMS_ALIYUN_SECRET"] not in repr(settings).split("'")
