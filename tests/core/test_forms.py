"""Forms made from fields: names of inputs, what is kept, where each sentence stands, what status the page answers."""

from collections.abc import Iterator
from datetime import date

import pytest
from flask import Flask

from portal.core.errors import Conflict, DomainError, Problems
from portal.core.forms import CSRF_SENTENCE, PortalForm, Reshaped, form_class
from portal.members.catalogue import FIELD, FIELDS, REQUIRED_QUICK

QUICK = tuple(FIELD[name] for name in REQUIRED_QUICK)
SOME = (
    "name",
    "sex",
    "birth_date",
    "photo",
    "is_migrant_worker",
    "work_start_date",
    "hobbies",
    "spouse",
    "family_members",
    "resume",
    "remark",
)
Some = form_class("Some", [FIELD[name] for name in SOME], required=("name", "resume", "family_members"))
FILLED = {
    "name": "张三",
    "resume-0-start": "2010-09",
    "resume-0-place": "河北大学",
    "family_members-0-relation": "51",
    "family_members-0-name": "张大山",
}


@pytest.fixture
def pages() -> Flask:
    """A bare Flask without the CSRF token, for shapes alone; the token has a test of its own."""
    bare = Flask("pages")
    bare.secret_key = "a key for tests only"
    bare.config["WTF_CSRF_ENABLED"] = False
    return bare


@pytest.fixture
def post(pages: Flask) -> Iterator[object]:
    """Return a function that sends `data` and gives the form that took it."""
    with pages.app_context():

        def send(data: dict[str, object], form: type[PortalForm] = Some) -> PortalForm:
            with pages.test_request_context("/", method="POST", data=data):
                sent = form()
                sent.validate_on_submit()
                return sent

        yield send


def problems_of(form: PortalForm, **check: object) -> dict[str, list[str]]:
    with pytest.raises(Problems) as caught:
        form.values(**check)  # type: ignore[arg-type]  # only `check` is given
    return caught.value.errors


def test_every_field_that_someone_fills_in_has_an_input_of_its_name(pages: Flask) -> None:
    typed = [
        field
        for field in FIELDS
        if field.kind.value not in ("unit", "posts", "changes", "age", "birthday", "years", "completeness")
    ]

    with pages.test_request_context("/"):
        form = form_class("All", typed)()

    assert [one.name for one in form] == [field.name for field in typed]
    assert [one.label.text for one in form] == [field.label for field in typed]


def test_a_filled_form_gives_its_values(post) -> None:
    form = post(
        {
            **FILLED,
            "sex": "2",
            "birth_date": "1990-05-01",
            "work_start_date": "2010-09",
            "is_migrant_worker": "0",
            "hobbies": ["20", "01"],
            "spouse-name": "李四",
            "remark": "一\r\n二",
        }
    )

    assert form.status == 200
    assert form.values() == {
        "name": "张三",
        "sex": "2",
        "birth_date": date(1990, 5, 1),
        "is_migrant_worker": False,
        "work_start_date": date(2010, 9, 1),
        "hobbies": ["01", "20"],
        "spouse": {
            "name": "李四",
            "workplace": None,
            "phone": None,
            "is_member_here": None,
            "married_on": None,
        },
        "family_members": [{"relation": "51", "name": "张大山", "workplace": None, "phone": None}],
        "resume": [{"start": "2010-09", "end": None, "place": "河北大学", "post": None, "witness": None}],
        "remark": "一\n二",
    }
    assert form.values([FIELD["name"], FIELD["sex"]]) == {"name": "张三", "sex": "2"}


def test_an_empty_quick_form_asks_for_all_three_at_once(post) -> None:
    form = post({}, form_class("Quick", QUICK, required=REQUIRED_QUICK))

    assert problems_of(form) == {
        "name": ["请填写姓名"],
        "id_number": ["请填写证件号码"],
        "mobile": ["请填写手机号码"],
    }
    assert form.status == 422


def test_all_sentences_come_at_once_and_what_was_typed_stays(post) -> None:
    typed = {
        "name": "张3",
        "birth_date": "1990/2/30",
        "resume-0-start": "1990.1",
        "spouse-phone": "1",
        "family_members-0-name": "李四",
        "sex": "男",
        "remark": "<b>",
    }

    form = post(typed)

    assert problems_of(form) == {
        "name": ["姓名含有非法字符：‹3›"],
        "birth_date": ['出生日期"1990/2/30"不是真实存在的日期，请核对'],
        "spouse-name": ["请填写配偶姓名"],
        "spouse-phone": ["配偶电话应为手机号码，或带区号的座机号码，请核对"],
        "family_members-0-relation": ["请选择称谓"],
        "resume-0-start": ['起（年月）"1990.1"分不清是 1 月还是 10 月，请写成 1990-01 或 1990-10'],
        "resume-0-place": ["请填写单位/学校"],
    }
    assert 'value="张3"' in form["name"]()
    assert 'type="text"' in form["birth_date"]()
    assert 'value="1990/2/30"' in form["birth_date"]()
    assert 'value="1990.1"' in form["resume"].entries[0].form["start"]()
    assert '<option selected value="1">男</option>' in form["sex"]()
    assert "&lt;b&gt;" in form["remark"]()


def test_the_rules_between_fields_speak_at_the_same_time(post) -> None:
    form = post({**FILLED, "name": "张3", "sex": "1"})
    seen: list[dict[str, object]] = []

    def rules(values: dict[str, object]) -> None:
        seen.append(values)
        raise Problems({"name": ["请填写姓名"], "sex": ["性别与身份证号码不一致"], "resume": ["起止重叠"]})

    assert problems_of(form, check=rules) == {
        "name": ["姓名含有非法字符：‹3›"],
        "sex": ["性别与身份证号码不一致"],
        "resume": ["起止重叠"],
    }
    assert "name" not in seen[0]
    assert seen[0]["sex"] == "1"


def test_a_single_refusal_of_the_rules_stands_under_its_input(post) -> None:
    def rules(values: dict[str, object]) -> None:
        raise DomainError("工号已被 李四 使用", field="name")

    form = post(FILLED)

    assert problems_of(form, check=rules) == {"name": ["工号已被 李四 使用"]}


def test_a_refusal_is_put_where_it_belongs(post) -> None:
    form = post(FILLED)

    form.refuse(
        Problems({"name": ["甲"], "resume": ["乙"], "resume-0-place": ["丙"], "spouse": ["丁"], "mobile": ["戊"]})
    )
    form.refuse(Conflict("该事项已由 李四 处理，请刷新后查看"))

    assert form["name"].errors == ["甲"]
    assert form["resume"].own_errors == ["乙"]
    assert form["resume"].entries[0].form["place"].errors == ["丙"]
    assert form["spouse"].form["name"].errors == ["丁"]
    assert form.top_errors == ["戊", "该事项已由 李四 处理，请刷新后查看"]
    assert form.status == 409


def test_rows_that_are_required_are_asked_for(post) -> None:
    errors = problems_of(post({"name": "张三"}))

    assert errors == {
        "family_members": ["请至少填写一行家庭主要成员及其工作单位，没有请勾选“无”"],
        "resume": ["请至少填写一行个人简历"],
    }


def test_none_is_an_answer_and_cannot_stand_beside_rows(post) -> None:
    filled = {name: value for name, value in FILLED.items() if not name.startswith("family")}

    assert post({**filled, "family_members-none": "y"}).values()["family_members"] == []
    assert problems_of(post({**FILLED, "family_members-none": "y"})) == {
        "family_members": ["家庭主要成员及其工作单位已勾选“无”，请清空各行，或取消勾选"]
    }


def test_rows_beyond_the_limit_are_refused_and_not_cut_off(post) -> None:
    rows = {
        f"resume-{n}-{cell}": typed for n in range(16) for cell, typed in (("start", "2010-09"), ("place", "河北大学"))
    }

    errors = problems_of(post({**FILLED, **rows}))

    assert errors == {"resume": ["个人简历最多填 15 行，现在是 16 行"]}


def test_thousands_of_rows_are_refused_before_they_are_made(post) -> None:
    with pytest.raises(DomainError, match="个人简历的行数过多"):
        post({**FILLED, **{f"resume-{n}-start": "" for n in range(101)}})


def test_gaps_between_rows_and_odd_names_of_rows_do_no_harm(post) -> None:
    form = post(
        {
            **FILLED,
            "resume-7-start": "2015-01",
            "resume-7-place": "校工会",
            "resume-²-start": "x",
            "resume-x": "y",
            "resume-99999-start": "z",
        }
    )

    assert [row["place"] for row in form.values()["resume"]] == ["河北大学", "校工会"]


def test_there_are_always_empty_rows_to_write_in(pages: Flask, post) -> None:
    with pages.test_request_context("/"):
        empty = Some()
        filled = Some(data={"resume": [{"start": "2010-09", "end": None, "place": "河北大学"}] * 3})
        full = Some(data={"family_members": [{"relation": "51", "name": "张大山"}] * 8})

    assert [len(form["resume"].entries) for form in (empty, filled)] == [2, 5]
    assert len(full["family_members"].entries) == 8
    assert [one.name for one in empty["resume"].entries[1].form] == [
        "resume-1-start",
        "resume-1-end",
        "resume-1-place",
        "resume-1-post",
        "resume-1-witness",
    ]
    assert len(post(FILLED)["resume"].entries) == 3


def test_a_form_is_filled_with_the_values_of_the_record(pages: Flask) -> None:
    record = {
        "name": "张三",
        "sex": "2",
        "birth_date": date(1990, 5, 1),
        "work_start_date": date(2010, 9, 1),
        "is_migrant_worker": False,
        "hobbies": ["01"],
        "family_members": [],
        "spouse": {"name": "李四", "married_on": "2010-01-01"},
        "resume": [{"start": "2010-09", "end": "2012-07", "place": "河北大学"}],
    }

    with pages.test_request_context("/"):
        form = Some(data=record)

    assert 'type="date" value="1990-05-01"' in form["birth_date"]()
    assert 'type="month" value="2010-09"' in form["work_start_date"]()
    assert '<option selected value="0">否</option>' in form["is_migrant_worker"]()
    assert '<option selected value="2">女</option>' in form["sex"]()
    assert 'checked id="hobbies-0"' in form["hobbies"]()
    assert "checked" in form["family_members"].none()
    assert 'value="2012-07"' in form["resume"].entries[0].form["end"]()
    assert 'value="2010-01-01"' in form["spouse"].form["married_on"]()
    assert form.status == 200


def test_a_select_box_begins_with_nothing_chosen(pages: Flask) -> None:
    with pages.test_request_context("/"):
        form = Some()

    assert '<option value="">请选择</option>' in form["sex"]()
    assert "selected" not in form["sex"]()
    assert form["family_members"].none is not None
    assert form["resume"].none is None


def test_inputs_tell_the_phone_which_keyboard_to_show(pages: Flask) -> None:
    with pages.test_request_context("/"):
        form = form_class("Quick", QUICK, required=REQUIRED_QUICK)()

    assert 'autocomplete="name"' in form["name"]()
    assert 'autocapitalize="characters"' in form["id_number"]()
    assert {'type="tel"', 'inputmode="tel"', 'autocomplete="tel"', "required"} <= set(form["mobile"]()[:-1].split())


# --- buttons of rows --------------------------------------------------------------------------------------------------


def places_of(form: PortalForm, name: str = "resume") -> list[object]:
    return [entry.form["place"].typed() for entry in form[name].entries]


def test_a_button_adds_a_row_and_takes_nothing(post) -> None:
    form = post({**FILLED, "rows": "add-resume"})

    assert places_of(form) == ["河北大学", None, None, None]
    assert (form.status, form.errors, form.top_errors) == (200, {}, [])
    with pytest.raises(Reshaped) as caught:
        form.values()
    form.refuse(caught.value)
    assert (form.status, form.top_errors) == (200, [])
    assert 'value="张三"' in form["name"]()


def test_a_button_takes_the_row_away_that_the_page_shows_there(post) -> None:
    typed = FILLED | {"resume-3-place": "校工会", "resume-7-place": "图书馆"}  # the page's script has left gaps

    form = post(typed | {"rows": "remove-resume-1"})

    assert places_of(form)[:2] == ["河北大学", "图书馆"]
    assert not any(form["resume"].errors)


def test_the_last_row_is_emptied_and_stays(post) -> None:
    rows = form_class("Rows", [FIELD["resume"]])

    form = post({"resume-0-place": "河北大学", "rows": "remove-resume-0"}, rows)
    for _ in range(2):
        form["resume"].remove(0)

    assert places_of(form) == [None]


def test_no_row_is_added_beyond_the_limit(post) -> None:
    rows = {f"family_members-{n}-name": "张大山" for n in range(8)}

    assert len(post({**FILLED, **rows, "rows": "add-family_members"})["family_members"].entries) == 8


@pytest.mark.parametrize("pressed", ["add-name", "add-nothing", "remove-resume-99", "remove-resume-x", "x", "-", "add"])
def test_a_button_that_is_none_changes_nothing_and_takes_nothing(post, pressed: str) -> None:
    form = post({**FILLED, "rows": pressed})

    assert places_of(form) == ["河北大学", None, None]
    assert (form.validate(), form.status) == (False, 200)


# --- documents within rows --------------------------------------------------------------------------------------------

TWINS = [
    {"name": "王小一", "id_number": "130302201506010022"},
    {"name": "王小二", "id_number": "130302201606010022"},
    {"name": "王小三", "id_number": "130302201806013333"},
]


def numbers_of(pages: Flask, *rows: tuple[str, str]) -> list[object]:
    data = {f"children-{n}-name": name for n, (name, _) in enumerate(rows)}
    data |= {f"children-{n}-id_number": number for n, (_, number) in enumerate(rows)}
    with pages.test_request_context("/", method="POST", data=data):
        form = form_class("Children", [FIELD["children"]])(data={"children": TWINS})
        return [row["id_number"] for row in form.values()["children"]]  # type: ignore[attr-defined]  # rows are a list


def test_a_number_left_as_it_is_shown_stays_wherever_its_row_has_gone(pages: Flask) -> None:
    shown = "*" * 14

    assert numbers_of(pages, ("王小三", shown + "3333"), ("王小二", shown + "0022"), ("王小一", shown + "0022")) == [
        "130302201806013333", "130302201606010022", "130302201506010022",
    ]  # fmt: skip
    assert numbers_of(pages, ("王改名", shown + "3333")) == ["130302201806013333"]
    assert numbers_of(pages, ("王小三", ""), ("王小二", "13030220160601004x")) == [None, "13030220160601004X"]
    # which of the two is meant cannot be known, and what is no number here is not one
    assert numbers_of(pages, ("王改名", shown + "0022"), ("王小三", shown + "9999")) == [shown + "0022", shown + "9999"]


def test_a_missing_token_is_said_in_chinese_and_nothing_typed_is_lost(pages: Flask) -> None:
    pages.config["WTF_CSRF_ENABLED"] = True
    with pages.test_request_context("/", method="POST", data=FILLED):
        form = Some()

        assert not form.validate_on_submit()
        assert problems_of(form) == {"csrf_token": [CSRF_SENTENCE]}

    assert form.status == 422
    assert 'value="张三"' in form["name"]()


def test_the_library_itself_speaks_chinese(pages: Flask) -> None:
    with pages.test_request_context("/"):
        assert Some()["name"].gettext("This field is required.") == "该字段是必填字段。"
