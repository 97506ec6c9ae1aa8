from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from simulator.house.sensors import Fault, SensorQuality, Sensors, check_faults

START = datetime(2017, 1, 10, tzinfo=UTC)
STEP = timedelta(minutes=5)


def said(quality: SensorQuality, truths: list[float], name: str = "load_power", seed: int = 1) -> list[float | None]:
    """What one sensor says at each step, None where it is silent."""
    sensors = Sensors(quality, began=START, seed=seed)
    result = [sensors.read({name: true}, START + at * STEP) for at, true in enumerate(truths)]
    return [states[0].value if states else None for states in result]


def test_perfect_sensors_say_what_is_true() -> None:
    truths = [0.1234567, 2.0, 0.0]
    assert said(SensorQuality(), truths) == truths


def test_noise_is_as_large_as_the_class_of_the_meter_and_the_same_from_the_same_seed() -> None:
    truths = [2.0] * 4000
    first, again, other = (said(SensorQuality(noise=1), truths, seed=seed) for seed in (1, 1, 2))
    assert first == again != other
    assert np.std(first) == pytest.approx(0.023, rel=0.1)
    assert np.mean(first) == pytest.approx(2.0, abs=0.002)
    assert said(SensorQuality(noise=1), [0.0]) == [0.0]


def test_values_come_in_the_steps_that_meters_show() -> None:
    assert said(SensorQuality(resolution=1), [0.1234567]) == [pytest.approx(0.12)]
    assert said(SensorQuality(resolution=1), [51.7], "battery_soc") == [52.0]
    assert said(SensorQuality(noise=20), [99.9] * 50, "battery_soc") != [99.9] * 50
    assert max(value or 0 for value in said(SensorQuality(noise=20), [99.9] * 50, "battery_soc")) <= 100
    assert min(value or 0 for value in said(SensorQuality(noise=20), [0.001] * 50)) >= 0


def test_a_sensor_that_reports_changes_is_silent_between_them_and_repeats_itself_at_its_heartbeat() -> None:
    quality = SensorQuality(report_on_change=True, heartbeat_minutes=15)
    assert said(quality, [1.0, 1.001, 1.002, 1.003, 1.5, 1.5]) == [1.0, None, None, 1.003, 1.5, None]


@pytest.mark.parametrize(
    ("fault", "truths", "expected"),
    [
        (Fault(sensor="load_power", kind="dropout", after_hours=0.08, hours=0.16), [1, 2, 3, 4], [1, None, None, 4]),
        (Fault(sensor="load_power", kind="stuck", after_hours=0.08, hours=0.16), [1, 2, 3, 4], [1, 1, 1, 4]),
        (Fault(sensor="all", kind="delayed", by=10, after_hours=0, hours=1), [1, 2, 3, 4], [None, None, 1, 2]),
        (Fault(sensor="load_power", kind="wrong_unit", by=1000, after_hours=0.16, hours=1), [1, 2, 3], [1, 2, 3000]),
        (Fault(sensor="load_power", kind="restart", after_hours=0.08, hours=0.08), [1, 2, 3], [1, 0, 3]),
        (Fault(sensor="pv_power", kind="dropout", hours=1), [1, 2], [1, 2]),
    ],
    ids=lambda part: part.kind if isinstance(part, Fault) else "",
)
def test_faults_do_what_their_names_say(fault: Fault, truths: list[float], expected: list[float | None]) -> None:
    assert said(SensorQuality(faults=(fault,)), truths) == expected


def test_a_delayed_state_carries_the_time_it_was_true_at() -> None:
    sensors = Sensors(SensorQuality(faults=(Fault(sensor="all", kind="delayed", by=5, hours=9),)), began=START, seed=1)
    sensors.read({"load_power": 1.0}, START)
    [late] = sensors.read({"load_power": 2.0}, START + STEP)
    assert (late.value, late.at) == (1.0, START)


def test_an_energy_counter_counts_from_zero_again_after_a_restart() -> None:
    fault = Fault(sensor="all", kind="restart", after_hours=0.16, hours=0.08)
    assert said(SensorQuality(faults=(fault,)), [10, 11, 12, 13, 15], "load_energy") == [10, 11, 0, 1, 3]


def test_spikes_hit_some_values_only() -> None:
    result = said(SensorQuality(faults=(Fault(sensor="all", kind="spikes", by=50, hours=99),)), [1.0] * 200)
    assert 20 < sum(value == 51.0 for value in result) < 80
    assert set(result) == {1.0, 51.0}


def test_a_fault_of_a_sensor_that_is_not_there_is_told() -> None:
    fault = Fault(sensor="lod_power", kind="stuck", hours=1)
    result = "sensors.faults.0.sensor: no 'lod_power' here, use one of all, load_power"
    assert check_faults([fault], ["load_power"]) == result
    assert check_faults([Fault(sensor="all", kind="stuck", hours=1)], ["load_power"]) is None
