"""What a carrier charges for: 70 in one message, 67 in each part of a longer one."""

import pytest

from portal.messaging.segments import segments


@pytest.mark.parametrize(
    ("text", "signature", "parts"),
    [
        ("", "", 1),
        ("节" * 70, "", 1),
        ("节" * 71, "", 2),
        ("a" * 71, "", 2),
        ("节" * 134, "", 2),
        ("节" * 135, "", 3),
        ("节" * 65, "校工会", 1),  # 【校工会】 is five
        ("节" * 66, "校工", 1),
        ("节" * 67, "校工", 2),
        ("😀" * 35, "", 1),
        ("😀" * 36, "", 2),
        ("𠮷" + "节" * 69, "", 2),  # a character outside the basic plane is two units
    ],
)
def test_parts_are_counted_in_utf_16_with_the_signature(text: str, signature: str, parts: int) -> None:
    assert segments(text, signature) == parts
