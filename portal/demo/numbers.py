"""Invented numbers: documents with valid check digits that nobody can hold, mobiles, staff numbers."""

from __future__ import annotations

from collections import Counter
from datetime import date
from functools import cache
from random import Random

from portal.members.catalogue import COUNTY
from portal.members.enums import IdType, Sex

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
# 996 to 999 were kept for people of a hundred years and more, so no younger person holds such a number
_NOBODYS: dict[str, tuple[str, str]] = {Sex.MALE: ("997", "999"), Sex.FEMALE: ("996", "998")}
_RESIDENCE_AREAS = ("810000", "820000", "830000")


def check_digit(seventeen: str) -> str:
    """Return the eighteenth character after GB 11643 (ISO 7064 MOD 11-2)."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, seventeen, strict=True))
    return "10X98765432"[total % 11]


@cache
def counties() -> tuple[tuple[str, str], ...]:
    """Return (code, words) of the counties and districts a person may come from."""
    return tuple(
        (code, label)
        for code, label in COUNTY.choices()
        if code[:2] < "71" and not code.endswith("00") and "直辖" not in label and "市辖区" not in label
    )


class Numbers:
    """Gives out numbers of which none comes twice."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._documents: set[str] = set()
        self._mobiles = 0
        self._staff: Counter[int] = Counter()

    def document(self, kind: IdType, county: str, sex: str, born: date) -> str:
        """Return a well-formed number of the type; `sex` is "1" or "2", `county` six digits."""
        while True:
            number = self._document(kind, county, sex, born)
            if number not in self._documents:
                self._documents.add(number)
                return number
            county = self._rng.choice(counties())[0]

    def _document(self, kind: IdType, county: str, sex: str, born: date) -> str:
        rng = self._rng
        if kind is IdType.PASSPORT:
            return f"X{rng.randrange(10**7):07}Z"
        if kind is IdType.HONGKONG_MACAO_PASS:
            return f"{rng.choice('HM')}{rng.randrange(10**8):08}"
        if kind is IdType.TAIWAN_PASS:
            return f"{rng.randrange(10**8):08}"
        if kind is IdType.OFFICER_CARD:
            return f"演字第{rng.randrange(10**7):07}号"
        area = county
        if kind is IdType.RESIDENCE_CARD:
            area = rng.choice(_RESIDENCE_AREAS)
        elif kind is IdType.FOREIGNER_CARD:
            area = f"9{rng.randrange(10**5):05}"
        first = f"{area}{born:%Y%m%d}{rng.choice(_NOBODYS[sex])}"
        return first + check_digit(first)

    def mobile(self) -> str:
        """Return the next of ten million mobiles; the last four differ in every run of ten thousand."""
        block, place = divmod(self._mobiles, 10_000)
        self._mobiles += 1
        return f"1990{block:03}{(place * 7919 + 17) % 10_000:04}"

    def staff_no(self, year: int) -> str:
        """Return the next staff number of those who came in `year`; the old ones begin with a nought."""
        series = year if year >= 2000 else 0
        self._staff[series] += 1
        return f"{year}{self._staff[year]:04}" if series else f"0{self._staff[0]:05}"
