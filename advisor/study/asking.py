"""What is asked of a study, whoever asks: options, a terminal's questions, or the form on the page."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.decision.wording.problem_words import in_language
from energy.errors import SettingsError
from eval.study.play.gazetteer import Town, place_of, town_of
from eval.study.play.tariffs import OWN_TARIFF, check_tariffs, usual_tariff
from eval.study.play.wishes import Language, StudyWishes, checked_wishes, wish_faults
from ingest.history.table import History

_SIZES_KWP, _SIZES_KWH = (0.0, 5.0), (0.0, 5.0, 10.0)
# Prices of panels and batteries are assumed in this currency alone.
ASSUMED_CURRENCY = "EUR"
_PRICES = {"battery_per_kwh": "--battery-price", "pv_per_kwp": "--panel-price"}
# What a person typed, by the keys of wishes; every other key is an option's name.
_OPTIONS = {
    "household.floor_m2": "--floor",
    "household.hot_water": "--hot-water",
    "battery_kwh": "--battery",
    "battery_kw": "--battery-power",
    "prices.battery_per_kwh": "--battery-price",
    "prices.pv_per_kwp": "--panel-price",
    "panels.tilt_deg": "--tilt",
    "panels.azimuth_deg": "--azimuth",
}
# The first year that is billed by today's rules alone.
_YEAR = 2027


@dataclass(frozen=True, slots=True)
class StudyAsked:
    """A place, a home in memory, a language, and of `StudyWishes` what was said by its own names."""

    place: str | None = None
    home: str | None = None
    language: Language | None = None
    said: Mapping[str, Any] | None = None

    @property
    def words(self) -> Language:
        """The report's language."""
        return self.language or "en"


def wishes_of(asked: StudyAsked, recorded: History | None) -> StudyWishes:
    """The wishes of what was asked, with what the place and the home say of the rest.

    Raises:
        SettingsError: neither place nor home is given, or something cannot be; in the study's language.
    """
    try:
        settings = settings_of(asked, recorded)
        _check_prices(settings)
    except SettingsError as err:
        raise SettingsError(in_language(str(err), asked.words)) from err
    if wrong := wish_faults(settings):
        # Water is made as rooms are heated unless it is said otherwise.
        if wrong.get("household.hot_water") == wrong.get("household.heating"):
            wrong.pop("household.hot_water", None)
        told = (f"{_option(key)}: {in_language(text, asked.words)}" for key, text in wrong.items())
        raise SettingsError("; ".join(told))
    return checked_wishes(settings)


def _option(key: str) -> str:
    """The option that gives a key; of a list, its item is of no interest."""
    known = next((option for begin, option in _OPTIONS.items() if key.startswith(begin)), None)
    return known or f"--{key.removeprefix('household.').removeprefix('prices.').split('.')[0].replace('_', '-')}"


def settings_of(asked: StudyAsked, recorded: History | None) -> dict[str, Any]:
    """The same before it is checked key by key.

    Raises:
        SettingsError: the place is missing or not known, or a tariff does not fit it.
    """
    town = _town(asked, recorded)
    usual = _usual(town) if recorded is None else _usual_of(recorded)
    found = {
        "place_name": town.name,
        "place": town.place.model_dump(),
        "mean_c": town.mean_c,
        "country": town.country,
        "home": asked.home,
        "battery_kwh": _SIZES_KWH,
        **usual,
        **(asked.said or {}),
    }
    if "tariffs" not in found:
        found["tariffs"] = (usual_tariff(town),)
    _check_tariffs(found["tariffs"], found["currency"], town, recorded)
    return found


def _town(asked: StudyAsked, recorded: History | None) -> Town:
    if asked.place is None and recorded is None:
        raise SettingsError("no --place and no --home: give a town, such as --place Madrid, or a home in memory")
    if asked.place is None:
        raise SettingsError(
            f"--home {asked.home!r} needs --place as well: gaps in its days, and solar output where it has no panels, "
            "come from the place",
        )
    return town_of(asked.place) if recorded is None else place_of(asked.place, recorded.home.zone)


def _usual(town: Town) -> dict[str, Any]:
    return {"zone": town.zone, "currency": town.currency, "kwp": _SIZES_KWP, "year": _YEAR}


def _usual_of(recorded: History) -> dict[str, Any]:
    """What a home in memory says: where it is, its own tariff, and the panels that stand there."""
    home = recorded.home
    return {
        "zone": home.zone,
        "currency": home.currency,
        "kwp": (home.pv_peak_kw,) if home.pv_peak_kw else _SIZES_KWP,
        "tariffs": (OWN_TARIFF,),
        "year": fullest_year(recorded),
    }


def fullest_year(recorded: History) -> int:
    """The calendar year of which a home has the most days, the later one on a tie."""
    days = Counter(record.day.year for record in recorded.days)
    return max(days, key=lambda year: (days[year], year))


def _check_prices(found: Mapping[str, Any]) -> None:
    lacking = [option for name, option in _PRICES.items() if name not in found.get("prices", {})]
    if lacking and found["currency"] != ASSUMED_CURRENCY:
        raise SettingsError(
            f"prices are assumed in {ASSUMED_CURRENCY} only: give {' and '.join(lacking)} in {found['currency']}"
        )


def _check_tariffs(names: tuple[str, ...], currency: str, town: Town, recorded: History | None) -> None:
    if recorded is None and OWN_TARIFF in names:
        raise SettingsError(f"tariff {OWN_TARIFF!r} is that of a home in memory: give --home, or a tariff by its name")
    check_tariffs([name for name in names if name != OWN_TARIFF], currency, town.name)
