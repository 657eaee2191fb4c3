"""Entries by operators and lists of the expected, made by the same verbs that the pages call; builders commit."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from typing import Any

import openpyxl
from PIL import Image

from portal.core.db import db
from portal.joining import entry
from portal.joining.expected import inviting, service
from portal.joining.expected.models import ExpectedList, ExpectedPerson
from portal.joining.models import Application
from portal.org.models import OrgUnit, User
from tests import factories

HEADING = ("工号", "姓名", "部门", "分工会")


def scan() -> io.BytesIO:
    """A photo of a signed sheet of paper."""
    return io.BytesIO(picture(1000, 1400, (250, 250, 245)))


@cache
def picture(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    """Return a plain picture as a JPEG file, drawn once for all tests."""
    stream = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(stream, "JPEG")
    return stream.getvalue()


def make_entry(actor: User, unit: OrgUnit, *, awaits_person: bool = False, **values: Any) -> Application:
    """Let `actor` enter an application for someone, with a scan unless it awaits her word."""
    person = factories.a_person(**values).values
    unit_id = unit.id
    db.session.commit()
    evidence = "" if awaits_person else entry.keep_scan(actor, scan())
    item = entry.enter(
        actor, unit_id, person, consented=True, sensitive_consented=True, awaits_person=awaits_person, evidence=evidence
    )
    db.session.commit()
    return item


def text(*rows: tuple[str, ...]) -> str:
    """Return rows as they come out of a sheet by copying."""
    return "\n".join("\t".join(row) for row in (HEADING, *rows))


def make_list(actor: User, unit: OrgUnit, *rows: tuple[str, ...], name: str = "2026年9月新入职") -> ExpectedList:
    """Let `actor` make a list of `unit` from rows of 工号, 姓名, 部门, 分工会."""
    typed, code = text(*rows), unit.code
    seal = service.preview(unit, typed).seal
    db.session.commit()
    roll = service.write(actor, code, typed, seal=seal, name=name)
    db.session.commit()
    return roll


def line_of(roll: ExpectedList, name: str) -> ExpectedPerson:
    """Return who is called `name` on the list."""
    return next(person for person in roll.people if person.name == name)


def invite(actor: User, roll: ExpectedList) -> dict[str, str]:
    """Let `actor` invite whoever has not applied, and return the tokens by name."""
    made = {one.person.name: one.token for one in inviting.invite(actor, roll)}
    db.session.commit()
    return made


def workbook(*rows: tuple[Any, ...], heading: tuple[str, ...] = HEADING) -> bytes:
    """Return an xlsx file with these rows."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (heading, *rows) if heading else rows:
        sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def changed(raw: bytes, part: str, content: bytes) -> bytes:
    """Return the workbook with one of its parts replaced, as a crafted file would have it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry_of in old.infolist():
            new.writestr(entry_of.filename, content if entry_of.filename == part else old.read(entry_of))
    return out.getvalue()
