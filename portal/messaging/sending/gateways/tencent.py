"""腾讯云短信: SendSms of 2021-01-11 by the vendor's SDK, and the status reports that it calls back with.

The SDK builds the request, signs it and reads the answer; `carrying` takes it there. It is loaded by the first message
that this process sends, not before. The reports do not carry our key; they are known by `sid`, else by the number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from .carrying import carry, outcome, silence
from .gateway import Answer, Parcel, Receipt, Verdict, fate_of, parts_of, reports
from .transport import TIMEOUT

PACKAGE = "tencentcloud"
LOGGERS = ("tencentcloud_sdk_common",)
ENDPOINT = "https://sms.tencentcloudapi.com"
REGION = "ap-guangzhou"
# what passes by itself, or once somebody has mended the account: nothing was sent
NOT_NOW = (
    "RequestLimitExceeded", "LimitExceeded", "AuthFailure", "FailedOperation.InsufficientBalanceInSmsPackage",
    "ResourceInsufficient",
)  # fmt: skip
UNSURE = ("InternalError", "FailedOperation.FailResolvePacket", "FailedOperation.OtherError")
WRONG_ANSWER = "InvalidParameterValue.IncorrectPhoneNumber"
WRONG = frozenset({"MK:0001", "MK:0000", "UNKNOWN_NUMBER", "MOBILE_NUMBER_ILLEGAL", "SP:0001"})
REFUSED = frozenset({"REJECTD", "REJECTED", "BLACK", "MBBLACK", "USER_REJECT", "TD:REJECT"})


@dataclass(frozen=True)
class Tencent:
    """An account there: `secret_id` and `secret_key` of its API key, `app_id` of the SMS application."""

    secret_id: str
    secret_key: str = field(repr=False)
    app_id: str
    template_code: str = ""
    endpoint: str = ENDPOINT
    timeout: float = TIMEOUT

    name = "tencent"
    thanks = '{"result": 0, "errmsg": "OK"}'

    def send(self, parcel: Parcel) -> Answer:
        """Hand over one message by its filed template, which has its variables in their order."""
        try:
            client, request = self._client, self._request(parcel)
        except Exception as error:  # the SDK is not there, or does not want the account: nothing was sent
            return Answer(Verdict.NOT_NOW, word=f"短信程序库不能使用（{type(error).__name__}）")
        try:
            states = client.SendSms(request).SendStatusSet
        except Exception as error:  # the SDK makes its own kind of every other, and by its contract may raise any
            return outcome(error) or _failed(error)
        if not states:
            return Answer(Verdict.UNSURE, word="网关的应答无法识别")
        (state, *_) = states
        if state.Code == "Ok":
            return Answer(Verdict.TAKEN, str(state.SerialNo or "")[:80] or None, parts=parts_of(state.Fee))
        return _refused(str(state.Code or ""))

    @cached_property
    def _client(self) -> Any:
        from tencentcloud.common.credential import Credential
        from tencentcloud.common.profile.client_profile import ClientProfile
        from tencentcloud.common.profile.http_profile import HttpProfile
        from tencentcloud.common.retry import NoopRetryer
        from tencentcloud.sms.v20210111.sms_client import SmsClient

        silence(*LOGGERS)
        place = urlsplit(self.endpoint)
        http = HttpProfile(protocol=place.scheme, endpoint=place.netloc, reqTimeout=self.timeout)
        profile = ClientProfile(httpProfile=http, disable_region_breaker=True, retryer=NoopRetryer())
        client = SmsClient(Credential(self.secret_id, self.secret_key), REGION, profile)
        client.request = _Carrier(place.scheme, self.timeout)
        return client

    def _request(self, parcel: Parcel) -> Any:
        from tencentcloud.sms.v20210111.models import SendSmsRequest

        request = SendSmsRequest()
        number = parcel.number if parcel.number.startswith("+") else f"+86{parcel.number}"
        request.PhoneNumberSet, request.SmsSdkAppId, request.SignName = [number], self.app_id, parcel.signature
        request.TemplateId = parcel.template_code or self.template_code
        request.TemplateParamSet = list(parcel.variables.values()) or [parcel.text]
        request.SessionContext = parcel.key
        return request

    def receipts(self, body: bytes) -> list[Receipt]:
        """Return what a callback says. Raises Unreadable."""
        return reports(body, _read)


# the SDK looks for an error under this type alone, not where a character set is named
KIND = {"Content-Type": "application/json"}


class _Carrier:
    """Stands in for the SDK's own transport, ApiRequest."""

    def __init__(self, scheme: str, timeout: float) -> None:
        self._scheme, self._timeout = scheme, timeout

    def send_request(self, asked: Any) -> _Carried:
        """Take one signed request there."""
        address = f"{self._scheme}://{asked.host}{asked.uri}"
        reply = carry(asked.method, address, asked.header, asked.data.encode(), timeout=self._timeout)
        return _Carried(reply.status, reply.body.encode())


@dataclass(frozen=True)
class _Carried:
    """An answer as the SDK wants it."""

    status_code: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=KIND.copy)


def _refused(code: str) -> Answer:
    """Return what the gateway's own word means."""
    if code.startswith(NOT_NOW):
        return Answer(Verdict.NOT_NOW, word=code[:80])
    if not code or code.startswith(UNSURE):
        return Answer(Verdict.UNSURE, word=code[:80] or "网关的应答无法识别")
    return Answer(Verdict.WRONG_NUMBER if code == WRONG_ANSWER else Verdict.REFUSED, word=code[:80])


def _failed(error: Exception) -> Answer:
    """Return what an exception of the SDK means: only an error that the gateway itself named has the request's number.

    The SDK's own words are as many as there are kinds of exceptions, and stand for an answer that it could not read.
    """
    if getattr(error, "requestId", None) is None:
        return Answer(Verdict.UNSURE, word="网关的应答无法识别")
    return _refused(str(getattr(error, "code", "")))


def _read(told: dict[str, Any]) -> Receipt:
    delivered = told["report_status"] == "SUCCESS"
    word = "" if delivered else str(told.get("errmsg", ""))[:80]
    fate = fate_of(word, delivered=delivered, wrong=WRONG, refused=REFUSED)
    return Receipt(fate, "", str(told["sid"]), str(told.get("mobile", "")), word)
