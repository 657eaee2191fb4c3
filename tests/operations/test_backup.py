"""Backups: whole under writes, the same elsewhere, never half a file, and each refusal a sentence."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import signal
import sqlite3
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from pathlib import Path

import pytest
from flask_migrate import downgrade

from portal.app import create_app
from portal.config import SettingProblem
from portal.core import audit, crypto, settings, uploads
from portal.core import db as database
from portal.core.actors import SHELL
from portal.core.db import db
from portal.core.errors import DomainError
from portal.operations import backup, keyring, restore, stores
from portal.operations.archive import MANIFEST, Archive, Manifest, Writer, opened
from tests.operations.conftest import Installation, Typed

Empty = Callable[[], Installation]
CHANGED_BY_A_RESTORE = {"audit_events", "audit_heads", "login_sessions", "settings"}
only_sqlite = pytest.mark.parametrize("peopled", ["sqlite"], indirect=True)


def quiet(sentence: str) -> None:
    """Say nothing."""


def back_up(place: Installation, folder: Path) -> Path:
    """Back up in this process."""
    with create_app(place.settings()).app_context():
        try:
            return backup.back_up(place.settings(), folder, say=quiet)[0]
        finally:
            db.session.remove()
            db.engine.dispose()


def put_back(place: Installation, file: Path) -> Manifest:
    """Restore in this process."""
    return restore.restore(place.settings(), file, say=quiet)


@pytest.fixture
def file(peopled: Installation, tmp_path: Path) -> Path:
    """A backup."""
    return back_up(peopled, tmp_path / "backups")


@contextmanager
def writing(place: Installation) -> Iterator[list[int]]:
    """Let somebody upload and act without pause; yields how often so far, as the length of a list."""
    app, done, stop = create_app(place.settings()), [], threading.Event()
    begun = threading.Event()

    def write() -> None:
        with app.app_context():
            database.writes()
            while not stop.is_set():
                row = uploads.keep(SHELL, os.urandom(2000), kind="photo")
                audit.record(SHELL, "joining.photo", row)
                db.session.commit()
                done.append(row.id)
                begun.set()
            db.session.remove()
            db.engine.dispose()

    thread = threading.Thread(target=Context().run, args=(write,))
    thread.start()
    assert begun.wait(30)
    try:
        yield done
    finally:
        stop.set()
        thread.join()


def test_a_backup_under_writes_is_the_same_elsewhere(peopled: Installation, empty: Empty, tmp_path: Path) -> None:
    with writing(peopled) as done:
        before = len(done)
        path = back_up(peopled, tmp_path / "backups")
        during = len(done) - before
    there = empty()
    whole = stores.store_of(peopled.settings()).tables()

    manifest = put_back(there, path)

    assert during > 0
    with create_app(there.settings()).app_context():
        database.reads()
        assert audit.verify() is None
        opened_values, problems = keyring.verify()
        restored_at = settings.value("restored_at")
        db.session.remove()
        db.engine.dispose()
    assert problems == []
    assert opened_values > 25
    assert restored_at.startswith("20")
    found = stores.store_of(there.settings()).tables()
    assert set(found) == set(manifest.tables) == set(whole)
    for name, table in manifest.tables.items():
        if name not in CHANGED_BY_A_RESTORE:
            assert found[name] == table, name
    assert found["members"] == whole["members"]
    assert before <= found["uploads"].rows <= whole["uploads"].rows
    assert {path.name for path in (there.folder / "uploads").iterdir()} == {
        name for (name,) in there.sql("SELECT path FROM uploads")
    }
    assert there.sql("SELECT count(*) FROM login_sessions") == [(0,)]
    acts = [act for (act,) in there.sql("SELECT action FROM audit_events ORDER BY id DESC LIMIT 2")]
    assert acts == ["setting.change", "system.restore"] or acts == ["system.restore", "setting.change"]
    assert ("system.backup",) in peopled.sql("SELECT action FROM audit_events WHERE action = 'system.backup'")


def test_the_digests_are_those_of_another_hand(peopled: Installation, file: Path) -> None:
    """Rows counted by plain SQL; the digest changes with one letter, and not with the order of rows."""
    with opened(file) as archive:
        tables = archive.manifest.tables

    assert all(
        [(table.rows,)] == peopled.sql(f'SELECT count(*) FROM "{name}"')
        for name, table in tables.items()
        if not name.startswith("audit_")
    )
    one, other = stores._summed([(1, "甲"), (2, None)]), stores._summed([(2, None), (1, "甲")])
    assert one == other
    assert stores._summed([(1, "乙"), (2, None)]).digest != one.digest


def test_the_keys_are_not_in_it_nor_first_passwords(peopled: Installation, file: Path) -> None:
    key = json.loads(peopled.keys.read_text())["ring"]["1"]
    with tarfile.open(file) as tar:
        content = b"".join(tar.extractfile(member).read() for member in tar.getmembers())  # type: ignore[union-attr]
        names = {member.name.split("/")[0] for member in tar.getmembers()}

    assert key.encode() not in content
    assert base64.b64decode(key) not in content
    assert names <= {"anchors.csv", "database.dump", "database.sqlite3.gz", "manifest.json", "portal.cfg", "uploads"}
    assert file.stat().st_mode & 0o077 == 0


def test_settings_come_along_beside(peopled: Installation, empty: Empty, tmp_path: Path) -> None:
    (peopled.folder / "portal.cfg").write_text("# 对外网址\nBASE_URL=https://gonghui.example.edu.cn\n")
    try:
        path = back_up(peopled, tmp_path / "backups")
    finally:
        (peopled.folder / "portal.cfg").unlink()
    there = empty()
    put_back(there, path)

    assert "BASE_URL" in (there.folder / "portal.cfg.restored").read_text()
    assert not (there.folder / "portal.cfg").exists()


@only_sqlite
def test_an_older_backup_is_brought_up_to_date(peopled: Installation, empty: Empty, tmp_path: Path) -> None:
    older = Installation(tmp_path / "older")
    shutil.copytree(peopled.folder, older.folder)
    with create_app(older.settings()).app_context():
        downgrade(revision="-1")
        db.session.remove()
        db.engine.dispose()
    path = back_up(older, tmp_path / "backups")
    there = empty()

    manifest = put_back(there, path)

    newest = restore.checks.migrations()[0]
    assert int(manifest.migration) == int(newest) - 1
    assert there.sql("SELECT version_num FROM alembic_version") == [(newest,)]


# --- broken off -------------------------------------------------------------------------------------------------------


def in_a_child(act: Callable[[], object]) -> int:
    """Do `act` in a process forked from this one; return its exit code, negative for the signal that killed it."""
    child = os.fork()
    if child == 0:
        try:
            Context().run(act)
        except BaseException as error:
            os.write(2, repr(error).encode())
            os._exit(3)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def die(*_: object, **__: object) -> None:
    """End at once."""
    os.kill(os.getpid(), signal.SIGKILL)


def dying(module: object, name: str, *, after: bool = False, times: int = 1) -> Callable[[], None]:
    """Return what makes this process die when it comes to `name` for the n-th time, before or after doing it."""

    def prepare() -> None:
        real, left = getattr(module, name), [times]

        def instead(*given: object, **named: object) -> object:
            left[0] -= 1
            if left[0] == 0 and not after:
                die()
            answer = real(*given, **named)
            if left[0] == 0:
                die()
            return answer

        setattr(module, name, instead)

    return prepare


BACKING_UP = {
    "before the snapshot": dying(stores.Sqlite, "take"),
    "after the snapshot": dying(stores.Sqlite, "take", after=True),
    "between the parts": dying(Writer, "add", times=3),
    "before the manifest": dying(Writer, "close"),
    "before the check": dying(backup, "_check"),
    "before the name": dying(Writer, "finish"),
}


@only_sqlite
@pytest.mark.parametrize("step", BACKING_UP)
def test_a_backup_that_is_killed_leaves_no_half_file(peopled: Installation, tmp_path: Path, step: str) -> None:
    folder = tmp_path / "backups"

    def be_killed() -> None:
        BACKING_UP[step]()
        back_up(peopled, folder)

    ended = in_a_child(be_killed)
    left = list(folder.glob("*.tar"))
    path = back_up(peopled, folder)

    assert ended == -signal.SIGKILL
    assert left == []
    assert sorted(one.name for one in folder.iterdir()) == [".portal-lock", path.name]


RESTORING = {
    "before the mark": dying(restore, "_place", times=1),
    "with the mark alone": dying(restore, "_put"),
    "among the uploads": dying(Archive, "extract", times=5),
    "before the database": dying(stores.Sqlite, "put"),
    "after the database": dying(stores.Sqlite, "put", after=True),
    "before it begins again": dying(restore, "_begin_again"),
    "before its trace": dying(restore.audit, "record"),
    "before the mark goes": dying(restore.anchors, "drop"),
}


@only_sqlite
@pytest.mark.parametrize("step", RESTORING)
def test_a_restore_that_is_killed_is_never_taken_for_whole(
    peopled: Installation, empty: Empty, file: Path, step: str
) -> None:
    there = empty()

    def be_killed() -> None:
        RESTORING[step]()
        put_back(there, file)

    ended = in_a_child(be_killed)
    if step == "before the mark":
        assert not there.database.exists()
    else:
        with pytest.raises(SettingProblem, match="上次恢复备份时被中断"):
            create_app(there.settings())
    manifest = put_back(there, file)

    assert ended == -signal.SIGKILL
    assert stores.store_of(there.settings()).tables()["members"] == manifest.tables["members"]
    assert there.sql("SELECT count(*) FROM audit_events WHERE action = 'system.restore'") == [(1,)]
    assert not [one.name for one in there.folder.iterdir() if "restor" in one.name]


@only_sqlite
def test_a_broken_off_restore_does_not_clear_another_database(peopled: Installation, empty: Empty, file: Path) -> None:
    there, other = empty(), empty()
    there.settings().restoring_path.write_text(f"sqlite:///{other.database}")
    there.sql("CREATE TABLE precious (id INTEGER)")

    with pytest.raises(DomainError, match="上次恢复到另一个数据库时被中断"):
        put_back(there, file)

    assert there.sql("SELECT count(*) FROM precious") == [(0,)]


# --- refused ----------------------------------------------------------------------------------------------------------


def refused(place: Installation, file: Path) -> str:
    """Return why; nothing may have been written."""
    before = sorted(path.name for path in place.folder.rglob("*"))
    with pytest.raises((DomainError, crypto.KeyProblem)) as caught:
        put_back(place, file)
    assert sorted(path.name for path in place.folder.rglob("*")) == before
    return getattr(caught.value, "message", str(caught.value))


def test_a_place_that_is_not_empty_is_named_with_the_way_out(peopled: Installation, empty: Empty, file: Path) -> None:
    there = empty()
    put_back(there, file)

    sentence = refused(there, file)

    assert "里已有数据，恢复只能放进空的数据库" in sentence
    assert ("mv " if not there.database_uri else "createdb ") in sentence
    assert there.sql("SELECT count(*) FROM members") == [(25,)]


def test_uploads_of_somebody_else_are_not_overwritten(empty: Empty, file: Path) -> None:
    there = empty()
    (there.folder / "uploads").mkdir()
    (there.folder / "uploads" / "letter").write_text("亲爱的")

    assert "uploads 里已有文件：请先把它移走（mv " in refused(there, file)


def test_without_the_keys_it_says_where_they_belong(empty: Empty, file: Path) -> None:
    there = empty()
    there.keys.unlink()
    without = refused(there, file)
    crypto.store_keys(there.keys, crypto.Keys.fresh())
    with_others = refused(there, file)

    assert without.startswith(f"恢复之前请先把另外保存的密钥文件放到 {there.keys}")
    assert with_others == f"密钥文件 {there.keys} 不是这份备份的：请放入备份当时所用的密钥文件"


def rewritten(file: Path, **changes: object) -> None:
    """Change the manifest of a backup."""
    with tarfile.open(file) as tar:
        members = {one.name: tar.extractfile(one).read() for one in tar.getmembers()}  # type: ignore[union-attr]
    members[MANIFEST] = json.dumps(json.loads(members[MANIFEST]) | changes).encode()
    with tarfile.open(file, "w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


@only_sqlite
@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda file: file.unlink(), "找不到备份文件 {file}：请核对文件名"),
        (lambda file: file.write_bytes(b"PK\x03\x04 a spreadsheet" * 99), "{file} 不是本系统的备份文件，或没有写完"),
        (lambda file: file.write_bytes(b""), "{file} 不是本系统的备份文件，或没有写完"),
        (lambda file: os.truncate(file, file.stat().st_size // 2), "{file} 不是本系统的备份文件，或没有写完"),
        (lambda file: os.truncate(file, file.stat().st_size - 20_000), "{file} 不是本系统的备份文件，或没有写完"),
        (lambda file: flip(file, "database.sqlite3.gz"), "备份 {file} 中的 database.sqlite3.gz 已损坏（校验和不符）"),
        (lambda file: flip(file, "uploads/"), "备份 {file} 中的 uploads/"),
        (lambda file: rewritten(file, migration="9999"), "这份备份来自更新的程序（0.2，数据库 9999，本程序 "),
        (lambda file: rewritten(file, format=7), "{file} 不是本系统的备份文件，或没有写完"),
        (lambda file: rewritten(file, database="postgresql"), "这份备份来自 PostgreSQL，而 PORTAL_DATABASE_URI 是 "),
        (lambda file: smuggle(file), "{file} 不是本系统的备份文件，或没有写完"),
        (lambda file: emptied(file), "备份中的数据与它的清单不符：请换一份备份"),
    ],
)  # fmt: skip
def test_a_damaged_backup_is_refused_and_nothing_written(
    empty: Empty, file: Path, harm: Callable[[Path], object], sentence: str
) -> None:
    harm(file)

    assert refused(empty(), file).startswith(sentence.format(file=file))


def flip(file: Path, beginning: str) -> None:
    """Change one byte in the middle of a part."""
    with tarfile.open(file) as tar:
        member = next(one for one in tar.getmembers() if one.name.startswith(beginning))
    with file.open("r+b") as stream:
        stream.seek(member.offset_data + member.size // 2)
        byte = stream.read(1)
        stream.seek(-1, os.SEEK_CUR)
        stream.write(bytes((byte[0] ^ 255,)))


def smuggle(file: Path) -> None:
    """Add a member that would be written outside."""
    parts = json.loads(_member(file, MANIFEST))["parts"]
    rewritten(file, parts=parts | {"../../keys.json": {"size": 0, "sha256": "0"}})


def emptied(file: Path) -> None:
    """Take a row out of the database in a backup, with right sums."""
    packed = _member(file, "database.sqlite3.gz")
    copy = file.with_name("copy.db")
    copy.write_bytes(gzip.decompress(packed))
    connection = sqlite3.connect(copy)
    connection.execute("DELETE FROM audit_heads")
    connection.commit()
    connection.close()
    content = gzip.compress(copy.read_bytes())
    copy.unlink()
    parts = json.loads(_member(file, MANIFEST))["parts"]
    parts["database.sqlite3.gz"] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    with tarfile.open(file) as tar:
        members = {one.name: tar.extractfile(one).read() for one in tar.getmembers()}  # type: ignore[union-attr]
    members["database.sqlite3.gz"] = content
    members[MANIFEST] = json.dumps(json.loads(members[MANIFEST]) | {"parts": parts}).encode()
    with tarfile.open(file, "w") as tar:
        for name, one in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(one)
            tar.addfile(info, io.BytesIO(one))


def _member(file: Path, name: str) -> bytes:
    with tarfile.open(file) as tar:
        return tar.extractfile(name).read()  # type: ignore[union-attr]


@only_sqlite
def test_a_backup_needs_room_a_folder_and_to_be_alone(
    peopled: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "letter").write_text("亲爱的")
    sentences = []
    with create_app(peopled.settings()).app_context():
        for folder, spare in ((tmp_path / "letter", 0), (tmp_path / "small", 1 << 60)):
            monkeypatch.setattr(backup, "SPARE", spare)
            with pytest.raises(DomainError) as caught:
                backup.back_up(peopled.settings(), folder, say=quiet)
            sentences.append(caught.value.message)
        with backup._alone(tmp_path / "busy"), pytest.raises(DomainError) as caught:
            backup.back_up(peopled.settings(), tmp_path / "busy", say=quiet)
        sentences.append(caught.value.message)

    assert sentences[0] == f"不能写入 {tmp_path / 'letter'}：请检查它是否是文件夹、是否可写"
    assert "备份需要约" in sentences[1]
    assert sentences[2] == f"另一个备份正在写入 {tmp_path / 'busy'}，请等它完成"
    assert [one.name for one in (tmp_path / "small").iterdir()] == [".portal-lock"]


@pytest.mark.parametrize("peopled", ["postgresql"], indirect=True)
def test_a_missing_program_is_named_with_its_package(
    peopled: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not peopled.database_uri:
        pytest.skip("no PostgreSQL server is named")
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(DomainError, match="缺少程序 pg_dump，请先运行：sudo apt-get install -y postgresql-client"):
        back_up(peopled, tmp_path / "backups")


# --- as a person types it ---------------------------------------------------------------------------------------------


def test_the_commands_say_what_they_did_and_a_lost_file_is_told(
    peopled: Installation, empty: Empty, tmp_path: Path, typed: Typed
) -> None:
    made = typed(peopled, "backup", str(tmp_path / "backups"))
    there = empty()
    put = typed(there, "restore", made.out.strip())
    state = typed(there, "keys", "status")
    whole = typed(there, "keys", "verify")
    [(lost,)] = there.sql("SELECT path FROM uploads ORDER BY id LIMIT 1")
    (there.folder / "uploads" / str(lost)).unlink()
    again = typed(there, "backup", str(tmp_path / "again"))
    keys = typed(there, "keys", "verify")
    trace = typed(there, "audit", "verify")

    assert (made.code, put.code, put.out, state.code, whole.code) == (0, 0, "", 0, 0)
    assert "里面没有密钥，请把" in made.err
    assert "会员 25 人，数据与备份逐表核对一致。所有人须重新登录" in put.err
    assert "第 1 号密钥：正在使用，加密了" in state.out
    assert re.fullmatch(r"\d+ 项加密内容都能读出\n", whole.out)
    assert again.code == 1
    assert "1 个上传文件已丢失或损坏" in again.err
    assert keys.code == 1
    assert f"号上传的文件（{lost}）不见了\n1 项无法读出，请用备份核对\n" in keys.out
    assert (trace.code, trace.out) == (0, "日志完整，未发现改动\n")
