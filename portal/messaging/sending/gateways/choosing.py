"""Which gateway the settings name (`SMS_GATEWAY`); what it needs stands in the environment or in portal.cfg alone."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from portal.config import SettingProblem, Settings

from . import aliyun, tencent
from .aliyun import Aliyun
from .console import Console
from .gateway import Gateway
from .http import Http, Speech
from .tencent import Tencent

LABELS = {
    "console": "未接短信网关，只记在发件箱里",
    "http": "短信网关（HTTP）",
    "aliyun": "阿里云短信",
    "tencent": "腾讯云短信",
}
NAMES = tuple(LABELS)
SPEEDS = {"console": 500.0, "http": 20.0, "aliyun": 50.0, "tencent": 50.0}  # messages a second, unless settings say


@dataclass(frozen=True)
class Pace:
    """How fast one worker sends: so many a second, so many at once; `wait` seconds before the first new try."""

    per_second: float
    lines: int
    wait: float = 5.0


@dataclass(frozen=True)
class Outlet:
    """The gateway of this installation and the pace that it bears."""

    gateway: Gateway
    pace: Pace


def outlet(settings: Settings) -> Outlet:
    """Return what the settings name. Raises SettingProblem with a sentence that names the wrong variable."""
    said = settings.sms
    name = said.get("GATEWAY") or "console"
    if name not in NAMES:
        raise SettingProblem(f"PORTAL_SMS_GATEWAY 只能是 {'、'.join(NAMES)}，现在是「{name}」")
    made: dict[str, object] = {
        "console": Console,
        "http": lambda: _http(said),
        "aliyun": lambda: _aliyun(said),
        "tencent": lambda: _tencent(said),
    }
    gateway: Gateway = made[name]()  # type: ignore[operator]  # each makes a gateway
    speed = _number(said, "PER_SECOND", SPEEDS[name])
    lines = int(_number(said, "LINES", min(32, max(2, -(-speed // 5)))))
    return Outlet(gateway, Pace(speed, lines, _number(said, "RETRY_SECONDS", 5)))


def _needed(said: Mapping[str, str], name: str) -> str:
    value = said.get(name, "")
    if not value:
        raise SettingProblem(f"使用这个短信网关须设置 PORTAL_SMS_{name}（环境变量或 portal.cfg）")
    return value


def _number(said: Mapping[str, str], name: str, default: float) -> float:
    text = said.get(name, "")
    try:
        number = float(text) if text else default
    except ValueError:
        number = 0
    if not 0 < number <= 1000:
        raise SettingProblem(f"PORTAL_SMS_{name} 应是 0 到 1000 之间的数，现在是「{text}」")
    return number


def _address(said: Mapping[str, str], name: str, default: str = "") -> str:
    address = said.get(name) or default or _needed(said, name)
    if not re.match(r"https?://[^/\s]", address):
        raise SettingProblem(f"PORTAL_SMS_{name} 应是完整网址，例如 https://sms.example.edu.cn/send")
    return address.rstrip("/")


def _pattern(said: Mapping[str, str], name: str) -> re.Pattern[str] | None:
    try:
        return re.compile(said[name]) if said.get(name) else None
    except re.error as error:
        raise SettingProblem(f"PORTAL_SMS_{name} 不是有效的正则表达式") from error


def _table(said: Mapping[str, str], name: str) -> dict[str, str]:
    try:
        table = json.loads(said.get(name) or "{}")
        return {str(key): str(value) for key, value in table.items()}
    except (ValueError, AttributeError) as error:
        raise SettingProblem(f'PORTAL_SMS_{name} 应是一行 JSON，例如 {{"名称": "值"}}') from error


def _http(said: Mapping[str, str]) -> Http:
    method = said.get("HTTP_METHOD") or "POST"
    if method not in ("POST", "PUT"):
        raise SettingProblem("PORTAL_SMS_HTTP_METHOD 只能是 POST 或 PUT：号码不能写在网址里")
    body = _needed(said, "HTTP_BODY")
    if "{number}" not in body or "{text}" not in body:
        raise SettingProblem("PORTAL_SMS_HTTP_BODY 里应有 {number} 和 {text}（另可用 {key}，回执用它对应）")
    _needed(said, "HTTP_SUCCESS")
    given = {
        name.lower(): pattern
        for name in ("BUSY", "WRONG", "REFUSED", "ID", "DELIVERED")
        if (pattern := _pattern(said, f"HTTP_{name}"))
    }
    thanks = {"thanks": said["HTTP_THANKS"]} if said.get("HTTP_THANKS") else {}
    return Http(
        Speech(
            _address(said, "HTTP_URL"), body, _pattern(said, "HTTP_SUCCESS") or re.compile("$^"), method,
            _table(said, "HTTP_HEADERS"), fields=_table(said, "HTTP_RECEIPT_FIELDS"), **given, **thanks,  # type: ignore[arg-type]  # by name
        )
    )  # fmt: skip


def _there(package: str) -> None:
    if importlib.util.find_spec(package) is None:  # without loading it: only who sends needs it
        raise SettingProblem(
            "PORTAL_SMS_GATEWAY 所选网关的程序库还没有安装，请用 python3 -m portal run 启动一次，"
            "没有网络的机器加 --from 离线安装包的文件夹"
        )


def _aliyun(said: Mapping[str, str]) -> Aliyun:
    _there(aliyun.PACKAGE)
    return Aliyun(
        _needed(said, "ALIYUN_KEY_ID"), _needed(said, "ALIYUN_SECRET"), said.get("ALIYUN_TEMPLATE", ""),
        _address(said, "ALIYUN_ENDPOINT", aliyun.ENDPOINT),
    )  # fmt: skip


def _tencent(said: Mapping[str, str]) -> Tencent:
    _there(tencent.PACKAGE)
    return Tencent(
        _needed(said, "TENCENT_SECRET_ID"), _needed(said, "TENCENT_SECRET_KEY"), _needed(said, "TENCENT_APP_ID"),
        said.get("TENCENT_TEMPLATE", ""), _address(said, "TENCENT_ENDPOINT", tencent.ENDPOINT),
    )  # fmt: skip


_outlet = Outlet(Console(), Pace(SPEEDS["console"], 2))


def use(chosen: Outlet) -> None:
    """Make it the way out of this process."""
    global _outlet
    _outlet = chosen


def current() -> Outlet:
    """Return the way out of this process."""
    return _outlet
