"""The `q` of an address: the question as JSON, or a word for one that the server keeps.

A number of a document or a mobile never stands in an address, and a list of five thousand names does not fit in one.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from urllib.parse import quote

from sqlalchemy import delete, select

from portal.core import crypto
from portal.core.calendar import now
from portal.core.db import db
from portal.core.kinds import Kind
from portal.core.kinds.operators import Operator
from portal.members import seeking
from portal.org.models import User

from .conditions import MOST_CONDITIONS, All, AnyOf, Condition, Leaf, Node, QueryError, from_text, leaves, plain
from .models import Kept

LONGEST_ADDRESS = 4000  # characters of the question as an address writes it
SECRET_FOR, KEPT_FOR = timedelta(days=1), timedelta(days=30)
SHOWN = 10
MARK = "~"
_NUMBERS = (Kind.ID_NUMBER, Kind.PHONE)
_LIKE_A_NUMBER = re.compile(r"1[3-9]\d{9}|\d{15,}")
GONE = "这个查询没有保留下来：含证件号码、手机号码的查询只保留一天，其他的保留三十天，请重新设定条件"
NOT_IN_ADDRESS = "证件号码和手机号码不能写在网址里，请在下面的条件中填写后点“执行查询”"


def is_number(leaf: Leaf) -> bool:
    """Whether the condition holds (a part of) a number that must not stand in an address."""
    if not isinstance(leaf, Condition) or leaf.value is None:
        return False
    if leaf.field.kind in _NUMBERS:
        return True
    some = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    return any(isinstance(one, str) and _LIKE_A_NUMBER.search(one) for one in some)


def written(node: Node) -> str:
    """Return the question as compact JSON."""
    return json.dumps(plain(node), ensure_ascii=False, separators=(",", ":"))


def fits_address(node: Node) -> bool:
    """Whether the question may stand in an address as it is."""
    return not any(map(is_number, leaves(node))) and len(quote(written(node))) <= LONGEST_ADDRESS


def without(word: str, node: Node, place: int) -> str:
    """Return the `q` of the question `node`, which `word` stands for, without its part at `place`.

    Where the rest has to be kept too, the word says what is left out of the question that it names.
    """
    rest = left(node, place)
    return written(rest) if fits_address(rest) else f"{word}.{place}"


def left(node: Node, place: int) -> Node:
    """Return the question without its part at `place`; without its last part it is everybody."""
    parts = node.parts if isinstance(node, All | AnyOf) else (node,)
    rest = parts[:place] + parts[place + 1 :]
    return AnyOf(rest) if rest and isinstance(node, AnyOf) else All(rest)


def word_of(actor: User, node: Node) -> str:
    """Keep the question among those the actor has asked, and return the `q` of its address."""
    text = written(node)
    _forget_old(actor)
    mark = crypto.index("question", text)
    row = db.session.scalars(select(Kept).where(Kept.user_id == actor.id, Kept.mark == mark)).one_or_none()
    if row is None:
        is_secret = any(map(is_number, leaves(node)))
        row = Kept(token=crypto.random_token(), user_id=actor.id, mark=mark, is_secret=is_secret)
        row.text = text
        db.session.add(row)
    row.asked_at = now()
    return text if fits_address(node) else f"{MARK}{row.token}"


def node_of(actor: User, word: str) -> Node:
    """Return the question behind the `q` of an address. Raises QueryError."""
    if not word.startswith(MARK):
        node = from_text(word)
        if any(map(is_number, leaves(node))):
            raise QueryError(NOT_IN_ADDRESS)
        return node
    token, *dropped = word.removeprefix(MARK).split(".")
    row = db.session.scalars(select(Kept).where(Kept.token == token, Kept.user_id == actor.id)).one_or_none()
    if row is None or row.asked_at < now() - (SECRET_FOR if row.is_secret else KEPT_FOR):
        raise QueryError(GONE)
    node = from_text(row.text)
    for place in dropped[:MOST_CONDITIONS]:
        if not (place.isascii() and place.isdigit()):
            raise QueryError(GONE)
        node = left(node, int(place[:6]))
    return node


def recent(actor: User) -> list[tuple[str, Node]]:
    """Return what the actor has asked last, the latest first, each with the `q` of its address."""
    query = select(Kept).where(Kept.user_id == actor.id).order_by(Kept.asked_at.desc(), Kept.id.desc()).limit(SHOWN)
    found = []
    for row in db.session.scalars(query):
        if row.is_secret and row.asked_at < now() - SECRET_FOR:
            continue
        try:
            node = from_text(row.text)
        except QueryError:
            continue  # names a field that is no more
        found.append((row.text if fits_address(node) else f"{MARK}{row.token}", node))
    return found


def pace(actor: User, node: Node) -> None:
    """Count the whole numbers that the question tries, as the search box does. Raises TooOften."""
    for leaf in leaves(node):
        if isinstance(leaf, Condition) and leaf.field.kind in _NUMBERS and leaf.op is Operator.EQ:
            seeking.take(actor, str(leaf.value))


def _forget_old(actor: User) -> None:
    old = (Kept.is_secret & (Kept.asked_at < now() - SECRET_FOR)) | (Kept.asked_at < now() - KEPT_FOR)
    db.session.execute(delete(Kept).where(Kept.user_id == actor.id, old))
