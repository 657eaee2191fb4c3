"""Taking off what people did not mean to type: invisible characters, odd spaces, full-width letters."""

from __future__ import annotations

import re
import unicodedata

from portal.core.fields import Field, FieldError

_INVISIBLE = {"Cc", "Cf", "Cs"}  # controls, zero-width and direction marks, halves of broken characters
_EMPTY = {"", "请选择", "未填"}
_CHOOSES_GLYPH = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def visible(text: str, *, keep_lines: bool = False) -> str:
    """Return `text` without invisible characters, every kind of space as one plain space, trimmed.

    With `keep_lines` line breaks stay; variation selectors go too, they only choose a glyph.
    """
    if text.isprintable() and not _CHOOSES_GLYPH.search(text):  # nothing in it but letters and plain spaces
        return " ".join(text.split())
    kept = []
    for character in text.replace("\r\n", "\n").replace("\r", "\n"):
        if character == "\n" and keep_lines:
            kept.append(character)
        elif character.isspace():
            kept.append(" ")
        elif unicodedata.category(character) not in _INVISIBLE and not _CHOOSES_GLYPH.match(character):
            kept.append(character)
    lines = "".join(kept).split("\n")
    return "\n".join(" ".join(line.split()) for line in lines).strip()


def for_name(raw: object) -> str:
    """Return `raw` as a name or a sentence: NFC only, because NFKC alters rare characters."""
    return visible(unicodedata.normalize("NFC", _text(raw)))


def for_code(raw: object) -> str:
    """Return `raw` as a code or a number: NFKC, so that full-width becomes half-width."""
    return visible(unicodedata.normalize("NFKC", _text(raw)))


def is_empty(raw: object) -> bool:
    """Whether nothing was given: None, blanks, or the words that a select box shows for nothing."""
    if not isinstance(raw, str):
        return raw is None
    return (raw if raw.isalnum() else visible(raw)) in _EMPTY


def quoted(raw: object) -> str:
    """Return what was typed as a sentence may repeat it: in quotes, not too long."""
    text = for_name(raw)
    return f'"{text[:20]}…"' if len(text) > 20 else f'"{text}"'


def fit(field: Field, text: str) -> str:
    """Return `text` if it is not longer than the field holds. Raises FieldError."""
    if field.max_length is not None and len(text) > field.max_length:
        raise refusal(field, f"最多 {field.max_length} 个字，现在是 {len(text)} 个，请缩短")
    return text


def refusal(field: Field, rest: str) -> FieldError:
    """Return the error 「‹label›‹rest›」 on the field."""
    return FieldError(f"{field.label}{rest}", field=field.name)


def _text(raw: object) -> str:
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    return str(raw)
