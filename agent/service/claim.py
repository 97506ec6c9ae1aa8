"""Who decides for a home: a retained claim with an id and a heartbeat, so that two advisors never both publish."""

import logging
import secrets
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from energy.errors import TransportError
from energy.slots import Instant
from transport.mqtt import MqttLink

_log = logging.getLogger(__name__)

_BEAT_S = 15.0
# A claim that was not renewed for so long is of one that is gone.
_STALE = timedelta(seconds=60)
# Clocks are wrong by hours, not by more.
_WRONG_CLOCK = timedelta(days=1)
# How long a new advisor listens for the claim of another before it begins.
_LISTENS_S = 0.3
_ID = "advisor-id"


class Claim(BaseModel):
    """Which advisor decides, since when, and when it said so last."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1, max_length=64, pattern=r"^[\w-]+$")
    since: Instant
    at: Instant


def advisor_id(memory: Path) -> str:
    """The id of the advisor that has a memory: the same after every start, another for another memory."""
    path = memory / _ID
    try:
        known = path.read_text(encoding="ascii").strip()
        if known.isalnum() and len(known) <= 64:
            return known
    except (OSError, UnicodeDecodeError):
        pass
    drawn = secrets.token_hex(8)
    try:
        memory.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        draft.write_text(drawn + "\n", encoding="ascii")
        draft.replace(path)
    except OSError as err:
        _log.warning("%s cannot be kept, this advisor has another id after its next start: %s", path, err)
    return drawn


class HomeClaim:
    """Keeps the claim on a home, and gives way to an older one that is alive."""

    def __init__(self, topic: str, own_id: str) -> None:
        self.topic = topic
        self._id = own_id
        self._since = datetime.now(UTC)
        self._began_s: float | None = None
        self._beat_s: float | None = None

    def take(self, payload: bytes, *, retained: bool) -> None:
        """Somebody says who decides.

        Raises:
            TransportError: another advisor does, and it was first.
        """
        if not payload:
            return
        try:
            other = Claim.model_validate_json(payload)
        except ValidationError:
            _log.warning("%s: no claim, ignored: %r", self.topic, payload[:60])
            return
        if other.id != self._id and self._alive(other, retained=retained) and self._yields_to(other):
            raise TransportError(
                f"another advisor ({other.id}) has decided for this home on this broker since "
                f"{other.since.isoformat(timespec='seconds')}: stop it, or give this home another name; "
                f"the claim of one that is gone ends {_STALE.total_seconds():.0f} s after its last word"
            )

    def listen(self) -> None:
        """Begin to listen for the claim of another; without a broker there is none to listen for."""
        self._began_s = time.monotonic()

    def settled(self, link: MqttLink) -> bool:
        """Whether this advisor may decide: nobody else said that it does. Renews the claim when that is due."""
        now_s = time.monotonic()
        if self._began_s is None:
            return True
        if now_s - self._began_s < _LISTENS_S:
            return False
        if self._beat_s is None or now_s - self._beat_s >= _BEAT_S:
            self._beat_s = now_s
            self.announce(link)
        return True

    def announce(self, link: MqttLink) -> None:
        """Say that this advisor decides; also after each connection, where it had said so before."""
        if self._beat_s is not None:
            claim = Claim(id=self._id, since=self._since, at=datetime.now(UTC))
            link.publish(self.topic, claim.model_dump_json(), retain=True, qos=1)

    def release(self, link: MqttLink) -> None:
        """Leave the home to the next one."""
        if self._beat_s is not None:
            link.publish(self.topic, b"", retain=True, qos=1)

    def _alive(self, other: Claim, *, retained: bool) -> bool:
        """What is said now is alive though its clock is hours off; what was kept is judged by its time."""
        return abs(datetime.now(UTC) - other.at) <= (_STALE if retained else _WRONG_CLOCK)

    def _yields_to(self, other: Claim) -> bool:
        """One that decides already stays; of two that begin together, the earlier."""
        return self._beat_s is None or (other.since, other.id) < (self._since, self._id)
