"""Which kind of unit may stand under which, and what a kind does unless said otherwise."""

from __future__ import annotations

from portal.core.errors import DomainError
from portal.org.models import OrgUnit, UnitKind

from .models import plain

K = UnitKind

# Both profiles: a school's root is a 基层工会, so that only branches and groups stand below; a city's is a 市总工会.
MAY_STAND_UNDER: dict[UnitKind, tuple[UnitKind, ...]] = {
    K.CITY: (),
    K.COUNTY: (K.CITY,),
    K.SYSTEM: (K.CITY, K.COUNTY),
    K.INDUSTRY: (K.CITY, K.COUNTY),
    K.TOWN: (K.COUNTY,),
    K.UNION: (K.CITY, K.COUNTY, K.SYSTEM, K.INDUSTRY, K.TOWN),
    K.BRANCH: (K.UNION,),
    K.GROUP: (K.UNION, K.BRANCH),
}

# Words that sheets have for a kind, beside its label.
_OTHER_WORDS = {
    "市总": K.CITY,
    "县总工会": K.COUNTY,
    "区总工会": K.COUNTY,
    "县区总工会": K.COUNTY,
    "县级总工会": K.COUNTY,
    "开发区工会": K.COUNTY,
    "系统": K.SYSTEM,
    "产业": K.INDUSTRY,
    "乡镇工会": K.TOWN,
    "街道工会": K.TOWN,
    "乡镇街道工会": K.TOWN,
    "校工会": K.UNION,
    "基层": K.UNION,
    "小组": K.GROUP,
}
_WORDS = {plain(kind.label): kind for kind in K} | {plain(word): kind for word, kind in _OTHER_WORDS.items()}


def kind_of(text: str) -> UnitKind | None:
    """Return the kind that `text` names by its label or another usual word; None for an unknown one."""
    return _WORDS.get(plain(text))


def below(parent: UnitKind) -> list[UnitKind]:
    """Return the kinds that may stand under `parent`, in the order of the tree."""
    return [kind for kind, parents in MAY_STAND_UNDER.items() if parent in parents]


def within(top: UnitKind) -> set[UnitKind]:
    """Return the kinds that may stand somewhere in the tree below `top`."""
    found: set[UnitKind] = set()
    waiting = below(top)
    while waiting:
        kind = waiting.pop()
        if kind not in found:
            found.add(kind)
            waiting += below(kind)
    return found


def misfit(kind: UnitKind, parent: UnitKind) -> str:
    """Return why a unit of `kind` may not stand under one of kind `parent`; nothing where it may."""
    if parent in MAY_STAND_UNDER[kind]:
        return ""
    fitting = "、".join(one.label for one in below(parent)) or "没有下级的类型"
    return f"{kind.label}不能设在{parent.label}下面（{parent.label}下面可以设：{fitting}）"


def refuse_misfit(kind: UnitKind, parent: OrgUnit, *, field: str) -> None:
    """Raise DomainError on `field` where `kind` may not stand under `parent`."""
    sentence = misfit(kind, parent.kind)
    if sentence:
        raise DomainError(sentence, field=field)


def approves(kind: UnitKind) -> bool:
    """Whether units of `kind` usually approve members (《工会会员会籍管理办法》: the 基层工会 does)."""
    return kind is K.UNION


def accepts(kind: UnitKind, *, has_branches: bool = False) -> bool:
    """Whether members usually belong to a unit of `kind`: a branch, or a union without any."""
    return kind is K.BRANCH or (kind is K.UNION and not has_branches)
