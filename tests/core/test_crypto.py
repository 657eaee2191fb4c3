"""What must not leak: sealed values, indexes, keys and passwords."""

import re
import stat
from pathlib import Path

import pytest

from portal.app import create_app
from portal.config import Settings
from portal.core import crypto
from portal.core.db import db
from tests import factories


@pytest.fixture
def ring():
    """A ring of its own for the test; the next test with an app uses the common one again."""
    keys = crypto.Keys.fresh()
    crypto.use(keys)
    return keys


def test_a_sealed_value_shows_nothing_and_never_looks_the_same_twice(ring: crypto.Keys) -> None:
    plain = b"130302198506150025"

    first, second = (crypto.seal(plain, bound_to="member|id_number|x") for _ in range(2))

    assert (first[0], first[1]) == (crypto.FORMAT, ring.current)
    assert plain not in first
    assert first != second
    assert crypto.open_sealed(first, bound_to="member|id_number|x") == plain


@pytest.mark.parametrize("place", ["member|id_number|other", "member|mobile|x", "application|id_number|x"])
def test_a_sealed_value_moved_elsewhere_does_not_open(ring: crypto.Keys, place: str) -> None:
    sealed = crypto.seal(b"secret", bound_to="member|id_number|x")

    with pytest.raises(crypto.KeyProblem, match="密文与密钥不符"):
        crypto.open_sealed(sealed, bound_to=place)


@pytest.mark.parametrize("position", [2, 13, 14, -1])
def test_a_changed_byte_does_not_open(ring: crypto.Keys, position: int) -> None:
    sealed = bytearray(crypto.seal(b"secret", bound_to="here"))
    sealed[position] ^= 1

    with pytest.raises(crypto.KeyProblem, match="密文与密钥不符"):
        crypto.open_sealed(bytes(sealed), bound_to="here")


def test_indexes_are_keyed_and_apart_by_purpose(ring: crypto.Keys) -> None:
    mine = crypto.index("id_tail", "0025")

    assert mine == crypto.index("id_tail", "0025")
    assert mine != crypto.index("mobile_tail", "0025")
    crypto.use(crypto.Keys.fresh())
    assert mine != crypto.index("id_tail", "0025")


def test_keys_are_stored_for_their_owner_alone_and_read_back(tmp_path: Path) -> None:
    keys = crypto.Keys.fresh()

    crypto.store_keys(tmp_path / "keys.json", keys)

    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]
    assert crypto.keys_at(tmp_path / "keys.json") == keys
    assert crypto.keys_at(tmp_path / "none.json") is None


@pytest.mark.parametrize(
    "text", ["", "{}", '{"current": 2, "ring": {}}', '{"current": 1, "ring": {"1": "c2hvcnQ="}}', "[1]"]
)
def test_a_broken_key_file_is_a_sentence(text: str) -> None:
    with pytest.raises(crypto.KeyProblem, match="密钥文件"):
        crypto.Keys.read(text)


def test_the_start_refuses_when_the_key_is_gone_and_makes_no_new_one(
    app, tree, database_uri: str, tmp_path: Path, common_ring
) -> None:
    db.session.remove()

    with pytest.raises(crypto.KeyProblem, match="找不到密钥文件"):
        create_app(Settings(instance=tmp_path, database_uri=database_uri))

    assert not (tmp_path / "keys.json").exists()
    crypto.use(common_ring)  # a start that failed has left its own ring in this process


def test_the_start_refuses_with_the_key_of_another_house(
    app, tree, database_uri: str, tmp_path: Path, common_ring
) -> None:
    db.session.remove()
    crypto.store_keys(tmp_path / "keys.json", crypto.Keys.fresh())

    with pytest.raises(crypto.KeyProblem, match="与数据库不符"):
        create_app(Settings(instance=tmp_path, database_uri=database_uri))

    crypto.use(common_ring)  # a start that failed has left its own ring in this process


def test_passwords_are_argon2id_as_owasp_wants_them() -> None:
    stored = crypto.hash_password("梅花香自苦寒来 9")

    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert [crypto.check_password(stored, text) for text in ("梅花香自苦寒来 9", "梅花香自苦寒来")] == [True, False]
    assert crypto.check_password(None, "anything") is False
    assert crypto.check_password("not a hash", "anything") is False


def test_one_time_passwords_are_readable_and_different() -> None:
    made = {crypto.start_password() for _ in range(200)}

    assert len(made) == 200
    assert [word for word in made if not re.fullmatch(r"([a-hjkmnp-z2-9]{4}-){2}[a-hjkmnp-z2-9]{4}", word)] == []
    assert {len(crypto.random_token()) for _ in range(20)} == {22}


def test_the_factories_numbers_have_the_check_digit_of_the_standard() -> None:
    # GB 11643-1999, annex: the standard's own example
    assert factories.check_digit("11010519491231002") == "X"
    assert factories.check_digit("44052418800101001") == "4"
