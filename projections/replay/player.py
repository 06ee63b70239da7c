"""The player of one replay: sends each packet when it is due, and obeys while it plays.

Messages go to `replay.<id>.telemetry.<generation>.<packet>`, with the content of live telemetry. Rows are
read by the window in a thread, and made into messages in the idle time before they are due, so that at that
moment there is only the sending left.

One task does everything, requests included, so nothing happens at the same time as something else.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg

from infra.errors import QueryError
from projections.replay.clock import AS_TAKEN, ReplayClock
from projections.replay.window import Due, Stretch, joint_messages
from streams.names import telemetry_subject

MAX_SPEED = 1e6
_AHEAD_S = 0.005  # messages are made while the next one is due later than this
_MADE = 1_000  # messages that are made ahead
_JOIN_S = 0.1  # this late, or as fast as it is taken, packets are sent together
_JOINED = 200  # packets that are sent together at the most
_UNDER_WAY = 64  # messages that a consumer has not taken yet, when it sets the pace
_ACTIONS = "action: pause, resume, seek (to, ns UTC), step (packet), speed (speed), status"

Json = dict[str, Any]


class Player:
    """Plays a stretch from its start to its end, then waits for a seek; `control` changes how it plays."""

    def __init__(
        self,
        nc: Client,
        replay: str,
        stretch: Stretch,
        generation: str,
        *,
        speed: float = 1.0,
        paused: bool = False,
    ) -> None:
        """`speed`: seconds of flight per second, or `AS_TAKEN`: the consumer answers each message."""
        self._nc, self._replay, self._stretch, self._generation = nc, replay, stretch, generation
        self._clock = ReplayClock(0, time.monotonic(), speed, paused)
        self._ends = (0, 0)
        self._ready: deque[tuple[Due, bytes]] = deque()
        self._waiting: deque[Due] = deque()
        self._read_to = 0
        self._at_end = False
        self._requests: deque[tuple[Json, asyncio.Future[Json]]] = deque()
        self._news = asyncio.Event()
        self._untaken = 0
        self._inbox = f"replay.{replay}.taken"  # a subject, not an inbox: who listens has another account
        self.sent = 0
        self.on_late: Callable[[float], None] = lambda seconds: None
        """Told how many seconds late each packet was sent, for measurements."""

    def status(self) -> Json:
        """Where it stands; times are ns UTC."""
        position = self._clock.at(time.monotonic())
        state = "finished" if self._at_end else "paused" if self._clock.paused else "playing"
        return {
            "replay": self._replay,
            "generation": self._generation,
            "state": state,
            "speed": self._clock.speed,
            "from": self._ends[0],
            "to": self._ends[1],
            "position": min(max(position, self._ends[0]), self._ends[1]),
            "sent": self.sent,
        }

    async def open(self) -> None:
        """Find the ends of the stretch; raises QueryError when it has no packets."""
        ends = await asyncio.to_thread(self._stretch.ends)
        if ends is None:
            raise QueryError("there is nothing to replay", fix="name another --from and --to")
        self._ends = ends
        await self._go_to(ends[0])

    async def play(self) -> None:
        """Send and obey, until cancelled."""
        subscription = await self._nc.subscribe(self._inbox, cb=self._on_taken)
        self._clock = self._clock.seek(self._clock.position, time.monotonic())
        try:
            while True:
                while self._requests:
                    await self._obey(*self._requests.popleft())
                self._at_end = not await self._prepare()
                if self._at_end:
                    await self._sleep(None)
                else:
                    await self._send_if_due()
        finally:
            with contextlib.suppress(Exception):
                await subscription.unsubscribe()

    async def control(self, request: Json) -> Json:
        """Pause, resume, seek, step or change the speed, and return the status behind it.

        Raises QueryError for what makes no sense.
        """
        done: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._requests.append((request, done))
        self._news.set()
        return await done

    async def _obey(self, request: Json, done: asyncio.Future[Json]) -> None:
        try:
            await self._do(request)
        except Exception as error:
            if not done.done():
                done.set_exception(error)
        else:
            if not done.done():
                done.set_result(self.status())

    async def _do(self, request: Json) -> None:
        now = time.monotonic()
        match request:
            case {"action": "pause"}:
                self._clock = self._clock.pause(now)
            case {"action": "resume"}:
                self._clock = self._clock.resume(now)
            case {"action": "speed", "speed": int() | float() as speed} if is_speed(speed):
                self._clock = self._clock.with_speed(float(speed), now)
            case {"action": "seek", "to": int(position)}:
                await self._go_to(position)
            case {"action": "step", "packet": str(packet)}:
                await self._step(packet)
            case {"action": "status"}:
                pass
            case _:
                where = f"replay.{self._replay}.control"
                raise QueryError(f"{request!r} is no request", where=where, fix=_ACTIONS)

    async def _go_to(self, position: int) -> None:
        """Stand just before `position`: packets of that time are sent next."""
        position = min(max(position, self._ends[0]), self._ends[1])
        self._ready.clear()
        self._waiting.clear()
        self._read_to = position - 1
        self._at_end = not await self._prepare()
        self._clock = self._clock.seek(position, time.monotonic())

    async def _step(self, packet: str) -> None:
        """Pause, and send everything up to and including the next packet of a type."""
        if packet not in self._stretch.packets:
            known = ", ".join(self._stretch.packets)
            raise QueryError(f"there is no packet {packet!r}", fix=f"the generation has: {known}")
        self._clock = self._clock.pause(time.monotonic())
        while await self._prepare():
            due, message = self._ready.popleft()
            await self._send(due, message)
            self._clock = self._clock.seek(due.time, time.monotonic())
            if due.packet == packet:
                return
        raise QueryError(f"no {packet} comes any more", fix="seek back")

    async def _prepare(self) -> bool:
        """Have a message ready; False at the end of the stretch."""
        if not self._ready and not self._waiting:
            self._waiting.extend(await asyncio.to_thread(self._stretch.window, self._read_to))
            if self._waiting:
                self._read_to = self._waiting[-1].time
        if not self._ready:
            self._make_one()
        return bool(self._ready)

    def _make_one(self) -> None:
        if self._waiting:
            due = self._waiting.popleft()
            self._ready.append((due, due.message()))

    async def _send_if_due(self) -> None:
        """Send the next message if it is due; else use the time, and wait for that moment or for news."""
        due, message = self._ready[0]
        if self._clock.speed == AS_TAKEN and self._untaken >= _UNDER_WAY:
            await self._sleep(None)
            return
        wait = self._clock.wait(due.time, time.monotonic())
        if wait is not None and wait <= 0:
            self._ready.popleft()
            late = self._note_lateness(due)
            await self._send(due, message)
            if late > _JOIN_S and not self._ready:
                await self._send_joined()
        elif (wait is None or wait > _AHEAD_S) and self._waiting and len(self._ready) < _MADE:
            self._make_one()
            await asyncio.sleep(0)
        else:
            await self._sleep(wait)

    async def _sleep(self, seconds: float | None) -> None:
        if self._requests:
            return
        self._news.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    def _note_lateness(self, due: Due) -> float:
        """Return how many seconds late a packet is; without end when the consumer sets the pace."""
        if self._clock.speed == AS_TAKEN:
            return math.inf
        late = (self._clock.at(time.monotonic()) - due.time) / 1e9 / self._clock.speed
        self.on_late(late)
        return late

    async def _send_joined(self) -> None:
        """Catch up: send packets that are due as few messages, in which only the types change places."""
        now = self._clock.at(time.monotonic())
        dues: list[Due] = []
        while self._waiting and len(dues) < _JOINED:
            if self._clock.speed != AS_TAKEN and self._waiting[0].time > now:
                break
            dues.append(self._waiting.popleft())
        for packet, message in joint_messages(dues):
            await self._publish(packet, message)
        if dues and self._clock.speed == AS_TAKEN:
            self._clock = self._clock.seek(dues[-1].time, time.monotonic())
        self.sent += len(dues)

    async def _send(self, due: Due, message: bytes) -> None:
        await self._publish(due.packet, message)
        if self._clock.speed == AS_TAKEN:
            self._clock = self._clock.seek(due.time, time.monotonic())
        self.sent += 1

    async def _publish(self, packet: str, message: bytes) -> None:
        subject = f"replay.{self._replay}.{telemetry_subject(self._generation, packet)}"
        if self._clock.speed == AS_TAKEN:
            self._untaken += 1
            await self._nc.publish(subject, message, reply=self._inbox)
        else:
            await self._nc.publish(subject, message)

    async def _on_taken(self, msg: Msg) -> None:
        self._untaken = max(0, self._untaken - 1)
        self._news.set()


def is_speed(speed: float) -> bool:
    """Say whether a number can be a replay's speed."""
    return not isinstance(speed, bool) and 0 <= speed <= MAX_SPEED
