"""The commands of operations, as the shell calls them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from portal.app import create_app
from portal.config import Settings
from portal.core import anchors, audit
from portal.core import db as database
from portal.core.shell import DONE, NO

from . import doctor as physician

Verb = Callable[[Settings, argparse.Namespace], int]
Add = Callable[[str, Verb, str], argparse.ArgumentParser]


def add_to(add: Add) -> None:
    """Add the commands to the shell; `add(words, verb, help)` takes a command's words, such as "audit verify"."""
    add("doctor", doctor, "检查这台机器和数据，指出问题和解决办法")
    command = add("audit verify", verify_trace, "核对日志链是否完整，末尾是否被截去")
    command.add_argument("--anchor", metavar="文件", help="与另存的锚点文件比较，默认用 INSTANCE 里的 anchors.csv")


def doctor(settings: Settings, options: argparse.Namespace) -> int:
    """Say what is wrong with this installation and how to mend it."""
    found = physician.examine(settings)
    for finding in found:
        print(physician.told(finding))
    wrong = sum(finding.is_wrong for finding in found)
    print(f"发现 {wrong} 个问题，请从上往下逐个解决，再运行一次" if wrong else "没有发现问题")
    return NO if wrong else DONE


def verify_trace(settings: Settings, options: argparse.Namespace) -> int:
    """Check the chain of the trace, and that it still holds what was written down outside the database."""
    file = Path(options.anchor) if options.anchor else settings.anchors_path
    app = create_app(settings)
    with app.app_context():
        database.reads()
        broken = audit.verify()
        if not broken and (options.anchor or file.exists()):
            broken = anchors.compare(file)
    if broken:
        print(broken)
        return NO
    print("日志完整，未发现改动")
    return DONE
