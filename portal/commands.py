"""The commands that are run for a user: her rights, her traces, one transaction."""

from __future__ import annotations

import argparse
import json
import os
import time
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import select

from portal import config
from portal.app import create_app
from portal.core import anchors
from portal.core import db as database
from portal.core.calendar import today
from portal.core.db import db
from portal.core.errors import DomainError
from portal.core.shell import DONE, NO, REFUSED, say
from portal.members.importing import shell as importing
from portal.members.importing.service import refused_report
from portal.org.models import User
from portal.org.permissions import Permission
from portal.org.units import bringing
from portal.prints import service as prints
from portal.prints import worker as printing
from portal.prints.models import LIVE, JobState, PrintKind
from portal.query import answers, asking, conditions, values
from portal.query.asking import Asked
from portal.query.exports import shell as exporting

LOOK_EVERY = 0.5  # seconds, at a job that another process has in hand


def migrated(settings: config.Settings) -> Flask:
    """Return the app with its database at the newest version, without what a killed start has half invented."""
    app = create_app(settings)
    with app.app_context():
        if settings.unfinished_path.exists():
            say("上次建立虚构数据时被中断，先清除未完成的部分……")
            downgrade(revision="base")
        upgrade()
        settings.unfinished_path.unlink(missing_ok=True)
        anchors.set_aside()
        db.session.remove()
    return app


def acting(username: str) -> User:
    """Return the enabled user for whom a command is run. Raises DomainError."""
    user = db.session.scalars(select(User).where(User.username == username, User.is_enabled)).one_or_none()
    if user is None:
        raise DomainError(f"没有用户名为 {username} 的启用账号，请核对 --as")
    return user


def bring_units(settings: config.Settings, options: argparse.Namespace) -> int:
    """Import the units of a sheet, all of them or none."""
    app = migrated(settings)
    with app.app_context():
        database.writes()
        try:
            with Path(options.file).open("rb") as stream:
                sheet = bringing.bring(acting(options.acting), stream, file=Path(options.file).name, code=options.under)
        except OSError as error:
            raise DomainError(f"不能读取 {options.file}：请检查文件是否存在、是否可读") from error
        actor = acting(options.acting)
        wrong = bringing.sentences(bringing.preview(actor, sheet))
        if wrong:
            db.session.rollback()
            print("\n".join(wrong))
            say(f"有 {len(wrong)} 行需要修改，没有导入任何单位")
            return NO
        count = bringing.write(actor, sheet)
        db.session.commit()
        print(f"已导入 {count} 个单位")
    return DONE


def bring_members(settings: config.Settings, options: argparse.Namespace) -> int:
    """Judge a list of members, write it where that is meant, and write the report in any case."""
    path, out = Path(options.file), Path(options.report) if options.report else None
    if out and (out.is_dir() or not os.access(out.parent, os.W_OK)):
        raise DomainError(f"不能写入 {out}：请检查文件夹是否存在、是否可写")
    code = REFUSED
    try:
        raw = path.read_bytes()
        with migrated(settings).app_context():
            database.writes()
            report = importing.bring(
                acting(options.acting), raw, path.name, under=options.under, is_historic=options.historic,
                is_meant=options.commit,
            )  # fmt: skip
            db.session.commit()
        code = NO if report["error"] else DONE
    except OSError:
        report = refused_report(path.name, f"不能读取 {path}：请检查文件是否存在、是否可读")
    except DomainError as error:
        report = refused_report(path.name, error.message)
    if report["refused"]:
        say(report["refused"])
    text = json.dumps(report, ensure_ascii=False, indent=1) + "\n"
    if out:
        out.write_text(text, "utf-8")
    else:
        print(text, end="")
    return code


def find(settings: config.Settings, options: argparse.Namespace) -> int:
    """Answer the question of a file, or each of a list of questions, as JSON; or write one as a workbook."""
    day = values.day(options.as_of) if options.as_of else today()
    by = [name.strip() for name in options.by.split(",")] if options.by else []
    questions = _questions(options.query)
    if options.out:
        return _export(settings, questions, day, options)
    with migrated(settings).app_context():
        database.reads()
        actor = acting(options.acting)
        found = [_answer(actor, Asked(conditions.parse(one), day), by, options) for one in _listed(questions)]
    answer = found if isinstance(questions, list) else found[0]
    print(json.dumps(answer, ensure_ascii=False, indent=1))
    return DONE


def _export(settings: config.Settings, question: object, day: date, options: argparse.Namespace) -> int:
    """Write whom the question finds to a file; what takes a second person waits for her."""
    if isinstance(question, list):
        raise DomainError("--out 一次只导出一个查询，请把查询条件分成几个文件")
    columns = [name.strip() for name in options.columns.split(",") if name.strip()] if options.columns else []
    with migrated(settings).app_context():
        database.reads()
        asked = Asked(conditions.parse(question), day)
        path = Path(options.out)
        try:
            with exporting.exported(
                acting(options.acting), asked, path, columns=columns, purpose=options.purpose, is_full=options.full
            ) as item:
                db.session.commit()
        except exporting.Waits as error:
            db.session.commit()
            item = error.item
            say(f"含{'、'.join(item.needs)}，须由{item.unit.name}或上级另一位有权限的人在 24 小时内确认。")
            say(f"编号 {item.number}，确认后请登录网页，在“导出记录”中下载；没有写出文件")
            return REFUSED
        answer = {"file": path.name, "number": item.number, "rows": item.done, "skipped": item.skipped}
    print(json.dumps(answer, ensure_ascii=False))
    return DONE


def _answer(actor: User, asked: Asked, by: list[str], options: argparse.Namespace) -> dict[str, Any]:
    if options.count:
        return answers.number(actor, asked)
    return answers.numbers(actor, asked, by) if by else answers.people(actor, asked)


def print_forms(settings: config.Settings, options: argparse.Namespace) -> int:
    """Print the registration forms of whom the question of a file finds (or each of a list of questions), once each."""
    out = Path(options.out)
    if out.is_dir() or not os.access(out.parent, os.W_OK):
        raise DomainError(f"不能写入 {out}：请检查文件夹是否存在、是否可写")
    questions = [conditions.parse(one) for one in _listed(_questions(options.query))]
    with migrated(settings).app_context():
        database.reads()
        actor, wanted = acting(options.acting), Permission.MEMBER_PRINT
        if not actor.holds(wanted):
            raise DomainError(f"{options.acting} 没有打印登记表的权限，请改用有此权限的账号")
        found = [number for one in questions for number in asking.ids(actor, Asked(one), permission=wanted)]
        database.release()
        database.writes()
        job = prints.start_selected(
            acting(options.acting), found, kind=PrintKind.REGISTRATION, at_joining=False,
            check_url=f"{settings.base_url}/prints/check/",
        )  # fmt: skip
        number = job.id
        db.session.commit()
        return _taken(number, options.acting, out)


def _taken(number: int, username: str, out: Path) -> int:
    """Work until the job is done, whoever works on it, and write its PDF to `out`."""
    while True:
        printing.work()
        database.reads()
        job = prints.find(acting(username), number)
        say(f"{job.state.label}：{job.done} / {job.total} 人")
        if job.state not in LIVE:
            break
        database.release()
        time.sleep(LOOK_EVERY)  # the server's own clock has it in hand
    if job.state is not JobState.DONE:
        raise DomainError("打印没有完成，没有生成文件，请再试一次；仍不成功时请联系系统管理员")
    _, pieces = prints.content_of(acting(username), number)
    # full numbers stand in it: nobody else on the machine reads it
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.writelines(pieces)
    answer = {
        "printed": job.total - len(job.skipped) - len(job.broken), "pages": job.pages, "skipped": len(job.skipped),
        "broken": len(job.broken), "without_photo": len(job.without_photo),
    }  # fmt: skip
    print(json.dumps(answer, ensure_ascii=False))
    return NO if job.broken else DONE


def _questions(name: str) -> object:
    """Return what the file `name` asks: one question, or a list of them."""
    try:
        return json.loads(Path(name).read_text("utf-8-sig"))
    except OSError as error:
        raise DomainError(f"不能读取 {name}：请检查文件是否存在、是否可读") from error
    except (ValueError, RecursionError) as error:
        raise DomainError(f"{name} 不是有效的 JSON，请核对括号和引号") from error


def _listed(questions: object) -> list[object]:
    return questions if isinstance(questions, list) else [questions]


class Adds(Protocol):
    """How the parser takes a command: its words, its verb, its explanation."""

    def __call__(self, words: str, verb: Any, help_text: str, /) -> argparse.ArgumentParser:
        """Return the parser of the command, for its options."""


def _by(command: argparse.ArgumentParser, act: str) -> None:
    command.add_argument("--as", dest="acting", metavar="用户名", required=True, help=f"以谁的身份{act}")


def add_to(add: Adds) -> None:
    """Add the commands of this file to the parser."""
    command = add("units", bring_units, "从表格（xlsx、xls、csv）批量导入单位：名称、代码、上级代码、类型")
    command.add_argument("file", metavar="文件", help="表格文件")
    _by(command, "导入")
    command.add_argument(
        "--under", metavar="代码", default="", help="管理多个单位的人：没有写上级代码的导入到哪一个下面"
    )
    command = add("import", bring_members, "导入会员名单（xlsx、xls、csv），先核对，写明 --commit 才写入")
    command.add_argument("file", metavar="文件", help="第一行或前 20 行内有表头，如姓名、身份证号、手机号、所属分工会")
    _by(command, "导入")
    command.add_argument("--commit", action="store_true", help="没有错误时写入；不写则只核对")
    command.add_argument("--historic", action="store_true", help="历史会员补录：直接成为会员，须有入会日期")
    command.add_argument("--report", metavar="文件", help="核对结果（JSON）写入文件，不写在屏幕上")
    command.add_argument("--under", metavar="代码", default="", help="管理多个单位的人：导入到哪一个")
    command = add("find", find, "万能查询：按条件查找会员，输出人数、分组人数或名单（JSON）")
    _by(command, "查询")
    command.add_argument("--query", metavar="文件", required=True, help="查询条件（JSON），或若干个条件的列表")
    command.add_argument("--as-of", metavar="日期", help="截至哪一天，如 2026-09-01，默认今天")
    kind = command.add_mutually_exclusive_group()
    kind.add_argument("--count", action="store_true", help="只要人数")
    kind.add_argument("--out", metavar="文件", help="名单写成 xlsx 或 csv 文件；须第二人确认的，退出码 2")
    command.add_argument("--columns", metavar="字段", default="", help="导出哪些列，用逗号分开，默认与列表相同")
    command.add_argument("--purpose", metavar="用途", default="", help="导出的用途，写入文件和操作日志")
    command.add_argument("--full", action="store_true", help="导出时号码写全，须第二人确认")
    kind.add_argument("--by", metavar="字段", help="按一个或两个字段分组计数，用逗号分开，如 branch,sex")
    command = add("print", print_forms, "打印会员登记表：按条件查到的会员，一人接一人，合成一个 PDF")
    _by(command, "打印")
    command.add_argument("--query", metavar="文件", required=True, help="查询条件（JSON），或若干个条件的列表")
    command.add_argument("--out", metavar="文件", required=True, help="写到哪个 PDF 文件")
