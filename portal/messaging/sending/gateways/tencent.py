"""腾讯云短信: SendSms of 2021-01-11, signed with TC3-HMAC-SHA256, and the status reports that it calls back with.

The vendor's own package holds every product of the house for these forty lines, so we sign by ourselves, as its page
「签名方法 v3」 says it. Its reports do not carry our key; they are known by `sid`, else by the number.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from portal.core.calendar import now

from .gateway import Answer, Parcel, Receipt, Verdict, fate_of, parts_of, reports
from .transport import TOO_MANY, CutOff, NotReached, ask

ENDPOINT = "https://sms.tencentcloudapi.com"
ACTION, VERSION, SERVICE, REGION = "SendSms", "2021-01-11", "sms", "ap-guangzhou"
ALGORITHM = "TC3-HMAC-SHA256"
KIND = "application/json; charset=utf-8"
SIGNED = "content-type;host;x-tc-action"
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

    name = "tencent"
    thanks = '{"result": 0, "errmsg": "OK"}'

    def send(self, parcel: Parcel) -> Answer:
        """Hand over one message by its filed template, which has its variables in their order."""
        number = parcel.number if parcel.number.startswith("+") else f"+86{parcel.number}"
        asked = {
            "PhoneNumberSet": [number], "SmsSdkAppId": self.app_id, "SignName": parcel.signature,
            "TemplateId": parcel.template_code or self.template_code, "SessionContext": parcel.key,
            "TemplateParamSet": list(parcel.variables.values()) or [parcel.text],
        }  # fmt: skip
        body = json.dumps(asked, ensure_ascii=False).encode()
        try:
            reply = ask("POST", f"{self.endpoint}/", self._headers(body, int(now().timestamp())), body)
        except NotReached:
            return Answer(Verdict.NOT_NOW, word="连不上网关")
        except CutOff:
            return Answer(Verdict.UNSURE, word="没有收到网关的应答")
        told = _response(reply.json())
        code = str(told.get("Code", ""))
        if code == "Ok":
            return Answer(
                Verdict.TAKEN, str(told.get("SerialNo", ""))[:80] or None, parts=parts_of(told.get("Fee", ""))
            )
        if code.startswith(NOT_NOW) or reply.status == TOO_MANY:
            return Answer(Verdict.NOT_NOW, word=code[:80] or "网关忙")
        if not code or code.startswith(UNSURE):
            return Answer(Verdict.UNSURE, word=code[:80] or f"网关的应答无法识别（HTTP {reply.status}）")
        return Answer(Verdict.WRONG_NUMBER if code == WRONG_ANSWER else Verdict.REFUSED, word=code[:80])

    def _headers(self, body: bytes, at: int) -> dict[str, str]:
        host = urlsplit(self.endpoint).netloc
        day = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"
        lines = f"content-type:{KIND}\nhost:{host}\nx-tc-action:{ACTION.lower()}\n"
        request = "\n".join(("POST", "/", "", lines, SIGNED, hashlib.sha256(body).hexdigest()))
        scope = f"{day}/{SERVICE}/tc3_request"
        told = f"{ALGORITHM}\n{at}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        key = f"TC3{self.secret_key}".encode()
        for part in (day, SERVICE, "tc3_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, told.encode(), hashlib.sha256).hexdigest()
        said = f"{ALGORITHM} Credential={self.secret_id}/{scope}, SignedHeaders={SIGNED}, Signature={signature}"
        return {
            "Authorization": said, "Content-Type": KIND, "Host": host, "X-TC-Action": ACTION,
            "X-TC-Timestamp": str(at), "X-TC-Version": VERSION, "X-TC-Region": REGION,
        }  # fmt: skip

    def receipts(self, body: bytes) -> list[Receipt]:
        """Return what a callback says. Raises Unreadable."""
        return reports(body, _read)


def _response(told: dict[str, Any]) -> dict[str, Any]:
    """Return the state of the one message, or the error of the whole request; {} where it is neither."""
    response = told.get("Response")
    if not isinstance(response, dict):
        return {}
    states = response.get("SendStatusSet")
    one = states[0] if isinstance(states, list) and states else response.get("Error")
    return one if isinstance(one, dict) else {}


def _read(told: dict[str, Any]) -> Receipt:
    delivered = told["report_status"] == "SUCCESS"
    word = "" if delivered else str(told.get("errmsg", ""))[:80]
    fate = fate_of(word, delivered=delivered, wrong=WRONG, refused=REFUSED)
    return Receipt(fate, "", str(told["sid"]), str(told.get("mobile", "")), word)
