"""Restore a backup into an empty installation: everything is checked first, then put in place, then checked again.

While it is under way a mark stands in the folder; what lies there with it is only half of something, and the next
restore begins by removing it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from flask_migrate import upgrade
from sqlalchemy import delete, make_url

from portal.app import create_app
from portal.config import Settings
from portal.core import anchors, audit, crypto, settings
from portal.core import db as database
from portal.core.actors import SHELL
from portal.core.calendar import now
from portal.core.db import db
from portal.core.errors import DomainError
from portal.org.models import LoginSession
from portal.system import checks

from .archive import Archive, Manifest, opened, sync_folder
from .backup import key_word, rows_in
from .stores import Store, store_of

audit.name_acts({"system.restore": "恢复备份"})

RESTORED_FILE = "portal.cfg.restored"
KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
NO_KEYS = (
    "恢复之前请先把另外保存的密钥文件放到 {path}（只有属主可读：chmod 600）。备份里没有密钥；"
    "没有它，身份证号、手机号等加密内容读不出来"
)

Say = Callable[[str], None]


def restore(config: Settings, file: Path, *, say: Say) -> Manifest:
    """Put the backup `file` into the empty installation of `config` and return what was in it; leaves a trace.

    Everybody has to sign in anew, and outboxes that stood in the backup are older than the setting `restored_at`.
    Raises DomainError, having changed nothing, where the backup, the keys or the place is not right.
    """
    store = store_of(config)
    with opened(file) as archive:
        _refuse(config, store, archive)
        _clear(config, store)
        say("正在核对备份……")
        config.instance.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = config.instance / f"{store.part}.restoring"
        rows = {name: table.rows for name, table in archive.manifest.tables.items()}
        for name in archive.uploads:
            archive.check(name)
        if rows_in(archive, store, aside) != rows:
            raise DomainError("备份中的数据与它的清单不符：请换一份备份")
        config.restoring_path.write_text(_place(config), "utf-8")
        sync_folder(config.instance)
        say("正在恢复……")
        _put(config, store, archive, aside)
    if store.tables() != archive.manifest.tables:
        raise DomainError("恢复后的数据与备份不符，没有启用：请检查磁盘后再运行一次恢复")
    _begin_again(config, file, archive.manifest)
    return archive.manifest


def _refuse(config: Settings, store: Store, archive: Archive) -> None:
    manifest = archive.manifest
    if manifest.database != store.kind:
        raise DomainError(
            f"这份备份来自 {KINDS[manifest.database]}，而 PORTAL_DATABASE_URI 是 {KINDS[store.kind]}："
            "请改成同一种数据库再恢复"
        )
    newest, known = checks.migrations()
    if manifest.migration not in known:
        raise DomainError(
            f"这份备份来自更新的程序（{manifest.version}，数据库 {manifest.migration}，本程序 {newest}）："
            "请先更新程序再恢复"
        )
    keys = crypto.keys_at(config.keys_path)
    if keys is None:
        raise DomainError(NO_KEYS.format(path=config.keys_path))
    crypto.use(keys)
    if key_word() != manifest.key:
        raise DomainError(f"密钥文件 {config.keys_path} 不是这份备份的：请放入备份当时所用的密钥文件")
    if config.restoring_path.exists():
        if config.restoring_path.read_text("utf-8") != _place(config):
            raise DomainError("上次恢复到另一个数据库时被中断：请把 PORTAL_DATABASE_URI 改回那时的值，再运行一次恢复")
        return
    store.refuse_full()
    uploads = config.uploads_path
    if uploads.exists() and any(uploads.iterdir()):
        raise DomainError(f"{uploads} 里已有文件：请先把它移走（mv {uploads} {uploads}.old），再运行一次恢复")


def _place(config: Settings) -> str:
    return make_url(config.database_uri).render_as_string()  # without the password


def _clear(config: Settings, store: Store) -> None:
    """Remove what a restore that was broken off has put in place."""
    if config.restoring_path.exists():
        shutil.rmtree(config.uploads_path, ignore_errors=True)
        store.clear()
    for left in config.instance.glob("*.restoring*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def _put(config: Settings, store: Store, archive: Archive, aside: Path) -> None:
    names = list(archive.uploads)
    if names:
        uploads = config.instance / "uploads.restoring"
        uploads.mkdir(mode=0o700)
        for name in names:
            archive.extract(name, uploads / name.removeprefix("uploads/"))
        sync_folder(uploads)
        if config.uploads_path.exists():
            config.uploads_path.rmdir()  # it is empty
        uploads.replace(config.uploads_path)
    if "anchors.csv" in archive.manifest.parts:
        if config.anchors_path.exists():  # of what stood here before
            config.anchors_path.replace(config.anchors_path.with_name("anchors.csv.old"))
        archive.extract("anchors.csv", config.anchors_path)
    if "portal.cfg" in archive.manifest.parts:
        archive.extract("portal.cfg", config.instance / RESTORED_FILE)
    archive.extract(store.part, aside)
    try:
        store.put(aside)
    finally:
        aside.unlink(missing_ok=True)
    sync_folder(config.instance)


def _begin_again(config: Settings, file: Path, manifest: Manifest) -> None:
    """Bring the tables up to date, end all sessions, write down from when on the outboxes count, and trace it."""
    app = create_app(config, restoring=True)
    with app.app_context():
        upgrade()
        db.session.remove()
        database.writes()
        db.session.execute(delete(LoginSession))
        settings.set(SHELL, "restored_at", now().isoformat(timespec="seconds"))
        details = {"file": file.name, "on": manifest.made_at, "members": manifest.tables["members"].rows}
        audit.record(SHELL, "system.restore", details=details)
        db.session.commit()
        database.reads()
        if problem := audit.verify():
            raise DomainError(f"恢复后的日志不完整：{problem}")
        anchors.drop()
        db.session.remove()
        db.engine.dispose()
    config.restoring_path.unlink()
