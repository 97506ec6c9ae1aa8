"""One shard in Redis: its streams, who works on it, and what workers know; the only door to Redis."""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from redis import Redis as Redis  # noqa: PLC0414 (others name it by way of this door)
from redis.exceptions import RedisError, ResponseError, WatchError

from energy.errors import TransportError
from fleet.addresses import FleetHome

_log = logging.getLogger(__name__)

StreamError = RedisError
REGISTER = "fleet:homes"
READINGS, DECISIONS = "readings", "decisions"
GROUPS = {READINGS: ("plan", "archive"), DECISIONS: ("send",)}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a stream."""

    id: bytes
    fields: dict[bytes, bytes]


@dataclass(slots=True)
class Changes:
    """What a batch leaves behind, written with its acknowledgement in one transaction: all of it or nothing."""

    homes: dict[str, bytes] = field(default_factory=dict)
    slots: list[tuple[str, bytes]] = field(default_factory=list)
    # How many of a home's last slots are still needed.
    kept: dict[str, int] = field(default_factory=dict)
    decisions: list[dict[str, bytes | str]] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)


def connect(url: str) -> Redis:
    """A connection that mends itself.

    Raises:
        TransportError: nobody answers.
    """
    redis = Redis.from_url(url, socket_connect_timeout=5, health_check_interval=15)
    try:
        redis.ping()
    except RedisError as err:
        raise TransportError(
            f"no Redis at {url.rpartition('@')[2]!r} ({err}): start redis-server or give --redis"
        ) from err
    return redis


def register(redis: Redis, homes: Iterable[FleetHome]) -> None:
    """Put homes on the register; a home is in one shard, so a second entry moves it."""
    entries = {one.home.name: one.model_dump_json() for one in homes}
    if entries:
        redis.hset(REGISTER, mapping=entries)


def registered(redis: Redis) -> dict[str, FleetHome]:
    """All homes of the register, by name."""
    return {name.decode(): FleetHome.model_validate_json(text) for name, text in redis.hgetall(REGISTER).items()}


class Shard:
    """The streams and keys of one shard; their common braces keep them on one node of a Redis cluster."""

    def __init__(self, redis: Redis, name: str) -> None:
        self.name, self._redis = name, redis
        self.prepare()

    def prepare(self) -> None:
        """Make the groups, where they are not there: at first, and in a Redis that lost its memory."""
        redis = self._redis
        for stream, groups in GROUPS.items():
            for group in groups:
                with suppress(ResponseError):  # it is there already
                    redis.xgroup_create(self.key(stream), group, id="0", mkstream=True, entries_read=0)

    def key(self, *parts: str) -> str:
        """A key of this shard."""
        return ":".join((f"fleet:{{{self.name}}}", *parts))

    def add(self, readings: Sequence[Mapping[str, bytes | str]], refused: Mapping[str, int]) -> None:
        """Append readings in their order, and count what was refused and why."""
        with self._redis.pipeline(transaction=False) as pipe:
            for fields in readings:
                pipe.xadd(self.key(READINGS), dict(fields))
            for why, count in refused.items():
                pipe.hincrby(self.key("refused"), why, count)
            pipe.execute()

    def memory_used(self) -> float:
        """Share of the memory that Redis may use; 0 where it has no limit."""
        known = self._redis.info("memory")
        return float(known["used_memory"] / known["maxmemory"]) if known["maxmemory"] else 0.0

    def waiting(self) -> int:
        """How many readings the stream holds: those that some group has not done with, and a rest not trimmed yet."""
        return int(self._redis.xlen(self.key(READINGS)))

    def take_seat(self, group: str, token: str, seconds: float) -> bool:
        """Take the one seat of a group on this shard, if it is free; who says nothing for `seconds` loses it."""
        return bool(self._redis.set(self.key("seat", group), token, nx=True, px=int(seconds * 1000)))

    def keep_seat(self, group: str, token: str, seconds: float) -> bool:
        """Stay for `seconds` more; False where the seat is not `token`'s any more."""
        key = self.key("seat", group)
        return self._redis.get(key) == token.encode() and bool(self._redis.pexpire(key, int(seconds * 1000)))

    def pending(self, stream: str, group: str, worker: str, most: int) -> list[Entry]:
        """Entries that were delivered and never acknowledged, oldest first, now `worker`'s.

        Only the owner of the seat may ask: nobody else can be at work on them.
        """
        _, entries, gone = self._redis.xautoclaim(self.key(stream), group, worker, 0, "0-0", count=most)
        if gone:
            self._lost(stream, group, len(gone))
        return [Entry(number, fields) for number, fields in entries if fields is not None]

    def read(self, stream: str, group: str, worker: str, most: int) -> list[Entry]:
        """New entries, oldest first."""
        answer = self._redis.xreadgroup(group, worker, {self.key(stream): ">"}, count=most)
        return [Entry(number, fields) for _, entries in answer or () for number, fields in entries]

    def commit(self, group: str, token: str, done: Sequence[Entry], changes: Changes) -> bool:
        """Write what a batch of readings led to, if the seat is still `token`'s; else somebody does it again."""
        seat = self.key("seat", group)
        with self._redis.pipeline() as pipe:
            pipe.watch(seat)
            if pipe.get(seat) != token.encode():
                return False
            pipe.multi()
            if changes.homes:
                pipe.hset(self.key(group, "homes"), mapping=dict(changes.homes))
            for home, slot in changes.slots:
                pipe.rpush(self.key(group, "slots", home), slot)
            for home, count in changes.kept.items():
                # Of an empty range nothing stays.
                pipe.ltrim(self.key(group, "slots", home), *((-count, -1) if count else (1, 0)))
            for decision in changes.decisions:
                pipe.xadd(self.key(DECISIONS), dict(decision))
            if changes.faults:
                pipe.hset(self.key("faults"), mapping=dict(changes.faults))
            pipe.xack(self.key(READINGS), group, *(entry.id for entry in done))
            try:
                pipe.execute()
            except WatchError:
                return False
        return True

    def acknowledge(self, stream: str, group: str, done: Sequence[Entry]) -> None:
        """These are done with."""
        if done:
            self._redis.xack(self.key(stream), group, *(entry.id for entry in done))

    def homes(self, group: str) -> dict[str, bytes]:
        """What a group knows of each home."""
        return {name.decode(): state for name, state in self._redis.hgetall(self.key(group, "homes")).items()}

    def slots(self, group: str, home: str) -> list[bytes]:
        """A home's metered slots, oldest first."""
        return list(self._redis.lrange(self.key(group, "slots", home), 0, -1))

    def count(self, what: str, number: int = 1) -> None:
        """Count something that the status shows."""
        if number:
            self._redis.hincrby(self.key("counts"), what, number)

    def trim(self) -> None:
        """Drop what every group has done with, and nothing else."""
        for stream in GROUPS:
            key = self.key(stream)
            done_up_to = min(
                (self._first_needed(key, one) for one in self._redis.xinfo_groups(key)), key=_number, default=b"0-0"
            )
            self._redis.xtrim(key, minid=done_up_to, approximate=True)

    def _first_needed(self, key: str, group: dict[str, Any]) -> bytes:
        """The oldest entry that a group may still want: its first pending one, else the last that it was given."""
        oldest = self._redis.xpending(key, group["name"])["min"] if group["pending"] else None
        # What was pending may be done with by now.
        return bytes(oldest or group["last-delivered-id"])

    def check_gaps(self, stream: str, group: str) -> None:
        """Tell of entries that somebody deleted before the group was given them: more were to come than there are."""
        key, redis = self.key(stream), self._redis
        with redis.pipeline() as pipe:
            # Together: the stream grows meanwhile.
            known, groups = pipe.xinfo_stream(key).xinfo_groups(key).execute()
        [mine] = [one for one in groups if one["name"] == group.encode()]
        missing = (mine["lag"] or 0) - known["length"]
        if missing > 0:
            self._lost(stream, group, missing)
            # Told once: the group goes on behind the gap.
            read = known["entries-added"] - known["length"]
            redis.xgroup_setid(key, group, mine["last-delivered-id"], entries_read=read)

    def _lost(self, stream: str, group: str, number: int) -> None:
        _log.error("%s of shard %s: %d were deleted before %s had them", stream, self.name, number, group)
        self.count(f"{group} lost", number)

    def status(self) -> dict[str, Any]:
        """Lengths, lags, pending entries, homes and counts."""
        redis, groups = self._redis, {}
        for stream in GROUPS:
            for one in redis.xinfo_groups(self.key(stream)):
                lag = one["lag"]
                groups[one["name"].decode()] = {"lag": lag if lag is not None else -1, "pending": one["pending"]}
        return {
            "shard": self.name,
            "waiting": self.waiting(),
            "groups": groups,
            "homes": redis.hlen(self.key("plan", "homes")),
            "counts": _numbers(redis.hgetall(self.key("counts"))),
            "refused": _numbers(redis.hgetall(self.key("refused"))),
            "faults": {name.decode(): text.decode() for name, text in redis.hgetall(self.key("faults")).items()},
        }


def _number(entry_id: bytes) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.partition(b"-")
    return int(milliseconds), int(sequence or 0)


def _numbers(counts: Mapping[bytes, bytes]) -> dict[str, int]:
    return {name.decode(): int(count) for name, count in counts.items()}


def pause_after(err: RedisError, failures: int) -> None:
    """Wait for a Redis that is full, away or loading, longer each time; the first time it is told."""
    if failures == 1:
        _log.warning("Redis cannot take or give anything now: %s; trying on", err)
    time.sleep(min(0.1 * 2**failures, 5.0))
