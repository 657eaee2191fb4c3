"""The shape of what is typed about join codes: why one ends, and what a poster says."""

from __future__ import annotations

from collections.abc import Iterable

from wtforms import SelectField, StringField
from wtforms.validators import DataRequired, Length

from portal.core.forms import AddressForm, PortalForm
from portal.org.models import OrgUnit

from .codes import REASON_MOST
from .posters import NOTE_MOST, UNITS_MOST
from .unions import Lack


def _stripped(text: str | None) -> str:
    return (text or "").strip()


class EndForm(PortalForm):
    """Why a code is revoked or renewed."""

    reason = StringField(
        "原因",
        [DataRequired("请填写原因"), Length(max=REASON_MOST, message=f"最多 {REASON_MOST} 个字，请缩短")],
        description="例如：海报遗失、被转发到校外、定期更换",
        filters=[_stripped],
        render_kw={"autocomplete": "off"},
    )


class PosterForm(PortalForm):
    """The line above the steps of a poster."""

    note = StringField(
        "提示语",
        [Length(max=NOTE_MOST, message=f"最多 {NOTE_MOST} 个字，请缩短")],
        description=f"印在二维码下方，最多 {NOTE_MOST} 个字，不需要可留空",
        filters=[_stripped],
        render_kw={"autocomplete": "off"},
    )


class BundleForm(PosterForm):
    """Whose posters come in one zip."""

    unit = SelectField("单位", coerce=int, validate_choice=False)

    def offer(self, counted: Iterable[tuple[OrgUnit, int]]) -> BundleForm:
        """Offer the units, each with the number of posters below it, and return self."""
        self.unit.choices = [
            (unit.id, f"{unit.name}（{number} 个单位{f'，超过 {UNITS_MOST}' if number > UNITS_MOST else ''}）")
            for unit, number in counted
        ]
        return self


class UnionsForm(AddressForm):
    """The filters above a city's unions, which stand in the address."""

    q = StringField("单位", description="名称的一部分，或代码的开头", render_kw={"autocomplete": "off"})
    lack = SelectField("情况", choices={"": "全部", **dict(Lack.choices())}, validate_choice=False)


class SearchForm(AddressForm):
    """A part of a unit's name, or its code; stands in the address."""

    q = StringField("单位", description="名称的一部分，或单位代码", render_kw={"autocomplete": "off"})
