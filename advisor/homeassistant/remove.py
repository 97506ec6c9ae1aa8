"""Taking a home's entities off a broker, so that Home Assistant forgets them."""

import time

from energy.errors import TransportError
from transport.discovery import PREFIX
from transport.mqtt import BrokerAddress, Message, MqttLink
from transport.topics import ROOT, Topics

# Retained messages come at once after a subscription: silence of this length means that all have come.
_SILENCE_S = 1.0
_LONGEST_S = 20.0


def remove_device(address: BrokerAddress, home: str, *, house: bool = False) -> int:
    """Clear every retained message of a home's advisor (and of its simulated house); how many there were.

    Raises:
        TransportError: the broker cannot be reached, or the advisor still runs and would come back.
    """
    topics = Topics(home)
    with MqttLink(address, f"energy-advisor-remove-{home}") as link:
        link.subscribe(f"{PREFIX}/+/+/config", f"{ROOT}/{home}/#")
        retained = _retained(link)
        _refuse_if_alive(topics.advisor_status, retained, f"the advisor of {home!r}")
        if house:
            _refuse_if_alive(topics.house_status, retained, f"the simulated house {home!r}")
        cleared = [topic for topic, payload in retained.items() if _belongs(topic, payload, home, house=house)]
        announced = {topic for topic in cleared if topic.startswith(f"{PREFIX}/")}
        _clear(link, announced)
        # Home Assistant lets go of an entity before its state is emptied, which it would complain of.
        time.sleep(_SILENCE_S)
        _clear(link, set(cleared) - announced)
    return len(cleared)


def _retained(link: MqttLink) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    deadline = time.monotonic() + _LONGEST_S
    while time.monotonic() < deadline and (message := link.receive(_SILENCE_S)) is not None:
        if message.retained:
            found[message.topic] = message.payload
    return found


def _refuse_if_alive(status: str, retained: dict[str, bytes], who: str) -> None:
    if retained.get(status) == b"online":
        raise TransportError(f"{who} still runs and would introduce itself again: stop it first")


def _belongs(topic: str, payload: bytes, home: str, *, house: bool) -> bool:
    """Whether a retained message is the advisor's of this home: by its topic, or by the device it announces."""
    parts = ("advisor", "house") if house else ("advisor",)
    if topic.startswith(f"{PREFIX}/"):
        return any(f'"{ROOT}_{home}_{part}"'.encode() in payload for part in parts)
    spaces = [*(f"{ROOT}/{home}/{part}/" for part in parts), *([f"{ROOT}/{home}/battery/"] if house else [])]
    return topic.startswith(tuple(spaces))


def _clear(link: MqttLink, topics: set[str]) -> None:
    """Empty topics, and wait until the broker has told us of every removal: then it is done for everybody."""
    for topic in topics:
        link.publish(topic, b"", retain=True, qos=1)
    deadline = time.monotonic() + _LONGEST_S
    while topics and time.monotonic() < deadline:
        message: Message | None = link.receive(_SILENCE_S)
        if message is not None and not message.payload:
            topics.discard(message.topic)
    if topics:
        raise TransportError(f"the broker did not confirm {len(topics)} removals: run this again")
