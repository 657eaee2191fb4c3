"""Invented people: whole records by catalogue name, as a union would have them, with gaps where people leave gaps.

Nobody here exists. The numbers of documents have valid check digits but sequence codes that no younger person holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from portal.members.enums import ChangeReason, ChangeType, EmploymentStatus, Hobby, IdType, MembershipStatus

from .careers import career, resume
from .drawing import Urn, day_between, happens, years_on
from .families import family
from .naming import HARD_NAMES, latin_name, name_of
from .numbers import Numbers, counties

Values = dict[str, Any]

_AGES = Urn({22: 14, 30: 31, 40: 30, 50: 19, 60: 6})  # the first year of a decade of life
_ETHNICITIES = Urn(
    {
        "01": 890, "11": 34, "03": 18, "02": 9, "15": 6, "08": 6, "06": 4, "07": 3, "10": 5, "05": 5, "04": 2, "12": 2,
        "13": 2, "14": 2, "17": 1, "31": 1, None: 12,
    }
)  # fmt: skip
_DOCUMENTS = Urn(
    {
        IdType.IDENTITY_CARD: 960, IdType.PASSPORT: 13, IdType.RESIDENCE_CARD: 8, IdType.HONGKONG_MACAO_PASS: 5,
        IdType.TAIWAN_PASS: 8, IdType.FOREIGNER_CARD: 4, IdType.OFFICER_CARD: 2,
    }
)  # fmt: skip
_FOREIGN = frozenset({IdType.PASSPORT, IdType.FOREIGNER_CARD})
_WITHOUT_PARTY = frozenset(IdType) - {IdType.IDENTITY_CARD, IdType.OFFICER_CARD}
_PARTIES = Urn({"01": 46, "13": 33, "02": 2, "05": 3, "04": 1, "06": 1, "07": 2, "08": 1, "10": 2, "12": 2, None: 3})
_YOUNG_PARTIES = Urn({"01": 22, "02": 6, "03": 48, "13": 21, None: 3})
_HOUSEHOLDS = Urn({"L1": 60, "1": 14, "3": 10, "2": 7, "4": 2, "8": 1, None: 6})
_HOBBIES = [hobby.value for hobby in Hobby]
_STREETS = ("海滨路", "青山路", "文化里", "港城大街", "学府街", "光明路", "河东小区", "海棠园")
_HONORS = (
    ("先进工作者", "4"), ("优秀工会积极分子", "4"), ("先进个人", "3"), ("五一劳动奖章", "2"), ("全国先进工作者", "1"),
)  # fmt: skip

# what an applicant of the full form must answer, where the chance left it open
_ASKED = {
    "ethnicity": "01", "native_place": "河北省秦皇岛市海港区", "political_status": "13", "education": "14",
    "employment_form": "1", "post_category": "1",
}  # fmt: skip

# Chance alone would leave a small union without some gap, so the first members have one each: from the fourth on,
# these fields are 未填; the third is a foreigner of whom nobody has noted the sex.
_GAPS: tuple[tuple[str, ...], ...] = (
    ("ethnicity",), ("political_status",), ("household_type", "household_place"),
    ("employment_form", "dispatch_company"), ("post_category",), ("admin_rank", "admin_duty"), ("education", "degree"),
    ("prof_title", "title_level"), ("skill_level",), ("marital_status", "spouse"),
    ("family_planning", "family_planning_text"),
)  # fmt: skip
_WITHOUT_SEX, _FIRST_GAP = 3, 4

RETIRED_TEXT = "办理保留会籍"  # what the rule book wants in 备注, after the date


@dataclass(frozen=True)
class Place:
    """Where members are: who employs them, its departments, and the mix of posts there (a key of POSTS)."""

    employer: str
    departments: tuple[str, ...]
    posts: str


@dataclass(frozen=True)
class Turn:
    """What happened to a membership on the day `on`; `before` is what the fields it changed held until then."""

    kind: ChangeType
    on: date
    reason: ChangeReason | None = None
    before: Values = field(default_factory=dict)


@dataclass(frozen=True)
class Invented:
    """A member: her record as of today, and the turns of her membership, oldest first, beginning with 入会."""

    values: Values
    turns: tuple[Turn, ...]

    @property
    def joined(self) -> date:
        """The day she joined."""
        return self.turns[0].on

    @property
    def is_active(self) -> bool:
        """Whether her membership is neither retained nor ended."""
        return bool(self.values["membership_status"] == MembershipStatus.ACTIVE)


class Inventor:
    """Invents people from one source of chance; `profile` is school or city, `today` the day on which they are so."""

    def __init__(self, rng: Random, *, profile: str, today: date) -> None:
        self._rng = rng
        self._profile = profile
        self._today = today
        self._numbers = Numbers(rng)
        self._hard = list(reversed(HARD_NAMES))
        self._made = 0
        self._status_gap = False

    def member(self, place: Place) -> Invented:
        """Return a member at `place`, whose branch is the caller's affair."""
        rng, today = self._rng, self._today
        age = max(22, _AGES.draw(rng) + rng.randrange(0, 10))
        born = years_on(today, -age) - timedelta(days=rng.randrange(1, 365))
        self._made += 1
        hard = self._hard.pop() if self._hard and self._made > _WITHOUT_SEX and happens(rng, 0.1) else None
        values, sex = self._identity(born, hard, IdType.PASSPORT if self._made == _WITHOUT_SEX else None)
        retired = retirement(sex, born)
        last_day = min(today, years_on(retired, -3))  # nobody enters just before leaving
        values |= self._work(values, sex, place, last_day)
        values |= self._contacts(born)
        entry = values["entry"]
        joined = day_between(rng, entry, min(years_on(entry, 2), last_day))
        values["join_date"] = joined
        values["staff_no"] = self._staff_no(values)
        turns = [Turn(ChangeType.JOINED, joined), *self._ending(values, joined, retired)]
        over = turns[-1].on if len(turns) > 1 else None
        values["resume"] = resume(rng, values, born=born, employer=place.employer, until=over)
        del values["entry"]
        self._leave_gaps(values)
        return Invented(values, tuple(turns))

    def _leave_gaps(self, values: Values) -> None:
        if self._made == _WITHOUT_SEX:
            values["sex"] = None
        place = self._made - _FIRST_GAP
        if 0 <= place < len(_GAPS):
            values |= dict.fromkeys(_GAPS[place])
        elif values["employment_status"] == "1" and not self._status_gap:
            values["employment_status"], self._status_gap = None, True

    def applicant(self, place: Place) -> Values:
        """Return the answers of someone new at `place` to the full joining form, by catalogue name."""
        rng, today = self._rng, self._today
        born = years_on(today, -rng.randint(24, 42)) - timedelta(days=rng.randrange(1, 365))
        values, sex = self._identity(born, None, kind=IdType.IDENTITY_CARD)
        values |= self._work(values, sex, place, today - timedelta(days=20))
        values |= self._contacts(born)
        values["staff_no"] = self._numbers.staff_no(today.year) if happens(rng, 0.8) else "待发工号"
        values["resume"] = None
        while values["resume"] is None:
            values["resume"] = resume(rng, values, born=born, employer=place.employer)
        for name, given in _ASKED.items():
            values[name] = values[name] or given
        values["mobile"] = values["mobile"] or self._numbers.mobile()
        for name in ("entry", "membership_status", "remark", "honors", "counted_here", "employment_status"):
            del values[name]
        return values

    def _identity(
        self, born: date, hard: tuple[str, str, str] | None, kind: IdType | None = None
    ) -> tuple[Values, str]:
        """Return who someone is on paper, and her sex, which the paper may not tell."""
        rng = self._rng
        kind = kind or (IdType.IDENTITY_CARD if hard else _DOCUMENTS.draw(rng))
        sex = rng.choice("12")
        ethnicity = None if kind in _FOREIGN else _ETHNICITIES.draw(rng)
        if hard:
            sex, ethnicity, name = hard
        elif kind in _FOREIGN:
            name = latin_name(rng, sex)
        else:
            name = name_of(rng, sex, ethnicity, born.year)
        code, county = rng.choice(counties())
        place = None if kind in _FOREIGN or happens(rng, 0.05) else county
        household = _HOUSEHOLDS.draw(rng) if kind is IdType.IDENTITY_CARD else None
        parties = _YOUNG_PARTIES if (self._today - born).days < 28 * 365 else _PARTIES
        told: str | None = sex
        if kind in (IdType.PASSPORT, IdType.TAIWAN_PASS) and happens(rng, 0.7):
            told = rng.choice((None, "9"))  # a document that does not tell, and nobody has asked
        values: Values = {
            "name": name,
            "sex": told,
            "birth_date": born,
            "ethnicity": ethnicity,
            "native_place": place,
            "political_status": None if kind in _WITHOUT_PARTY else parties.draw(rng),
            "id_type": kind.value,
            "id_number": self._numbers.document(kind, code, sex, born),
            "household_type": household,
            "household_place": rng.choice((county, "河北省秦皇岛市海港区")) if household else None,
        }
        return values, sex

    def _work(self, values: Values, sex: str, place: Place, day: date) -> Values:
        rng, born = self._rng, values["birth_date"]
        work = career(
            rng, profile=self._profile, posts=place.posts, born=born, day=day, employer=place.employer,
            department=rng.choice(place.departments),
        )  # fmt: skip
        if values["household_type"] in ("1", "3") and work["is_migrant_worker"]:
            work["is_migrant_worker"] = False
        return work | family(rng, self._numbers, name=values["name"], sex=sex, born=born, day=self._today)

    def _contacts(self, born: date) -> Values:
        rng = self._rng
        door = f"{rng.randint(1, 280)}号{rng.randint(1, 30)}栋{rng.randint(1, 18)}0{rng.randint(1, 4)}室"
        address = f"滨海市{rng.choice(_STREETS)}{door}"
        return {
            "mobile": None if happens(rng, 0.01) else self._numbers.mobile(),
            "home_address": address if happens(rng, 0.75) else None,
            "hobbies": sorted(rng.sample(_HOBBIES, rng.randint(1, 4))) if happens(rng, 0.55) else None,
            "honors": self._honors(born),
            "remark": None,
            "membership_status": MembershipStatus.ACTIVE.value,
        }

    def _honors(self, born: date) -> list[Values] | None:
        rng = self._rng
        if happens(rng, 0.7):
            return None
        if happens(rng, 0.65):
            return []
        title, level = rng.choice(_HONORS)
        year = rng.randint(max(born.year + 25, self._today.year - 20), max(born.year + 25, self._today.year - 1))
        year = min(year, self._today.year)
        return [{"title": title, "level": level, "year": year, "document_no": f"滨工〔{year}〕{rng.randint(1, 40)}号"}]

    def _staff_no(self, values: Values) -> str | None:
        rng = self._rng
        chance = 0.5 if values["employment_form"] in ("4", "7") else 0.02
        if self._profile == "city":
            chance = 0.6
        return None if happens(rng, chance) else self._numbers.staff_no(values["entry"].year)

    def _ending(self, values: Values, joined: date, retired: date) -> list[Turn]:
        """Return what became of the membership after joining, and put it into `values`."""
        rng, today = self._rng, self._today
        status, kind, on, reason = MembershipStatus.ACTIVE, ChangeType.RETAINED, today, ChangeReason.RETIRED
        employment = EmploymentStatus.RETIRED
        if retired <= today:
            status, on = MembershipStatus.RETAINED, retired
        elif joined < today and happens(rng, 0.022):
            on = day_between(rng, max(joined + timedelta(days=1), years_on(today, -6)), today)
            status, kind, reason, employment = rng.choice(_ENDINGS)
        if status is MembershipStatus.ACTIVE:
            values["employment_status"] = _AT_WORK.draw(rng)
            return []
        after: Values = {"membership_status": status.value, "employment_status": employment.value}
        if status is MembershipStatus.RETAINED:
            word = "退休，" if reason is ChangeReason.RETIRED else ""
            after["remark"] = f"{on.year}年{on.month}月{on.day}日{word}{RETIRED_TEXT}"
            if reason is ChangeReason.RETIRED and happens(rng, 0.08):
                after["employment_form"] = "5"
        before = {name: values.get(name) for name in after}
        values |= after
        return [Turn(kind, on, reason, before)]


_AT_WORK = Urn({"1": 940, "8": 12, "7": 6, "9": 4, "2": 2, None: 36})
_ENDINGS = (
    (MembershipStatus.TRANSFERRED_OUT, ChangeType.TRANSFERRED_OUT, ChangeReason.LEFT, EmploymentStatus.OTHER),
    (MembershipStatus.TRANSFERRED_OUT, ChangeType.TRANSFERRED_OUT, ChangeReason.LEFT, EmploymentStatus.OTHER),
    (MembershipStatus.TRANSFERRED_OUT, ChangeType.TRANSFERRED_OUT, ChangeReason.LEFT, EmploymentStatus.OTHER),
    (MembershipStatus.RETAINED, ChangeType.RETAINED, ChangeReason.UNEMPLOYED, EmploymentStatus.UNEMPLOYED),
    (MembershipStatus.RETAINED, ChangeType.RETAINED, ChangeReason.ARMY, EmploymentStatus.OTHER),
    (MembershipStatus.WITHDRAWN, ChangeType.WITHDRAWN, ChangeReason.OWN_WISH, EmploymentStatus.OTHER),
    (MembershipStatus.DECEASED, ChangeType.DIED, ChangeReason.DIED, EmploymentStatus.OTHER),
)


def retirement(sex: str, born: date) -> date:
    """Return the day someone with sex "1" or "2" born then retires: 60 and 55, later by the decision of 2024-09-13.

    From 2025 on men wait a month longer for every four months they were born after 1964, women (55) after 1969, at
    most three years; the day is the first of the month after.
    """
    age, first = (60, 1965) if sex == "1" else (55, 1970)
    months = (born.year - first) * 12 + born.month - 1
    later = 0 if months < 0 else min(36, months // 4 + 1)
    return years_on(born.replace(day=1), age, later + 1)
