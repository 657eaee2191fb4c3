"""The commands. Standard output holds the answer alone; everything else goes to standard error, in Chinese."""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from portal import commands, config, demo
from portal.app import create_app
from portal.commands import migrated
from portal.core import anchors, clock, crypto
from portal.core import db as database
from portal.core.actors import SHELL
from portal.core.db import db
from portal.core.errors import DomainError
from portal.core.shell import DONE, REFUSED, say
from portal.jobs import JOBS, QUEUES
from portal.operations import commands as operations
from portal.org import service as org
from portal.org.guards import permission_of
from portal.org.models import JoinForm, UnitKind, User
from portal.org.permissions import Role
from portal.org.units import names

THREADS = 8
PORTS_TRIED = 50


def is_empty() -> bool:
    """Whether there is no account at all."""
    return db.session.scalar(select(User.id).limit(1)) is None


def run(settings: config.Settings, options: argparse.Namespace) -> int:
    """Migrate, make the demo on an empty database, serve."""
    import waitress

    app = migrated(settings)
    with app.app_context():
        empty = is_empty()
        db.session.rollback()
        if empty and not options.no_demo:
            say("数据库是空的，正在建立演示学校（24 个分工会、600 名虚构会员）……")
            _populate(settings, members=600, units=25, seed=1, profile=settings.profile)
        elif empty:
            say(
                "数据库是空的，还没有账号。请另开一个窗口，在同一个文件夹里运行："
                "python3 -m portal create-admin 管理员工号 --operator 操作员工号"
            )
        database.reads()
        anchors.drop()
        db.session.remove()
    listener = _listen(options.host, options.port)
    host, port = listener.getsockname()[:2]
    if port != options.port:
        say(f"端口 {options.port} 已被占用，改用 {port}")
    say(f"请用浏览器打开 http://{host}:{port}/  （按 Ctrl+C 停止）")
    if settings.accounts_path.exists():
        say(f"首次登录的用户名和一次性密码见 {settings.accounts_path}")
    ticking = clock.start(app, JOBS, QUEUES, settings.jobs_path)
    signal.signal(signal.SIGTERM, _interrupt)  # service managers stop us so; waitress lets what it has begun finish
    try:
        waitress.serve(
            app,
            sockets=[listener],
            threads=THREADS,
            ident=None,
            max_request_body_size=21 * 1024 * 1024,
            outbuf_overflow=64 * 1024 * 1024,  # above its high watermark: a printed PDF never spills into a plain file
        )
    finally:
        ticking.stop()
    say("已停止")
    return DONE


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def worker(settings: config.Settings, options: argparse.Namespace) -> int:
    """Run the clock alone, for installations with several web processes."""
    ticking = clock.start(create_app(settings), JOBS, QUEUES, settings.jobs_path)
    signal.signal(signal.SIGTERM, _interrupt)  # else it would end at once, with messages in hand
    say("定时任务已启动（按 Ctrl+C 停止）")
    try:
        while True:
            signal.pause()
    except KeyboardInterrupt:
        say("正在停止：办完手上的")
    finally:
        ticking.stop(graceful=True)
    return DONE


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket at the first free port from `port` on."""
    for candidate in range(port, port + PORTS_TRIED):
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen(128)
        except OSError as error:
            listener.close()
            if error.errno not in (13, 98):  # not allowed, in use
                raise DomainError(f"不能在 {host} 上提供服务：请检查 --host 是否是本机地址") from error
        else:
            return listener
    raise DomainError(f"从 {port} 起的 {PORTS_TRIED} 个端口都被占用，请用 --port 另指定一个")


def _populate(settings: config.Settings, *, members: int, units: int, seed: int, profile: str) -> None:
    settings.unfinished_path.touch()
    accounts = demo.populate(
        members=members, units=units, seed=seed, profile=profile, say=say, uploads=settings.instance / "uploads"
    )
    lines = "".join("\t".join(account) + "\n" for account in accounts)
    _write_accounts(settings.accounts_path, lines)
    settings.unfinished_path.unlink()
    say("账号（角色、用户名、一次性密码、单位代码），首次登录须改密码：\n" + lines)


def _write_accounts(path: Path, text: str) -> None:
    path.touch(mode=0o600, exist_ok=True)
    path.chmod(0o600)
    path.write_text(text, "utf-8")


def seed(settings: config.Settings, options: argparse.Namespace) -> int:
    """Fill an empty database with a synthetic population, the same for the same seed."""
    app = migrated(settings)
    with app.app_context():
        if not is_empty():
            say("数据库里已有账号，seed 只能用于空数据库")
            return REFUSED
        db.session.rollback()
        _populate(
            settings,
            members=options.members,
            units=options.units,
            seed=options.seed,
            profile=options.profile or settings.profile,
        )
    return DONE


def create_admin(settings: config.Settings, options: argparse.Namespace) -> int:
    """Make the root unit and the first super administrator on an empty database."""
    app = migrated(settings)
    with app.app_context():
        if not is_empty():
            say("数据库里已有账号，create-admin 只能用于空数据库；请由超级管理员登录后新增账号")
            return REFUSED
        db.session.rollback()
        wanted = [(options.username, Role.SUPER_ADMIN)]
        if options.operator:
            wanted.append((options.operator, Role.UNION_OPERATOR))
        passwords = [crypto.start_password() for _ in wanted]
        hashes = [crypto.hash_password(password) for password in passwords]
        root = org.found_unit(
            SHELL,
            parent=None,
            code="GH",
            name=names.NOT_NAMED,
            kind=UnitKind.UNION if settings.profile == "school" else UnitKind.CITY,
            approves_members=settings.profile == "school",
            needs_opinion=settings.profile == "school",
            join_form=JoinForm.FULL if settings.profile == "school" else JoinForm.QUICK,
        )
        for (username, role), password_hash in zip(wanted, hashes, strict=True):
            user = org.open_account(SHELL, username=username, name=role.label, password_hash=password_hash)
            org.give(SHELL, user, role, root)
        db.session.commit()
        for (username, role), password in zip(wanted, passwords, strict=True):
            print(f"{role.label}\t{username}\t{password}\t{root.code}")
    say("第三列是一次性密码，只显示这一次。请在浏览器里打开系统的网址，用第二列的用户名登录，登录后改成自己的密码")
    return DONE


def routes(settings: config.Settings, options: argparse.Namespace) -> int:
    """Print every address with its methods and permission as JSON."""
    app = create_app(settings)
    rows = [
        {
            "path": rule.rule,
            "methods": sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}),
            "permission": permission_of(app.view_functions[rule.endpoint]),
        }
        for rule in app.url_map.iter_rules()
    ]
    print(json.dumps(sorted(rows, key=lambda row: (row["path"], row["methods"])), ensure_ascii=False, indent=1))
    return DONE


def bench(settings: config.Settings, options: argparse.Namespace) -> int:
    """Measure the operations beside their floors, on a seeded city of its own."""
    from portal.bench import run as measure  # it loads what no other command needs

    if options.members < 1000:
        raise DomainError("会员人数至少 1000，人太少时比例没有意义")
    file = Path(options.json) if options.json else None
    if file and (file.is_dir() or not os.access(file.parent, os.W_OK)):
        raise DomainError(f"不能写入 {file}：请检查文件夹是否存在、是否可写")
    only = [name.strip() for name in options.only.split(",") if name.strip()]
    text = json.dumps(measure(settings.instance, members=options.members, only=only, say=say), indent=1) + "\n"
    if file:
        file.write_text(text, "utf-8")
    else:
        print(text, end="")
    return DONE


Command = Callable[[config.Settings, argparse.Namespace], int]


class ChineseParser(argparse.ArgumentParser):
    """argparse with Chinese words around what we say ourselves."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(add_help=False, allow_abbrev=False, **settings)
        self._positionals.title, self._optionals.title = "参数", "选项"
        self.add_argument("-h", "--help", action="help", help="显示这段说明")

    def format_help(self) -> str:
        """Return the help with a Chinese first word."""
        return super().format_help().replace("usage: ", "用法：", 1)

    def error(self, message: str) -> NoReturn:
        """Refuse with a sentence and what could be typed instead; argparse's own words are English."""
        say(f"命令或选项写得不对：{' '.join(sys.argv[1:]) or '没有写命令'}\n{self.format_help()}")
        raise SystemExit(REFUSED)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    main_parser = ChineseParser(prog="python3 -m portal", description="工会会员管理系统")
    listed = main_parser.add_subparsers(dest="command", required=True, metavar="命令", title="命令")

    groups = {"audit": "日志", "keys": "密钥"}  # first words of commands that have two
    seconds: dict[str, Any] = {}

    def add(words: str, verb: Command, help_text: str) -> argparse.ArgumentParser:
        first, _, second = words.partition(" ")
        if second and first not in seconds:
            group = listed.add_parser(first, help=groups[first])
            seconds[first] = group.add_subparsers(dest=f"{first}_command", required=True, metavar="动作")
        place = seconds[first] if second else listed
        command: argparse.ArgumentParser = place.add_parser(second or first, help=help_text, description=help_text)
        command.set_defaults(verb=verb)
        return command

    command = add("run", run, "启动：准备环境、升级数据库、提供网页服务")
    command.add_argument("--host", default="127.0.0.1", help="监听地址，默认 127.0.0.1")
    command.add_argument("--port", type=int, default=5000, help="端口，默认 5000；被占用则用下一个")
    command.add_argument("--no-demo", action="store_true", help="空数据库也不建演示学校")
    command.add_argument("--from", metavar="文件夹", help="从离线安装包安装，不用网络（见 bundle）")  # the launcher's
    add("worker", worker, "只运行定时任务（配合多个网页进程时使用）")
    command = add("seed", seed, "在空数据库里建立虚构的组织和会员")
    command.add_argument("--members", type=int, required=True, help="会员人数")
    command.add_argument("--units", type=int, required=True, help="组织总数（含根单位）")
    command.add_argument("--seed", type=int, required=True, help="随机种子，相同种子得到相同数据")
    command.add_argument("--profile", choices=config.PROFILES, help="school 学校 / city 城市")
    command = add("create-admin", create_admin, "在空数据库里建立根单位和第一个超级管理员")
    command.add_argument("username", help="超级管理员的用户名")
    command.add_argument("--operator", help="同时建立第一个校工会操作员")
    command = add("routes", routes, "列出全部网址及所需权限")
    command.add_argument("--json", action="store_true", required=True, help="以 JSON 输出")
    commands.add_to(add)
    command = add("bench", bench, "性能测试：每项操作与它的下限在同一次运行中比较")
    command.add_argument("--members", type=int, default=100_000, help="虚构会员人数，默认 100000")
    command.add_argument("--only", default="", help="只测这几项，用逗号分开，如 list,form")
    command.add_argument("--json", metavar="文件", help="结果写入文件，不写在屏幕上")
    operations.add_to(add)
    listed.add_parser("test", help="运行全部检查和测试")  # the launcher's own; listed so that the usage is whole
    return main_parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 the answer is no, 2 refused."""
    os.umask(0o077)  # database, uploads and accounts are for the owner's eyes
    options = parser().parse_args(arguments)
    try:
        code: int = options.verb(config.load(), options)
    except (config.SettingProblem, crypto.KeyProblem) as error:
        say(str(error))
    except DomainError as error:
        say(error.message)
    except DBAPIError as error:
        say(f"数据库无法使用（{type(error.orig).__name__}）：请检查 PORTAL_DATABASE_URI、磁盘空间和文件权限")
    except KeyboardInterrupt:
        say("已停止")
        return DONE
    except BrokenPipeError:  # whoever reads the answer has had enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    else:
        return code
    return REFUSED


if __name__ == "__main__":
    sys.exit(main())
