"""What may be wrong with an installation, each with a sentence that says what it is and how to mend it.

`/readyz`, the page 系统状态 and the command `doctor` ask the same checks. They write nothing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import inspect, make_url, select, text
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from portal.config import ROOT, is_reachable
from portal.core import anchors, audit, clock, crypto
from portal.core.calendar import now, show_time
from portal.core.db import db

from . import premises, running
from .premises import RUN, Advice, House, Wrong, shown_size

CLOCK_MAY_DIFFER = timedelta(minutes=5)
BACKUP_EVERY = timedelta(days=7)


@dataclass(frozen=True)
class Finding:
    """What a check has found: `sentence` says what is so, or what is wrong (`is_wrong`) or might become so."""

    word: str
    name: str
    sentence: str
    is_wrong: bool = False
    is_advice: bool = False


# --- the database -----------------------------------------------------------------------------------------------------


def _database(house: House) -> str:
    file = house.sqlite_file
    if file is not None:
        return _file(file)
    url = make_url(house.settings.database_uri)
    try:
        db.session.execute(text("SELECT 1"))
        version = str(db.session.execute(text("SHOW server_version")).scalar_one())
    except SQLAlchemyError as error:
        raise Wrong(_why_not(str(error), f"{url.host or '本机'}:{url.port or 5432}", str(url.database))) from error
    return f"PostgreSQL {version.split()[0]} 可以连接"


def _file(file: Path) -> str:
    if not file.exists():
        raise Wrong(
            f"数据库文件 {file} 不存在：原来有数据的，请核对 PORTAL_INSTANCE 或从备份恢复；新安装的请运行 {RUN}"
        )
    if not os.access(file, os.R_OK | os.W_OK) or not os.access(file.parent, os.W_OK):
        raise Wrong(f"程序不能写入数据库文件 {file}：请把它的属主改为运行程序的用户")
    try:
        db.session.execute(text("SELECT count(*) FROM sqlite_master"))
    except DatabaseError as error:
        raise Wrong(_damaged(file)) from error
    return f"SQLite 文件 {shown_size(file.stat().st_size)}，可以读写"


def _damaged(file: Path) -> str:
    return f"数据库文件 {file} 已损坏：请停止服务，把它移到别处留存，再运行 python3 -m portal restore 备份文件"


def _why_not(words: str, server: str, name: str) -> str:
    if "does not exist" in words and name in words:
        return f"数据库服务器 {server} 上没有名为 {name} 的库：请核对 PORTAL_DATABASE_URI，或建立它：createdb {name}"
    if "authentication" in words or "role" in words:
        return f"数据库服务器 {server} 不接受这个用户名或密码：请核对 PORTAL_DATABASE_URI"
    return f"连不上数据库服务器 {server}：请检查它是否启动、地址是否正确（PORTAL_DATABASE_URI）"


def _soundness(house: House) -> str:
    if house.sqlite_file is None:
        return "由数据库服务器自己检查"
    try:
        found = db.session.execute(text("PRAGMA quick_check(1)")).scalar_one()
        broken = db.session.execute(text("PRAGMA foreign_key_check")).first()
    except DatabaseError as error:
        raise Wrong(_damaged(house.sqlite_file)) from error
    if found != "ok" or broken:
        raise Wrong(_damaged(house.sqlite_file))
    return "数据库文件完整"


@cache
def migrations() -> tuple[str, frozenset[str]]:
    """Return the newest migration of this program, and all of them."""
    script = ScriptDirectory(str(ROOT / "migrations"))
    return script.get_current_head() or "", frozenset(one.revision for one in script.walk_revisions())


def revision() -> str:
    """Return the migration that the database stands at; "" where it has no tables."""
    if not inspect(db.session.connection()).has_table("alembic_version"):
        return ""
    return str(db.session.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def _migration(house: House) -> str:
    newest, known = migrations()
    here = revision()
    if not here:
        raise Wrong(f"数据库是空的，还没有建立表：请运行 {RUN}")
    if here not in known:
        raise Wrong(f"数据库（{here}）比程序（{newest}）新：请把程序更新到与数据库相同或更新的版本")
    if here != newest:
        raise Wrong(f"数据库是旧版本（{here}，程序需要 {newest}）：请先备份，再运行 {RUN}，会自动升级")
    return f"与程序一致（{here}）"


def _key(house: House) -> str:
    path = house.settings.keys_path
    if not path.exists():
        raise Wrong(f"找不到密钥文件 {path}：请放回另外保存的密钥文件。没有它，身份证号、手机号等加密内容再也读不出来")
    try:
        crypto.keys_at(path)
        fits = audit.end_fits()
    except crypto.KeyProblem as error:
        raise Wrong(f"{path}：{error}") from error
    if not fits:
        raise Wrong(
            f"密钥文件 {path} 不是这个数据库的（或日志末尾被改动）：请放回本系统的密钥文件，再运行 "
            "python3 -m portal audit verify"
        )
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Wrong(f"这台服务器的其他用户可以读取密钥文件 {path}：请运行 chmod 600 {path}")
    return "密钥文件与数据库相符，只有属主能读"


def _trace(house: House) -> str:
    if not house.settings.anchors_path.exists():
        return "还没有锚点，每天 23:50 记一次"
    if problem := anchors.compare(house.settings.anchors_path):
        raise Wrong(f"{problem}。请保留现场，用最近的备份核对")
    return f"与 {len(anchors.read(house.settings.anchors_path))} 个锚点一致"


# --- the running house ------------------------------------------------------------------------------------------------


def _clock(house: House) -> str:
    here = now()
    last = db.session.scalar(select(audit.AuditEvent.at).order_by(audit.AuditEvent.id.desc()).limit(1))
    mend = "请校准时间：sudo timedatectl set-ntp true"
    if last is not None and here < last - CLOCK_MAY_DIFFER:
        raise Wrong(f"服务器时钟（{show_time(here)}）比最后一条日志（{show_time(last)}）还早：{mend}")
    written = datetime.fromtimestamp(house.settings.instance.stat().st_mtime, UTC)
    if here < written - CLOCK_MAY_DIFFER:
        raise Wrong(f"服务器时钟（{show_time(here)}）比数据文件夹的时间（{show_time(written)}）还早：{mend}")
    return f"北京时间 {show_time(here)}"


def _address(house: House) -> str:
    base_url = house.settings.base_url
    if not is_reachable(base_url):
        raise Wrong(
            f"对外网址是 {base_url}，只有服务器本机打得开，别人扫二维码打不开："
            f"请在 {house.settings.instance / 'portal.cfg'} 里写 BASE_URL=大家访问的网址，然后重新启动"
        )
    if base_url.startswith("http://"):
        raise Advice(
            f"对外网址 {base_url} 没有加密（https），密码和身份证号在网络上可能被看到：请配置证书后改为 https://"
        )
    return base_url


def _worker(house: House) -> str:
    if not clock.is_alive(house.settings.jobs_path):
        last = clock.last_beat(house.settings.jobs_path)
        since = f"，最后一次是 {show_time(last)}" if last else ""
        raise Wrong(f"定时任务没有运行{since}：请运行 {RUN}；用多个网页进程时另外运行 python3 -m portal worker")
    return "正在运行"


def _queue(house: House) -> str:
    waits = [one for one in running.waiting(house) if one.since is not None]
    stuck = [one for one in waits if one.is_stuck]
    if stuck:
        told = "、".join(f"{one.queue.label}（等了 {one.age}）" for one in stuck)
        raise Wrong(f"有任务一直没人处理：{told}。请重新启动服务；若仍不动，请看「系统管理—后台任务」")
    return f"{len(waits)} 个队列有任务在等" if waits else "没有任务在等"


def _jobs(house: House) -> str:
    found = running.seen(house)
    names = [one.job.label for one in found.failing] + [one.queue.label for one in found.queues if one.trouble]
    if names:
        raise Wrong(f"上一次没有做成：{'、'.join(names)}。请在「系统管理—后台任务」看原因，再点“重新运行”")
    return f"{len(found.timed)} 项定时任务没有失败的"


def _backup(house: House) -> str:
    made = select(audit.AuditEvent.at).where(audit.AuditEvent.action == "system.backup")
    last = db.session.scalar(made.order_by(audit.AuditEvent.id.desc()).limit(1))
    if last is None or now() - last > BACKUP_EVERY:
        when = f"最近一次备份是 {show_time(last)}" if last else "还没有做过备份"
        raise Advice(f"{when}：请每天运行 python3 -m portal backup 文件夹，并把备份和密钥分别存到另一台机器")
    return f"最近一次 {show_time(last)}"


# --- all of them ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Check:
    """One line of the table.

    `needs` names the check without which it cannot be asked. While one with `is_ready` fails the house cannot serve.
    One with `is_slow` is left out where people wait.
    """

    word: str
    name: str
    ask: Callable[[House], str]
    needs: str = ""
    is_ready: bool = False
    is_slow: bool = False


CHECKS = (
    Check("packages", "程序库", premises.packages),
    Check("libraries", "系统软件", premises.libraries),
    Check("fonts", "中文字体", premises.fonts),
    Check("folder", "数据文件夹", premises.folder),
    Check("disk", "磁盘空间", premises.disk, needs="folder", is_ready=True),
    Check("unfinished", "未完成的操作", premises.unfinished),
    Check("database", "数据库", _database, is_ready=True),
    Check("soundness", "数据库完整性", _soundness, needs="database", is_slow=True),
    Check("migration", "数据库版本", _migration, needs="database", is_ready=True),
    Check("key", "密钥", _key, needs="migration", is_ready=True),
    Check("trace", "日志锚点", _trace, needs="migration"),
    Check("clock", "服务器时钟", _clock, needs="migration"),
    Check("address", "对外网址", _address),
    Check("worker", "定时任务", _worker, is_ready=True),
    Check("queue", "任务队列", _queue, needs="migration", is_ready=True),
    Check("jobs", "任务结果", _jobs, needs="migration"),
    Check("backup", "备份", _backup, needs="migration"),
)


def findings(house: House, *, slow: bool = False) -> list[Finding]:
    """Ask every check and return what each has found; the slow ones only with `slow`."""
    found: list[Finding] = []
    for check in CHECKS:
        if check.is_slow and not slow:
            continue
        if any(one.word == check.needs and one.is_wrong for one in found):
            found.append(Finding(check.word, check.name, "没有检查，请先解决上面的问题", is_wrong=True))
            continue
        found.append(_ask(check, house))
    return found


def failing(house: House) -> str:
    """Return the word of the first thing for which the house cannot serve; "" where it can."""
    asked = (_ask(check, house) for check in CHECKS if check.is_ready)
    return next((one.word for one in asked if one.is_wrong), "")


def _ask(check: Check, house: House) -> Finding:
    try:
        return Finding(check.word, check.name, check.ask(house))
    except Wrong as problem:
        return Finding(check.word, check.name, problem.message, is_wrong=True)
    except Advice as advice:
        return Finding(check.word, check.name, advice.message, is_advice=True)
    except (SQLAlchemyError, OSError) as error:
        return Finding(
            check.word, check.name, f"无法检查（{type(error).__name__}），请先解决其他问题后再试", is_wrong=True
        )
    finally:
        db.session.rollback()
