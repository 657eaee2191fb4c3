"""Foreign files stand in the checkout as their makers published them, and each says what it is."""

import hashlib
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (ROOT / "static/vendor", ROOT / "tests/vendor")


def listed(folder: Path) -> dict[str, str]:
    entries = json.loads((folder / "vendor.json").read_text(encoding="utf-8"))
    assert [entry["name"] for entry in entries if not (entry["version"] and entry["licence"])] == []
    return {name: sha256 for entry in entries for name, sha256 in entry["files"].items()}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_every_vendored_file_is_listed_and_unchanged(folder: Path) -> None:
    files = [file for file in folder.rglob("*") if file.is_file() and file.name != "vendor.json"]

    there = {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}

    assert there == listed(folder)


def test_the_sprite_draws_each_icon_once() -> None:
    sprite = ElementTree.parse(ROOT / "static/vendor/icons.svg")  # noqa: S314 -- our own file, not a visitor's
    symbols = sprite.getroot().findall("{http://www.w3.org/2000/svg}symbol")

    names = [symbol.get("id") for symbol in symbols]

    assert len(names) == len(set(names)) > 0
    assert [symbol.get("id") for symbol in symbols if not len(symbol)] == []
