"""The shape of what is typed in this room: the applicant's forms, made from the catalogue, and the operators'."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, HiddenInput, ListWidget, TextArea

from portal.core.fields import Field
from portal.core.forms import AddressForm, PortalForm, form_class
from portal.core.kinds import PENDING_STAFF_NO, Kind
from portal.members.catalogue import FIELD, Section
from portal.org.forms import new_password, new_password_again
from portal.org.models import JoinForm, OrgUnit

from .models import Reason
from .questions import ASKED, REQUIRED, SENSITIVE

# what an 18-digit number tells, what may be pending, what some documents do not ask, what the code says
SOMETIMES = frozenset({"sex", "birth_date", "staff_no", "political_status", "branch"})
COMMENT_MOST = 500  # characters

Check = Callable[[dict[str, object]], object]


class _Declared(PortalForm):
    """What every applicant's form carries beside the catalogue's inputs."""

    form_key = HiddenField()
    photo_kept = HiddenField()
    consent = BooleanField("我已阅读并同意上述个人信息处理说明")

    def answers(self, check: Check) -> dict[str, object]:
        """Return what was filled in, by catalogue name. Raises Problems with the form's sentences and `check`'s."""

        def whole(values: dict[str, object]) -> dict[str, object]:
            if "staff_no_pending" in self and self["staff_no_pending"].data and not values.get("staff_no"):
                return {**values, "staff_no": PENDING_STAFF_NO}
            return values

        return whole(self.values(check=lambda values: check(whole(values))))

    def parts(self) -> list[tuple[Section, list[Any]]]:
        """Return the catalogue's inputs by section, in their order."""
        parts: dict[Section, list[Any]] = {}
        for one in self:
            spec = getattr(one, "spec", None)
            if spec is not None:
                parts.setdefault(spec.section, []).append(one)
        return list(parts.items())


class _DeclaredInFull(_Declared):
    """The same for forms that may ask for a staff number or for sensitive data."""

    consent_sensitive = BooleanField("我单独同意按上述说明处理我填写的婚育与家庭信息")
    staff_no_pending = BooleanField("待发工号（工号还没有发下来）")


def _apply_form(form: JoinForm, names: Iterable[str]) -> type[_Declared]:
    """Return a form that asks for `names`, as `form` asks for them."""
    must = [name for name in REQUIRED[form] if name not in SOMETIMES]
    inputs = form_class("Inputs", [FIELD[name] for name in names], required=must)
    base = _DeclaredInFull if form is JoinForm.FULL else _Declared
    return type("ApplyForm", (base, inputs), {})


APPLY: dict[JoinForm, type[_Declared]] = {form: _apply_form(form, ASKED[form]) for form in JoinForm}


def revise_form(form: JoinForm, opened: tuple[str, ...], values: dict[str, object]) -> _Declared:
    """Return the form of a returned application: only the inputs in `opened`, filled but for number and photo."""
    empty = {"id_number", "photo"}
    if "id_number" in opened:
        empty |= {"sex", "birth_date"}  # they follow the new number
    filled = {name: value for name, value in values.items() if name not in empty}
    made = _apply_form(form, opened)(data=filled)
    del made.consent
    if form is JoinForm.FULL:
        if not set(SENSITIVE) & set(opened):
            del made.consent_sensitive
        if "staff_no" not in opened:
            del made.staff_no_pending
    return made


class ReceiptForm(PortalForm):
    """The receipt code, on another device."""

    code = StringField(
        "回执码",
        [InputRequired("请填写回执码"), Length(max=40, message="回执码不正确，请核对后重新输入")],
        description="10 位小写字母和数字，在提交申请后的页面上",
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )


class FirstPasswordForm(PortalForm):
    """The last four of the ID number and the first password, twice."""

    tail = StringField(
        "证件号码后四位",
        [InputRequired("请填写证件号码后四位"), Length(max=10, message="请只填写后四位")],
        render_kw={"autocomplete": "off", "maxlength": "4"},
    )
    new = new_password()
    again = new_password_again()


ApproveForm = form_class(
    "ApproveForm",
    [
        Field("study_date", "研究日期", Kind.DATE, Section.MEMBERSHIP, hint="委员会研究通过的日期，会籍从这一天起算"),
        Field("meeting", "会议名称或文号", Kind.TEXT, Section.MEMBERSHIP, max_length=100,
              hint="选填，例如：第三届委员会第五次会议"),
    ],
    required=("study_date",),
)  # fmt: skip


def _words(label: str = "理由", hint: str = "", *, required: bool = True) -> StringField:
    """Return an input for the words that a step needs."""
    longest = Length(max=COMMENT_MOST, message=f"最多 {COMMENT_MOST} 个字，请缩短")
    must = [InputRequired(f"请填写{label}")] if required else []
    return StringField(label, [*must, longest], description=hint, widget=TextArea(), render_kw={"rows": "4"})


class _WhyForm(PortalForm):
    """Why the union does not wait."""

    comment = _words(hint="写入办理记录，分工会会看到")


WithoutOpinionForm: type[PortalForm] = type("WithoutOpinionForm", (_WhyForm, ApproveForm), {})


class AgreeManyForm(PortalForm):
    """The branch's opinion on many at once."""

    comment = _words("分工会意见", "选填，写入每份申请的办理记录", required=False)


class RedirectForm(PortalForm):
    """Where to, and why; `seen_unit` is where the application lay when the page was made."""

    unit_id = SelectField("转到", coerce=int, description="申请人填写的内容都会保留，由新的分工会给出意见")
    comment = _words(hint="新的分工会会看到")
    seen_unit = IntegerField(widget=HiddenInput())

    def offer(self, units: Iterable[OrgUnit]) -> RedirectForm:
        """Offer `units`, and return self."""
        self.unit_id.choices = [(0, "请选择"), *((unit.id, unit.name) for unit in units)]
        return self


def _reason(value: object) -> Reason | None:
    return next((reason for reason in Reason if reason == value), None)


class RejectForm(PortalForm):
    """The reason, from the list and in words."""

    reason = SelectField("原因", coerce=_reason, choices={"": "请选择", **dict(Reason.choices())})
    comment = _words(hint="申请人会在回执页看到原因和理由")


class ReturnForm(RejectForm):
    """What is wrong, and which fields."""

    wrong_fields = SelectMultipleField(
        "需要修改的项目",
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        description="只有勾选的项目会重新开放给申请人填写",
    )

    def offer(self, form: JoinForm) -> ReturnForm:
        """Offer the fields that `form` asks for, and return self."""
        self.wrong_fields.choices = [(name, FIELD[name].label) for name in ASKED[form]]
        return self


class FilterForm(AddressForm):
    """The filters above the list, which stand in the address."""

    state = SelectField("状态", validate_choice=False)
    unit = SelectField("分工会", validate_choice=False)
    year = SelectField("提交年份", validate_choice=False)
    reason = SelectField("退回或不予批准的原因", validate_choice=False)
    q = StringField("姓名", render_kw={"autocomplete": "off"})
    code = HiddenField()
