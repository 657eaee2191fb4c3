"""By which name in 【】 a unit's messages begin: its own, else that of the nearest unit above, else the house's."""

from __future__ import annotations

from portal.core import settings
from portal.core.kinds import Kind
from portal.core.settings import Setting
from portal.org import access
from portal.org.models import SIGNATURE_MOST, OrgUnit

settings.declare(
    Setting(
        "messaging_signature", "短信签名", Kind.TEXT, "", "短信", longest=SIGNATURE_MOST,
        hint="在运营商备案的签名，不带【】；加在每条短信前面，计入字数。单位另有签名的，在“组织机构”里设",
    ),
)  # fmt: skip


def signature_of(unit: OrgUnit) -> str:
    """Return the signature of the unit's messages, without its 【】; "" for none."""
    own = (above.sms_signature for above in access.upward(unit) if above.sms_signature)
    return next(own, "") or str(settings.value("messaging_signature"))
