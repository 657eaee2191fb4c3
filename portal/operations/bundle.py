"""Carry the portal to a machine without a network: the program, its locked wheels, and the Debian packages it needs.

What is made fits machines of the same Python, processor and distribution. The launcher installs from it:
`python3 -m portal run --from DIR`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from portal import machine
from portal.config import ROOT, version
from portal.core.errors import DomainError

PROGRAM = ("portal", "migrations", "static", "templates", "docs", "README.md", "pyproject.toml", "requirements.lock")
PARTS = ("program", "wheels", "debs")
SECTIONS = ("runtime", "postgres", "sms")  # whatever the settings there may say
TOLD, HOW = "bundle.json", "说明.txt"
READ_ME = """把整个文件夹复制到没有网络的机器上，然后运行下面三行。
那台机器须与制作的机器同样：{distribution}，Python {python}，{processor}。

    sudo cp -r program /opt/portal
    cd /opt/portal
    sudo python3 -m portal run --from 这个文件夹的位置

第一次从这里安装系统软件和程序库，不需要网络；以后启动不用再写 --from。
没有 sudo 的用户：如果系统软件已经齐全，直接运行最后一行即可；否则它会写出需要管理员运行的那一行。
"""

Say = Callable[[str], None]


def bundle(to: Path, *, say: Say) -> None:
    """Fill the folder `to`, which is new or empty. Raises DomainError with the reason where that cannot be done."""
    os.umask(0o022)  # nothing in it is private, and whoever installs from it has to read it
    try:
        to.mkdir(parents=True, exist_ok=True)
        there = [path.name for path in to.iterdir()]
    except OSError as error:
        raise DomainError(f"不能写入 {to}：请检查它是否是文件夹、是否可写") from error
    if set(there) - {*PARTS, TOLD, HOW}:
        raise DomainError(f"{to} 里有别的文件：请换一个空文件夹")
    (to / TOLD).unlink(missing_ok=True)  # stands last, so that half a bundle is known as one
    for name in PARTS:
        shutil.rmtree(to / name, ignore_errors=True)
        (to / name).mkdir()
    say("正在复制程序……")
    _copy_program(to / "program")
    say("正在下载程序库……")
    _download_wheels(to / "wheels")
    say("正在下载系统软件……")
    packages = _download_packages(to / "debs")
    kind = machine.kind_of_machine()
    (to / HOW).write_text(READ_ME.format(**kind), "utf-8")
    (to / TOLD).write_text(
        json.dumps({"version": version(), "machine": kind, "packages": packages}, ensure_ascii=False, indent=1) + "\n",
        "utf-8",
    )


def _copy_program(to: Path) -> None:
    for name in PROGRAM:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        else:
            shutil.copy(ROOT / name, to / name)
    (to / "instance").mkdir()


def _download_wheels(to: Path) -> None:
    locked = machine.read_lock(Path(machine.LOCK).read_text("utf-8"))
    requirements = to / "requirements.txt"
    requirements.write_text("".join(locked[name] for name in SECTIONS), "utf-8")
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-input", "--disable-pip-version-check"]
    pip += ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-d", str(to), "-r", str(requirements)]
    _run(pip, "程序库下载失败，请检查网络后重试")
    requirements.unlink()


def _download_packages(to: Path) -> list[str]:
    """Download what is needed with all that it depends on, as for a machine that has nothing, and index it for apt."""
    wanted = sorted({*machine.LIBRARIES.values(), *machine.FONTS.values(), machine.venv_package()})
    if shutil.which("apt-get") is None:
        raise DomainError("这台机器没有 apt，不能下载系统软件：请在 Debian 或 Ubuntu 上制作离线安装包")
    nothing = to / "status"
    nothing.touch()
    (to / "partial").mkdir()
    options = (f"Dir::State::status={nothing}", f"Dir::Cache::archives={to}", "Debug::NoLocking=1")
    apt = ["apt-get", "-y", "-q", *(word for option in options for word in ("-o", option))]
    apt += ["-o", "APT::Sandbox::User=root", "--no-install-recommends", "--download-only", "install", *wanted]
    _run(apt, "系统软件下载失败，请先运行 sudo apt-get update，再检查网络后重试")
    shutil.rmtree(to / "partial")
    nothing.unlink()
    files = sorted(to.glob("*.deb"))
    (to / "Packages").write_text("\n".join(_stanza(file) for file in files), "utf-8")
    return [file.name for file in files]


def _stanza(file: Path) -> str:
    """Return what apt has to know of a package: its own words, where it lies, and its sum."""
    control = _run(["dpkg-deb", "--field", str(file)], f"{file.name} 无法读取").rstrip()
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    return f"{control}\nFilename: ./{file.name}\nSize: {file.stat().st_size}\nSHA256: {sha256}\n"


def _run(words: list[str], failure: str) -> str:
    done = subprocess.run(words, env=os.environ | {"LC_ALL": "C.UTF-8"}, capture_output=True, check=False)  # noqa: S603  # our own words
    if done.returncode:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
        raise DomainError(f"{failure}（{said[-1] if said else done.returncode}）")
    return done.stdout.decode("utf-8")
