"""What a plan asks for: shape of input only."""

from __future__ import annotations

from collections.abc import Iterable

from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import Length
from wtforms.widgets import TextArea

from portal.core.fields import Field
from portal.core.forms import PortalForm, form_class
from portal.core.kinds import Kind
from portal.members.catalogue import Section
from portal.org.models import OrgUnit

from .models import DOCUMENT_MOST

_DayForm = form_class(
    "_DayForm",
    [Field("on", "生效日期", Kind.DATE, Section.WORK, hint="今天：马上办理；以后的日期：到那一天零点后自动办理")],
    required=("on",),
)


class _PlanForm(PortalForm):
    """Where to, and what becomes of the rest."""

    heir = SelectField("会员转到", coerce=int)
    lines = StringField(
        "转到别处的部门或会员",
        description="选填。每行写部门名称或工号、空一格、单位代码，例如：财务处 GH05；没有写到的都转到上面选的单位",
        widget=TextArea(),
        render_kw={"rows": "4", "spellcheck": "false"},
    )
    document_no = StringField(
        "文件名称或文号", [Length(max=DOCUMENT_MOST, message=f"最多 {DOCUMENT_MOST} 个字")],
        render_kw={"autocomplete": "off"},
    )  # fmt: skip
    closes = BooleanField("转出后停用原单位", description="不勾选时，只转出上面写到的部门和会员，其余的人留在原单位")
    keeps_posts = BooleanField(
        "工会职务随人转到新单位", description="不勾选时职务结束；新单位已有主席的，主席职务总是结束"
    )

    def offer(self, units: Iterable[OrgUnit]) -> _PlanForm:
        """Offer `units`, and return self."""
        self.heir.choices = [(0, "请选择"), *((unit.id, f"{unit.name}（{unit.code}）") for unit in units)]
        return self


PlanForm: type[_PlanForm] = type("PlanForm", (_PlanForm, _DayForm), {})
