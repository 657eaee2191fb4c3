"""The import as the command does it: the same reading, judging and writing, with a report instead of pages."""

from __future__ import annotations

from typing import Any

from portal.core import sheets
from portal.core.db import db, release, writes
from portal.core.errors import DomainError
from portal.core.shell import say
from portal.members.importing import committing, service, uploading
from portal.members.importing.models import WRITTEN, Verdict
from portal.members.importing.uploading import Wish
from portal.org.models import OrgUnit, User

SAID_MOST = 10  # rows that are not people, named on the screen


def bring(
    actor: User, raw: bytes, file_name: str, *, under: str = "", is_historic: bool = False, is_meant: bool = False
) -> dict[str, Any]:
    """Judge the rows of the file `raw` and return the report; where `is_meant`, write them if none is wrong.

    `under` is the code of the unit it is brought to, for someone who imports for several. Columns that nobody knows are
    left out and named. The caller commits. Raises DomainError where the file or the wish is refused.
    """
    actor_id = actor.id
    wish = Wish(_unit(actor, under).id, is_historic=is_historic)
    looked = uploading.look(actor, raw, wish, most_rows=sheets.COMMAND_ROWS, unasked=True, on_way=_say_how_far)
    for note in looked.table.notes:
        say(note)
    for column in looked.table.unknown:
        say(f"{column.letter} 列“{column.heading}”不认识，没有读取；需要时请先在网页上导入一次，核对各列")
    if looked.table.skipped:
        named = "、".join(f"第 {number} 行（{why}）" for number, why in looked.table.skipped[:SAID_MOST])
        say(f"有 {len(looked.table.skipped)} 行不是人员，没有读取：{named}")
    report = service.report(file_name, looked.judged)
    looked.judged.clear()
    wanted = sum(looked.counts[verdict.value] for verdict in WRITTEN)
    if is_meant and wanted and not looked.counts[Verdict.ERROR.value]:
        release()
        writes()
        actor = db.session.get_one(User, actor_id)
        item = uploading.keep(actor, raw, file_name, wish, looked)
        committing.write(actor, item.id, seen=wanted)
        say(f"已导入 {wanted} 行；24 小时内可以在网页的“会员导入”中撤销")
    elif is_meant:
        say("有行需要修改，没有导入任何一行" if wanted else "没有可以写入的行")
    return report


def _say_how_far(count: int) -> None:
    if count % 10_000 == 0:
        say(f"已核对 {count} 行……")


def _unit(actor: User, code: str) -> OrgUnit:
    places = uploading.places(actor)
    if not places:
        raise DomainError(f"{actor.label}没有导入会员的权限，请核对 --as")
    if not code and len(places) > 1:
        raise DomainError(f"请用 --under 写明导入到哪个单位：{'、'.join(unit.code for unit in places)}")
    for unit in places:
        if code in ("", unit.code):
            return unit
    raise DomainError(f"不能导入到代码为 {code} 的单位，可选：{'、'.join(unit.code for unit in places)}")
