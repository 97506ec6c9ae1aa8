"""`advisor setup`: read a home's Home Assistant, propose the mapping with reasons, write both files."""

import math
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import click
import typer
from pydantic import SecretStr, ValidationError
from rich.console import Console
from rich.table import Table

from advisor.setup.batteries import FoundBattery, find_batteries
from advisor.setup.facts import build_home, estimate_facts, find_forecast
from advisor.setup.files import (
    batteries_sections,
    forecast_section,
    home_text,
    language_section,
    prices_section,
    settings_text,
    statestream_text,
)
from advisor.setup.prices import find_prices, find_tariff
from advisor.spoken_language import SPOKEN, agreed, spoken, working
from agent.settings import load_settings
from energy.battery import combined
from energy.errors import SettingsError
from energy.home import Home
from ingest.home_file import load_home
from ingest.homeassistant.client import HomeAssistant, HomeAssistantSettings
from ingest.homeassistant.proposal import SensorProposal, Way, balance_load, name_sensor, propose, settled
from ingest.homeassistant.survey import Survey, take_survey
from ingest.live.mapping import MappedRole
from ingest.live.snapshot import REQUIRED, Role
from ingest.prices.settings import PriceSettings
from knowledge.private import write_private
from transport.mqtt import BrokerAddress, MqttLink
from transport.payloads import first_fault

_TOKEN = "ADVISOR_HOMEASSISTANT__TOKEN"  # noqa: S105 (the name of a variable)
_LISTEN_S = 3.0
_STATESTREAM = "statestream"
_STATE_TOPIC = re.compile(r"(?P<base>.+)/sensor/(?P<name>[^/]+)/state")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user said on the command line; None is left to the survey, or asked."""

    folder: Path
    yes: bool = False
    overwrite: bool = False
    url: str = "http://homeassistant.local:8123"
    token_file: Path | None = None
    broker: str = "127.0.0.1:1883"
    username: str | None = None
    name: str | None = None
    sensors: tuple[str, ...] = ()
    statestream: str | None = None
    mqtt: bool = False
    facts: Mapping[str, float | None] = field(default_factory=dict)
    one_battery: bool = False
    tariff: str | None = None
    tax_percent: float | None = None


@dataclass(frozen=True, slots=True)
class ChosenSetup:
    """Everything that the two files say, the way of the states, and whether there is a PV forecast.

    `batteries` are those of several that each has its own charge; `one_because` says why several are taken as one.
    """

    home: Home
    proposal: SensorProposal
    why: Mapping[str, str]
    way: Way
    source_found: bool
    forecast: bool = False
    prices: PriceSettings | None = None
    place: tuple[float, float] | None = None
    batteries: tuple[FoundBattery, ...] = ()
    one_because: str = ""


def set_up(wishes: Wishes, console: Console) -> ChosenSetup:
    """Ask Home Assistant, choose, show, write.

    Raises:
        SettingsError: files are there already, or something that is needed cannot be found and nobody can be asked.
        TransportError: Home Assistant or the broker cannot be reached or refuses us.
    """
    _refuse_to_overwrite(wishes)
    wishes = _with_token(wishes)
    survey = _survey(wishes)
    way, source_found = _find_way(wishes, survey)
    proposal = propose(survey, way)
    _apply_named(proposal, wishes, survey, way)
    batteries, one_because = _several(wishes, survey, way)
    _settle(proposal, wishes, survey, way, batteries=batteries)
    facts, why = estimate_facts(survey, proposal, _with_capacity(wishes.facts, batteries))
    tariff, why["tariff"] = find_tariff(survey, wishes.tariff)
    prices, why["prices"] = find_prices(survey, lambda entity: _tax_percent(entity, wishes))
    efficiency = proposal.battery.efficiency if proposal.battery else None
    try:
        several = [one.battery for one in batteries]
        home = build_home(survey, facts, name=wishes.name, efficiency=efficiency, tariff=tariff, batteries=several)
    except ValidationError as err:
        raise SettingsError(f"the facts of this home are not possible: {first_fault(err)}") from err
    forecast, why["pv_forecast"] = find_forecast(survey, datetime.now(UTC))
    chosen = ChosenSetup(
        home,
        proposal,
        {key: spoken(text) for key, text in (proposal.why | why).items()},
        way,
        source_found,
        forecast,
        prices,
        place=(survey.config.latitude, survey.config.longitude),
        batteries=batteries,
        one_because=one_because,
    )
    show(chosen, console)
    if not wishes.yes and not agreed("Write advisor.toml and home.toml?", default=True):
        raise typer.Abort
    _write(chosen, wishes)
    _say_next(chosen, wishes, console)
    return chosen


def _several(wishes: Wishes, survey: Survey, way: Way) -> tuple[tuple[FoundBattery, ...], str]:
    """The several batteries of the energy dashboard; none, and why, where they are taken as one."""
    said = [key for key in ("capacity_kwh", "max_charge_kw", "max_discharge_kw") if wishes.facts.get(key) is not None]
    if wishes.one_battery or said or any(given.startswith("battery_soc=") for given in wishes.sensors):
        return (), "as you said" if len(survey.preferences.batteries) > 1 else ""
    return find_batteries(survey, way)


def _with_capacity(given: Mapping[str, float | None], batteries: Sequence[FoundBattery]) -> dict[str, float | None]:
    return {
        **given,
        **({"capacity_kwh": combined([one.battery for one in batteries]).capacity_kwh} if batteries else {}),
    }


def _tax_percent(entity: str, wishes: Wishes) -> float:
    """What comes on top of an entity's prices: as was said, asked once, or nothing where nobody can be asked."""
    if wishes.tax_percent is not None:
        return wishes.tax_percent
    if wishes.yes or agreed(f"Do the prices of {entity} include all taxes?", default=True):
        return 0.0
    return float(typer.prompt(spoken("How many per cent come on top?"), type=click.FloatRange(0, 100)))


def _refuse_to_overwrite(wishes: Wishes) -> None:
    there = [name for name in ("advisor.toml", "home.toml") if (wishes.folder / name).exists()]
    if not there or wishes.overwrite:
        return
    problem = f"{' and '.join(there)} in {str(wishes.folder)!r} exist already"
    if wishes.yes or not agreed(f"{problem}. Replace them, and keep the old ones as *.old?"):
        raise SettingsError(f"{problem}: give --overwrite, which keeps the old ones as *.old, or another --folder")


def _with_token(wishes: Wishes) -> Wishes:
    """Ask for the token where nobody gave one, and keep it in a file that only its owner can read."""
    if wishes.yes or wishes.token_file is not None or os.environ.get(_TOKEN):
        return wishes
    question = f"Token of {wishes.url} (your profile > Security > Long-lived access tokens)"
    token = typer.prompt(spoken(question), hide_input=True)
    wishes.folder.mkdir(parents=True, exist_ok=True)
    write_private(wishes.folder / "token", token.strip())
    return replace(wishes, token_file=Path("token"))


def _survey(wishes: Wishes) -> Survey:
    token = os.environ.get(_TOKEN)
    settings = HomeAssistantSettings(
        url=wishes.url,
        token=SecretStr(token) if token else None,
        token_file=wishes.folder / wishes.token_file if wishes.token_file else None,
    )
    with working("Reading a month of statistics from Home Assistant"), HomeAssistant(settings.address()) as assistant:
        survey = take_survey(assistant, datetime.now(UTC))
    if not survey.preferences.statistics():
        raise SettingsError(
            f"the energy dashboard of {wishes.url!r} names no sensors: set it up (Settings > Dashboards > Energy), "
            "then run advisor setup again",
        )
    if gone := survey.unknown_statistics():
        raise SettingsError(
            f"the energy dashboard names {gone[0]!r}, of which Home Assistant has no statistics: it was renamed or "
            "removed, or is too new; correct it (Settings > Dashboards > Energy), then run advisor setup again"
        )
    return survey


def _broker(wishes: Wishes) -> BrokerAddress:
    address = BrokerAddress.from_environment(wishes.broker)
    return replace(address, username=wishes.username or address.username)


def _find_way(wishes: Wishes, survey: Survey) -> tuple[Way, bool]:
    """From Home Assistant itself, unless statestream is wished for; its base topic if found. Tries the broker.

    Raises:
        TransportError: the broker cannot be reached or refuses us.
    """
    with MqttLink(_broker(wishes), "energy-advisor-setup") as link:
        if not (wishes.mqtt or wishes.statestream):
            return Way(), True
        link.subscribe("+/sensor/+/state", "+/+/sensor/+/state")
        while (message := link.receive(_LISTEN_S)) is not None:
            match = _STATE_TOPIC.fullmatch(message.topic)
            if match and f"sensor.{match['name']}" in survey.states and wishes.statestream in {None, match["base"]}:
                return Way(match["base"]), True
    return Way(wishes.statestream or _STATESTREAM), False


def _apply_named(proposal: SensorProposal, wishes: Wishes, survey: Survey, way: Way) -> None:
    roles: tuple[Role, ...] = get_args(Role)
    for given in wishes.sensors:
        wanted, _, entity = given.partition("=")
        role = next((role for role in roles if role == wanted), None)
        if role is None or not entity:
            raise SettingsError(f"--sensor {given!r}: write ROLE=ENTITY, with ROLE one of {', '.join(roles)}")
        if (name := entity.removeprefix("-")) not in survey.states:
            raise SettingsError(f"--sensor {given!r}: Home Assistant has no entity {name!r}")
        name_sensor(proposal, role, entity, state=survey.states[name], way=way)


def _settle(
    proposal: SensorProposal, wishes: Wishes, survey: Survey, way: Way, *, batteries: Sequence[FoundBattery] = ()
) -> None:
    """Ask for what could not be found, where somebody can be asked; several batteries have charges of their own."""
    if batteries:
        proposal.sensors.pop("battery_soc", None)
        proposal.missing = [role for role in proposal.missing if role != "battery_soc"]
    balance_load(proposal)
    for role in [role for role in proposal.missing if role != "load_power"]:
        if wishes.yes:
            continue
        likely = ", ".join(_likely(survey, role)[:8]) or "none of its kind"
        question = f"{role}: which entity? A minus before it reverses its sign ({likely})"
        entity = typer.prompt(spoken(question), default="")
        if entity.removeprefix("-") in survey.states:
            state = survey.states[entity.removeprefix("-")]
            name_sensor(proposal, role, entity, state=state, way=way)
    balance_load(proposal)
    if not settled(proposal.sensors, batteries=bool(batteries)):
        lacking = next(role for role in (*proposal.missing, *REQUIRED) if role not in proposal.sensors)
        likely = ", ".join(_likely(survey, lacking)[:8]) or "none"
        raise SettingsError(
            f"{lacking}: no sensor follows what the energy dashboard counted in the last month: name it with "
            f"--sensor {lacking}=sensor.… (of its kind: {likely})",
        )


def _likely(survey: Survey, role: MappedRole) -> list[str]:
    wanted = "battery" if role == "battery_soc" else "power"
    return sorted(name for name, state in survey.states.items() if state.device_class == wanted)


def show(chosen: ChosenSetup, console: Console) -> None:
    """What was chosen, and why."""
    table = Table(title=f"{chosen.home.name}, {chosen.home.zone}", title_justify="left", show_lines=False)
    table.add_column(spoken("what"), style="bold", no_wrap=True)
    table.add_column(spoken("chosen"), no_wrap=True)
    table.add_column(spoken("why"))
    for role, source in chosen.proposal.sensors.items():
        turned = spoken("sign -1") if source.sign == -1 else ""
        entities = "\n".join(chosen.proposal.entities.get(role, (spoken("balance"),)))
        unit = source.unit or ("kW" if source.from_balance else spoken("its own unit"))
        unit = ", ".join(filter(None, (unit, turned)))
        table.add_row(role, f"{entities} ({unit})", chosen.why.get(role, ""))
    for one in chosen.batteries:
        table.add_row(
            spoken(f"battery {one.battery.name}"),
            f"{one.entity}, {one.battery.capacity_kwh:g} kWh",
            spoken(one.why["battery_soc"]),
        )
    forecast = spoken("energy dashboard") if chosen.forecast else spoken("none")
    table.add_row("pv_forecast", forecast, chosen.why.get("pv_forecast", ""))
    battery, grid = chosen.home.battery, chosen.home.grid
    for key, text in (
        ("pv_peak_kw", f"{chosen.home.pv_peak_kw:g} kW"),
        ("capacity_kwh", f"{battery.capacity_kwh:g} kWh"),
        ("max_charge_kw", f"{battery.max_charge_kw:g} kW"),
        ("max_discharge_kw", f"{battery.max_discharge_kw:g} kW"),
        ("import_limit_kw", f"{grid.import_limit_kw:g} kW"),
        ("export_limit_kw", f"{grid.export_limit_kw:g} kW"),
        ("tariff", chosen.home.tariff.kind),
    ):
        table.add_row(key, text, chosen.why.get(key, ""))
    if chosen.prices is not None:
        table.add_row("prices", f"{chosen.prices.entity}", chosen.why["prices"])
    for key in [key for key in chosen.why if key.endswith(" statistics")]:
        table.add_row(key.removesuffix(" statistics"), f"[yellow]{spoken('statistics reversed')}[/]", chosen.why[key])
    console.print(table)


def _write(chosen: ChosenSetup, wishes: Wishes) -> None:
    """Both files, tried by the service's own readers before anything is put in place."""
    token_file = str(wishes.token_file) if wishes.token_file else None
    texts = {
        "home.toml": home_text(chosen.home, chosen.why, {one.battery.name: one.why for one in chosen.batteries}),
        "advisor.toml": settings_text(
            broker=_broker(wishes),
            url=wishes.url,
            token_file=token_file,
            sensors=chosen.proposal.sensors,
            statistics=chosen.proposal.statistics if chosen.proposal.corrected else {},
            why=chosen.why,
            sections=[
                *language_section(SPOKEN.get()),
                *prices_section(chosen.prices, chosen.why),
                *forecast_section(chosen.place),
                *batteries_sections(
                    {one.battery.name: one.sensors for one in chosen.batteries},
                    {one.battery.name: spoken(one.why["battery_soc"]) for one in chosen.batteries},
                ),
            ],
        ),
    }
    wishes.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=wishes.folder) as draft:
        for name, text in texts.items():
            (Path(draft) / name).write_text(text, encoding="utf-8")
        load_home(load_settings(Path(draft) / "advisor.toml").home_file)
        for name in texts:
            if (wishes.folder / name).exists():
                (wishes.folder / name).replace(wishes.folder / f"{name}.old")
            (Path(draft) / name).replace(wishes.folder / name)


def _say_next(chosen: ChosenSetup, wishes: Wishes, console: Console) -> None:
    def tell(text: str) -> None:
        console.print(spoken(text), highlight=False, markup=False)

    config = wishes.folder / "advisor.toml"
    tell(f"wrote {config} and {wishes.folder / 'home.toml'}")
    if not chosen.source_found:
        entities = dict.fromkeys(name for names in chosen.proposal.entities.values() for name in names)
        entities |= dict.fromkeys(one.entity for one in chosen.batteries)
        tell("Home Assistant does not publish these yet. Add this to its configuration.yaml and restart it:")
        lines = statestream_text(chosen.way.statestream or _STATESTREAM, list(entities))
        console.print(lines, highlight=False, markup=False, soft_wrap=True)
    tell("Next:")
    for command in ("advisor ingest homeassistant", "advisor doctor", "advisor run"):
        console.print(f"  {command} --config {config}", highlight=False)
    least = math.ceil(round(100 * chosen.home.battery.min_soc, 6))
    tell(f"In an automation of the blueprint *drive an inverter*, set the lowest reserve to {least} % (min_soc).")
    if chosen.batteries or chosen.one_because:
        tell(_of_batteries(chosen))
    if chosen.forecast:
        tell("The solar forecast is read from the energy dashboard.")


def _of_batteries(chosen: ChosenSetup) -> str:
    """What to do where the energy dashboard has several batteries."""
    if chosen.batteries:
        names = " and ".join(one.battery.name for one in chosen.batteries)
        return (
            f"Each of your batteries is commanded by itself: make an automation for each, with its name ({names}). "
            "Where one inverter has them all, run advisor setup again with --one-battery"
        )
    return (
        f"The energy dashboard has several batteries, taken as one here: {chosen.one_because}. If each has its own "
        "inverter, list them as [[batteries]] in home.toml: docs/guide.md says how"
    )
