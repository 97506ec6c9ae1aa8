"""One shard in Redis: its streams, who works on it, and what workers know; the only door to Redis."""

import logging
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from redis import Redis as Redis  # noqa: PLC0414 (others name it by way of this door)
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError, WatchError
from redis.retry import Retry

from energy.errors import NewerFormat, SettingsError, TransportError
from fleet.addresses import FleetHome
from transport.payloads import first_fault

_log = logging.getLogger(__name__)

StreamError = RedisError
REGISTER = "fleet:homes"
READINGS, DECISIONS = "readings", "decisions"
# Of entries and of what groups know; whoever reads a newer one stands back. It changes with what they mean.
FORMAT = 1
_FORMAT_FIELD, _DONE_WITH = "format", "done"
# The seat of a group is taken where it is free, and kept by who has it: after too long a silence too, where nobody else
# has had it since. Else a worker whose batch takes longer than its lease would do it over and over.
_TAKE = """
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 0 end
redis.call('SET', KEYS[2], ARGV[1])
return 1
"""
_KEEP = """
local sits = redis.call('GET', KEYS[1])
if sits == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if sits or redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
# Acknowledges, and counts what had not been: Redis forgets how many entries a group was given when it is restarted.
# The first line fails where Redis is full, before anything is done.
_DONE = """
redis.call('HINCRBY', KEYS[2], ARGV[1], 0)
local done = redis.call('XACK', KEYS[1], unpack(ARGV))
return redis.call('HINCRBY', KEYS[2], ARGV[1], done)
"""
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
    # By home and what the fault is about, with a space between them.
    faults: dict[str, str] = field(default_factory=dict)
    well: set[str] = field(default_factory=set)
    savings: dict[str, bytes] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


def connect(url: str) -> Redis:
    """A connection that mends itself, but not unseen: a Redis that was away may have forgotten what we remember.

    Raises:
        SettingsError: it is no URL of a Redis.
        TransportError: nobody answers.
    """
    try:
        redis = Redis.from_url(url, socket_connect_timeout=5, health_check_interval=15, retry=Retry(NoBackoff(), 0))
    except (ValueError, TypeError) as err:
        raise SettingsError(
            f"Redis {url.rpartition('@')[2]!r} is no URL: write it like redis://127.0.0.1:6379/0"
        ) from err
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


@dataclass(slots=True)
class Registered:
    """Homes of the register by name, and why an entry cannot be read, as where a newer version wrote it."""

    homes: dict[str, FleetHome] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


def registered(redis: Redis, names: Collection[str] | None = None) -> Registered:
    """All homes of the register, or those of `names` that it has."""
    if names is None:
        entries = {name.decode(errors="replace"): text for name, text in redis.hgetall(REGISTER).items()}
    else:
        entries = dict(zip(names, redis.hmget(REGISTER, list(names)), strict=True))
    found = Registered()
    for name, text in entries.items():
        if text is None:
            continue
        try:
            home = FleetHome.model_validate_json(text)
        except ValidationError as err:
            found.faults[name] = f"the register's entry cannot be read ({first_fault(err)}): register the home again"
        else:
            found.homes[home.home.name] = home
    return found


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
            ours = (one for one in redis.xinfo_groups(self.key(stream)) if one["name"].decode() in groups)
            for one in ours:
                redis.hsetnx(self.key(_DONE_WITH), one["name"], max((one["entries-read"] or 0) - one["pending"], 0))

    def key(self, *parts: str) -> str:
        """A key of this shard."""
        return ":".join((f"fleet:{{{self.name}}}", *parts))

    def add(self, readings: Sequence[Mapping[str, bytes | str]], refused: Mapping[str, int]) -> None:
        """Append readings in their order, and count what was refused and why."""
        with self._redis.pipeline(transaction=False) as pipe:
            for fields in readings:
                pipe.xadd(self.key(READINGS), {**fields, _FORMAT_FIELD: FORMAT})
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
        return self._seat(_TAKE, group, token, seconds)

    def keep_seat(self, group: str, token: str, seconds: float) -> bool:
        """Stay for `seconds` more; False where somebody else has had the seat since."""
        return self._seat(_KEEP, group, token, seconds)

    def _seat(self, script: str, group: str, token: str, seconds: float) -> bool:
        keys = self.key("seat", group), self.key("seat", group, "last")
        return bool(self._redis.eval(script, len(keys), *keys, token, int(seconds * 1000)))

    def leave_seat(self, group: str, token: str) -> None:
        """Give the seat up, if it is `token`'s."""
        key = self.key("seat", group)
        if self._redis.get(key) == token.encode():
            self._redis.delete(key)

    def pending(self, stream: str, group: str, worker: str, most: int) -> list[Entry]:
        """Entries that were delivered and never acknowledged, oldest first, now `worker`'s.

        Only the owner of the seat may ask: nobody else can be at work on them.

        Raises:
            NewerFormat: some are of a newer version than ours; they stay as they are.
        """
        _, entries, gone = self._redis.xautoclaim(self.key(stream), group, worker, 0, "0-0", count=most)
        if gone:
            self._lost(stream, group, len(gone))
        return self._legible([Entry(number, fields) for number, fields in entries if fields is not None])

    def read(self, stream: str, group: str, worker: str, most: int) -> list[Entry]:
        """New entries, oldest first.

        Raises:
            NewerFormat: some are of a newer version than ours; they stay pending.
        """
        answer = self._redis.xreadgroup(group, worker, {self.key(stream): ">"}, count=most)
        return self._legible([Entry(number, fields) for _, entries in answer or () for number, fields in entries])

    def _legible(self, entries: list[Entry]) -> list[Entry]:
        for one in entries:
            self._check_format(one.fields.pop(_FORMAT_FIELD.encode(), b"1"))
        return entries

    def _check_format(self, found: bytes | None) -> None:
        if found is not None and found != str(FORMAT).encode() and not (found.isdigit() and int(found) < FORMAT):
            raise NewerFormat(
                f"shard {self.name} holds format {found.decode()!r}, this worker reads {FORMAT}: update it"
            )

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
                pipe.set(self.key(group, _FORMAT_FIELD), FORMAT)
            for home, slot in changes.slots:
                pipe.rpush(self.key(group, "slots", home), slot)
            for home, count in changes.kept.items():
                # Of an empty range nothing stays.
                pipe.ltrim(self.key(group, "slots", home), *((-count, -1) if count else (1, 0)))
            for decision in changes.decisions:
                pipe.xadd(self.key(DECISIONS), {**decision, _FORMAT_FIELD: FORMAT})
            if changes.savings:
                pipe.hset(self.key("savings"), mapping=dict(changes.savings))
            self._keep_findings(pipe, group, changes)
            self._done(pipe, READINGS, group, done)
            try:
                pipe.execute()
            except WatchError:
                return False
        return True

    def _keep_findings(self, redis: Redis, group: str, changes: Changes) -> None:
        """What the status shows of a batch."""
        if changes.faults:
            redis.hset(self.key(group, "faults"), mapping=dict(changes.faults))
        if changes.well:
            redis.hdel(self.key(group, "faults"), *changes.well)
        for what, count in changes.counts.items():
            redis.hincrby(self.key("counts"), f"{group} {what}", count)

    def acknowledge(self, stream: str, group: str, done: Sequence[Entry]) -> None:
        """These are done with."""
        if done:
            self._done(self._redis, stream, group, done)

    def _done(self, redis: Redis, stream: str, group: str, entries: Sequence[Entry]) -> None:
        keys = self.key(stream), self.key(_DONE_WITH)
        redis.eval(_DONE, len(keys), *keys, group, *(entry.id for entry in entries))

    def homes(self, group: str) -> dict[str, bytes]:
        """What a group knows of each home.

        Raises:
            NewerFormat: a newer version wrote it.
        """
        self._check_format(self._redis.get(self.key(group, _FORMAT_FIELD)))
        return {name.decode(): state for name, state in self._redis.hgetall(self.key(group, "homes")).items()}

    def savings(self, home: str | None = None) -> dict[str, bytes]:
        """What each home saved lately, or one."""
        if home is not None:
            found = self._redis.hget(self.key("savings"), home)
            return {} if found is None else {home: found}
        return {name.decode(): text for name, text in self._redis.hgetall(self.key("savings")).items()}

    def faults(self, group: str) -> dict[str, str]:
        """What a group found wrong, by home and what it is about."""
        return {name.decode(): text.decode() for name, text in self._redis.hgetall(self.key(group, "faults")).items()}

    def _faults_by_home(self) -> dict[str, str]:
        """What is wrong with each home; groups that found the same say it once."""
        found: dict[str, dict[str, None]] = {}
        for group in GROUPS[READINGS]:
            for name, text in self.faults(group).items():
                found.setdefault(name.partition(" ")[0], {})[text] = None
        return {home: "; ".join(texts) for home, texts in found.items()}

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
        length, groups = self._standing(stream)
        missing = groups[group]["lag"] - length
        if missing > 0:
            self._lost(stream, group, missing)

    def _standing(self, stream: str) -> tuple[int, dict[str, dict[str, int]]]:
        """How long a stream is, and of each group what is to come and what is begun."""
        key = self.key(stream)
        with self._redis.pipeline() as pipe:
            # Together: the stream grows meanwhile.
            known, groups, done = pipe.xinfo_stream(key).xinfo_groups(key).hgetall(self.key(_DONE_WITH)).execute()
        found = {}
        for one in groups:
            counted = done.get(one["name"])
            given = (one["entries-read"] or 0) if counted is None else int(counted) + one["pending"]
            found[one["name"].decode()] = {"lag": known["entries-added"] - given, "pending": one["pending"]}
        return known["length"], found

    def _lost(self, stream: str, group: str, number: int) -> None:
        _log.error("%s of shard %s: %d were deleted before %s had them", stream, self.name, number, group)
        self.count(f"{group} lost", number)
        # Told once: nobody waits for them any more.
        self._redis.hincrby(self.key(_DONE_WITH), group, number)

    def status(self) -> dict[str, Any]:
        """Lengths, lags, pending entries, homes and counts."""
        redis, groups = self._redis, dict[str, dict[str, int]]()
        for stream in GROUPS:
            groups |= self._standing(stream)[1]
        return {
            "shard": self.name,
            "waiting": self.waiting(),
            "groups": groups,
            "homes": redis.hlen(self.key("plan", "homes")),
            "counts": _numbers(redis.hgetall(self.key("counts"))),
            "refused": _numbers(redis.hgetall(self.key("refused"))),
            "faults": self._faults_by_home(),
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
