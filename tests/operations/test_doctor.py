"""A real installation broken in many ways: each time the doctor says in Chinese what is wrong and how to mend it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine

from portal import machine
from portal.core import crypto
from portal.operations.doctor import examine, told
from portal.system import checks, premises
from tests.conftest import POSTGRES
from tests.operations.conftest import Installation
from tests.serving import command

Break = Callable[[Installation, pytest.MonkeyPatch], "dict[str, str] | None"]


def wrong(sound: Installation, **more: str) -> list[str]:
    """Examine it; return what is wrong."""
    return [told(one) for one in examine(sound.settings(**more)) if one.is_wrong]


def test_a_sound_installation_has_nothing_wrong(sound: Installation) -> None:
    found = examine(sound.settings())

    assert [told(one) for one in found if one.is_wrong] == []
    assert [one.word for one in found] == [check.word for check in checks.CHECKS]
    assert [told(one) for one in found if one.is_advice] == [
        "！ 备份：还没有做过备份：请每天运行 python3 -m portal backup 文件夹，并把备份和密钥分别存到另一台机器"
    ]


def no_keys(sound: Installation, patch: pytest.MonkeyPatch) -> None:
    sound.keys.unlink()


def others_keys(sound: Installation, patch: pytest.MonkeyPatch) -> None:
    crypto.store_keys(sound.keys, crypto.Keys.fresh())


def torn_keys(sound: Installation, patch: pytest.MonkeyPatch) -> None:
    sound.keys.write_text(sound.keys.read_text()[:40])


def open_keys(sound: Installation, patch: pytest.MonkeyPatch) -> None:
    sound.keys.chmod(0o644)


def open_database(sound: Installation, patch: pytest.MonkeyPatch) -> None:
    sound.database.chmod(0o664)


def no_database(sound: Installation, patch: pytest.MonkeyPatch) -> None:
    sound.database.unlink()


def overwritten_database(sound: Installation, patch: pytest.MonkeyPatch) -> None:
    sound.database.write_bytes(b"this was a spreadsheet" * 500)


def torn_database(sound: Installation, patch: pytest.MonkeyPatch) -> None:
    sound.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    with sound.database.open("r+b") as file:
        file.truncate(sound.database.stat().st_size // 2)


def lost_row(sound: Installation, patch: pytest.MonkeyPatch) -> None:
    sound.sql("DELETE FROM org_units")


def old_database(sound: Installation, patch: pytest.MonkeyPatch) -> None:
    sound.sql("UPDATE alembic_version SET version_num = '0003'")


def newer_database(sound: Installation, patch: pytest.MonkeyPatch) -> None:
    sound.sql("UPDATE alembic_version SET version_num = '9999'")


def empty_database(sound: Installation, patch: pytest.MonkeyPatch) -> None:
    sound.database.unlink()
    sound.sql("SELECT 1")
    sound.database.chmod(0o600)


def no_fonts(sound: Installation, patch: pytest.MonkeyPatch) -> None:
    patch.setitem(machine.FONTS, "MeiYouZheGeZiTi", "fonts-meiyou")


def no_library(sound: Installation, patch: pytest.MonkeyPatch) -> None:
    patch.setitem(machine.LIBRARIES, "libmeiyou.so.9", "libmeiyou9")


def other_packages(sound: Installation, patch: pytest.MonkeyPatch) -> None:
    lock = sound.folder.parent / "requirements.lock"
    text = Path(machine.LOCK).read_text("utf-8")
    lock.write_text(re.sub(r"^jinja2==\S+", "jinja2==99.1", text, flags=re.MULTILINE) + "\n", "utf-8")
    patch.setattr(machine, "LOCK", str(lock))


def no_room(sound: Installation, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(premises, "LEAST_FREE", shutil.disk_usage(sound.folder).total + (1 << 30))


def file_for_a_folder(sound: Installation, patch: pytest.MonkeyPatch) -> None:
    (sound.folder / "uploads").write_bytes(b"")


def no_folder(sound: Installation, patch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(sound.folder)


def half_a_population(sound: Installation, patch: pytest.MonkeyPatch) -> None:
    (sound.folder / "population-unfinished").touch()


def only_here(sound: Installation, patch: pytest.MonkeyPatch) -> dict[str, str]:
    return {"BASE_URL": "http://127.0.0.1:5000"}


def dead_clock(sound: Installation, patch: pytest.MonkeyPatch) -> None:
    at = datetime(2026, 9, 1, 0, 5, tzinfo=UTC).timestamp()
    os.utime(sound.folder / "jobs/clock-alive", (at, at))


def no_clock(sound: Installation, patch: pytest.MonkeyPatch) -> None:
    (sound.folder / "jobs/clock-alive").unlink()


def cut_tail(sound: Installation, patch: pytest.MonkeyPatch) -> None:
    [(seq, mac)] = sound.sql("SELECT seq, mac FROM audit_heads")
    (sound.folder / "anchors.csv").write_text(f"day,seq,mac\n2026-09-01,{seq},{mac}\n")
    (sound.folder / "anchors.csv").chmod(0o600)
    sound.sql(f"DELETE FROM audit_events WHERE seq = {seq}")
    sound.sql("UPDATE audit_heads SET (seq, mac) = (SELECT seq, mac FROM audit_events ORDER BY seq DESC LIMIT 1)")


DAMAGED = (
    "数据库文件 {folder}/portal.db 已损坏：请停止服务，把它移到别处留存，再运行 python3 -m portal restore 备份文件"
)
CHMOD = "这台服务器的其他用户可以读取"

BROKEN: list[tuple[Break, str, str]] = [
    (no_folder, "数据文件夹", "数据文件夹 {folder} 不存在：请核对 PORTAL_INSTANCE，或从备份恢复"),
    (
        no_keys, "密钥",
        "找不到密钥文件 {folder}/keys.json：请放回另外保存的密钥文件。"
        "没有它，身份证号、手机号等加密内容再也读不出来",
    ),
    (
        others_keys, "密钥",
        "密钥文件 {folder}/keys.json 不是这个数据库的（或日志末尾被改动）："
        "请放回本系统的密钥文件，再运行 python3 -m portal audit verify",
    ),
    (torn_keys, "密钥", "{folder}/keys.json：密钥文件无法读取，请用备份的密钥文件恢复"),
    (open_keys, "密钥", CHMOD + "密钥文件 {folder}/keys.json：请运行 chmod 600 {folder}/keys.json"),
    (open_database, "数据文件夹", CHMOD + " {folder}/portal.db：请运行 chmod go-rwx {folder}/portal.db"),
    (
        no_database, "数据库",
        "数据库文件 {folder}/portal.db 不存在：原来有数据的，请核对 PORTAL_INSTANCE 或从备份恢复；"
        "新安装的请运行 python3 -m portal run",
    ),
    (overwritten_database, "数据库", DAMAGED),
    (torn_database, "数据库", DAMAGED),
    (lost_row, "数据库完整性", DAMAGED),
    (
        old_database, "数据库版本",
        "数据库是旧版本（0003，程序需要 {head}）：请先备份，再运行 python3 -m portal run，会自动升级",
    ),
    (newer_database, "数据库版本", "数据库（9999）比程序（{head}）新：请把程序更新到与数据库相同或更新的版本"),
    (empty_database, "数据库版本", "数据库是空的，还没有建立表：请运行 python3 -m portal run"),
    (
        no_fonts, "中文字体",
        "缺少中文字体 fonts-meiyou，打印时汉字会变成方框。请运行：sudo apt-get install -y fonts-meiyou",
    ),
    (no_library, "系统软件", "缺少系统软件 libmeiyou9，不能打印。请运行：sudo apt-get install -y libmeiyou9"),
    (
        other_packages, "程序库",
        "程序库与 requirements.lock 不一致：jinja2（应为 99.1，现在{jinja}）。"
        "请删除 instance/venv 文件夹后运行 python3 -m portal run，会重新安装",
    ),
    (no_room, "磁盘空间", "磁盘只剩 {free}，少于 {least}，随时可能不能保存：请清理磁盘，或把旧的备份移到别处"),
    (
        file_for_a_folder, "数据文件夹",
        "{folder}/uploads 应是文件夹，现在是文件：请移走它，需要时从备份恢复这个文件夹",
    ),
    (
        half_a_population, "未完成的操作",
        "上次建立虚构数据时被中断，数据库里只有一半：请运行 python3 -m portal run，会先清除再重建",
    ),
    (
        only_here, "对外网址",
        "对外网址是 http://127.0.0.1:5000，只有服务器本机打得开，别人扫二维码打不开："
        "请在 {folder}/portal.cfg 里写 BASE_URL=大家访问的网址，然后重新启动",
    ),
    (
        dead_clock, "定时任务",
        "定时任务没有运行，最后一次是 2026-09-01 08:05：请运行 python3 -m portal run；"
        "用多个网页进程时另外运行 python3 -m portal worker",
    ),
    (
        no_clock, "定时任务",
        "定时任务没有运行：请运行 python3 -m portal run；用多个网页进程时另外运行 python3 -m portal worker",
    ),
    (
        cut_tail, "日志锚点",
        "日志末尾被截去：2026-09-01 的锚点记载到第 5 条，现在只有 4 条。请保留现场，用最近的备份核对",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("harm", "name", "sentence"), BROKEN, ids=[harm.__name__ for harm, _, _ in BROKEN])
def test_what_is_broken_is_named_first_with_the_way_out(
    sound: Installation, monkeypatch: pytest.MonkeyPatch, harm: Break, name: str, sentence: str
) -> None:
    more = harm(sound, monkeypatch) or {}

    found = wrong(sound, **more)

    expected = sentence.format(
        folder=sound.folder,
        head=checks.migrations()[0],
        jinja=premises.metadata.version("jinja2"),
        least=premises.shown_size(premises.LEAST_FREE),
        free=re.findall(r"只剩 ([\d.]+ GB)", "".join(found) + "只剩 0 GB")[0],
    )
    assert found[0] == f"✗ {name}：{expected}"
    # what could not be asked because of that says so; nothing else is wrong
    rest = [line for line in found[1:] if not line.endswith("没有检查，请先解决上面的问题")]
    assert [line[2:5] for line in rest] == (["数据库", "定时任"] if harm is no_folder else [])


def test_nothing_is_made_where_something_is_missing(sound: Installation) -> None:
    sound.keys.unlink()
    sound.database.unlink()
    before = sorted(path.name for path in sound.folder.iterdir())

    examine(sound.settings())

    assert sorted(path.name for path in sound.folder.iterdir()) == before


def test_a_clock_before_the_last_event_is_named(sound: Installation) -> None:
    with time_machine.travel(datetime(2020, 1, 1, tzinfo=UTC), tick=False):
        found = wrong(sound)

    assert [re.sub(r"最后一条日志（[^）]+）", "最后一条日志（…）", line) for line in found] == [
        "✗ 服务器时钟：服务器时钟（2020-01-01 08:00）比最后一条日志（…）还早：请校准时间：sudo timedatectl set-ntp true"
    ]


def test_an_address_without_encryption_is_advice(sound: Installation) -> None:
    [finding] = [one for one in examine(sound.settings(BASE_URL="http://10.1.2.3:5000")) if one.word == "address"]

    assert (finding.is_wrong, finding.is_advice) == (False, True)
    assert "请配置证书后改为 https://" in finding.sentence


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        (
            "postgresql+psycopg://nobody@127.0.0.1:1/none",
            "连不上数据库服务器 127.0.0.1:1：请检查它是否启动、地址是否正确（PORTAL_DATABASE_URI）",
        ),
        (
            "{server}/meiyou_zhege_ku",
            "数据库服务器 {place} 上没有名为 meiyou_zhege_ku 的库："
            "请核对 PORTAL_DATABASE_URI，或建立它：createdb meiyou_zhege_ku",
        ),
    ],
)
def test_a_server_that_does_not_answer_is_named(sound: Installation, uri: str, sentence: str) -> None:
    if "{server}" in uri and not POSTGRES:
        pytest.skip("no PostgreSQL server is named")
    server = POSTGRES.rsplit("/", 1)[0]
    place = server.rpartition("@")[2]

    found = wrong(sound, DATABASE_URI=uri.format(server=server))

    assert found[0] == "✗ 数据库：" + sentence.format(place=place)
    assert {line.partition("：")[2] for line in found[1:]} == {"没有检查，请先解决上面的问题"}


def test_the_command_lists_everything_and_its_code_tells(sound: Installation) -> None:
    (sound.folder / "portal.cfg").write_text("BASE_URL=https://gonghui.example.edu.cn\n")
    (sound.folder / "portal.cfg").chmod(0o600)
    well = command(sound.folder, "doctor")
    sound.keys.chmod(0o644)
    ill = command(sound.folder, "doctor")

    assert (well.returncode, well.stderr) == (0, "")
    assert well.stdout.endswith("没有发现问题\n")
    assert len(well.stdout.splitlines()) == len(checks.CHECKS) + 1
    assert ill.returncode == 1
    assert "chmod 600" in ill.stdout
    assert "个问题，请从上往下逐个解决，再运行一次" in ill.stdout
