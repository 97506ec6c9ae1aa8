from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from energy.validation_messages import validation_messages


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = Field(ge=1, le=9)


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    lives: float = Field(gt=0, lt=2)


class Farm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    latitude: float = Field(default=0, ge=-90, le=90, allow_inf_nan=False)
    hour: float = Field(default=0, ge=0, lt=24)
    share: float = Field(default=1, gt=0, le=1)
    acres: float | None = Field(default=None, gt=0)
    debts: float = Field(default=0, le=0)
    rain_mm: tuple[Annotated[float, Field(ge=0, le=500)], ...] = Field(default=(0, 0), min_length=2)
    wells: dict[str, Annotated[int, Field(ge=0)]] = {}
    pet: Annotated[Cat | Dog, Field(discriminator="kind")] | None = None
    password: str = Field(default="", max_length=3)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"latitude": 95}, "latitude: should be -90 to 90 (given: 95)"),
        ({"latitude": "north"}, "latitude: should be a valid number, -90 to 90"),
        ({"latitude": float("nan")}, "latitude: should be a finite number, -90 to 90 (given: nan)"),
        ({"hour": 24}, "hour: should be 0 to below 24 (given: 24)"),
        ({"share": 0}, "share: should be above 0, up to 1 (given: 0)"),
        ({"acres": -1}, "acres: should be above 0 (given: -1)"),
        ({"debts": 2}, "debts: should be 0 or less (given: 2)"),
        ({"rain_mm": [1, 501]}, "rain_mm.1: should be 0 to 500 (given: 501)"),
        ({"rain_mm": [1]}, "rain_mm: Tuple should have at least 2 items after validation, not 1 (given: [1])"),
        ({"wells": {"old": -3}}, "wells.old: should be 0 or more (given: -3)"),
        ({"pet": {"kind": "cat", "lives": 10}}, "pet.cat.lives: should be 1 to 9 (given: 10)"),
        ({"pet": {"kind": "dog", "lives": 10}}, "pet.dog.lives: should be above 0, below 2 (given: 10)"),
        ({"acers": 3}, "acers: no such key here: check its spelling (given: 3)"),
        ({"pet": {"kind": "cat"}}, "pet.cat.lives: is missing, give it"),
        ({"rain_mm": "x" * 500}, f"(given: {repr('x' * 500)[:77]}...)"),
    ],
)
def test_a_mistake_is_told_with_its_key_value_and_whole_range(given: dict[str, object], expected: str) -> None:
    assert expected in said(given)


def test_every_mistake_is_told_and_no_secret() -> None:
    text = said({"latitude": 95, "password": "hunter2", "hour": -1})
    assert text.count(";") == 2
    assert "hunter2" not in text


def said(given: dict[str, object]) -> str:
    with pytest.raises(ValidationError) as raised:
        Farm.model_validate(given)
    return validation_messages(raised.value, Farm)
