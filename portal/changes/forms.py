"""The shapes of what is typed about a change: which fields, what they are to say, from when, and why."""

from __future__ import annotations

from functools import lru_cache

from wtforms import BooleanField, FileField, HiddenField, SelectField, TextAreaField
from wtforms.validators import Length

from portal.core.fields import Field
from portal.core.forms import AddressForm, PortalForm, form_class
from portal.core.kinds import Kind
from portal.members.catalogue import FIELD, Section

from .models import DOCUMENT_NO_MOST, ChangeState
from .service import ALL, TODO, WHY_MOST

SCANS = {"accept": "image/jpeg,image/png,image/webp,application/pdf"}
COMMENT_MOST = 500


class FilterForm(AddressForm):
    """What the list is cut to; it stands in the address."""

    state = SelectField(
        "状态", validate_choice=False, choices=dict([(TODO, "待我办理"), *ChangeState.choices(), (ALL, "全部")])
    )


class _AskForm(PortalForm):
    """What goes with every request."""

    why = TextAreaField(
        "说明",
        [Length(max=WHY_MOST, message=f"最多 {WHY_MOST} 个字，请缩短")],
        description="选填，例如：2026 年 6 月评审通过",
        render_kw={"rows": "2", "maxlength": str(WHY_MOST)},
    )
    evidence = FileField(
        "证明材料",
        description="照片或扫描件：jpg、png 或 PDF，10MB 以内；几份请合成一个 PDF",
        render_kw=SCANS,
    )
    evidence_kept = HiddenField()


@lru_cache(maxsize=128)
def ask_form(names: tuple[str, ...]) -> type[_AskForm]:
    """Return a form class that asks what the fields `names` are to say."""
    base = form_class("Inputs", (FIELD[name] for name in names), required=names)
    return type("AskForm", (_AskForm, base), {})


_EFFECT = form_class(
    "Effect",
    [
        Field("on", "生效日期", Kind.DATE, Section.MEMBERSHIP, hint="从哪一天起算，今天或更早；按这一天之后的情况统计"),
        Field("document_no", "文号", Kind.TEXT, Section.MEMBERSHIP, max_length=DOCUMENT_NO_MOST,
              hint="选填，例如：冀人社字〔2026〕15号，写入会员的修改记录"),
    ],
    required=("on",),
)  # fmt: skip


class _DecideForm(PortalForm):
    """Words for the record, and that the actor has looked at what has moved meanwhile."""

    has_seen = BooleanField("已核对现在登记的内容，仍按申请修改")
    seen_version = HiddenField()
    comment = TextAreaField(
        "意见",
        [Length(max=COMMENT_MOST, message=f"最多 {COMMENT_MOST} 个字，请缩短")],
        description="选填，会员会看到",
        render_kw={"rows": "2"},
    )


class _ManyForm(PortalForm):
    """The same words for each."""

    comment = TextAreaField(
        "意见",
        [Length(max=COMMENT_MOST, message=f"最多 {COMMENT_MOST} 个字，请缩短")],
        description="选填，会员会看到",
        render_kw={"rows": "2"},
    )


ManyForm: type[PortalForm] = type("ManyForm", (_ManyForm, _EFFECT), {})
DecideForm: type[PortalForm] = type("DecideForm", (_DecideForm, _EFFECT), {})
