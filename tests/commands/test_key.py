"""The deployment's key: made once, for its owner alone."""

from __future__ import annotations

import hashlib
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from commands.audit.key import KEY_FILE, fingerprint, load_or_make_key, public_hex
from infra.errors import ConfigError


def test_a_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    public = public_hex(load_or_make_key(tmp_path))
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert public_hex(load_or_make_key(tmp_path)) == public
    assert [file.name for file in tmp_path.iterdir()] == [KEY_FILE]
    assert len(bytes.fromhex(public)) == 32


def test_programs_that_make_it_at_once_have_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: public_hex(load_or_make_key(tmp_path)), range(40)))
    assert len(keys) == 1


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    load_or_make_key(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o640)
    with pytest.raises(ConfigError, match=f"{KEY_FILE}: others may use the key: its mode is 640.*chmod 600"):
        load_or_make_key(tmp_path)


def test_what_is_no_ed25519_key_is_refused(tmp_path: Path) -> None:
    file = tmp_path / KEY_FILE
    file.touch(mode=0o600)
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (b"", b"?", other):
        file.write_bytes(content)
        with pytest.raises(ConfigError, match=KEY_FILE):
            load_or_make_key(tmp_path)
        assert file.read_bytes() == content


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        load_or_make_key(tmp_path / "nowhere")


def test_a_fingerprint_is_the_beginning_of_the_keys_digest() -> None:
    public = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
    assert fingerprint(public).replace("-", "") == hashlib.sha256(bytes.fromhex(public)).hexdigest()[:32]
