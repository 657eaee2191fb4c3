"""Joining PDFs of any number into one as they come: only the one at hand is in memory, and what is done is written."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Protocol

from pypdf import PdfReader
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    Fit,
    IndirectObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

# parts of a PDF that the joined one has of its own
OWN = ("/Catalog", "/Pages", "/Outlines", "/XRef", "/ObjStm")


class Sink(Protocol):
    """Where the joined PDF is written to."""

    def write(self, plain: bytes, /) -> int:
        """Take the next bytes."""


class _Numbered:
    """Writes objects and remembers where each begins (ISO 32000-1, 7.5)."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.place = 0
        self.begins: list[int] = [0]  # by number; 0 is never used

    def write(self, plain: bytes) -> None:
        self.sink.write(plain)
        self.place += len(plain)

    def reserve(self, count: int = 1) -> int:
        """Return the first of `count` new numbers."""
        self.begins += [0] * count
        return len(self.begins) - count

    def put(self, number: int, thing: Any) -> None:
        self.begins[number] = self.place
        text = io.BytesIO()
        thing.write_to_stream(text)
        self.write(b"%d 0 obj\n%s\nendobj\n" % (number, text.getvalue()))


def _name(pairs: dict[str, Any]) -> DictionaryObject:
    return DictionaryObject({NameObject(name): value for name, value in pairs.items()})


def _reference(number: int) -> IndirectObject:
    return IndirectObject(number, 0, None)


class Joiner:
    """Joins PDFs in the order they are added; `finish` writes the end, without which it is no PDF."""

    def __init__(self, sink: Sink) -> None:
        self._out = _Numbered(sink)
        self._out.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        self._root = self._out.reserve()
        self._groups: list[tuple[int, int]] = []  # page tree node, and its pages
        self._bookmarks: list[tuple[str, int]] = []  # title, and the object of its page
        self.pages = 0

    def add(self, pdf: bytes, bookmarks: Sequence[tuple[str, int]] = ()) -> None:
        """Add the pages of `pdf`, which may not be encrypted; bookmarks are a title and a page of it, from 0."""
        reader = PdfReader(io.BytesIO(pdf))
        size = int(reader.trailer["/Size"])  # type: ignore[call-overload]  # a number object
        group = self._out.reserve()
        base = self._out.reserve(size)  # what was number n is base + n now
        pages = [page.indirect_reference.idnum for page in reader.pages if page.indirect_reference is not None]
        for number in range(1, size):
            thing = reader.get_object(IndirectObject(number, 0, reader))
            if thing is None or (isinstance(thing, DictionaryObject) and thing.get("/Type") in OWN):
                continue
            moved = self._moved(thing, base)
            if number in pages:
                moved[NameObject("/Parent")] = _reference(group)
            self._out.put(base + number, moved)
        kids = ArrayObject(_reference(base + number) for number in pages)
        self._out.put(
            group,
            _name(
                {
                    "/Type": NameObject("/Pages"),
                    "/Parent": _reference(self._root),
                    "/Kids": kids,
                    "/Count": NumberObject(len(pages)),
                }
            ),
        )
        self._groups.append((group, len(pages)))
        self._bookmarks += [(title, base + pages[page]) for title, page in bookmarks]
        self.pages += len(pages)

    def _moved(self, thing: Any, base: int) -> Any:
        """Return `thing` with every reference in it moved by `base`; it was read for this and is changed in place."""
        if isinstance(thing, IndirectObject):
            return _reference(base + thing.idnum)
        if isinstance(thing, DictionaryObject):
            for name in list(thing):
                dict.__setitem__(thing, name, self._moved(dict.__getitem__(thing, name), base))
        elif isinstance(thing, ArrayObject):
            for place, one in enumerate(list.__iter__(thing)):
                list.__setitem__(thing, place, self._moved(one, base))
        return thing

    def finish(self, title: str) -> None:
        """Write the page tree, the bookmarks, the information and the table of places."""
        kids = ArrayObject(_reference(group) for group, _ in self._groups)
        self._out.put(
            self._root,
            _name({"/Type": NameObject("/Pages"), "/Kids": kids, "/Count": NumberObject(self.pages)}),
        )
        catalog, info = self._out.reserve(), self._out.reserve()
        entries = {"/Type": NameObject("/Catalog"), "/Pages": _reference(self._root)}
        if self._bookmarks:
            entries |= {"/Outlines": _reference(self._outline()), "/PageMode": NameObject("/UseOutlines")}
        self._out.put(catalog, _name(entries))
        self._out.put(info, _name({"/Title": TextStringObject(title)}))
        places = self._out.place
        rows = [b"0000000000 65535 f \n"]
        rows += [b"%010d %05d %s \n" % (at, 0 if at else 65535, b"n" if at else b"f") for at in self._out.begins[1:]]
        self._out.write(b"xref\n0 %d\n" % len(rows) + b"".join(rows))
        self._out.write(
            b"trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n"
            % (len(rows), catalog, info, places)
        )

    def _outline(self) -> int:
        outline = self._out.reserve()
        first = self._out.reserve(len(self._bookmarks))
        last = first + len(self._bookmarks) - 1
        for number, (title, page) in enumerate(self._bookmarks, first):
            item = {
                "/Title": TextStringObject(title),
                "/Parent": _reference(outline),
                "/Dest": ArrayObject([_reference(page), NameObject(Fit.fit().fit_type)]),
            }
            if number > first:
                item["/Prev"] = _reference(number - 1)
            if number < last:
                item["/Next"] = _reference(number + 1)
            self._out.put(number, _name(item))
        count = NumberObject(len(self._bookmarks))
        self._out.put(outline, _name({"/First": _reference(first), "/Last": _reference(last), "/Count": count}))
        return outline
