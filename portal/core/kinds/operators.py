"""How a value of each kind can be asked for in a query."""

from __future__ import annotations

from portal.core.enums import LabelEnum
from portal.core.kinds.kind import Kind


class Operator(LabelEnum):
    """A rule between a field and a value, in the words that operators know from other systems."""

    EQ = "eq", "等于"
    NE = "ne", "不等于"
    LT = "lt", "小于"
    LE = "le", "小于等于"
    GT = "gt", "大于"
    GE = "ge", "大于等于"
    BETWEEN = "between", "介于"
    IN = "in", "属于"
    NOT_IN = "not_in", "不属于"
    CONTAINS = "contains", "包含"
    STARTS = "starts", "开头是"
    TAIL = "tail", "尾号是"
    WITHIN = "within", "在其及以下"
    EMPTY = "empty", "值为空"
    NOT_EMPTY = "not_empty", "值不为空"


_O = Operator
IS_FILLED = (_O.EMPTY, _O.NOT_EMPTY)  # all that can be asked of what is sealed or has parts
_SAME = (_O.EQ, _O.NE, _O.IN, _O.NOT_IN)
_ORDER = (_O.LT, _O.LE, _O.GT, _O.GE, _O.BETWEEN)
_TEXT = (_O.CONTAINS, _O.EQ, _O.NE, _O.STARTS, _O.IN, _O.NOT_IN, *IS_FILLED)
_NUMBER = (*_ORDER, *_SAME, *IS_FILLED)
_DAY = (*_ORDER, _O.EQ, _O.NE, *IS_FILLED)
_DOCUMENT = (_O.EQ, _O.TAIL, *IS_FILLED)  # what the keyed indexes answer
_CODE = (_O.EQ, _O.NE, _O.IN, _O.NOT_IN, *IS_FILLED)

OPERATORS: dict[Kind, tuple[Operator, ...]] = {
    Kind.TEXT: _TEXT,
    Kind.LONG_TEXT: _TEXT,
    Kind.NAME: _TEXT,
    Kind.PLACE: _TEXT,
    Kind.STAFF_NO: _TEXT,
    Kind.TELEPHONE: _TEXT,
    Kind.WEB_ADDRESS: _TEXT,
    Kind.ID_NUMBER: _DOCUMENT,
    Kind.PHONE: _DOCUMENT,
    Kind.CHOICE: _CODE,
    Kind.MULTI_CHOICE: (_O.CONTAINS, _O.IN, _O.NOT_IN, *IS_FILLED),
    Kind.BOOL: (_O.EQ, _O.NE, *IS_FILLED),
    Kind.DATE: _DAY,
    Kind.MONTH: _DAY,
    Kind.END_MONTH: _DAY,
    Kind.INTEGER: _NUMBER,
    Kind.MONEY: _NUMBER,
    Kind.PHOTO: IS_FILLED,
    Kind.ROWS: IS_FILLED,
    Kind.COMPOSITE: IS_FILLED,
    Kind.UNIT: (_O.WITHIN, *_SAME),
    Kind.POSTS: (*_SAME, *IS_FILLED),
    Kind.CHANGES: IS_FILLED,
    Kind.AGE: _NUMBER,
    Kind.BIRTHDAY: (_O.EQ, _O.BETWEEN, *IS_FILLED),
    Kind.YEARS: _NUMBER,
    Kind.COMPLETENESS: (*_ORDER, *_SAME),
}
