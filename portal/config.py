"""Settings: safe defaults, overridden by instance/portal.cfg, overridden by PORTAL_* variables."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("DATABASE_URI", "PROFILE", "BASE_URL", "PROXY_HOPS")
SMS = "SMS_"  # begins the names of what a gateway needs; they are kept together, as each gateway has its own
PROFILE_LABELS = {"school": "学校", "city": "城市（市总工会）"}
PROFILES = tuple(PROFILE_LABELS)


HALF_RESTORED = "上次恢复备份时被中断，数据只有一半：请再运行一次 python3 -m portal restore 备份文件"


class SettingProblem(Exception):
    """A setting has a value that cannot be used; the sentence names the variable."""


@dataclass(frozen=True)
class Settings:
    """What the installation may say.

    `instance` is the folder of database, keys, uploads and accounts file; `database_uri` an SQLAlchemy address;
    `profile` school or city; `base_url` what goes into QR codes; `proxy_hops` how many reverse proxies stand before
    us. `sms` holds what begins with SMS_, without that: which gateway, its address and its secrets.
    """

    instance: Path
    database_uri: str
    profile: str = "school"
    base_url: str = "http://127.0.0.1:5000"
    proxy_hops: int = 0
    sms: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)

    @property
    def keys_path(self) -> Path:
        """Where the keys live."""
        return self.instance / "keys.json"

    @property
    def file_path(self) -> Path:
        """Where settings may be written down."""
        return self.instance / "portal.cfg"

    @property
    def uploads_path(self) -> Path:
        """Where what people upload is kept."""
        return self.instance / "uploads"

    @property
    def restoring_path(self) -> Path:
        """Stands while a backup is being restored; it names the database that is half of one."""
        return self.instance / "restore-unfinished"

    @property
    def unfinished_path(self) -> Path:
        """Stands while an invented population is being made: what is there with it is only half of one."""
        return self.instance / "population-unfinished"

    @property
    def anchors_path(self) -> Path:
        """Where the daily end of the trace is written down."""
        return self.instance / "anchors.csv"

    @property
    def jobs_path(self) -> Path:
        """Where the clock and the queues keep what is theirs."""
        return self.instance / "jobs"

    @property
    def accounts_path(self) -> Path:
        """Where one-time passwords of made accounts are written."""
        return self.instance / "demo-accounts.txt"


def _file_values(path: Path) -> dict[str, str]:
    """Read NAME=value lines; # begins a comment."""
    if not path.exists():
        return {}
    lines = (line.strip() for line in path.read_text("utf-8").splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip().removeprefix("PORTAL_"): value.strip().strip("\"'") for name, _, value in pairs}


def version() -> str:
    """Return the version of the program, as its pyproject.toml says it."""
    project: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return project["version"]


def load(environment: dict[str, str] | None = None) -> Settings:
    """Return the settings of this machine. Raises SettingProblem with a sentence that names the wrong variable."""
    environment = dict(os.environ) if environment is None else environment
    instance = Path(environment.get("PORTAL_INSTANCE") or ROOT / "instance").resolve()
    values = _file_values(instance / "portal.cfg")
    values.update({name: environment[f"PORTAL_{name}"] for name in NAMES if environment.get(f"PORTAL_{name}")})
    prefix = f"PORTAL_{SMS}"
    values.update({name.removeprefix("PORTAL_"): text for name, text in environment.items() if name.startswith(prefix)})
    settings = Settings(
        instance=instance,
        database_uri=values.get("DATABASE_URI") or f"sqlite:///{instance / 'portal.db'}",
        profile=values.get("PROFILE", "school"),
        base_url=values.get("BASE_URL", "http://127.0.0.1:5000").rstrip("/"),
        proxy_hops=_whole_number(values.get("PROXY_HOPS", "0"), "PORTAL_PROXY_HOPS"),
        sms={name.removeprefix(SMS): text for name, text in values.items() if name.startswith(SMS)},
    )
    if settings.profile not in PROFILES:
        raise SettingProblem(f"PORTAL_PROFILE 只能是 school 或 city，现在是「{settings.profile}」")
    try:
        backend = make_url(settings.database_uri).get_backend_name()
    except ArgumentError as error:
        raise SettingProblem(
            "PORTAL_DATABASE_URI 不是有效的数据库地址，例如 postgresql+psycopg://用户@主机/库名"
        ) from error
    if backend not in ("sqlite", "postgresql"):
        raise SettingProblem("PORTAL_DATABASE_URI 只支持 SQLite 和 PostgreSQL（postgresql+psycopg://…）")
    address = urlsplit(settings.base_url)
    if address.scheme not in ("http", "https") or not address.netloc:
        raise SettingProblem("PORTAL_BASE_URL 应是完整网址，例如 https://gonghui.example.edu.cn")
    return settings


def is_reachable(base_url: str) -> bool:
    """Whether an address that begins with `base_url` (PORTAL_BASE_URL) can be opened from another device."""
    host = urlsplit(base_url).hostname or ""
    try:
        return not (ip_address(host).is_loopback or ip_address(host).is_unspecified)
    except ValueError:
        return host not in ("", "localhost") and not host.endswith(".localhost")


def _whole_number(text: str, name: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise SettingProblem(f"{name} 应是 0 或正整数，现在是「{text}」")
    return int(text)
