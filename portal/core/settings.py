"""Settings that the union changes by itself, on a page: one line each in the table of the room that uses them.

What is not in the database has its default. Reading costs one small query in a transaction, however many are read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from . import audit, kinds
from .actors import Actor
from .calendar import now
from .db import Base, UtcTime, db
from .enums import LabelEnum
from .errors import Conflict, DomainError, Problems
from .fields import Field
from .kinds import Kind

audit.name_acts({"setting.change": "修改系统设置"})

LONGEST = 200  # characters of a text, unless a setting says fewer
HEADINGS = (
    "本工会",
    "入会",
    "会籍变动",
    "校内转会",
    "打印",
    "人事名单比对",
    "短信",
    "工作日",
    "教代会",
)  # what settings stand under, in this order
SEEN = "settings"  # where a session keeps what its present transaction has read
CHANGED = "系统设置刚刚被他人修改，请核对下面的现值后重新保存"


class _Section(LabelEnum):
    """Fields stand under headings; the heading of a setting is its own."""

    SETTING = "setting", "系统设置"


@dataclass(frozen=True)
class Setting:
    """One line of the table of settings.

    `name` is the room and the thing, as an input may be called; `kind` one of TEXT, WEB_ADDRESS, INTEGER, BOOL.
    `default` is a value of that kind, "" for an empty text. `low` and `high` are inclusive limits of a number,
    `longest` of a text's characters. `heading` is one of HEADINGS, `hint` what it does there.
    `profile` is the only profile that shows it, "" every one; one without `is_shown` is changed by commands alone.
    """

    name: str
    label: str
    kind: Kind
    default: str | int | bool
    heading: str
    hint: str = ""
    low: int | None = None
    high: int | None = None
    longest: int = LONGEST
    profile: str = ""
    is_shown: bool = True

    @property
    def field(self) -> Field:
        """The setting as forms and kinds know it."""
        return Field(
            self.name, self.label, self.kind, _Section.SETTING, hint=self.hint, low=self.low, high=self.high,
            max_length=self.longest,
        )  # fmt: skip

    @property
    def is_text(self) -> bool:
        """Whether it may be empty."""
        return isinstance(self.default, str)


class StoredSetting(Base):
    """A setting that somebody has changed; `changed_by` is who it was, as the trace says it."""

    __tablename__ = "settings"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    text: Mapped[str] = mapped_column(String(LONGEST))
    changed_at: Mapped[datetime] = mapped_column(UtcTime)
    changed_by: Mapped[str] = mapped_column(String(100))

    @property
    def trace_label(self) -> str:
        """The setting as the trace names it."""
        return label_of(self.name) or self.name


_declared: dict[str, Setting] = {}


def declare(*settings: Setting) -> None:
    """Add the lines of a room to the table of settings."""
    _declared.update({setting.name: setting for setting in settings})


def declared(profile: str) -> list[Setting]:
    """Return the lines that `profile` shows, by their headings, under each in the order in which they were declared."""
    shown = (one for one in _declared.values() if one.is_shown and one.profile in ("", profile))
    return sorted(shown, key=lambda one: HEADINGS.index(one.heading))


def label_of(name: str) -> str:
    """Return the Chinese word of the setting `name`; "" where there is none of that name."""
    return _declared[name].label if name in _declared else ""


def value(name: str) -> Any:
    """Return what the setting `name` is now: text, number or yes (True) and no; its default if nobody changed it."""
    setting = _declared[name]
    text = _texts().get(name)
    return setting.default if text is None else _read(setting, text)


def _texts() -> dict[str, str]:
    """Return what is stored, read once in a transaction."""
    session = db.session()
    transaction, texts = session.info.get(SEEN, (None, {}))
    if transaction is None or transaction is not session.get_transaction():
        rows = session.execute(select(StoredSetting.name, StoredSetting.text))
        texts = {row.name: row.text for row in rows}
        session.info[SEEN] = session.get_transaction(), texts
    return texts


def _read(setting: Setting, text: str) -> object:
    try:
        return checked(setting.name, text)
    except DomainError:
        return setting.default  # its limits have become narrower since


def changes() -> dict[str, StoredSetting]:
    """Return by name what was ever changed, with by whom and when."""
    return {row.name: row for row in db.session.scalars(select(StoredSetting))}


def checked(name: str, typed: object) -> Any:
    """Return `typed` as a value of the setting. Raises FieldError under its name, also for an empty number."""
    setting = _declared[name]
    read = kinds.parse(setting.field, typed)
    if read is not None:
        return read
    if setting.is_text:
        return ""
    raise DomainError(kinds.missing(setting.field), field=name)


def set(actor: Actor, name: str, value: object) -> bool:
    """Change the setting `name` to `value` (as typed, or of its kind), and say whether it was another before.

    Leaves a trace with old and new. Raises DomainError with a sentence under `name`.
    """
    new = checked(name, value)
    row = db.session.scalars(select(StoredSetting).where(StoredSetting.name == name).with_for_update()).one_or_none()
    setting = _declared[name]
    old = setting.default if row is None else _read(setting, row.text)
    if new == old:
        return False
    row = row or StoredSetting(name=name)
    row.text = kinds.to_input(setting.field, new)
    row.changed_at, row.changed_by = now(), actor.label[:100]
    db.session.add(row)
    audit.record(actor, "setting.change", row, changes={name: (shown(setting, old), shown(setting, new))})
    db.session.info.pop(SEEN, None)
    return True


def change(actor: Actor, typed: dict[str, object], *, seen: str) -> list[str]:
    """Change what differs and return the labels of that; all or nothing. `seen` is the `mark` of what was looked at.

    Raises Problems with a sentence for each wrong input, Conflict if somebody has changed one since.
    """
    errors: dict[str, list[str]] = {}
    for name, one in typed.items():
        try:
            checked(name, one)
        except DomainError as error:
            errors[name] = [error.message]
    if errors:
        raise Problems(errors)
    if seen != mark(typed):
        raise Conflict(CHANGED)
    return [_declared[name].label for name, one in typed.items() if set(actor, name, one)]


def mark(names: Iterable[str]) -> str:
    """Return a word that is another one once a setting of `names` has been changed."""
    rows = changes()
    return str(max((int(rows[name].changed_at.timestamp() * 1000) for name in names if name in rows), default=0))


def shown(setting: Setting, value: object) -> str:
    """Return a value in Chinese, as page and trace show it."""
    return kinds.show(setting.field, value) or "（空）"
