"""How long a person takes: counted from what is really typed, tapped and clicked, never slept.

The pace is that of somebody who is used to the machine but in no hurry. A key takes as long as the average of 37,000
people on phones (36 words a minute: Palin and others, 2019), or of 168,000 on keyboards (52: Dhakal and others, 2018);
Chinese is typed by its pinyin, with one key to choose each two characters. Looking for the next input and tapping it
are the mental step and the pointing of the keystroke-level model (Card, Moran and Newell, 1980), with a mouse the way
of the mouse. What has to be read is read word by word, at 500 characters a minute.
"""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, Page
from pypinyin import lazy_pinyin

KEY = 60 / (36 * 5)  # seconds
KEY_ON_DESK = 60 / (52 * 5)
NEXT = 1.35 + 0.4  # to look for the next input, and to tap it
BY_MOUSE = 1.35 + 1.1 + 0.2  # likewise with the mouse's way and its click
CHOOSE = 2.5  # in a list that has opened: find it and tap it
DAY = 5.0  # to turn the wheels of a day or a month
PICTURE = 12.0  # to find one's portrait among the pictures, or a file among the files
READ = 60 / 500  # a character
PHONE = 600  # px: whoever has less taps


def keys_for(text: str) -> int:
    """Return how many keys it takes to type `text`: characters as they are, Chinese by its pinyin."""
    chinese = re.findall("[一-鿿]", text)
    return len(text) - len(chinese) + sum(map(len, lazy_pinyin(chinese))) + -(-len(chinese) // 2)


def reading(text: str) -> float:
    """Return the seconds it takes to read `text` word by word."""
    return READ * len(re.sub(r"\s", "", text))


class Hand:
    """A person at a phone or a desk: does what she does, and counts the seconds."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.is_phone = (page.viewport_size or {"width": 1280})["width"] < PHONE
        self.next, self.key = (NEXT, KEY) if self.is_phone else (BY_MOUSE, KEY_ON_DESK)
        self.seconds = 0.0
        self.keys = 0
        self.taps = 0

    def reads(self, text: Locator) -> None:
        """Read a paragraph, or several."""
        self.seconds += sum(map(reading, text.all_inner_texts()))

    def tap(self, one: Locator) -> None:
        """Find something and tap or click it."""
        if self.is_phone:
            one.tap()
        else:
            one.click()
        self.taps += 1
        self.seconds += self.next

    def type(self, one: Locator, text: str) -> None:
        """Find an input and type into it; what stood there goes."""
        self.tap(one)
        if one.input_value():
            one.press("Control+a")
        self.page.keyboard.insert_text(text)
        self.press_keys(text)

    def press_keys(self, text: str) -> None:
        """Count the keys of a text that is typed somewhere else, such as an address."""
        keys = keys_for(text)
        self.keys += keys
        self.seconds += self.key * keys

    def give(self, one: Locator, file: Path) -> None:
        """Choose a file; the window of the system's own files opens."""
        one.set_input_files(file)
        self.seconds += self.next + PICTURE

    def choose(self, one: Locator, value: str) -> None:
        """Choose in a list, which opens as the system's own, unless it stands there already."""
        self.seconds += self.next
        if one.input_value() != value:
            one.select_option(value)
            self.seconds += CHOOSE

    def answer(self, name: str, value: object) -> None:
        """Give the input `name` its value, as its kind is given one on a phone."""
        one = self.page.locator(f'main [name="{name}"]')
        if isinstance(value, list):
            for choice in value:
                self.tap(self.page.locator(f'main [name="{name}"][value="{choice}"]'))
        elif value is True:
            self.tap(one)
        elif isinstance(value, Path):
            self.give(one, value)
        elif one.evaluate("one => one.tagName") == "SELECT":
            self.choose(one, str(value))
        elif one.get_attribute("type") in ("date", "month"):
            one.fill(str(value))  # the phone's own wheels
            self.seconds += self.next + DAY
        else:
            self.type(one, str(value))
