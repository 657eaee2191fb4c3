"""The shape of what is typed for somebody else, and of her own word for it."""

from __future__ import annotations

from wtforms import BooleanField, FileField, HiddenField, StringField
from wtforms.validators import InputRequired, Length

from portal.core.forms import PortalForm
from portal.org.models import JoinForm

from .forms import APPLY

SCANS = {"accept": "image/jpeg,image/png,image/webp,application/pdf"}


class _Entered:
    """How the person's own will is proven, beside her own form."""

    consent = BooleanField("申请人已阅读并同意个人信息处理说明（见签字的申请表，或由本人确认）")
    consent_sensitive = BooleanField("申请人单独同意处理所填的婚育与家庭信息")
    evidence = FileField("申请人签字的申请表", description="照片或扫描件：jpg、png 或 PDF，10MB 以内", render_kw=SCANS)
    evidence_kept = HiddenField()
    awaits_person = BooleanField("待本人确认（录入后把确认链接发给本人；确认前不能批准）")


EntryForm = type("EntryForm", (_Entered, APPLY[JoinForm.FULL]), {})


class EvidenceForm(PortalForm):
    """The signed form, later."""

    evidence = FileField("申请人签字的申请表", description="照片或扫描件：jpg、png 或 PDF，10MB 以内", render_kw=SCANS)


class ConfirmForm(PortalForm):
    """The person's word."""

    consent = BooleanField("我已阅读并同意上述个人信息处理说明，确认申请加入工会")
    tail = StringField(
        "证件号码后四位",
        [InputRequired("请填写证件号码后四位"), Length(max=10, message="请只填写后四位")],
        render_kw={"autocomplete": "off", "maxlength": "4"},
    )
