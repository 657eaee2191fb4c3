"""The shape of what is typed to sign in and to change a password."""

from __future__ import annotations

from typing import Any

from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from portal.core.forms import PortalForm

LONGEST = Length(max=200, message="密码过长，请缩短")


def new_password() -> Any:
    """Return the input of a new password, the same wherever one is set."""
    return PasswordField(
        "新密码",
        [InputRequired("请填写新密码"), LONGEST],
        description="至少 10 个字符，不含用户名",
        render_kw={"autocomplete": "new-password"},
    )


def new_password_again() -> Any:
    """Return the input beside it."""
    return PasswordField(
        "再输一遍新密码", [InputRequired("请再输一遍新密码"), LONGEST], render_kw={"autocomplete": "new-password"}
    )


class LoginForm(PortalForm):
    """User name and password."""

    username = StringField(
        "用户名",
        [InputRequired("请填写用户名"), Length(max=40, message="用户名过长，请核对")],
        description="工号或会员证号",
        render_kw={"autocomplete": "username"},
    )
    password = PasswordField(
        "密码",
        [InputRequired("请填写密码"), Length(max=200, message="密码过长，请核对")],
        render_kw={"autocomplete": "current-password"},
    )


class PasswordForm(PortalForm):
    """The present password and the new one twice."""

    current = PasswordField(
        "当前密码", [InputRequired("请填写当前密码"), LONGEST], render_kw={"autocomplete": "current-password"}
    )
    new = new_password()
    again = new_password_again()
