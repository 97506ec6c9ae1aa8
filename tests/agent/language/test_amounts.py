import pytest

from agent.language.amounts import find_amounts


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("it cost $1,234,567", 1_234_567, "money"),
        ("it cost €1.234", 1234, "money"),
        ("it cost £0.25", 0.25, "money"),
        ("it sold 1.234.567 kwh", 1_234_567, "kwh"),
        ("it drew 1.234 kwh", 1.234, "kwh"),
        ("it drew 0,123 kwh", 0.123, "kwh"),
        ("a heater of 1,500 w", 1.5, "kw"),
    ],
)
def test_marks_part_thousands_or_decimals(text: str, value: float, unit: str) -> None:
    [found] = find_amounts(text)

    assert (found.value, found.unit) == (pytest.approx(value), unit)
