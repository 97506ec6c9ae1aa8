"""Says a constraint back in the household's language, so that it can be confirmed, and later in reasons."""

from datetime import datetime
from typing import Literal, assert_never
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_decimal

from energy.constraints import (
    Away,
    CarReady,
    Constraint,
    ExtraLoad,
    NoDischargeIntoCar,
    NoExport,
    NoGridCharge,
    Reserve,
)
from energy.home import Home

Language = Literal["en", "es"]


def describe(constraint: Constraint, tz: ZoneInfo, language: Language = "en") -> str:
    """One sentence: what is asked, and from when to when in local time."""
    what = _in_english(constraint) if language == "en" else _in_spanish(constraint)
    start, end = (local_moment(moment, tz, language) for moment in (constraint.start, constraint.end))
    if isinstance(constraint, CarReady):
        return f"{what} before {end}" if language == "en" else f"{what} antes del {end}"
    return f"{what}, from {start} to {end}" if language == "en" else f"{what}, del {start} al {end}"


_BANS: dict[Language, dict[str, str]] = {
    "en": {
        "no_grid_charge": "no charging of the battery from the grid",
        "no_export": "no selling from the battery",
        "no_discharge_into_car": "no discharging of the battery while the car charges",
    },
    "es": {
        "no_grid_charge": "no cargar la batería de la red",
        "no_export": "no vender de la batería",
        "no_discharge_into_car": "no descargar la batería mientras se carga el coche",
    },
}
_SHALL: dict[Language, str] = {
    "en": "{what}? That is expected to cost {extra} {currency} more than the best schedule.",
    "es": "¿{what}? Se espera que cueste {extra} {currency} más que el mejor plan.",
}
_WEIGHED: dict[Language, str] = {
    "en": "Nothing here is for the plan, but the language model may weigh it for a day. Keep it as a remark?",
    "es": "Aquí no hay nada para el plan, pero el modelo de lenguaje puede tenerlo en cuenta un día. ¿Guardarlo?",
}


def ask_whether(constraint: Constraint, extra: float, home: Home, language: Language = "en") -> str:
    """The question whether something shall hold that costs more than the household has allowed."""
    what = describe(constraint, home.tz, language)
    cost = format_decimal(extra, format="0.00", locale=language)
    return _SHALL[language].format(what=what[0].upper() + what[1:], extra=cost, currency=home.currency)


def ask_remark(language: Language) -> str:
    """The question whether a text shall be kept that only a language model can weigh."""
    return _WEIGHED[language]


def local_moment(moment: datetime, tz: ZoneInfo, language: Language) -> str:
    """A moment with weekday, day, month and clock, such as `Sun 18 Jan, 07:00`; no wish lasts a year."""
    return str(format_datetime(moment.astimezone(tz), "EEE d MMM, HH:mm", locale=language))


def _in_english(constraint: Constraint) -> str:
    match constraint:
        case Reserve():
            bought = ", bought from the grid where needed" if constraint.bought else ", without buying it from the grid"
            return f"at least {constraint.soc * 100:.0f} % in the battery{bought}"
        case NoGridCharge() | NoExport() | NoDischargeIntoCar():
            return _BANS["en"][constraint.kind]
        case ExtraLoad():
            return f"{constraint.power_kw:.2f} kW more load than usual"
        case Away():
            return f"nobody home, {constraint.load_factor * 100:.0f} % of the usual load"
        case CarReady():
            return f"{constraint.energy_kwh:.1f} kWh into the car"
        case _:
            assert_never(constraint)


def _in_spanish(constraint: Constraint) -> str:
    match constraint:
        case Reserve():
            bought = ", comprando de la red si hace falta" if constraint.bought else ", sin comprarlo de la red"
            return f"al menos un {constraint.soc * 100:.0f} % en la batería{bought}"
        case NoGridCharge() | NoExport() | NoDischargeIntoCar():
            return _BANS["es"][constraint.kind]
        case ExtraLoad():
            return f"{constraint.power_kw:.2f} kW más de consumo que de costumbre".replace(".", ",", 1)
        case Away():
            return f"nadie en casa, {constraint.load_factor * 100:.0f} % del consumo habitual"
        case CarReady():
            return f"{constraint.energy_kwh:.1f} kWh en el coche".replace(".", ",", 1)
        case _:
            assert_never(constraint)
