"""Two advisors of one home: the second refuses with a sentence, and one that is gone leaves the home."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.service.claim import Claim, HomeClaim, advisor_id
from energy.errors import TransportError

TOPIC = "energy_advisor/test/advisor/claim"


class FakeLink:
    """What a broker would have been told."""

    def __init__(self) -> None:
        self.said: list[bytes] = []

    def publish(self, topic: str, payload: bytes | str, *, retain: bool = False, qos: int = 0) -> None:
        assert (topic, retain, qos) == (TOPIC, True, 1)
        self.said.append(payload.encode() if isinstance(payload, str) else payload)


def claimed(name: str, *, seconds_ago: float = 0.0, began_ago: float = 100.0) -> bytes:
    now = datetime.now(UTC)
    at, since = now - timedelta(seconds=seconds_ago), now - timedelta(seconds=began_ago)
    return Claim(id=name, since=since, at=at).model_dump_json().encode()


def deciding(monkeypatch: pytest.MonkeyPatch) -> tuple[HomeClaim, FakeLink]:
    monkeypatch.setattr("agent.service.claim._LISTENS_S", 0.0)
    claim, link = HomeClaim(TOPIC, "own"), FakeLink()
    claim.listen()
    assert claim.settled(link)  # type: ignore[arg-type]
    return claim, link


@pytest.mark.parametrize(
    ("payload", "retained"),
    [
        (b"", True),
        (b"no claim", True),
        (claimed("own"), True),
        (claimed("other", seconds_ago=90), True),
        (b'{"id":"x","since":"0001-01-01T00:00:00+14:00","at":"0001-01-01T00:00:00+14:00"}', False),
        (b'{"id":"x","since":"1999-01-01T00:00:00Z","at":"2099-01-01T00:00:00Z"}', False),
    ],
    ids=["none", "nonsense", "its own of before", "one that is gone", "an absurd one", "one of a far day"],
)
def test_no_other_that_is_alive_holds_it_up(payload: bytes, retained: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    claim, _ = deciding(monkeypatch)
    claim.take(payload, retained=retained)


@pytest.mark.parametrize(("seconds_ago", "retained"), [(5, True), (90, False)])
def test_a_second_advisor_refuses_with_a_sentence(seconds_ago: float, retained: bool) -> None:
    with pytest.raises(TransportError, match=r"another advisor \(other\) .* stop it, or give this home another name"):
        HomeClaim(TOPIC, "own").take(claimed("other", seconds_ago=seconds_ago), retained=retained)


def test_one_that_decides_already_stays_and_of_two_the_earlier_does(monkeypatch: pytest.MonkeyPatch) -> None:
    claim, _ = deciding(monkeypatch)
    claim.take(claimed("later", began_ago=-5), retained=False)
    with pytest.raises(TransportError):
        claim.take(claimed("earlier", began_ago=100), retained=False)


def test_the_claim_is_renewed_and_left_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    claim, link = deciding(monkeypatch)
    assert Claim.model_validate_json(link.said[0]).id == "own"
    claim.announce(link)  # type: ignore[arg-type]
    claim.release(link)  # type: ignore[arg-type]
    assert link.said[-1] == b""
    assert len(link.said) == 3


def test_an_id_belongs_to_a_memory(tmp_path: Path) -> None:
    first = advisor_id(tmp_path / "one")
    assert first == advisor_id(tmp_path / "one")
    assert first != advisor_id(tmp_path / "two")
    (tmp_path / "one" / "advisor-id").write_bytes(b"\xff\x00")
    assert advisor_id(tmp_path / "one").isalnum()
