"""The commands of operations, as the shell calls them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from portal.app import create_app
from portal.config import Settings
from portal.core import anchors, audit
from portal.core import db as database
from portal.core.calendar import show_time
from portal.core.db import db
from portal.core.shell import DONE, NO, say

from . import bundle as packing
from . import doctor as physician
from . import keyring
from .backup import back_up
from .restore import RESTORED_FILE
from .restore import restore as put_back

MOST_TOLD = 20  # problems named one by one

Verb = Callable[[Settings, argparse.Namespace], int]
Add = Callable[[str, Verb, str], argparse.ArgumentParser]


def add_to(add: Add) -> None:
    """Add the commands to the shell; `add(words, verb, help)` takes a command's words, such as "audit verify"."""
    add("doctor", doctor, "检查这台机器和数据，指出问题和解决办法")
    command = add("backup", backup, "备份数据库、上传的文件和设置（不含密钥），写好后核对")
    command.add_argument("folder", metavar="文件夹", help="备份文件写在这个文件夹里")
    command = add("restore", restore, "把备份恢复到空的安装里")
    command.add_argument("file", metavar="备份文件")
    command = add("bundle", bundle, "制作离线安装包：程序、程序库和系统软件，拿到没有网络的机器上安装")
    command.add_argument("folder", metavar="文件夹", help="新的或空的文件夹")
    add("keys status", keys_status, "列出密钥，以及各密钥加密了多少内容")
    add("keys verify", keys_verify, "逐项解密，确认所有加密内容都能读出")
    command = add("audit verify", verify_trace, "核对日志链是否完整，末尾是否被截去")
    command.add_argument("--anchor", metavar="文件", help="与另存的锚点文件比较，默认用 INSTANCE 里的 anchors.csv")


@contextmanager
def _house(settings: Settings) -> Iterator[None]:
    """Open the house for a command, and close its connections behind it."""
    with create_app(settings).app_context():
        try:
            yield
        finally:
            db.session.remove()
            db.engine.dispose()


def doctor(settings: Settings, options: argparse.Namespace) -> int:
    """Say what is wrong with this installation and how to mend it."""
    found = physician.examine(settings)
    for finding in found:
        print(physician.told(finding))
    wrong = sum(finding.is_wrong for finding in found)
    print(f"发现 {wrong} 个问题，请从上往下逐个解决，再运行一次" if wrong else "没有发现问题")
    return NO if wrong else DONE


def backup(settings: Settings, options: argparse.Namespace) -> int:
    """Write a backup and name its file."""
    with _house(settings):
        path, manifest = back_up(settings, Path(options.folder).resolve(), say=say)
    print(path)
    say(
        f"备份完成：{path.stat().st_size >> 20} MB，会员 {manifest.tables['members'].rows} 人，"
        f"上传的文件 {sum(name.startswith('uploads/') for name in manifest.parts)} 个，已核对。"
        f"里面没有密钥，请把 {settings.keys_path} 另外保存，不要和备份放在一起；备份里有会员资料，请妥善保管"
    )
    if manifest.missing:
        say(f"注意：数据库中登记的 {len(manifest.missing)} 个上传文件已丢失或损坏，备份里没有它们的原件")
    return NO if manifest.missing else DONE


def restore(settings: Settings, options: argparse.Namespace) -> int:
    """Put a backup into an empty installation."""
    manifest = put_back(settings, Path(options.file).resolve(), say=say)
    made_at = show_time(datetime.fromisoformat(manifest.made_at))
    say(
        f"恢复完成：{made_at} 的备份，会员 {manifest.tables['members'].rows} 人，数据与备份逐表核对一致。"
        "所有人须重新登录。请运行 python3 -m portal run 启动"
    )
    if RESTORED_FILE in {path.name for path in settings.instance.iterdir()}:
        say(f"备份中的设置文件放在 {settings.instance / RESTORED_FILE}，请核对后改名为 portal.cfg")
    return DONE


def bundle(settings: Settings, options: argparse.Namespace) -> int:
    """Make what a machine without a network is installed from."""
    folder = Path(options.folder).resolve()
    packing.bundle(folder, say=say)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    say(f"离线安装包已做好：{size >> 20} MB。请整个复制过去，用法见其中的 说明.txt")
    print(folder)
    return DONE


def keys_status(settings: Settings, options: argparse.Namespace) -> int:
    """List the keys and how much each has sealed."""
    with _house(settings):
        database.reads()
        for line in keyring.status(settings.keys_path):
            print(line)
    return DONE


def keys_verify(settings: Settings, options: argparse.Namespace) -> int:
    """Open everything that is sealed."""
    with _house(settings):
        database.reads()
        opened, problems = keyring.verify()
    for problem in problems[:MOST_TOLD]:
        print(problem)
    if problems:
        print(f"{len(problems)} 项无法读出，请用备份核对")
        return NO
    print(f"{opened} 项加密内容都能读出")
    return DONE


def verify_trace(settings: Settings, options: argparse.Namespace) -> int:
    """Check the chain of the trace, and that it still holds what was written down outside the database."""
    file = Path(options.anchor) if options.anchor else settings.anchors_path
    with _house(settings):
        database.reads()
        broken = audit.verify()
        if not broken and (options.anchor or file.exists()):
            broken = anchors.compare(file)
    if broken:
        print(broken)
        return NO
    print("日志完整，未发现改动")
    return DONE
