"""Roles and service accounts as a table: who may publish and hear what."""

from __future__ import annotations

import itertools
import re

import pytest
from support.access_tables import ALL, MAY_ASK, MAY_HEAR, WRITERS

from infra.access.roles import LIVE, Role, grants_of, requests_of
from infra.access.services import account_names, grants_of_service
from infra.program.runners import RUNNERS
from streams.event_log import stream_configs


def covers(pattern: str, subject: str) -> bool:
    """Whether a subscription to `pattern` would get a message on `subject` (NATS wildcards)."""
    tokens = [
        ".*" if token == ">" else r"[^.]+" if token == "*" else re.escape(token)
        for token in pattern.split(".")
    ]
    return re.fullmatch(r"\.".join(tokens), subject) is not None


def covered(patterns: tuple[str, ...], subject: str) -> bool:
    return any(covers(pattern, subject) for pattern in patterns)


@pytest.mark.parametrize("role", Role)
def test_a_person_may_ask_what_the_role_allows_and_nothing_else(role: Role) -> None:
    grants = grants_of(role, "anna")
    allowed = {subject for subject in MAY_ASK if covered(grants.publish, subject)}
    assert allowed == {subject for subject, roles in MAY_ASK.items() if role in roles}


@pytest.mark.parametrize("role", Role)
def test_every_person_may_hear_what_is_live_and_nothing_that_is_meant_for_others(role: Role) -> None:
    grants = grants_of(role, "anna")
    assert {subject: covered(grants.subscribe, subject) for subject in MAY_HEAR} == MAY_HEAR


def test_each_role_may_do_all_that_the_one_before_it_may() -> None:
    for lower, higher in itertools.pairwise(ALL):
        assert set(requests_of(lower, "anna")) < set(requests_of(higher, "anna"))


@pytest.mark.parametrize("subject", WRITERS)
def test_streams_are_written_only_by_the_services_whose_work_it_is(subject: str) -> None:
    def may(account: str) -> bool:
        grants = grants_of_service(account)
        return covered(grants.publish, subject) and not covered(grants.deny, subject)

    assert {account for account in account_names() if may(account)} == WRITERS[subject]


def test_every_service_of_the_program_has_an_account() -> None:
    assert set(RUNNERS) <= set(account_names())


def test_no_person_and_no_service_but_those_of_the_data_folder_has_a_wildcard_over_everything() -> None:
    patterns = [pattern for role in Role for pattern in grants_of(role, "anna").publish]
    patterns += [p for name in account_names() if name != "local" for p in grants_of_service(name).publish]
    assert not {">", "*", "$JS.>", "$JS.API.>", "*.>"} & set(patterns)


def test_the_subjects_of_the_streams_are_those_that_people_hear() -> None:
    """Holds infra/access, which spells the subjects, and the streams together."""
    heard = [
        subject for config in stream_configs() for subject in config.subjects or [] if config.name != "FRAMES"
    ]
    for subject in heard:
        assert covered(LIVE, subject.replace("*", "x").replace(">", "x.y")), subject
