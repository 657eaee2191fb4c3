"""What stands in the environment, in words: it is changed there, not on a page."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import make_url

from portal.config import PROFILE_LABELS, Settings, version
from portal.core import clock
from portal.core import settings as union_settings
from portal.core.calendar import show_time
from portal.core.kinds import Kind
from portal.core.settings import Setting

# from when on the rows of outboxes count: what stood in a backup before is not sent once more
union_settings.declare(Setting("restored_at", "最近一次恢复备份", Kind.TEXT, "", "本工会", is_shown=False))

AT_THE_SERVER = "在服务器的 instance/portal.cfg 里写一行 {}=…（或设环境变量 PORTAL_{}），然后重新启动"


@dataclass(frozen=True)
class Fact:
    """One line about the installation: what it is, and how it is changed, "" where it cannot be."""

    label: str
    text: str
    how: str = ""


def installation(settings: Settings) -> list[Fact]:
    """Return what the environment says, without a password, and how each is changed."""

    def how(name: str) -> str:
        return AT_THE_SERVER.format(name, name)

    return [
        Fact("对外网址", settings.base_url, how("BASE_URL") + "；二维码和邀请链接里就是它"),
        Fact("适用", PROFILE_LABELS[settings.profile], how("PROFILE")),
        Fact("数据库", _database(settings.database_uri), how("DATABASE_URI") + "；换数据库请用备份和恢复"),
        Fact("数据文件夹", str(settings.instance), "启动时的环境变量 PORTAL_INSTANCE"),
        Fact("定时任务", _worker(settings), "随 run 一起运行；用多个网页进程时另外运行 python3 -m portal worker"),
        Fact("程序版本", version()),
        Fact("最近一次恢复备份", union_settings.value("restored_at") or "没有恢复过"),
    ]


def _worker(settings: Settings) -> str:
    last = clock.last_beat(settings.jobs_path)
    return f"最近一次 {show_time(last)}" if last else "没有运行过"


def _database(uri: str) -> str:
    url = make_url(uri)
    if url.get_backend_name() == "sqlite":
        return f"SQLite（{url.database}）"
    return f"PostgreSQL（{url.host or '本机'}，库 {url.database}）"
