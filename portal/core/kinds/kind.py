"""The kinds a field can be of."""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """What sort of value a field holds; what a kind can do stands in the table of this package."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NAME = "name"
    PLACE = "place"  # a county's code, or where it is in words
    STAFF_NO = "staff_no"
    ID_NUMBER = "id_number"
    PHONE = "phone"  # a mobile
    TELEPHONE = "telephone"  # a mobile or a line with its area code
    WEB_ADDRESS = "web_address"
    CHOICE = "choice"
    MULTI_CHOICE = "multi_choice"
    BOOL = "bool"  # 是, 否, or 未填
    DATE = "date"
    MONTH = "month"  # a date of which the day is always the first
    END_MONTH = "end_month"  # empty means 至今
    INTEGER = "integer"
    MONEY = "money"
    PHOTO = "photo"
    ROWS = "rows"
    COMPOSITE = "composite"  # one row
    UNIT = "unit"
    POSTS = "posts"
    CHANGES = "changes"
    AGE = "age"
    BIRTHDAY = "birthday"
    YEARS = "years"
    COMPLETENESS = "completeness"
