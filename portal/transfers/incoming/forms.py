"""What is asked of who comes from another union: shape of input only."""

from __future__ import annotations

from collections.abc import Iterable

from wtforms import FileField, SelectField, StringField
from wtforms.validators import Length

from portal.core.fields import Field
from portal.core.forms import AddressForm, PortalForm, form_class
from portal.core.kinds import Kind
from portal.members.catalogue import FIELD, Section
from portal.org.models import OrgUnit

from .models import FROM_MOST, NUMBER_MOST
from .service import ASKED

_LETTER_DAY = Field("letter_date", "介绍信日期", Kind.DATE, Section.MEMBERSHIP)
_Person = form_class(
    "_Person", [*(FIELD[name] for name in ASKED), _LETTER_DAY], required=("name", "id_number", "join_date")
)


class _LetterForm(PortalForm):
    """Where to, where from, and the letter."""

    to = SelectField("转入单位", coerce=int)
    from_union = StringField(
        "原工会名称",
        [Length(max=FROM_MOST, message=f"最多 {FROM_MOST} 个字")],
        render_kw={"autocomplete": "off"},
    )
    letter_no = StringField(
        "介绍信文号",
        [Length(max=NUMBER_MOST, message=f"最多 {NUMBER_MOST} 个字")],
        render_kw={"autocomplete": "off"},
    )
    letter = FileField(
        "介绍信或会员证",
        description="照片或扫描件：jpg、png 或 PDF，10MB 以内；提交没有成功时请重新选择",
        render_kw={"accept": "image/jpeg,image/png,image/webp,application/pdf"},
    )

    def offer(self, units: Iterable[OrgUnit]) -> _LetterForm:
        """Offer `units`, and return self."""
        self.to.choices = [(0, "请选择"), *((unit.id, unit.name) for unit in units)]
        return self


IncomingForm: type[_LetterForm] = type("IncomingForm", (_LetterForm, _Person), {})


class AcceptForm(PortalForm):
    """Which unit she belongs to."""

    unit_id = SelectField("所属分工会", coerce=int)

    def offer(self, units: Iterable[OrgUnit]) -> AcceptForm:
        """Offer `units`, and return self."""
        self.unit_id.choices = [(unit.id, unit.name) for unit in units]
        return self


class CutForm(AddressForm):
    """What the list is cut to; it stands in the address."""

    state = SelectField("情况", validate_choice=False)
