"""The rules between the fields of one person; the shape of each value was read by its kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from portal.core import kinds
from portal.core.errors import Problems
from portal.core.fields import FieldError

from . import documents, names
from .catalogue import FIELD, level_of_title
from .enums import MARRIED, EmploymentForm, FamilyPlanning, HouseholdType, IdType, Sex

YOUNGEST, OLDEST = 16, 100  # years of a member: labour law's least age, and beyond doubt
CHILD_AFTER = 14  # years between a member's birth and her child's
ENTRY_AHEAD = timedelta(days=60)  # a contract may begin a little later
LEAGUE_AGE = 28
MARRIAGE_AGE = {Sex.MALE: 22, Sex.FEMALE: 20}  # 《民法典》第一千零四十七条
LAST_CERTIFICATE = date(2015, 12, 31)  # 光荣证 is given for children born until then
LEAGUE = "03"
# of a child: a passport, a pass, a birth certificate; letters in front, so no identity card with a slip
_OTHER_DOCUMENT = re.compile(r"[A-Z]{1,2}[0-9]{7,10}")
FARMERS_NOT = frozenset({HouseholdType.URBAN_FAMILY, HouseholdType.URBAN_COLLECTIVE})
# first digit of the degree (GB/T 6864) to the highest first digits of an education (GB/T 4658) that goes with it
EDUCATION_OF_DEGREE = {"2": ("11", "12", "13"), "3": ("1",), "4": ("1", "2")}


class _Findings:
    """What the rules have found wrong; `document` is what has been read already."""

    def __init__(self, document: documents.Document | None = None) -> None:
        self.document = document
        self.errors: dict[str, list[str]] = {}
        self.warnings: list[str] = []

    def error(self, name: str, sentence: str) -> None:
        self.errors.setdefault(name, []).append(sentence)

    def warn(self, sentence: str) -> None:
        self.warnings.append(sentence)


Rule = Callable[[dict[str, Any], date, _Findings], None]


def check(
    values: Mapping[str, Any],
    *,
    required: Collection[str] = (),
    today: date,
    document: documents.Document | None = None,
    rules: Collection[Rule] | None = None,
) -> tuple[dict[str, Any], list[str]]:
    """Return `values` with what follows from them, and the warnings, which refuse nothing.

    `values` maps catalogue names to parsed values; `required` are names that must be answered (the political status
    only of identity cards, the branch by whoever admits, so not here); `rules` are those to follow, all unless said.
    Derived are the type and the kept form of the
    document's number, sex and birth date from a number that tells them, the kept form of the name, and the level of
    the title. `document` is what `documents.read` has said of the number, where it was read today. Raises Problems
    with a sentence for every input that is wrong (the data dictionary, domain/1-fields.md).
    """
    filled = dict(values)
    found = _Findings(document)
    for rule in _RULES if rules is None else rules:
        rule(filled, today, found)
    _ask_for_missing(filled, required, found)
    if found.errors:
        raise Problems(found.errors, found.warnings)
    return filled, found.warnings


def check_change(
    current: Mapping[str, Any], changed: Mapping[str, Any], *, today: date, is_narrow: bool = False
) -> tuple[dict[str, Any], list[str]]:
    """Check the record as it would be, and return what then differs from `current`, and the warnings.

    `current` is all that the record says, but for the branch. A rule that was broken before, over other fields, is not
    this change's fault. With `is_narrow` only rules about a changed field are looked at, so that `current` need say no
    more than `needed_by` names; name and document are not among the changed then. Raises Problems.
    """
    rules = touching(changed) if is_narrow else None
    required = () if is_narrow else ("name", "id_type")
    merged = {**current, **changed}
    if "prof_title" in changed and "title_level" not in changed:
        merged["title_level"] = None  # follows the new title
    told_by_number = ("sex", "birth_date")
    has_new_document = "id_number" in changed or "id_type" in changed
    if has_new_document:
        merged |= {name: None for name in told_by_number if name not in changed}
    try:
        checked, warnings = check(merged, required=required, today=today, rules=rules)
    except Problems as problems:
        _raise_new(problems, current, changed, today, rules)
        checked, warnings = merged, []
    if has_new_document:
        for name in told_by_number:
            if checked.get(name) is None:
                checked[name] = current[name]
    if "prof_title" in changed and checked.get("title_level") is None:
        checked["title_level"] = current["title_level"]
    return {name: value for name, value in checked.items() if not same(value, current.get(name))}, warnings


def _raise_new(
    problems: Problems,
    current: Mapping[str, Any],
    changed: Mapping[str, Any],
    today: date,
    rules: Collection[Rule] | None,
) -> None:
    errors = dict(problems.errors)
    try:
        check(current, today=today, rules=rules)
    except Problems as old:
        errors = {name: told for name, told in errors.items() if name in changed or told != old.errors.get(name)}
    if errors:
        raise Problems(errors, problems.warnings) from problems


def same(one: Any, other: Any) -> bool:
    """Whether two values of a field say the same; in rows an empty cell and none at all do."""
    return bool(_filled(one) == _filled(other))


def _filled(value: Any) -> Any:
    if isinstance(value, list):
        return [_filled(inner) for inner in value]
    if isinstance(value, dict):
        return {name: inner for name, inner in value.items() if inner not in (None, "")}
    return value


def _ask_for_missing(values: dict[str, Any], required: Collection[str], found: _Findings) -> None:
    is_identity_card = values.get("id_type") in (None, IdType.IDENTITY_CARD)
    for name in required:
        field = FIELD[name]
        value = values.get(name)
        answered = value not in (None, "") and (value != [] or field.or_none)
        if answered or name == "branch" or name in found.errors:
            continue
        if name == "political_status" and not is_identity_card:
            continue
        if name in ("sex", "birth_date") and "id_number" in found.errors:
            continue  # a right number may tell it
        found.error(name, kinds.missing(field))


def _document(values: dict[str, Any], today: date, found: _Findings) -> None:
    if not values.get("id_number"):
        return
    document = found.document
    if document is None or (document.id_type, document.number) != (values.get("id_type"), values["id_number"]):
        try:
            document = documents.read(values.get("id_type"), values["id_number"])
        except FieldError as error:
            found.error("id_number", error.message)
            return
    values["id_type"], values["id_number"] = str(document.id_type), document.number
    for warning in document.warnings:
        found.warn(warning)
    if document.sex is not None:
        if values.get("sex") not in (None, document.sex):
            found.error("sex", "性别与身份证号码不一致")
        values["sex"] = str(document.sex)
    if document.birth_date is not None:
        if values.get("birth_date") not in (None, document.birth_date):
            found.error("birth_date", f"出生日期与身份证号码不一致（证件为 {document.birth_date.isoformat()}）")
        values["birth_date"] = document.birth_date


def _name(values: dict[str, Any], today: date, found: _Findings) -> None:
    if not values.get("name"):
        return
    try:
        values["name"], warnings = names.normalise_name(values["name"], values.get("id_type"))
    except FieldError as error:
        found.error("name", error.message)
    else:
        found.warnings += warnings


def _age(values: dict[str, Any], today: date, found: _Findings) -> None:
    born = values.get("birth_date")
    if born is None or "birth_date" in found.errors:
        return
    if born > today:
        found.error("birth_date", "出生日期不能晚于今天，请核对")
        return
    age = kinds.years_between(born, today)
    if not YOUNGEST <= age <= OLDEST:
        found.error("birth_date", f"年龄应在 {YOUNGEST} 至 {OLDEST} 周岁之间，按出生日期为 {age} 周岁，请核对")
    if values.get("political_status") == LEAGUE and age > LEAGUE_AGE:
        found.warn(f"政治面貌为共青团员，但年龄已超过 {LEAGUE_AGE} 周岁，请核对")
    sex = values.get("sex")
    if values.get("marital_status") in MARRIED and sex in MARRIAGE_AGE and age < MARRIAGE_AGE[Sex(sex)]:  # type: ignore[call-arg]  # by its value alone
        found.warn("未到法定婚龄而婚姻状况为已婚，请核对")


def _work(values: dict[str, Any], today: date, found: _Findings) -> None:
    born, began, entered = (values.get(name) for name in ("birth_date", "work_start_date", "school_entry_date"))
    if began is not None:
        if began > today:
            found.error("work_start_date", "参加工作时间不能晚于今天")
        elif born is not None and (began.year - YOUNGEST, began.month) < (born.year, born.month):  # months are exact
            found.warn(f"参加工作时不满 {YOUNGEST} 周岁，请核对")
    if entered is not None:
        if entered > today + ENTRY_AHEAD:
            found.error("school_entry_date", "来校时间不能晚于今天起 60 天")
        elif born is not None and kinds.years_between(born, entered) < YOUNGEST:
            found.error("school_entry_date", f"来校时不满 {YOUNGEST} 周岁，请核对来校时间")
    if values.get("employment_form") == EmploymentForm.DISPATCHED and not values.get("dispatch_company"):
        sentence = "用工形式为劳务派遣的，请填写劳务派遣单位"
        if "dispatch_company" in values:
            found.error("dispatch_company", sentence)
        else:
            found.warn(sentence)
    if values.get("is_migrant_worker") and values.get("household_type") in FARMERS_NOT:
        found.warn("户籍类型为非农业户口而填为农民工，请核对")


def _learning(values: dict[str, Any], today: date, found: _Findings) -> None:
    level = level_of_title(values.get("prof_title"))
    if level is not None:
        if values.get("title_level") is None:
            values["title_level"] = level
        elif values["title_level"] != level:
            found.error("title_level", "职称与职称级别不一致")
    degree, education = values.get("degree"), values.get("education")
    usual = EDUCATION_OF_DEGREE.get(degree[:1]) if degree else None
    if usual and education and not education.startswith(usual):
        found.warn("学位高于学历（同等学力）的，请核对无误后提交")


def _family(values: dict[str, Any], today: date, found: _Findings) -> None:
    marital, count = values.get("marital_status"), values.get("children_count")
    children = values.get("children") or []
    if values.get("spouse") and marital not in MARRIED:
        found.error("spouse", "婚姻状况为已婚（含初婚、再婚、复婚）的才填写配偶信息，请核对婚姻状况")
    if count is not None and count < len(children):
        found.error("children_count", f"子女数不能少于已填写的子女信息（{len(children)} 行）")
    if values.get("children") == [] and count:
        found.error("children", f"子女信息已勾选“无”，但子女数为 {count}；不想填写明细的，请不勾选“无”，各行留空")
    born = values.get("birth_date")
    for place, child in enumerate(children, 1):
        _child(child, child.get("name") or f"第 {place} 个子女", born, today, found)
    numbers = [child["id_number"] for child in children if child.get("id_number")]
    if len(set(numbers)) < len(numbers):
        found.error("children", "子女信息中有两行的证件号码相同，请核对")
    if len(children) > 1 and any(child.get("is_only_child") for child in children):
        found.warn("子女信息不止一行而填为独生，请核对")
    births = [date.fromisoformat(child["birth_date"]) for child in children if child.get("birth_date")]
    if values.get("family_planning") == FamilyPlanning.ONLY_CHILD_CERTIFICATE:
        if count not in (None, 1):
            found.warn("持《独生子女父母光荣证》的，子女数一般为 1，请核对")
        if any(birth > LAST_CERTIFICATE for birth in births):
            found.warn("《独生子女父母光荣证》只发给 2015 年底以前出生的子女，请核对")


def _child(child: Mapping[str, Any], who: str, born: date | None, today: date, found: _Findings) -> None:
    """Check one row of children; `who` names the child, `born` is the parent's birth date."""
    birth = date.fromisoformat(child["birth_date"]) if child.get("birth_date") else None
    if birth is not None and birth > today:
        found.error("children", f"{who}的出生日期不能晚于今天")
    elif birth is not None and born is not None and kinds.years_between(born, birth) < CHILD_AFTER:
        found.error("children", f"{who}的出生日期与本人相差不到 {CHILD_AFTER} 年，请核对")
    number = child.get("id_number")
    if not number or _OTHER_DOCUMENT.fullmatch(number):  # a passport or a birth certificate: nothing to compute
        return
    try:
        document = documents.read(IdType.IDENTITY_CARD, number)
    except FieldError as error:
        told = "请完整填写，不能含有星号" if "*" in number else error.message
        found.error("children", f"{who}的证件号码：{told}")
        return
    if birth is not None and document.birth_date not in (None, birth):
        found.error("children", f"{who}的出生日期与证件号码不一致，请核对")
    if child.get("sex") not in (None, document.sex):
        found.error("children", f"{who}的性别与证件号码不一致，请核对")


def _honors(values: dict[str, Any], today: date, found: _Findings) -> None:
    for row in values.get("honors") or []:
        if row.get("year") and row["year"] > today.year:
            found.error("honors", f"“{row['title']}”的年度不能晚于今年")


def _resume(values: dict[str, Any], today: date, found: _Findings) -> None:
    rows = values.get("resume") or []
    month = f"{today:%Y-%m}"
    for row in rows:
        if row["start"] > month:
            found.error("resume", "个人简历的起始年月不能晚于本月")
    for earlier, later in pairwise(rows):
        if (earlier.get("end") or month) > later["start"]:
            found.warn("个人简历的起止年月有重叠，请核对")
            return


# each rule with the fields that it reads or sets
_READ: dict[Rule, frozenset[str]] = {
    _document: frozenset({"id_type", "id_number", "sex", "birth_date"}),
    _name: frozenset({"name", "id_type"}),
    _age: frozenset({"birth_date", "political_status", "sex", "marital_status"}),
    _work: frozenset(
        {
            "birth_date", "work_start_date", "school_entry_date", "employment_form", "dispatch_company",
            "is_migrant_worker", "household_type",
        }
    ),
    _learning: frozenset({"prof_title", "title_level", "degree", "education"}),
    _family: frozenset({"marital_status", "spouse", "children", "children_count", "birth_date", "family_planning"}),
    _honors: frozenset({"honors"}),
    _resume: frozenset({"resume"}),
}  # fmt: skip
_RULES: tuple[Rule, ...] = tuple(_READ)


def touching(names: Collection[str]) -> tuple[Rule, ...]:
    """Return the rules about any of the fields `names`, in their order."""
    return tuple(rule for rule, read in _READ.items() if not read.isdisjoint(names))


def needed_by(names: Collection[str]) -> frozenset[str]:
    """Return the fields that a narrow look at a change of `names` reads, themselves among them."""
    return frozenset(names).union(*(_READ[rule] for rule in touching(names)))
