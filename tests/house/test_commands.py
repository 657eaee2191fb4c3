"""The commands as a person types them: real processes, a real database file."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import starting

ROOT = Path(__file__).resolve().parents[2]


class Shell:
    """Runs commands on an installation of its own."""

    def __init__(self, instance: Path) -> None:
        self.instance = instance
        self.environment = starting.own_settings(INSTANCE=str(instance))

    def __call__(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return starting.run(*words, environment=self.environment | settings)

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        connection = sqlite3.connect(self.instance / "portal.db")
        try:
            rows = connection.execute(statement).fetchall()
            connection.commit()
        finally:
            connection.close()
        return rows


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "instance")


def test_first_administrators_get_one_time_passwords(shell: Shell) -> None:
    done = shell("create-admin", "gladmin", "--operator", "glcaozuo")

    assert done.returncode == 0
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert [(role, name, unit) for role, name, _, unit in lines] == [
        ("超级管理员", "gladmin", "GH"),
        ("校工会操作员", "glcaozuo", "GH"),
    ]
    assert len({password for _, _, password, _ in lines}) == 2
    assert shell.sql("SELECT username, must_change_password FROM users ORDER BY id") == [
        ("gladmin", 1),
        ("glcaozuo", 1),
    ]

    again = shell("create-admin", "other")
    assert (again.returncode, again.stdout) == (2, "")
    assert "只能用于空数据库" in again.stderr


def test_seed_is_refused_where_people_are(shell: Shell) -> None:
    assert shell("seed", "--members", "30", "--units", "4", "--seed", "7").returncode == 0
    assert shell.sql("SELECT count(*) FROM members") == [(30,)]
    accounts = (shell.instance / "demo-accounts.txt").read_text("utf-8")
    assert {line.split("\t")[0] for line in accounts.splitlines()} >= {"超级管理员", "校工会主席", "校工会操作员"}
    assert (shell.instance / "demo-accounts.txt").stat().st_mode & 0o077 == 0

    again = shell("seed", "--members", "30", "--units", "4", "--seed", "7")
    assert (again.returncode, again.stdout) == (2, "")
    assert shell.sql("SELECT count(*) FROM members") == [(30,)]


def test_routes_name_a_permission_each(shell: Shell) -> None:
    done = shell("routes", "--json")

    rows = json.loads(done.stdout)
    assert all(row["path"] and row["methods"] and row["permission"] for row in rows)
    said = {row["path"]: row["permission"] for row in rows}
    assert said["/login"] == said["/static/<path:filename>"] == "public"
    assert (said["/"], said["/members/"]) == ("signed-in", "member.read")


def test_the_trace_is_verified_and_a_change_found(shell: Shell) -> None:
    shell("create-admin", "gladmin", "--operator", "glcaozuo")
    whole = shell("audit", "verify")
    assert (whole.returncode, whole.stdout) == (0, "日志完整，未发现改动\n")

    shell.sql("UPDATE audit_events SET actor_label = '某人' WHERE seq = 2")
    changed = shell("audit", "verify")
    assert changed.returncode == 1
    assert changed.stdout.startswith("第 2 条日志")

    shell.sql("DELETE FROM audit_events WHERE seq = 2")
    assert shell("audit", "verify").stdout == "第 2 条日志缺失或未封存\n"


def test_a_missing_or_foreign_key_stops_the_start(shell: Shell, tmp_path: Path) -> None:
    shell("create-admin", "gladmin")
    keys = shell.instance / "keys.json"
    assert keys.stat().st_mode & 0o077 == 0
    own = keys.read_bytes()

    keys.unlink()
    missing = shell("audit", "verify")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "找不到密钥文件" in missing.stderr
    assert not keys.exists()

    other = Shell(tmp_path / "other")
    other("create-admin", "gladmin")
    keys.write_bytes((tmp_path / "other" / "keys.json").read_bytes())
    foreign = shell("audit", "verify")
    assert foreign.returncode == 2
    assert "密钥文件与数据库不符" in foreign.stderr

    keys.write_bytes(own)
    assert shell("audit", "verify").returncode == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTAL_PROFILE", "village"),
        ("PORTAL_DATABASE_URI", "mysql://somewhere/x"),
        ("PORTAL_DATABASE_URI", "no address"),
        ("PORTAL_BASE_URL", "gonghui"),
        ("PORTAL_PROXY_HOPS", "-1"),
    ],
)
def test_a_wrong_setting_is_named(shell: Shell, name: str, value: str) -> None:
    done = shell("routes", "--json", **{name: value})

    assert (done.returncode, done.stdout) == (2, "")
    assert name in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [(), ("unknown",), ("seed",), ("audit", "burn")])
def test_a_mistyped_command_is_answered_in_chinese(shell: Shell, words: tuple[str, ...]) -> None:
    done = shell(*words)

    assert (done.returncode, done.stdout) == (2, "")
    assert "命令或选项写得不对" in done.stderr
    assert "usage" not in done.stderr


def test_a_start_killed_while_it_invents_people_begins_again(shell: Shell) -> None:
    words = [sys.executable, "-m", "portal.cli", "run", "--port", "0"]
    starting = subprocess.Popen(words, cwd=ROOT, env=shell.environment, stderr=subprocess.DEVNULL)
    mark = shell.instance / "population-unfinished"
    deadline = time.monotonic() + 60
    while not (mark.exists() and shell.sql("SELECT count(*) FROM org_units") != [(0,)]):
        assert time.monotonic() < deadline, "the demo never began"
        assert starting.poll() is None, "the start ended by itself"
    starting.send_signal(signal.SIGKILL)
    starting.wait()
    assert mark.exists()

    seeded = shell("seed", "--members", "5", "--units", "2", "--seed", "1")

    assert seeded.returncode == 0
    assert shell.sql("SELECT count(*) FROM members") == [(5,)]
    assert not mark.exists()
    assert shell("audit", "verify").returncode == 0
