"""What panels give under synthetic weather, beside figures that somebody published."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np

from energy.panels import Place, PvArray, PvPlant
from energy.solar import SlotSpan, pv_power
from simulator.weather.climate import climate_of
from simulator.weather.weather import Weather, make_weather

_HALF_HOUR = timedelta(minutes=30)
# A year differs from the next by some 3 per cent: the mean of thirty is right to half a per cent.
_YEARS = 30
A_YEAR = SlotSpan(datetime(2027, 1, 1, tzinfo=UTC), _HALF_HOUR, 365 * 48)
_MADRID = Place(latitude=40.42, longitude=-3.70, altitude_m=650)
_SEVILLA = Place(latitude=37.39, longitude=-5.98, altitude_m=10)
_ZARAGOZA = Place(latitude=41.65, longitude=-0.89, altitude_m=210)
_VALENCIA = Place(latitude=39.47, longitude=-0.38, altitude_m=15)
_BILBAO = Place(latitude=43.26, longitude=-2.93, altitude_m=20)
_PALMA = Place(latitude=39.57, longitude=2.65, altitude_m=20)
_BALCONIES = "https://solar-world24.com/balcony-solar/cities"
_GERMAN_TOWNS = (
    "[means of the German weather service](https://www.photovoltaik4all.de/"
    "welcher-standort-ist-fuer-eine-photovoltaikanlage-ideal)"
)


class Published(NamedTuple):
    """What is published of a town for a year, and where: kWh of a kWp facing south, or kWh/m2 on the level.

    Where no tilt is stated 30 degrees are assumed; roofs that do not face south give less.
    """

    place: Place
    per_year: float
    source: str
    tilt_deg: float | None = None


# PVGIS of the Joint Research Centre takes 14 % of losses: 5.3 at its best tilt as a page prints it, and an answer of
# its service in 2020 that a program's source has kept.
PUBLISHED = {
    "Zaragoza": Published(_ZARAGOZA, 1619, f"[PVGIS 5.3]({_BALCONIES}/zaragoza)", 38),
    "Solsonès": Published(
        Place(latitude=42.052, longitude=1.625, altitude_m=981),
        1547.1,
        "[PVGIS, an answer kept in a program](https://github.com/marcpujolapps/greenergy/blob/"
        "aae104380dd1201830f02869f425d878c6e284f7/app/src/app/tab3/tab3.page.ts)",
        35,
    ),
    "Milano": Published(
        Place(latitude=45.46, longitude=9.19, altitude_m=120), 1369, f"[PVGIS 5.3]({_BALCONIES}/milano)", 39
    ),
    "Wien": Published(
        Place(latitude=48.21, longitude=16.37, altitude_m=170), 1176, f"[PVGIS 5.3]({_BALCONIES}/wien)", 38
    ),
    # 974.52 GWh of 640.8 MW: all roofs of the city that would do.
    "Valencia": Published(
        _VALENCIA,
        974.52 / 0.6408,
        "[a study of the UPV; all its roofs](https://www.levante-emv.com/valencia/2021/05/23/"
        "valencia-generar-placas-solares-99-52145816.html)",
        30,
    ),
    # 48,202 kWh a year are expected of 33 kWp.
    "Parets (Barcelona)": Published(
        Place(latitude=41.57, longitude=2.23, altitude_m=95),
        48_202 / 33,
        "[a school; roof not stated](https://solarinfo.es/2022/05/16/"
        "concluye-instalacion-88-modulos-solares-escuela-municipal-pau-vila-parets/amp)",
        30,
    ),
    # 595 MWh a year of 555 kW, south at 30 degrees, in Arrigorriaga, 6 km from the city.
    "Bilbao": Published(
        _BILBAO,
        595 / 0.555,
        "[a waterworks' roof](https://ondavasca.com/"
        "la-mayor-planta-fotovoltaica-de-bizkaia-dara-energia-al-consorcio-de-aguas/amp)",
        30,
    ),
    # 1,482,180 MWh of 990 MW: all roofs of the region that would do.
    "Murcia": Published(
        Place(latitude=37.99, longitude=-1.13, altitude_m=45),
        1_482_180 / 990,
        "[a study of the region; all its roofs](http://www.ecologiaverde.com/"
        "una-familia-puede-ahorrar-8000-euros-con-el-autoconsumo-energetico/)",
        30,
    ),
    # 5,192, 5,213 and 5,305 kWh of 3.4 kWp, an installer's figures for the three provinces.
    "Comunidad de Madrid": Published(
        _MADRID,
        5192 / 3.4,
        "[an installer; roof not stated](https://muypymes.com/2024/02/22/madrid-regiones-economicas-invertir-energia-solar)",
        30,
    ),
    "Córdoba": Published(
        Place(latitude=37.88, longitude=-4.78, altitude_m=110),
        5213 / 3.4,
        "[an installer; roof not stated](https://www.eldiadecordoba.es/cordoba/"
        "ahorrar-energia-electrica-cordoba-autoconsumo-solar_0_1718228402.html)",
        30,
    ),
    "Sevilla": Published(
        _SEVILLA,
        5305 / 3.4,
        "[an installer; roof not stated](https://www.huelvainformacion.es/sevilla/"
        "ahorro-energia-electrica-Sevilla-autoconsumo-solar_0_1717928744.html)",
        30,
    ),
    # 142 million kWh a year of 85.4 MW: 9,345 roofs that the region's agency helped to pay; taken in its middle.
    "Andalucía": Published(
        Place(latitude=37.5, longitude=-4.7, altitude_m=300),
        142_000 / 85.4,
        "[the region's agency; 9,345 roofs](https://cronicadeandalucia.com/andalucia/andaluces-9300-proyectos-autoconsumo/)",
        30,
    ),
    # 150,000 kWh a year of 90 kWp are expected.
    "Palma": Published(
        _PALMA,
        150_000 / 90,
        "[a pergola; tilt not stated](https://solarinfo.es/2022/10/07/"
        "empresa-municipal-palma-presenta-pergola-fotovoltaica-inicia-obras-cubierta-solar/amp)",
        30,
    ),
    # 4.88 kWh/m2 a day, 1983 to 2005, from AEMET's atlas of 2012.
    "Madrid": Published(
        _MADRID, 4.88 * 365.25, "[AEMET's atlas, cited in 2021](https://www.mdpi.com/2076-3417/11/14/6517)"
    ),
    "München": Published(Place(latitude=48.14, longitude=11.58, altitude_m=520), 1169, _GERMAN_TOWNS),
    "Stuttgart": Published(Place(latitude=48.78, longitude=9.18, altitude_m=250), 1125, _GERMAN_TOWNS),
    "Berlin": Published(Place(latitude=52.52, longitude=13.40, altitude_m=35), 1030, _GERMAN_TOWNS),
    "Hamburg": Published(Place(latitude=53.55, longitude=10.00, altitude_m=10), 965, _GERMAN_TOWNS),
}
# Towns to be held against one's own query of PVGIS.
UNPUBLISHED = {
    "Madrid": _MADRID,
    "Sevilla": _SEVILLA,
    "Barcelona": Place(latitude=41.39, longitude=2.17, altitude_m=15),
    "Valencia": _VALENCIA,
    "Bilbao": _BILBAO,
    "Zaragoza": _ZARAGOZA,
    "A Coruña": Place(latitude=43.37, longitude=-8.40, altitude_m=20),
    "Málaga": Place(latitude=36.72, longitude=-4.42, altitude_m=10),
    "Valladolid": Place(latitude=41.65, longitude=-4.72, altitude_m=700),
    "Palma": _PALMA,
    "Las Palmas de Gran Canaria": Place(latitude=28.12, longitude=-15.43, altitude_m=10),
}


class Yielded(NamedTuple):
    """Mean of synthetic years: AC energy of a kWp, and irradiation on the level in kWh/m2."""

    kwh_per_kwp: float
    level_kwh_m2: float


def synthetic_years(place: Place, seeds: int) -> list[Weather]:
    """A year's weather over a place, from each seed."""
    climate = climate_of(place)
    return [make_weather(place, climate, A_YEAR, seed=seed) for seed in range(1, seeds + 1)]


def level_kwh_m2(years: Sequence[Weather]) -> float:
    """Irradiation on the level, as the mean of years."""
    return float(np.mean([year.light.ghi_w_m2.sum() / 2000 for year in years]))


def yielded(place: Place, *, tilt_deg: float = 35.0, seeds: int = _YEARS) -> Yielded:
    """What panels that face south give under synthetic weather, as the mean of some years."""
    plant = PvPlant(arrays=(PvArray(peak_kw=1.0, tilt_deg=tilt_deg),), inverter_kw=1.0)
    years = synthetic_years(place, seeds)
    given = [pv_power(plant, year.sun, year.light, year.temperature_c, year.wind_m_s).sum() / 2 for year in years]
    return Yielded(float(np.mean(given)), level_kwh_m2(years))


class PublishedYield(NamedTuple):
    """What is published of a town for a year beside synthetic years; the unit is that of a tilt, or of the level."""

    town: str
    unit: str
    tilt_deg: float | None
    published: float
    synthetic: float
    source: str


class TownYield(NamedTuple):
    """Synthetic years of a town."""

    town: str
    kwh_per_kwp: float
    level_kwh_m2: float


def published_yields(*, seeds: int = _YEARS) -> list[PublishedYield]:
    """Every town of which something is published."""
    return [_published(name, town, seeds) for name, town in PUBLISHED.items()]


def _published(name: str, town: Published, seeds: int) -> PublishedYield:
    made = yielded(town.place, tilt_deg=town.tilt_deg or 0.0, seeds=seeds)
    unit, value = ("kWh/m²", made.level_kwh_m2) if town.tilt_deg is None else ("kWh/kWp", made.kwh_per_kwp)
    return PublishedYield(name, unit, town.tilt_deg, town.per_year, value, town.source)


def town_yields(*, seeds: int = _YEARS) -> list[TownYield]:
    """What a kWp gives in each town."""
    made = {name: yielded(place, seeds=seeds) for name, place in UNPUBLISHED.items()}
    return [TownYield(name, one.kwh_per_kwp, one.level_kwh_m2) for name, one in made.items()]


def published_table(yields: Sequence[PublishedYield]) -> str:
    """What is published, with its source, beside synthetic years, as a table of Markdown."""
    rows = [
        "| town | a year | published | synthetic years | difference | source |",
        "|:--|:--|--:|--:|--:|:--|",
    ]
    for one in yields:
        what = f"{one.unit} on the level" if one.tilt_deg is None else f"{one.unit}, south, {one.tilt_deg:.0f}°"
        off = one.synthetic / one.published - 1
        rows.append(f"| {one.town} | {what} | {one.published:.0f} | {one.synthetic:.0f} | {off:+.0%} | {one.source} |")
    return "\n".join(rows) + "\n"


def yield_table(yields: Sequence[TownYield]) -> str:
    """What a kWp gives in towns, as a table of Markdown."""
    rows = ["| town | synthetic years (kWh/kWp) | level irradiation (kWh/m²) |", "|:--|--:|--:|"]
    rows += [f"| {one.town} | {one.kwh_per_kwp:.0f} | {one.level_kwh_m2:.0f} |" for one in yields]
    return "\n".join(rows) + "\n"
