"""The file of users: names, roles, hashes, its mode; two programs at once."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest

from infra.access import AccessFolder, Role
from infra.access.passwords import hash_password, is_password
from infra.access.users import Users
from infra.errors import ConfigError

NOW = "2026-11-24T00:00:00+00:00"


def add(folder: Path, name: str, role: Role = Role.VIEWER, password: str = "correct horse") -> None:
    Users(folder).add(name, role, password, NOW)


def test_users_are_kept_with_role_and_hash_in_a_file_that_only_the_owner_can_read(tmp_path: Path) -> None:
    add(tmp_path, "vera")
    add(tmp_path, "anna", Role.APPROVER)
    anna, vera = Users(tmp_path).all()
    assert (anna.name, anna.role, anna.added) == ("anna", Role.APPROVER, NOW)
    assert (vera.name, vera.role) == ("vera", Role.VIEWER)
    file = tmp_path / "users.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "correct horse" not in file.read_text()
    assert anna.password != vera.password, "the same password has another salt"
    assert is_password("correct horse", anna.password) and not is_password("correct horsf", anna.password)


def test_a_person_is_changed_and_removed(tmp_path: Path) -> None:
    add(tmp_path, "vera")
    users = Users(tmp_path)
    users.set_role("vera", Role.OPERATOR)
    users.set_password("vera", "another one")
    (vera,) = users.all()
    assert vera.role is Role.OPERATOR and is_password("another one", vera.password)
    users.remove("vera")
    assert users.all() == []
    assert (tmp_path / "users.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["", "Anna", "an na", "an.na", "anna*", ">", "1a", "ännä", "a" * 33, "-a"])
def test_a_name_that_is_no_lower_case_token_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="is no name of a user"):
        add(tmp_path, name)


@pytest.mark.parametrize("name", ["service-io", "service-local", "anonymous"])
def test_the_names_of_the_programs_own_accounts_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="kept for the program"):
        add(tmp_path, name)


def test_a_name_that_is_taken_or_unknown_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    add(tmp_path, "vera", Role.ADMIN)
    before = (tmp_path / "users.json").read_bytes()
    with pytest.raises(ConfigError, match="there is a user 'vera' already"):
        add(tmp_path, "vera")
    with pytest.raises(ConfigError, match=r"no user 'bob'.*users are: vera"):
        Users(tmp_path).remove("bob")
    assert (tmp_path / "users.json").read_bytes() == before


@pytest.mark.parametrize(("password", "text"), [("short", "fewer than 8"), ("ä" * 37, "more than 72 bytes")])
def test_a_password_that_bcrypt_or_anyone_would_cut_or_guess_is_refused(password: str, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        hash_password(password)


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"users": [{"name": "x"}]}', '{"users": [{"name":"x","role":"king"}]}']
)
def test_a_damaged_file_is_an_error_that_names_it_never_an_empty_list(tmp_path: Path, content: str) -> None:
    (tmp_path / "users.json").write_text(content)
    with pytest.raises(ConfigError, match=r"users\.json"):
        Users(tmp_path).all()
    with pytest.raises(ConfigError):
        add(tmp_path, "vera")
    assert (tmp_path / "users.json").read_text() == content


def add_some(folder: Path, letter: str) -> None:
    for number in range(4):
        add(folder, f"{letter}{number}")


def test_two_programs_that_add_users_at_once_lose_none(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=add_some, args=(tmp_path, letter)) for letter in "ab"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [user.name for user in Users(tmp_path).all()] == [
        f"{letter}{n}" for letter in "ab" for n in range(4)
    ]


def test_service_accounts_have_secrets_of_their_own_that_only_the_owner_can_read(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    access = AccessFolder(tmp_path)
    assert access.credentials("io") is None
    access.server_config()
    io, parser = access.credentials("io"), access.credentials("parser")
    assert io is not None and parser is not None
    assert (io[0], parser[0]) == ("service-io", "service-parser")
    assert io[1] != parser[1] and len(io[1]) >= 43
    file = tmp_path / "run" / "service-accounts.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert io[1] not in json.dumps(access.server_config())
    assert access.credentials("io") == io, "another start keeps them"
