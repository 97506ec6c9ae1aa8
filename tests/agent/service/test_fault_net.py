"""A fault of our own is logged once with its place, counted, and survived."""

import pytest

from agent.service.fault_net import FaultNet


def test_a_fault_is_logged_once_counted_and_survived(caplog: pytest.LogCaptureFixture) -> None:
    net = FaultNet()
    for _ in range(3):
        with net.around("deciding"):
            raise OverflowError("date value out of range")
    with net.around("deciding"):
        raise ZeroDivisionError
    assert net.caught == 4
    assert [record.message.count("test_fault_net.py:") for record in caplog.records] == [1, 1]
    assert "ZeroDivisionError" in net.last


@pytest.mark.parametrize("wanted", [KeyboardInterrupt, SystemExit])
def test_what_ends_a_program_ends_it(wanted: type[BaseException]) -> None:
    with pytest.raises(wanted), FaultNet().around("deciding"):
        raise wanted
