"""The shape of what is typed around prints."""

from __future__ import annotations

from wtforms import FileField, SelectField, StringField

from portal.core.forms import AddressForm, PortalForm

from .archive import PLACE_MOST


class FileForm(PortalForm):
    """Where a signed paper is put, with its scan."""

    place = StringField("归档位置", render_kw={"maxlength": PLACE_MOST}, description="例如：校工会档案柜 A-03")
    scan = FileField(
        "签字扫描件",
        render_kw={"accept": "image/jpeg,image/png,application/pdf"},
        description="jpg/png 图片或 PDF，10MB 以内；没有可以不传",
    )


class ArchiveFilterForm(AddressForm):
    """What the archive is cut to; from the address."""

    name = StringField("姓名")
    state = SelectField("状态", choices={}, validate_choice=False)
    unit = SelectField("所属分工会", choices={}, validate_choice=False)
    year = StringField("入会年份", render_kw={"inputmode": "numeric", "maxlength": 4})


class ProofForm(AddressForm):
    """The code on a paper, typed by hand."""

    code = StringField("核验码", render_kw={"maxlength": 20, "autocomplete": "off"})
