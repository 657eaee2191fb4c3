"""The checks of what the house stands on: the machine, its software and fonts, the folder, the disk."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from sqlalchemy import make_url

from portal import machine
from portal.config import HALF_RESTORED, Settings
from portal.core.clock import Job, Queue
from portal.core.errors import DomainError

LEAST_FREE = 500 << 20  # bytes of disk
RUN = "python3 -m portal run"
OWNERS_ALONE = ("anchors.csv", "demo-accounts.txt", "portal.cfg", "uploads")  # of the folder


class Wrong(DomainError):
    """What is wrong, and how to mend it."""


class Advice(DomainError):
    """What is not wrong yet."""


@dataclass(frozen=True)
class House:
    """What is examined: the settings, the queues in their groups, and the timed jobs."""

    settings: Settings
    queues: Sequence[Sequence[Queue]] = ()
    jobs: Sequence[Job] = ()

    @property
    def sqlite_file(self) -> Path | None:
        """The file of the database; None where a server keeps it."""
        url = make_url(self.settings.database_uri)
        return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


# --- the machine ------------------------------------------------------------------------------------------------------


def packages(house: House) -> str:
    """Every library is there in the version that the lock names."""
    locked = machine.read_lock(Path(machine.LOCK).read_text("utf-8"))
    names = machine.sections_to_run(house.settings.database_uri, house.settings.sms.get("GATEWAY", ""))
    pins = [pin for name in names for pin in re.findall(r"^([\w.-]+)==([^\s;]+)", locked[name], re.MULTILINE)]
    wrong = [
        f"{name}（应为 {version}，现在{found or '没有'}）"
        for name, version in pins
        if (found := _version(name)) != version
    ]
    if wrong:
        raise Wrong(
            f"程序库与 requirements.lock 不一致：{_some(wrong)}。请删除 instance/venv 文件夹后运行 {RUN}，会重新安装"
        )
    return f"{len(pins)} 个程序库与清单一致"


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def libraries(house: House) -> str:
    """What prints is made with can be loaded."""
    missing = sorted({package for name, package in machine.LIBRARIES.items() if not machine.loads(name)})
    if missing:
        raise Wrong(f"缺少系统软件 {' '.join(missing)}，不能打印。{_apt(missing)}")
    return "打印所需的系统软件齐全"


def fonts(house: House) -> str:
    """The fonts of the printed forms are installed."""
    missing = sorted({package for name, package in machine.FONTS.items() if not machine.has_font(name)})
    if missing:
        raise Wrong(f"缺少中文字体 {' '.join(missing)}，打印时汉字会变成方框。{_apt(missing)}")
    return "宋体和生僻字字体齐全"


def _apt(packages: Sequence[str]) -> str:
    return f"请运行：sudo apt-get install -y {' '.join(packages)}"


# --- the folder -------------------------------------------------------------------------------------------------------


def folder(house: House) -> str:
    """The folder can be written, and what is private in it is read by its owner alone."""
    place = house.settings.instance
    if not place.is_dir():
        raise Wrong(f"数据文件夹 {place} 不存在：请核对 PORTAL_INSTANCE，或从备份恢复")
    for path in (place, *(place / name for name in ("uploads", "jobs"))):
        if not path.exists():
            continue
        if not path.is_dir():
            raise Wrong(f"{path} 应是文件夹，现在是文件：请移走它，需要时从备份恢复这个文件夹")
        if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            raise Wrong(f"程序不能读写 {path}：请把它的属主改为运行程序的用户，例如 sudo chown -R 用户名 {path}")
    open_ones = [path for path in _for_the_owner(house) if path.exists() and path.stat().st_mode & 0o077]
    if open_ones:
        names = " ".join(map(str, open_ones))
        raise Wrong(f"这台服务器的其他用户可以读取 {names}：请运行 chmod go-rwx {names}")
    return f"{place} 可读写，重要文件只有属主能读"


def _for_the_owner(house: House) -> Iterator[Path]:
    yield from (house.settings.instance / name for name in OWNERS_ALONE)
    if house.sqlite_file:
        yield house.sqlite_file


def disk(house: House) -> str:
    """There is room."""
    free = shutil.disk_usage(house.settings.instance).free
    if free < LEAST_FREE:
        least = shown_size(LEAST_FREE)
        raise Wrong(f"磁盘只剩 {shown_size(free)}，少于 {least}，随时可能不能保存：请清理磁盘，或把旧的备份移到别处")
    return f"剩余 {shown_size(free)}"


def shown_size(size: int) -> str:
    """Return a number of bytes as people say it."""
    return f"{size / (1 << 30):.1f} GB" if size >= 1 << 30 else f"{size >> 20} MB"


def unfinished(house: House) -> str:
    """Nothing was broken off half-way."""
    if house.settings.restoring_path.exists():
        raise Wrong(HALF_RESTORED)
    if house.settings.unfinished_path.exists():
        raise Wrong(f"上次建立虚构数据时被中断，数据库里只有一半：请运行 {RUN}，会先清除再重建")
    return "没有做了一半的事"


def _some(words: list[str]) -> str:
    return "、".join(words[:3]) + (f" 等 {len(words)} 个" if len(words) > 3 else "")
