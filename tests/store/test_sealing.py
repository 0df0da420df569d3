from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeall.errors import UsageError
from edgeall.store import sealing
from edgeall.store.sealing import Header, NotWholeError, read_passphrase

HEADER, SEAL = sealing.begin(b"correct horse")
CONTENT = st.binary(max_size=300)
NAMES = st.text(st.characters(exclude_categories=("Cs",)), max_size=70)


@given(NAMES, CONTENT)
def test_what_was_sealed_comes_back(name, content):
    sealed = SEAL.seal(name, content)
    assert len(sealed) == len(content) + sealing.OVERHEAD
    assert SEAL.open(name, sealed) == content
    assert len(content) < 8 or content not in sealed


@given(CONTENT, st.data())
def test_a_flipped_bit_is_refused(content, data):
    sealed = bytearray(SEAL.seal("name", content))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(NotWholeError):
        SEAL.open("name", bytes(sealed))


@given(CONTENT, st.data())
def test_what_was_cut_short_or_lengthened_is_refused(content, data):
    sealed = SEAL.seal("name", content)
    for altered in (sealed[: data.draw(st.integers(0, len(sealed) - 1))], sealed + b"\0"):
        with pytest.raises(NotWholeError):
            SEAL.open("name", altered)


@given(NAMES, NAMES)
def test_no_object_passes_for_another(name, other):
    if name != other:
        with pytest.raises(NotWholeError):
            SEAL.open(other, SEAL.seal(name, b"content"))


def test_the_same_content_is_sealed_differently_each_time_and_named_the_same():
    assert SEAL.seal("name", b"content") != SEAL.seal("name", b"content")
    assert SEAL.name_of("image", "ab" * 32) == SEAL.name_of("image", "ab" * 32)
    assert SEAL.name_of("image", "ab" * 32) != SEAL.name_of("database", "ab" * 32)


def test_another_repository_has_other_names_and_keys():
    _, other = sealing.begin(b"correct horse")
    assert other.name_of("image", "ab" * 32) != SEAL.name_of("image", "ab" * 32)
    with pytest.raises(NotWholeError):
        other.open("name", SEAL.seal("name", b"content"))


@settings(max_examples=10)
@given(st.binary(min_size=1))
def test_only_the_passphrase_unlocks(passphrase):
    read = msgspec.json.decode(msgspec.json.encode(HEADER), type=Header)
    assert sealing.unlock(read, b"correct horse").open("n", SEAL.seal("n", b"c")) == b"c"
    if passphrase != b"correct horse":
        with pytest.raises(UsageError, match="another passphrase"):
            sealing.unlock(read, passphrase)


@pytest.mark.parametrize("change", [{"n": 2**30}, {"r": 4096}, {"p": 10**6}, {"salt": "zz"}])
def test_a_foreign_header_cannot_ask_for_more_than_the_board_has(change):
    written = {**msgspec.to_builtins(HEADER), **change}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(written, Header)


def test_the_passphrase_is_what_stands_in_the_file(tmp_path):
    path = tmp_path / "passphrase"
    path.write_bytes(b"correct horse\r\n")
    assert read_passphrase(path) == b"correct horse"
    path.write_bytes(b"\n")
    with pytest.raises(UsageError, match="holds no passphrase"):
        read_passphrase(path)
    with pytest.raises(UsageError, match="cannot be read"):
        read_passphrase(tmp_path / "absent")
    with pytest.raises(UsageError, match="no passphrase is set"):
        read_passphrase(None)
