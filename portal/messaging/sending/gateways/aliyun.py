"""阿里云短信: SendSms of 2017-05-25 by the vendor's SDK, and the reports that it pushes (SmsReport).

The SDK builds the request, signs it and reads the answer; `carrying` takes it there. It is loaded by the first message
that this process sends, not before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from .carrying import carry, outcome, silence
from .gateway import Answer, Parcel, Receipt, Verdict, fate_of, parts_of, reports
from .transport import TIMEOUT

PACKAGE = "alibabacloud_dysmsapi20170525"
LOGGERS = ("darabonba-core", "alibabacloud-tea", "credentials")
ENDPOINT = "https://dysmsapi.aliyuncs.com"
# what passes by itself, or once somebody has mended the account: nothing was sent
NOT_NOW = (
    "Throttling",
    "isv.BUSINESS_LIMIT_CONTROL",
    "isv.AMOUNT_NOT_ENOUGH",
    "isv.OUT_OF_SERVICE",
    "ServiceUnavailable",
)
OUR_KEY = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "SignatureNonceUsed", "InvalidTimeStamp", "Forbidden")
UNSURE = ("isp.SYSTEM_ERROR", "isp.RAM_PERMISSION_UNKNOWN", "InternalError")
WRONG = frozenset(
    {"MOBILE_NUMBER_ILLEGAL", "MOBILE_NOT_ON_SERVICE", "UNKNOWN_NUMBER", "NOT_EXIST", "isv.MOBILE_NUMBER_ILLEGAL"}
)
REFUSED = frozenset(
    {
        "REJECTED",
        "USER_REJECT",
        "CONTENT_KEYWORD",
        "CONTENT_ERROR",
        "BLACKLIST",
        "BLACK_LIST",
        "SP_NOT_BY_INTER_SMS",
        "DELIVERED_FAIL_REJECT",
    }
)


@dataclass(frozen=True)
class Aliyun:
    """An account there: `key_id` and `secret` are its AccessKey, `template_code` stands in where a batch has none."""

    key_id: str
    secret: str = field(repr=False)
    template_code: str = ""
    endpoint: str = ENDPOINT
    timeout: float = TIMEOUT

    name = "aliyun"
    thanks = '{"code": 0, "msg": "接收成功"}'

    def send(self, parcel: Parcel) -> Answer:
        """Hand over one message by its filed template."""
        try:
            client, request, runtime = self._client, self._request(parcel), self._runtime()
        except Exception as error:  # the SDK is not there, or does not want the account: nothing was sent
            return Answer(Verdict.NOT_NOW, word=f"短信程序库不能使用（{type(error).__name__}）")
        try:
            told = client.send_sms_with_options(request, runtime).body
        except Exception as error:  # the SDK raises of many kinds, and by its contract may raise any
            return outcome(error) or _failed(error)
        code = str(getattr(told, "code", None) or "")
        if code == "OK":
            return Answer(Verdict.TAKEN, str(told.biz_id or "")[:80] or None)
        return _refused(code)

    @cached_property
    def _client(self) -> Any:
        from alibabacloud_dysmsapi20170525.client import Client
        from alibabacloud_tea_openapi.utils_models import Config
        from darabonba.core import DaraCore
        from darabonba.policy.retry import RetryOptions

        silence(*LOGGERS)
        DaraCore.do_action = staticmethod(_do_action)
        place, wait = urlsplit(self.endpoint), int(self.timeout * 1000)
        return Client(
            Config(
                access_key_id=self.key_id, access_key_secret=self.secret, endpoint=place.netloc, protocol=place.scheme,
                connect_timeout=wait, read_timeout=wait, retry_options=RetryOptions({"retryable": False}),
            )
        )  # fmt: skip

    def _request(self, parcel: Parcel) -> Any:
        from alibabacloud_dysmsapi20170525.models import SendSmsRequest

        return SendSmsRequest(
            phone_numbers=parcel.number, sign_name=parcel.signature, out_id=parcel.key,
            template_code=parcel.template_code or self.template_code,
            template_param=json.dumps(dict(parcel.variables) or {"content": parcel.text}, ensure_ascii=False),
        )  # fmt: skip

    def _runtime(self) -> Any:
        from darabonba.runtime import RuntimeOptions

        return RuntimeOptions(autoretry=False, max_attempts=1)

    def receipts(self, body: bytes) -> list[Receipt]:
        """Return what a SmsReport says. Raises Unreadable."""
        return reports(body, _read)


def _read(told: dict[str, Any]) -> Receipt:
    delivered = told["success"] is True or str(told["success"]).lower() == "true"
    word = "" if delivered else str(told.get("err_code", ""))[:80]
    fate = fate_of(word, delivered=delivered, wrong=WRONG, refused=REFUSED)
    return Receipt(
        fate, str(told.get("out_id", "")), str(told["biz_id"]), str(told.get("phone_number", "")), word,
        parts_of(told.get("sms_size", "")),
    )  # fmt: skip


def _do_action(request: Any, runtime: dict[str, Any]) -> Any:
    """Stand in for the SDK's own transport, DaraCore.do_action."""
    from darabonba.core import DaraCore
    from darabonba.response import DaraResponse

    address, wait = DaraCore.compose_url(request), runtime["readTimeout"] / 1000
    reply = carry(request.method, address, request.headers, request.body or b"", timeout=wait)
    response = DaraResponse()
    response.status_code, response.body = reply.status, reply.body.encode()
    response.headers = dict(reply.headers)
    return response


def _refused(code: str, *, status: int = 200) -> Answer:
    """Return what the gateway's own word means."""
    if code.startswith(NOT_NOW + OUR_KEY):
        return Answer(Verdict.NOT_NOW, word=code[:80])
    if not code or code.startswith(UNSURE):
        return Answer(Verdict.UNSURE, word=code[:80] or f"网关的应答无法识别（HTTP {status}）")
    return Answer(Verdict.WRONG_NUMBER if code in WRONG else Verdict.REFUSED, word=code[:80])


def _failed(error: Exception) -> Answer:
    """Return what an exception of the SDK means, which the gateway answered or which came of reading its answer."""
    from alibabacloud_tea_openapi.exceptions import AlibabaCloudException, ServerException, ThrottlingException

    if not isinstance(error, AlibabaCloudException):
        return Answer(Verdict.UNSURE, word="网关的应答无法识别")
    code = "" if error.code == "None" else str(error.code)  # where there is none the SDK writes so
    told = _refused(code, status=error.status_code)
    if isinstance(error, ThrottlingException) and told.verdict is not Verdict.UNSURE:
        return Answer(Verdict.NOT_NOW, word=told.word)
    if isinstance(error, ServerException) and told.verdict is not Verdict.NOT_NOW:  # it broke, who knows where
        return Answer(Verdict.UNSURE, word=told.word)
    return told
