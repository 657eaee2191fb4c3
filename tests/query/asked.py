"""Random questions, made from the contract's own words and from values that stand in the population and beside it."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from tests.query.oracle import value_of
from tests.query.people import People

CODED = ("sex", "ethnicity", "political_status", "post_category", "title_level", "admin_rank", "education",
         "marital_status", "membership_status", "retire_track")  # fmt: skip
TEXTS = ("name", "department", "remark", "staff_no")
DAYS = ("birth_date", "join_date", "work_start_date", "retire_date_hr", "predicted_retirement")
COUNTED = ("age", "membership_years", "children_count", "completeness")
TRUTHS = ("counted_here", "is_migrant_worker")
SEALED = ("home_address", "children", "resume", "spouse", "membership_changes", "photo")
ORDER = ("lt", "le", "gt", "ge", "eq", "ne", "between")


class Asker:
    """Makes one question after the other; `family` says whether 33 to 38 may be asked for."""

    def __init__(self, people: People, seed: int, *, family: bool = True) -> None:
        self.people = people
        self.rng = random.Random(seed)
        self.family = family

    def question(self, depth: int = 0) -> dict[str, Any]:
        """A question of up to three levels, always a group at the top."""
        kind = self.rng.choice(["all", "any", "all"])
        parts = [self._part(depth) for _ in range(self.rng.choice([0, 1, 2, 2, 3] if depth else [1, 2, 2, 3, 4]))]
        return {kind: parts}

    def _part(self, depth: int) -> dict[str, Any]:
        roll = self.rng.random()
        if depth < 2 and roll < 0.2:
            return self.question(depth + 1)
        if depth < 3 and roll < 0.35:
            return {"not": self._part(depth + 1)}
        return self.leaf()

    def leaf(self) -> dict[str, Any]:
        rng = self.rng
        roll = rng.random()
        if roll < 0.05 and self.family:
            low = rng.randint(0, 15)
            return {"rows": "children", "age": [low, low + rng.randint(0, 6)]}
        if roll < 0.1:
            return {"post": rng.choice(["04", "06", "12", "01"])}
        if roll < 0.15:
            return {"change": rng.choice("137"), "from": "2024-03-01", "to": f"2024-{rng.randint(3, 12):02d}-03"}
        if roll < 0.25:
            return self._place()
        if roll < 0.5:
            return self._coded()
        if roll < 0.62:
            return self._text()
        if roll < 0.74:
            return self._day()
        if roll < 0.86:
            return self._counted()
        return self._other()

    def _drawn(self, name: str) -> Any:
        """A value that somebody has, where anybody has one."""
        day = date(2026, 1, 1)
        held = [value for one in self.people.now.values() if (value := value_of(one, name, day)) is not None]
        return self.rng.choice(held) if held else None

    def _empty(self, name: str) -> dict[str, Any]:
        return {"field": name, "op": self.rng.choice(["empty", "not_empty"])}

    def _place(self) -> dict[str, Any]:
        codes = [unit.code for unit in self.people.units.values()]
        op = self.rng.choice(["within", "within", "eq", "ne", "in", "not_in"])
        some = self.rng.sample(codes, 2)
        return {"field": "branch", "op": op, "value": some if op in ("in", "not_in") else some[0]}

    def _coded(self) -> dict[str, Any]:
        name = self.rng.choice([one for one in CODED if self.family or one != "marital_status"])
        op = self.rng.choice(["eq", "ne", "in", "not_in", "empty", "not_empty"])
        if op.endswith("empty"):
            return self._empty(name)
        some = sorted({self._drawn(name) for _ in range(self.rng.randint(1, 3))})
        if op in ("eq", "ne"):
            return {"field": name, "op": op, "value": some[0]}
        return {"field": name, "op": op, "value": some if self.rng.random() < 0.9 else []}

    def _text(self) -> dict[str, Any]:
        name = self.rng.choice(TEXTS)
        op = self.rng.choice(["contains", "contains", "starts", "eq", "ne", "in", "not_in", "empty"])
        whole = self._drawn(name)
        if op == "empty":
            return self._empty(name)
        if op in ("in", "not_in"):
            return {"field": name, "op": op, "value": sorted({whole, self._drawn(name)})}
        if op == "starts":
            return {"field": name, "op": op, "value": whole[: self.rng.randint(1, 3)]}
        if op == "contains":
            cut = self.rng.randrange(len(whole))
            return {"field": name, "op": op, "value": whole[cut : cut + 2]}
        return {"field": name, "op": op, "value": whole}

    def _day(self) -> dict[str, Any]:
        name = self.rng.choice(DAYS)
        drawn, other = self._drawn(name), self._drawn(name) + timedelta(days=self.rng.choice([0, 1, -1, 31]))
        if name in ("predicted_retirement", "work_start_date"):
            drawn, other = drawn.replace(day=1), other.replace(day=1)
        return self._ordered(name, *sorted(one.isoformat() for one in (drawn, other)))

    def _counted(self) -> dict[str, Any]:
        name = self.rng.choice([one for one in COUNTED if self.family or one != "children_count"])
        low, high = sorted(max(0, self._drawn(name) + self.rng.choice([-1, 0, 0, 1])) for _ in range(2))
        return self._ordered(name, low, high)

    def _ordered(self, name: str, low: Any, high: Any) -> dict[str, Any]:
        op = self.rng.choice([*ORDER, "empty"] if name != "completeness" else ORDER)
        if op == "empty":
            return self._empty(name)
        return {"field": name, "op": op, "value": [low, high] if op == "between" else self.rng.choice([low, high])}

    def _other(self) -> dict[str, Any]:
        rng = self.rng
        match rng.randrange(6):
            case 0:
                return {"field": rng.choice(TRUTHS), "op": rng.choice(["eq", "ne"]), "value": rng.random() < 0.5}
            case 1:
                marks = [f"{self._drawn('birthday'):%m-%d}" for _ in range(2)]
                if rng.random() < 0.5:
                    return {"field": "birthday", "op": "between", "value": marks}
                return {"field": "birthday", "op": "eq", "value": rng.choice([marks[0], "02-28", "02-29"])}
            case 2:
                codes = sorted(rng.sample(["01", "02", "10", "99"], 2))
                op = rng.choice(["contains", "in", "not_in", "empty"])
                if op == "empty":
                    return self._empty("hobbies")
                return {"field": "hobbies", "op": op, "value": codes[0] if op == "contains" else codes}
            case 3:
                op = rng.choice(["eq", "ne", "in", "not_in", "empty"])
                if op == "empty":
                    return self._empty("union_post")
                return {"field": "union_post", "op": op, "value": ["04", "12"] if op.endswith("in") else "06"}
            case 4:
                name = rng.choice(["id_number", "mobile"])
                whole = self._drawn(name)
                if rng.random() < 0.5:
                    return {"field": name, "op": "tail", "value": whole[-4:]}
                return {"field": name, "op": "eq", "value": whole}
        sealed = [one for one in SEALED if self.family or one not in ("children", "spouse")]
        return self._empty(rng.choice(sealed))
