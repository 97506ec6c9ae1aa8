from pathlib import Path

import pytest

from eval.study.play.cache import AnswerCache
from eval.study.play.gazetteer import town_of
from eval.study.play.wishes import StudyWishes, checked_wishes
from eval.study.study import Player, Study
from eval.sweep.sweep import SerialSweep


def madrid_wishes(**more: object) -> StudyWishes:
    """A family of three in Madrid with 5 kWp and 5 kWh under three prices, self-consumption and one year alone."""
    town = town_of("Madrid")
    told: dict[str, object] = {
        "place_name": town.name,
        "place": town.place.model_dump(),
        "zone": town.zone,
        "mean_c": town.mean_c,
        "kwp": (0.0, 5.0),
        "battery_kwh": (0.0, 5.0),
        "prices": {"battery_per_kwh": 250.0},
        "weather_years": 0,
        "with_advisor": False,
    }
    return checked_wishes(told | more)


def first_answer(wishes: StudyWishes, folder: Path) -> Study:
    """The study in plain self-consumption."""
    return next(Player(wishes, AnswerCache(folder, SerialSweep()), lambda *_: None).study())


@pytest.fixture(scope="session")
def study_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("study")


@pytest.fixture(scope="session")
def family(study_folder: Path) -> Study:
    return first_answer(madrid_wishes(), study_folder)


@pytest.fixture(scope="session")
def electric(study_folder: Path) -> Study:
    """Four people with a car and a heat pump."""
    household = {"people": 4, "car": True, "heating": "heat_pump", "hot_water": "heat_pump", "cooling": True}
    return first_answer(madrid_wishes(household=household), study_folder)
