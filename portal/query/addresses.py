"""The address of a query: what is asked, shown and ordered, as it stands behind the question mark."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

from flask import request, url_for

from portal.core.calendar import today
from portal.org.models import User

from . import asking, listing, values
from .asking import Sort


@dataclass(frozen=True)
class Here:
    """What the address says; empty words are left out of it."""

    q: str = ""
    columns: tuple[str, ...] = ()
    sort: str = ""
    as_of: str = ""
    per_page: int = asking.PER_PAGE

    @classmethod
    def read(cls, given: Any = None) -> Self:
        """Return what the words `given` say, those of the request's address without any."""
        words = request.args if given is None else given
        # from the address written by hand or from boxes: a,b or columns=a&columns=b
        columns = [name.strip() for text in words.getlist("columns") for name in text.split(",")]
        return cls(
            words.get("q", "").strip(),
            tuple(dict.fromkeys(name for name in columns if name)),
            words.get("sort", "").strip()[:60],
            words.get("as_of", "").strip()[:20],
            max(1, min(words.get("per_page", asking.PER_PAGE, type=int), asking.MOST_PER_PAGE)),
        )

    @property
    def shown(self) -> tuple[str, ...]:
        """The names of the columns, the usual ones where the address names none."""
        return self.columns or listing.DEFAULT

    def words(self) -> dict[str, str]:
        """Return what stands behind the question mark."""
        columns = "" if self.shown == listing.DEFAULT else ",".join(self.columns)
        per_page = "" if self.per_page == asking.PER_PAGE else str(self.per_page)
        sort = "" if self.sort == asking.DEFAULT_SORT else self.sort
        found = {"q": self.q, "columns": columns, "sort": sort, "as_of": self.as_of, "per_page": per_page}
        return {name: word for name, word in found.items() if word}

    def url(self, **changed: Any) -> str:
        """Return the address of the page with these words replaced, and page, after, before or choosing added."""
        words: dict[str, Any] = {
            name: changed.pop(name) for name in ("page", "after", "before", "choosing") if name in changed
        }
        words |= replace(self, **changed).words()
        return url_for("query.index", **words)

    def order(self, actor: User) -> Sort:
        """Return the order of the rows for the actor. Raises QueryError."""
        return Sort.read(self.sort, actor)

    def day(self) -> Any:
        """Return the day that the answer holds on. Raises DomainError for what is no day."""
        return values.day(self.as_of) if self.as_of else today()
