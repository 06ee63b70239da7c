"""The seals over FRAMES, as OPERATIONS has them. Whether they themselves are good, `audit verify` tells."""

from __future__ import annotations

import logging
from typing import NamedTuple

from nats.aio.client import Client

from infra.errors import StreamError
from projections.archive.stretches import Sealed
from streams.operations import Operation, read_operations
from streams.seal import SEALED, Seal, seal_of

log = logging.getLogger(__name__)


class Seals(NamedTuple):
    """Seals in the order of their frames, none of which has two; `unreadable` are the offsets of others."""

    sealed: list[Sealed]
    unreadable: list[int]


async def read_seals(nc: Client, first: int = 1, last: int = 2**63) -> Seals:
    """Return the seals that cover any of the frames `first` to `last`."""
    found, end = Seals([], []), 0
    for event in await read_operations(nc, kinds=(SEALED,)):
        seal = _seal_in(event)
        if seal is None or not end < seal.first <= seal.last:
            found.unreadable.append(event.offset)
            continue
        end = seal.last
        if seal.last >= first and seal.first <= last:
            found.sealed.append(Sealed(event.offset, seal))
    return found


def _seal_in(event: Operation) -> Seal | None:
    try:
        return seal_of(event)
    except StreamError as error:
        log.warning("%s", error)
        return None
