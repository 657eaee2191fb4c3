"""The shape of what is typed about a change."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from wtforms import FileField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from portal.core.enums import LabelEnum
from portal.core.fields import Field
from portal.core.forms import AddressForm, PortalForm, form_class
from portal.core.kinds import Kind

from . import rules
from .models import ChangeKind as K

SCANS = {"accept": "image/jpeg,image/png,image/webp,application/pdf"}


class Part(LabelEnum):
    """The heading of what is asked for."""

    CHANGE = "change", "会籍变动"


class FilterForm(AddressForm):
    """The filters above the list, which stand in the address."""

    state = SelectField("情况", validate_choice=False)
    kind = SelectField("变动", choices={"": "全部", **dict(K.choices())}, validate_choice=False)
    unit = SelectField("分工会", validate_choice=False)
    q = StringField("姓名", render_kw={"autocomplete": "off"})


# what each kind asks for, in the order of the page
_ASKED: dict[K, tuple[str, ...]] = {
    K.LEAVE: ("employer", "union", "paid_until", "note"),
    K.RESTORE: ("work", "note"),
    K.WITHDRAW: ("talked_on", "note"),
    K.LAPSE: ("warned_on", "note"),
    K.EXPEL: ("judgment_no", "group_opinion", "committee_on", "note"),
}
# what each asks a member for who wants it herself
_OF_HERSELF: dict[K, tuple[str, ...]] = {
    K.LEAVE: ("employer", "union", "wish"),
    K.LEAVE_JOBLESS: ("wish",),
    K.RESTORE: ("work", "wish"),
    K.WITHDRAW: ("wish",),
}
_KINDS = {"talked_on": Kind.DATE, "warned_on": Kind.DATE, "committee_on": Kind.DATE}
_LONG = {"wish": Kind.LONG_TEXT, "note": Kind.LONG_TEXT, "group_opinion": Kind.LONG_TEXT}
_HINTS = {
    "employer": "调到哪个单位工作，例如：山海大学",
    "union": "介绍信写给哪个工会，例如：山海大学工会",
    "paid_until": "会费交到哪个月，例如 2026-08；不清楚可以不填",
    "work": "例如：重新签订劳动合同；返聘不恢复会籍",
    "talked_on": "工会先与本人谈话，办理退会须有谈话记录",
    "warned_on": "书面催告的日期；连续六个月不交会费、不参加活动，经教育不改",
}
_NOTES = {
    K.LAPSE: "不交会费、不参加活动的起止和教育情况",
    K.CORRECT: "哪里登记错了，依据是什么",
    K.REDATE: "为什么要更正日期，依据是什么；4 至 100 个字",
    K.WITHDRAW: "谈话情况，选填",
    K.DEATH: "选填，只有办理的人能看到",
}


def facts_of(kinds: Collection[K]) -> tuple[str, ...]:
    """Return the facts that one of these kinds asks for, the note last."""
    names = [name for kind in kinds for name in _ASKED.get(kind, ()) if name != "note"]
    return (*dict.fromkeys(names), "note")


def _field(name: str, kinds: Collection[K]) -> Field:
    notes = [_NOTES[kind] for kind in kinds if kind in _NOTES]
    hint = (notes or ["选填"])[0] if name == "note" else _HINTS.get(name, "")
    if len(kinds) > 1 and name in ("employer", "union", "paid_until"):
        hint = f"调离时填写：{hint}"
    kind = _KINDS.get(name, _LONG.get(name, Kind.TEXT))
    most = rules.LONGEST.get(name, rules.TEXT_LONGEST)
    return Field(name, rules.FACTS[name], kind, Part.CHANGE, hint=hint, max_length=most)


def _must(kinds: Collection[K]) -> tuple[str, ...]:
    """Return what has to be typed whichever of the kinds it is; the verb knows the rest."""
    if len(kinds) > 1:
        return ()
    [kind] = kinds
    return rules.RULES[kind].asked


def ask_form(kinds: Collection[K], **given: Any) -> PortalForm:
    """Return the form for one of these kinds: which, from which day, what else, and a scan."""
    has_day = K.CORRECT not in kinds
    day = [Field("on", _day_of(kinds), Kind.DATE, Part.CHANGE, hint=_day_hint(kinds))] if has_day else []
    fields = [*day, *(_field(name, kinds) for name in facts_of(kinds))]
    ask = _with_paper(form_class("_Asked", fields, required=("on", *_must(kinds)) if has_day else _must(kinds)))
    if len(kinds) > 1:
        ask.kind = SelectField(
            "变动", [InputRequired("请选择变动")], choices={kind.value: kind.label for kind in kinds}
        )
    return ask(**given)


def _with_paper(base: Any) -> Any:
    class AskForm(base):
        """What is asked for about a member, with a scan."""

        paper = FileField("证明材料", description="选填：照片或扫描件，jpg、png 或 PDF，10MB 以内", render_kw=SCANS)
        paper_name = StringField(
            "材料名称", [Length(max=60, message="最多 60 个字，请缩短")], description="选填，例如：退休审批表",
            render_kw={"autocomplete": "off"},
        )  # fmt: skip

    return AskForm


def _day_of(kinds: Collection[K]) -> str:
    if len(kinds) > 1:
        return "生效日期"
    [kind] = kinds
    return {K.DEATH: "去世日期", K.EXPEL: "决定日期", K.RESTORE: "恢复日期", K.REDATE: "实际日期"}.get(kind, "生效日期")


def _day_hint(kinds: Collection[K]) -> str:
    if all(rules.RULES[kind].may_wait for kind in kinds):
        return "可以填 31 天以内将到的日期，到那一天自动生效"
    return "不能晚于今天"


def own_facts(kind: K) -> tuple[str, ...]:
    """Return what a member writes who asks for this herself, in the order of the page."""
    return _OF_HERSELF[kind]


def own_form(kind: K, **given: Any) -> PortalForm:
    """Return the form on which a member asks for this herself."""
    hint = "写明为什么退会；分工会会先与您谈话，校工会宣布后会籍结束、会员证作废" if kind is K.WITHDRAW else "选填"
    wish = Field("wish", "申请说明", Kind.LONG_TEXT, Part.CHANGE, hint=hint, max_length=rules.LONGEST["wish"])
    day = [] if kind is K.WITHDRAW else [Field("on", _day_of((kind,)), Kind.DATE, Part.CHANGE, hint=_day_hint((kind,)))]
    fields = [*day, *(wish if name == "wish" else _field(name, (kind,)) for name in own_facts(kind))]
    must = (*(one.name for one in day), *rules.asked_of_herself(kind))
    return _with_paper(form_class("_AskedHerself", fields, required=must))(**given)


TalkForm = form_class(
    "TalkForm",
    [_field("talked_on", (K.WITHDRAW,)), _field("note", (K.WITHDRAW,))],
    required=("talked_on",),
)
FileNumberForm = form_class(
    "FileNumberForm",
    [Field("filing_no", "上级工会备案号", Kind.TEXT, Part.CHANGE, max_length=60)],
    required=("filing_no",),
)
