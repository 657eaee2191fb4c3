"""The README says in English what it says in Chinese: the same commands, settings, figures and lines to type."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from portal import cli, config

README = Path(__file__).resolve().parents[2] / "README.md"
CODE = re.compile(r"`([^`]+)`")
HEADING = re.compile(r"^(#{1,3}) (.+)$", re.MULTILINE)
BLOCK = re.compile(r"^```\n(.*?)^```", re.MULTILINE | re.DOTALL)
ONLY_CHINESE = {"词汇表"}  # the English half points to it


def halves() -> tuple[str, str]:
    """Return the Chinese and the English half."""
    chinese, english = README.read_text("utf-8").split("\n---\n")
    return chinese, english


def rows(text: str) -> list[list[str]]:
    """Return the cells of every row of a table, without the headings."""
    lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith("|---")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def first_words(text: str) -> list[str]:
    """Return the first word of the code that begins a row: a command, a setting, an operation, a word of the house."""
    return [found[1].split()[0] for row in rows(text) if row and (found := re.match(r"`([^`]+)`", row[0]))]


def test_both_halves_have_the_same_rows() -> None:
    chinese, english = map(first_words, halves())

    assert len(chinese) > 25
    assert [word for word in chinese if word in english] == english
    glossary = rows(halves()[0].split("## 词汇表")[1])
    assert set(chinese) - set(english) <= {code for row in glossary for code in CODE.findall(row[0])}


def test_both_halves_have_the_same_figures() -> None:
    def figures(text: str) -> list[list[str]]:
        return [re.findall(r"[\d.]+", " ".join(row[2:])) for row in rows(text) if len(row) == 4]

    chinese, english = map(figures, halves())

    assert sum(map(bool, chinese)) >= 4
    assert chinese == english


def test_both_halves_have_the_same_chapters() -> None:
    def levels(text: str) -> list[str]:
        return [found[1] for found in HEADING.finditer(BLOCK.sub("", text)) if found[2] not in ONLY_CHINESE]

    chinese, english = map(levels, halves())

    assert chinese == english


def test_both_halves_type_the_same() -> None:
    def typed(text: str) -> list[list[str]]:
        lines = [line.split("#")[0] for block in BLOCK.findall(text) for line in block.splitlines()]
        return [re.findall(r"[a-z-]*portal [a-z-]+|--[a-z-]+", line) for line in lines if "portal" in line]

    chinese, english = map(typed, halves())

    assert ["portal run"] in chinese
    assert chinese == english


def commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the commands of a parser by their first words."""
    found = [one.choices for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    return dict(found[0]) if found else {}


def test_every_command_and_setting_is_named() -> None:
    for half in halves():
        named = set(first_words(half))
        assert set(commands(cli.parser())) - named == set()
        assert {*config.NAMES, "INSTANCE", "VENV"} - named == set()


def test_every_option_is_named() -> None:
    options = {
        name: {word for action in command._actions for word in action.option_strings if word.startswith("--")}
        for name, command in commands(cli.parser()).items()
    }

    for half in halves():
        written = {row[0].split()[0].strip("`"): set(re.findall(r"--[a-z-]+", row[0])) for row in rows(half) if row}
        missing = {name: words - {"--help"} - written[name] for name, words in options.items()}
        assert {name: words for name, words in missing.items() if words} == {}
