"""What the form of conditions offers: the fields a person may ask for, and the input that fits a field and its rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from portal.core import kinds
from portal.core.fields import Field
from portal.core.kinds import Kind, choices
from portal.core.kinds.operators import Operator
from portal.members import search
from portal.members.catalogue import Section
from portal.members.enums import ChangeType, PostKind
from portal.org.models import OrgUnit, User

from . import building, showing, values
from .building import CHANGE, CHILD_AGE, LABELS, POST, Draft, Fixed, Row
from .conditions import All, Node
from .fields import BY_NAME, askable, may_ask

FEW = 20  # options that a select shows; of more one types the beginning
_COUNTED = {Kind.INTEGER: "", Kind.AGE: "岁", Kind.YEARS: "年", Kind.COMPLETENESS: "项"}
_SEVERAL = "多个值用顿号、逗号或换行隔开"
_NUMBER_HINT = "号码不会写在网址里"

Options = list[tuple[str, str]]


@dataclass(frozen=True)
class Shape:
    """The input of a value: `kind` names a macro of the page; `is_pair` for two limits; `options` to choose from."""

    kind: str
    is_pair: bool = False
    options: Options = field(default_factory=list)
    after: str = ""
    hint: str = ""


NOTHING = Shape("none")


class Offer:
    """What the form offers one person; lists are read once, and only where a row needs them."""

    def __init__(self, actor: User, draft: Draft, base: Node | None, units: Mapping[str, OrgUnit]) -> None:
        self.actor, self.draft = actor, draft
        self._tops = building.tops(base) if base is not None else ()
        self._named = units

    @cached_property
    def fields(self) -> list[tuple[str, Options]]:
        """The fields under their headings."""
        under: dict[str, Options] = {section.label: [] for section in Section}
        for one in askable(self.actor):
            under[Section(one.section).label].append((one.name, one.label))  # type: ignore[call-arg]  # by its value alone
        under[Section.MEMBERSHIP.label] += [(POST, LABELS[POST]), (CHANGE, LABELS[CHANGE])]
        if may_ask(self.actor, BY_NAME["children"]):
            under[Section.FAMILY.label].append((CHILD_AGE, LABELS[CHILD_AGE]))
        return [(heading, options) for heading, options in under.items() if options]

    def _known(self, name: str) -> Field | None:
        """Return the field with this name; None also for one that the person may not use."""
        found = BY_NAME.get(name)
        return found if found is not None and may_ask(self.actor, found) else None

    @cached_property
    def _units(self) -> tuple[Options, bool]:
        chosen = next((row.value for row in self.draft.rows() if row.field == "branch" and row.value), "")
        return search.units_to_choose(self.actor, chosen)

    def rules(self, row: Row) -> Options:
        """Return the rules that fit the row's field, none for one that the person may not use."""
        is_hers = row.field not in BY_NAME or self._known(row.field) is not None
        return building.rules_of(row.field) if is_hers else []

    def words(self, part: Fixed) -> str:
        """Return the reading of a part that stays as it is."""
        if part.place >= len(self._tops):
            return "（已不在原来的查询里，请移除）"
        return showing.reading(All((self._tops[part.place],)), self._named)

    def kept(self, row: Row) -> str:
        """Return what is said in place of a number that the page does not show."""
        return "已填写（为保护个人信息不显示），要换请重新输入" if row.kept else ""

    def shape(self, row: Row) -> Shape:
        """Return the input for the row's value."""
        if row.field == CHILD_AGE:
            return Shape("number", is_pair=True, after="岁")
        if row.field == POST:
            return Shape("select", options=PostKind.choices())
        if row.field == CHANGE:
            return Shape("change", options=ChangeType.choices())
        known, op = self._known(row.field), next((one for one in Operator if one.value == row.op), None)
        if known is None or op is None or op in values.WITHOUT:
            return NOTHING
        is_list, is_pair = op in values.LISTS, op is Operator.BETWEEN
        match known.kind:
            case Kind.UNIT:
                return self._unit(is_list)
            case Kind.CHOICE | Kind.MULTI_CHOICE | Kind.POSTS:
                options = kinds.options_of(known)
                return Shape("ticks" if is_list else "select" if len(options) <= FEW else "typed", options=options)
            case Kind.BOOL:
                return Shape("select", options=[("1", "是"), ("0", "否")])
            case Kind.DATE:
                return Shape("date", is_pair)
            case Kind.MONTH | Kind.END_MONTH:
                return Shape("month", is_pair)
            case Kind.BIRTHDAY:
                return Shape("text", is_pair, hint="写成月-日，例如 05-01")
            case Kind.ID_NUMBER | Kind.PHONE:
                return Shape("text", hint=_NUMBER_HINT)
        if known.kind in _COUNTED:
            return Shape("text", hint=_SEVERAL) if is_list else Shape("number", is_pair, after=_COUNTED[known.kind])
        return Shape("area", hint=_SEVERAL) if is_list else Shape("text", is_pair)

    def _unit(self, is_list: bool) -> Shape:
        options, is_cut = self._units
        if is_list and not is_cut:
            return Shape("ticks", options=options)
        if not is_cut:
            return Shape("select", options=options)
        named = [(f"{name.strip()}（{code}）", "") for code, name in options]
        hint = "单位较多：输入单位名称选择，或填写单位代码" + ("，多个用顿号隔开" if is_list else "")
        return Shape("typed", options=named, hint=hint)

    def typed(self, row: Row) -> str:
        """Return the words in an input that is typed into: the label of a code."""
        known = self._known(row.field)
        if known is None or known.kind is Kind.UNIT or not row.value:
            return "、".join(row.values)
        label = choices.label_of(known, row.value)
        try:
            return label if choices.parse_choice(known, label) == row.value else row.value
        except kinds.FieldError:
            return row.value
