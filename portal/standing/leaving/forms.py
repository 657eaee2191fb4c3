"""The shape of a warning, and of a proposal."""

from __future__ import annotations

from wtforms import SelectField, StringField
from wtforms.widgets import DateInput, TextArea

from portal.core.forms import PortalForm

from .models import WarningKind


class WarnForm(PortalForm):
    """How and when the member was warned."""

    kind = SelectField("方式", choices=dict(WarningKind.choices()), validate_choice=False)
    on = StringField("日期", widget=DateInput())
    note = StringField("说明", description="没有可以不填", render_kw={"autocomplete": "off", "maxlength": "200"})


class ProposeForm(PortalForm):
    """What is known of the member's union life."""

    situation = StringField(
        "参加工会活动的情况",
        description="系统里还没有活动记录，请向分工会了解后写明；有正当理由没有交会费的不能按自动退会办理",
        widget=TextArea(),
        render_kw={"rows": "3", "maxlength": "400"},
    )
