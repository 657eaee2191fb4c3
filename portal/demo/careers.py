"""Invented careers: post, schooling, title, rank, contract, pay and the résumé that goes with them."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

from portal.members.catalogue import level_of_title
from portal.members.enums import AdminRank, EmploymentForm, PostCategory, SkillLevel, TitleLevel

from .drawing import Urn, day_between, happens, years_on

Values = dict[str, Any]

P = PostCategory
# a college lives of its teachers, the offices of a school of clerks, a city of its workshops
POSTS = {
    "college": Urn(
        {
            P.TEACHER: 70, P.ADMINISTRATION: 9, P.TEACHING_SUPPORT: 7, P.COUNSELLOR: 7, P.RESEARCHER: 4, P.WORKER: 1,
            None: 2,
        }
    ),
    "office": Urn(
        {
            P.ADMINISTRATION: 48, P.WORKER: 22, P.TEACHING_SUPPORT: 16, P.AFFILIATED: 7, P.OTHER: 5, None: 2,
        }
    ),
    "city": Urn({P.WORKER: 48, P.OTHER: 22, P.ADMINISTRATION: 18, P.AFFILIATED: 4, P.TEACHER: 3, None: 5}),
}  # fmt: skip

_DOCTOR, _MASTER, _BACHELOR, _COLLEGE = "11", "14", "21", "31"
_SCHOOLED = Urn({_DOCTOR: 4, _MASTER: 45, _BACHELOR: 44, _COLLEGE: 6, None: 1})
_EDUCATIONS = {
    P.TEACHER: Urn({_DOCTOR: 50, _MASTER: 33, _BACHELOR: 15, None: 2}),
    P.RESEARCHER: Urn({_DOCTOR: 75, _MASTER: 22, None: 3}),
    P.TEACHING_SUPPORT: Urn({_DOCTOR: 6, _MASTER: 38, _BACHELOR: 40, _COLLEGE: 14, None: 2}),
    P.WORKER: Urn({_BACHELOR: 6, _COLLEGE: 24, "41": 14, "44": 4, "47": 8, "61": 20, "71": 18, "81": 3, None: 3}),
}
_LEAST_AGE = {_DOCTOR: 28, _MASTER: 25, _BACHELOR: 22, _COLLEGE: 21}  # at the end of the schooling
_LESSER = {_DOCTOR: _MASTER, _MASTER: _BACHELOR, _BACHELOR: _COLLEGE, _COLLEGE: "61"}
_SUBJECTS = Urn({"08": 40, "07": 15, "12": 12, "05": 9, "02": 8, "03": 5, "04": 5, "01": 2, "06": 2, "10": 2})
_DEGREES = {_DOCTOR: "2", _MASTER: "3", _BACHELOR: "4"}

# the series of titles of a post: the code without its last digit, which is the grade
_SERIES: dict[PostCategory | None, Urn[str]] = {
    P.TEACHER: Urn({"01": 1}),
    P.RESEARCHER: Urn({"61": 4, "62": 1}),
    P.TEACHING_SUPPORT: Urn({"07": 5, "64": 3, "08": 2}),
    P.ADMINISTRATION: Urn({"98": 3, "62": 2, "13": 2, "12": 1, "66": 1}),
    P.AFFILIATED: Urn({"08": 3, "23": 2, "25": 2, "15": 1, "12": 1}),
    P.OTHER: Urn({"08": 3, "12": 2, "13": 1}),
}
_COUNSELLORS = {"1": "L15", "2": "L16", "3": "L17", "4": "L18"}
NO_TITLE = "999"

S = SkillLevel
_SKILLS = Urn({S.FIRST: 1, S.SECOND: 2, S.THIRD: 4, S.FOURTH: 4, S.FIFTH: 2, None: 6})

F = EmploymentForm
_FORMS = Urn({F.ESTABLISHED: 80, F.PERSONNEL_AGENCY: 11, F.CONTRACT: 6, F.OTHER: 1, None: 2})
_WORKERS_FORMS = Urn(
    {F.CONTRACT: 45, F.DISPATCHED: 25, F.ESTABLISHED: 18, F.TEMPORARY: 6, F.PERSONNEL_AGENCY: 4, None: 2}
)
_CITY_FORMS = Urn({F.CONTRACT: 70, F.DISPATCHED: 10, F.ESTABLISHED: 8, F.TEMPORARY: 8, F.OTHER: 2, None: 2})
_AGENCIES = ("滨海市海诺人力资源服务有限公司", "滨海市众诚劳务派遣有限公司")

R = AdminRank
_OFFICE_RANKS = Urn(
    {
        R.NONE: 10, R.SCHOOL: 1, R.DIVISION: 8, R.DEPUTY_DIVISION: 14, R.SECTION: 26, R.DEPUTY_SECTION: 18,
        R.CLERK: 20, None: 3,
    }
)  # fmt: skip
_RANKS = Urn({R.NONE: 84, R.DIVISION: 2, R.DEPUTY_DIVISION: 3, R.SECTION: 2, None: 9})
_CITY_RANKS = Urn({R.NONE: 80, R.SECTION: 3, R.DEPUTY_SECTION: 4, R.CLERK: 4, None: 9})
_DUTIES = {
    R.SCHOOL: ("副校长", "校党委副书记"),
    R.DIVISION: ("处长", "院长", "党总支书记"),
    R.DEPUTY_DIVISION: ("副处长", "副院长", "党总支副书记"),
    R.SECTION: ("科长", "办公室主任", "系主任"),
    R.DEPUTY_SECTION: ("副科长", "办公室副主任"),
    R.CLERK: ("科员",),
}
_PAY: dict[str, int] = {
    TitleLevel.FULL: 9800, TitleLevel.ASSOCIATE: 7900, TitleLevel.MIDDLE: 6300, TitleLevel.ASSISTANT: 5100,
    TitleLevel.STAFF: 4600,
}  # fmt: skip

# places of schooling and earlier work; none of them exists
_UNIVERSITIES = ("东海师范大学", "北原工业大学", "江岸大学", "云岭科技大学", "长河大学", "南屏理工学院", "望海医科大学")
_SCHOOLS = ("滨海市第二中学", "临河县高级中学", "滨海市职业技术学校", "青山县第一中学")
_EMPLOYERS = ("滨海市港务机械厂", "东海精密仪器有限公司", "滨海市第三中学", "临河县供电公司", "望海软件有限公司")
WITNESSES = ("王建军", "李淑芬", "张志强", "刘敏", "陈国庆", "杨秀兰")


def career(rng: Random, *, profile: str, posts: str, born: date, day: date, employer: str, department: str) -> Values:
    """Return the fields of work and schooling of someone who is at work on `day`, without staff number and résumé.

    `profile` is school or city, `posts` a key of POSTS. Months lie before `day`, the title's level is that of the
    title, the rank that of the duty. Any field but the department may be 未填.
    """
    post = POSTS[posts].draw(rng)
    education, start = _schooling(rng, post, born, day)
    title = _title(rng, post, education, (day - start).days // 365)
    level = level_of_title(title)
    entry = _entry(rng, start, day)
    values: Values = {
        "department": department if profile == "school" else employer,
        "post_category": post.value if post else None,
        "education": education,
        "degree": _degree(rng, education),
        "prof_title": title,
        "title_level": level,
        "skill_level": _skill(rng, post),
        "work_start_date": start.replace(day=1),
        "school_entry_date": None if happens(rng, 0.03) else entry,
        "dues_base": _pay(rng, level),
        "employment_status": "1",
    }
    values |= _contract(rng, profile, post, education, (day - born).days // 365)
    values |= _rank(rng, profile, post)
    return values | {"entry": entry}


def resume(rng: Random, values: Values, *, born: date, employer: str, until: date | None = None) -> list[Values] | None:
    """Return the rows of 个人简历 that fit the career `values`, oldest first; `until` ends the last (None: 至今)."""
    if happens(rng, 0.03):
        return None
    start, entry, education = values["work_start_date"], values["entry"], values["education"]
    rows: list[Values] = []
    if education in _DEGREES or education == _COLLEGE:
        years = {_DOCTOR: 9, _MASTER: 7, _BACHELOR: 4, _COLLEGE: 3}[education]
        first = years_on(start, -years).replace(month=9) if start.month >= 7 else years_on(start, -years)
        rows.append(_row(first, years_on(start, 0, -1), rng.choice(_UNIVERSITIES), "学生", rng.choice(WITNESSES)))
    else:
        first = years_on(born, 15).replace(day=1)
        rows.append(_row(first, years_on(start, 0, -1), rng.choice(_SCHOOLS), "学生", rng.choice(WITNESSES)))
    if (entry - start).days > 60:
        rows.append(_row(start, years_on(entry, 0, -1), rng.choice(_EMPLOYERS), "职员", rng.choice(WITNESSES)))
    place = f"{employer}{values['department']}" if values["department"] != employer else employer
    rows.append(_row(entry, until, place, _role(values), rng.choice(WITNESSES)))
    return rows


def _row(start: date, end: date | None, place: str, post: str, witness: str) -> Values:
    last = f"{max(start, end):%Y-%m}" if end else None
    return {"start": f"{start:%Y-%m}", "end": last, "place": place[:60], "post": post, "witness": witness}


def _role(values: Values) -> str:
    duty = values["admin_duty"]
    if duty and duty != "无":
        return str(duty)
    return {"1": "教师", "4": "工人", "5": "研究人员", "6": "辅导员"}.get(values["post_category"] or "", "职员")


def _schooling(rng: Random, post: PostCategory | None, born: date, day: date) -> tuple[str | None, date]:
    """Return the schooling and the month in which work began, which lies before `day`."""
    education = _EDUCATIONS.get(post, _SCHOOLED).draw(rng) if post else _SCHOOLED.draw(rng)
    if education == _DOCTOR and born.year < 1968 and happens(rng, 0.6):
        education = _BACHELOR
    while True:
        age = _LEAST_AGE.get(education or "", 18) + rng.randint(0, 1)
        start = date(born.year + age, rng.choice((3, 7, 7, 7, 8, 9)), 1)
        if start < day or education not in _LESSER:
            return education, min(start, years_on(day, 0, -1).replace(day=1))
        education = _LESSER[education]


def _degree(rng: Random, education: str | None) -> str | None:
    if happens(rng, 0.04):
        return None
    first = _DEGREES.get(education or "")
    if first is None or (first == "4" and happens(rng, 0.1)):
        return "0"
    return first + _SUBJECTS.draw(rng)


def _entry(rng: Random, start: date, day: date) -> date:
    if happens(rng, 0.65):
        return min(start.replace(day=rng.randint(1, 28)), day)
    return day_between(rng, start, min(day, years_on(start, 12)))


def _title(rng: Random, post: PostCategory | None, education: str | None, years: int) -> str | None:
    if happens(rng, 0.03):
        return None
    if post in (P.WORKER, None) or happens(rng, 0.04):
        return NO_TITLE
    grade = _grade(rng, education, years)
    if post is P.COUNSELLOR:
        return _COUNSELLORS[grade]
    for lower in range(int(grade), 6):  # not every series has every grade
        code = f"{_SERIES[post].draw(rng)}{lower}"
        if level_of_title(code) is not None:
            return code
    return NO_TITLE


def _grade(rng: Random, education: str | None, years: int) -> str:
    years += {_DOCTOR: 6, _MASTER: 2}.get(education or "", 0) + rng.randint(-3, 3)
    if education not in _DEGREES:
        years -= 8
    if years >= 24:
        return "1" if happens(rng, 0.5) else "2"
    if years >= 14:
        return "2" if happens(rng, 0.6) else "3"
    return "3" if years >= 5 else "4"


def _skill(rng: Random, post: PostCategory | None) -> str | None:
    skill = _SKILLS.draw(rng) if post is P.WORKER else None
    return skill.value if skill else None


def _pay(rng: Random, level: str | None) -> str | None:
    if happens(rng, 0.12):
        return None
    base = _PAY.get(level or "", 4300)
    return f"{base + rng.randrange(-600, 1200)}.{rng.choice(('00', '00', '50'))}"


def _contract(rng: Random, profile: str, post: PostCategory | None, education: str | None, age: int) -> Values:
    if profile == "city":
        form = _CITY_FORMS.draw(rng)
    elif post is P.WORKER:
        form = _WORKERS_FORMS.draw(rng)
    else:
        form = _FORMS.draw(rng)
    if education == _DOCTOR and age < 38 and happens(rng, 0.08):
        form = F.POSTDOCTORAL
    is_hand = form in (F.DISPATCHED, F.TEMPORARY) or (post is P.WORKER and form is F.CONTRACT)
    migrant: bool | None = is_hand and happens(rng, 0.35)
    return {
        "employment_form": form.value if form else None,
        "dispatch_company": rng.choice(_AGENCIES) if form is F.DISPATCHED else None,
        "is_migrant_worker": None if happens(rng, 0.08) else migrant,
        "counted_here": not (form is F.DISPATCHED and happens(rng, 0.3)),
    }


def _rank(rng: Random, profile: str, post: PostCategory | None) -> Values:
    in_school = _OFFICE_RANKS if post is P.ADMINISTRATION else _RANKS
    rank = (in_school if profile == "school" else _CITY_RANKS).draw(rng)
    if post is P.WORKER and rank is not None:
        rank = R.NONE
    duties = _DUTIES.get(rank) if rank else None
    none = "无" if rank and happens(rng, 0.85) else None
    return {"admin_rank": rank.value if rank else None, "admin_duty": rng.choice(duties) if duties else none}
