"""阿里云短信: SendSms of 2017-05-25, signed with ACS3-HMAC-SHA256, and the reports that it pushes (SmsReport).

The vendor's own package brings a dozen others for these forty lines, so we sign by ourselves, as its page
「V3版本请求体&签名机制」 says it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from portal.core.calendar import now

from .gateway import Answer, Parcel, Receipt, Verdict, fate_of, parts_of, reports
from .transport import TOO_MANY, CutOff, NotReached, ask

ENDPOINT = "https://dysmsapi.aliyuncs.com"
ACTION, VERSION = "SendSms", "2017-05-25"
ALGORITHM = "ACS3-HMAC-SHA256"
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

    name = "aliyun"
    thanks = '{"code": 0, "msg": "接收成功"}'

    def send(self, parcel: Parcel) -> Answer:
        """Hand over one message by its filed template."""
        asked = {
            "PhoneNumbers": parcel.number, "SignName": parcel.signature, "OutId": parcel.key,
            "TemplateCode": parcel.template_code or self.template_code,
            "TemplateParam": json.dumps(dict(parcel.variables) or {"content": parcel.text}, ensure_ascii=False),
        }  # fmt: skip
        query = "&".join(f"{_coded(name)}={_coded(asked[name])}" for name in sorted(asked))
        try:
            reply = ask("POST", f"{self.endpoint}/?{query}", self._headers(query), b"")
        except NotReached:
            return Answer(Verdict.NOT_NOW, word="连不上网关")
        except CutOff:
            return Answer(Verdict.UNSURE, word="没有收到网关的应答")
        told = reply.json()
        code = str(told.get("Code", ""))
        if code == "OK":
            return Answer(Verdict.TAKEN, str(told.get("BizId", ""))[:80] or None)
        if code.startswith(NOT_NOW + OUR_KEY) or reply.status == TOO_MANY:
            return Answer(Verdict.NOT_NOW, word=code[:80] or "网关忙")
        if not code or code.startswith(UNSURE):
            return Answer(Verdict.UNSURE, word=code[:80] or f"网关的应答无法识别（HTTP {reply.status}）")
        return Answer(Verdict.WRONG_NUMBER if code in WRONG else Verdict.REFUSED, word=code[:80])

    def _headers(self, query: str) -> dict[str, str]:
        signed = {
            "host": urlsplit(self.endpoint).netloc,
            "x-acs-action": ACTION,
            "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
            "x-acs-date": f"{now():%Y-%m-%dT%H:%M:%SZ}",
            "x-acs-signature-nonce": secrets.token_hex(16),
            "x-acs-version": VERSION,
        }
        names = ";".join(sorted(signed))
        lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        request = "\n".join(("POST", "/", query, lines, names, signed["x-acs-content-sha256"]))
        told = f"{ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"
        signature = hmac.new(self.secret.encode(), told.encode(), hashlib.sha256).hexdigest()
        said = f"{ALGORITHM} Credential={self.key_id},SignedHeaders={names},Signature={signature}"
        return {**signed, "Authorization": said}

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


def _coded(text: str) -> str:
    return quote(text, safe="~")  # RFC 3986
