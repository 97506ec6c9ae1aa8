"""The two files that `advisor setup` writes, with the reason for each choice beside it."""

import json
from collections.abc import Mapping, Sequence

from advisor.spoken_language import spoken
from agent.decision.constraint_words import Language
from energy.battery import Battery
from energy.home import Home
from energy.pricing.tariff import FlatTariff
from ingest.homeassistant.client import Signed, StatisticRole
from ingest.live.mapping import MappedRole, SensorSource
from ingest.prices.settings import PriceSettings
from transport.mqtt import BrokerAddress, BrokerTls

_WIDTH = 110
_SECRETS = (
    "Secrets belong in the environment only: ADVISOR_MQTT__PASSWORD, and ADVISOR_HOMEASSISTANT__TOKEN unless a "
    "token_file is named."
)
_BATTERY = ("capacity_kwh", "max_charge_kw", "max_discharge_kw", "charge_efficiency", "discharge_efficiency", "min_soc")
_NO_REASONS: Mapping[str, Mapping[str, str]] = {}


def home_text(home: Home, why: Mapping[str, str], of_batteries: Mapping[str, Mapping[str, str]] = _NO_REASONS) -> str:
    """`home.toml`; `of_batteries` are the reasons for the facts of each of several batteries."""
    grid = home.grid
    lines = [
        *_comment(spoken("A home's fixed facts, as advisor setup found them. kW, kWh, charge from 0 to 1.")),
        *_comment(spoken("Correct what you know better: an estimate is marked as one.")),
        "",
        f"name = {_text(home.name)}",
        f"zone = {_text(home.zone)}",
        f"currency = {_text(home.currency)}",
        *_fact_lines("pv_peak_kw", home.pv_peak_kw, why),
        *_batteries(home, why, of_batteries),
        "",
        "[grid]",
        *_fact_lines("import_limit_kw", grid.import_limit_kw, why),
        *_fact_lines("export_limit_kw", grid.export_limit_kw, why),
        f"allow_grid_charging = {_bool(grid.allow_grid_charging)}",
        f"allow_battery_export = {_bool(grid.allow_battery_export)}",
        "",
        "[tariff]",
        *_comment(why.get("tariff", "")),
    ]
    tariff = home.tariff
    lines.append(f"kind = {_text(tariff.kind)}")
    if isinstance(tariff, FlatTariff):
        lines += [f"import_price = {tariff.import_price:g}", f"export_price = {tariff.export_price:g}"]
    else:
        terms = tariff.model_dump(include={"name", "export_price"})
        lines += [f"{key} = {json.dumps(value)}" for key, value in terms.items()]
    return "\n".join(lines) + "\n"


def _batteries(home: Home, why: Mapping[str, str], of_batteries: Mapping[str, Mapping[str, str]]) -> list[str]:
    if not home.batteries:
        return ["", "[battery]", *_battery(home.battery, why)]
    lines = ["", "# Each is commanded by itself; they are planned as one. To have them as one, give [battery] instead."]
    for one in home.batteries:
        lines += ["[[batteries]]", f"name = {_text(one.name)}", *_battery(one, of_batteries.get(one.name, {}))]
    return lines


def _battery(battery: Battery, why: Mapping[str, str]) -> list[str]:
    return [line for key in _BATTERY for line in _fact_lines(key, getattr(battery, key), why)]


def settings_text(
    *,
    broker: BrokerAddress,
    url: str,
    token_file: str | None,
    sensors: Mapping[MappedRole, SensorSource],
    statistics: Mapping[StatisticRole, Signed],
    why: Mapping[str, str],
    sections: Sequence[str] = (),
) -> str:
    """`advisor.toml`; secrets are never in it."""
    lines = [
        *_comment(spoken("Settings of `advisor run`, as advisor setup found them.")),
        *_comment(spoken(_SECRETS)),
        "",
        'home_file = "home.toml"',
        'memory_dir = ".advisor/memory"',
        "",
        "[mqtt]",
        f"host = {_text(broker.host)}",
        f"port = {broker.port}",
        *([f"username = {_text(broker.username)}"] if broker.username else []),
        *_encryption(broker.tls),
        "",
        "[homeassistant]",
        f"url = {_text(url)}",
        *([f"token_file = {_text(token_file)}"] if token_file else []),
    ]
    if statistics:
        lines += ["", "[homeassistant.statistics]"]
        for statistic, signed in statistics.items():
            lines += [*_comment(why.get(f"{statistic} statistics", "")), f"{statistic} = {_signed(signed)}"]
    lines += sections
    for role, source in sensors.items():
        lines += ["", f"[sensors.{role}]", *_comment(why.get(role, "")), *_source(source)]
    return "\n".join(lines) + "\n"


def statestream_text(base_topic: str, entities: Sequence[str]) -> str:
    """Lines for `configuration.yaml` that publish entities on MQTT: each change, and each value once a minute.

    Once a minute, because after a restart of the broker statestream leaves `unavailable` until a value changes.
    """
    return "\n".join(
        [
            "mqtt_statestream:",
            f"  base_topic: {base_topic}",
            "  include:",
            "    entities:",
            *(f"      - {entity}" for entity in entities),
            "automation energy_advisor:",
            "  - id: energy_advisor_publish_sensors",
            '    alias: "Energy Advisor: publish the sensors every minute"',
            "    mode: single",
            "    max_exceeded: silent",
            "    trigger:",
            "      - platform: time_pattern",
            '        minutes: "/1"',
            "    action:",
            "      - repeat:",
            "          for_each:",
            *(f"            - {entity}" for entity in entities),
            "          sequence:",
            "            - service: mqtt.publish",
            "              data:",
            f"                topic: \"{base_topic}/{{{{ repeat.item | replace('.', '/') }}}}/state\"",
            '                payload: "{{ states(repeat.item) }}"',
            "                retain: true",
        ]
    )


def _encryption(tls: BrokerTls | None) -> list[str]:
    if tls is None:
        return []
    files = {"ca_file": tls.ca_file, "cert_file": tls.cert_file, "key_file": tls.key_file}
    return ["tls = true", *(f"{key} = {_text(str(file.absolute()))}" for key, file in files.items() if file)]


def prices_section(prices: PriceSettings | None, why: Mapping[str, str]) -> list[str]:
    """Section `[prices]`; empty where no entity holds any."""
    if prices is None:
        return []
    chosen = prices.model_dump(include={"source", "entity", "unit", "tax_percent"}, exclude_none=True)
    rows = [f"{key} = {json.dumps(one, ensure_ascii=False)}" for key, one in chosen.items()]
    return ["", "[prices]", *_comment(why.get("prices", "")), *rows]


def language_section(language: Language) -> list[str]:
    """Section `[service]` for a household that does not speak English."""
    return [] if language == "en" else ["", "[service]", f"language = {_text(language)}"]


def batteries_sections(sensors: Mapping[str, Mapping[MappedRole, SensorSource]], why: Mapping[str, str]) -> list[str]:
    """Sections `[batteries.<name>.sensors.<role>]`; `why` is by battery."""
    lines: list[str] = []
    for name, sources in sensors.items():
        for role, source in sources.items():
            lines += ["", f"[batteries.{name}.sensors.{role}]", *_comment(why.get(name, "")), *_source(source)]
    return lines


def forecast_section(place: tuple[float, float] | None) -> list[str]:
    """Section `[forecast]`: the place, for a forecast of PV where Home Assistant has none."""
    if place is None:
        return []
    latitude, longitude = place
    return ["", "[forecast]", f"latitude = {latitude:.2f}", f"longitude = {longitude:.2f}"]


def _source(source: SensorSource) -> list[str]:
    if source.from_balance:
        return ["from_balance = true"]
    kind, names = ("entity", source.entity) if source.entity else ("topic", source.topic)
    lines = [f"{kind} = {_text(names[0] if len(names) == 1 else list(names))}"]
    if source.subtract:
        lines.append(f"subtract = {_text(list(source.subtract))}")
    if source.path:
        lines.append(f"path = {_text(source.path)}")
    if source.unit is not None:
        lines.append(f"unit = {_text(source.unit)}")
    if source.sign == -1:
        lines.append("sign = -1")
    lines.append(f"max_age_s = {source.max_age_s:g}")
    return lines


def _signed(signed: Signed) -> str:
    parts = [f"{key} = {_text(list(names))}" for key, names in signed if names]
    return "{ " + ", ".join(parts) + " }"


def _fact_lines(key: str, value: float, why: Mapping[str, str]) -> list[str]:
    reason = why.get(key, "")
    return [f"{key} = {value:g}" + (f"  # {_line(reason)}" if reason else "")]


def _comment(text: str) -> list[str]:
    words, lines = _line(text).split(), [""]
    for word in words:
        if len(lines[-1]) + len(word) > _WIDTH:
            lines.append("")
        lines[-1] += f" {word}"
    return [f"#{line}" for line in lines if line]


def _line(text: str) -> str:
    """What a comment may hold: no line end and no control character."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _text(value: str | list[str]) -> str:
    """A TOML string or list of strings: JSON's form of them, but for a character that only JSON leaves bare."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _bool(value: bool) -> str:
    return "true" if value else "false"
