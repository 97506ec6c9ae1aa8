from dataclasses import replace
from threading import Event, Thread

import pytest

from fleet.ingester import Ingester
from fleet.run import FleetSettings, run
from tests.conftest import Advisor, free_port


def test_an_ingester_that_fails_on_one_shard_ends_the_work_with_its_reason(
    settings: FleetSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_on = Ingester.run

    def failing(self: Ingester, broker: object, stop: Event) -> None:
        if self._shard.name == "s1":
            raise ValueError("of the test")
        keep_on(self, settings.broker, stop)

    monkeypatch.setattr(Ingester, "run", failing)
    raised: list[BaseException] = []

    def work() -> None:
        with pytest.raises(ValueError, match="of the test") as found:
            run(replace(settings, shards=("s0", "s1")), ["ingest"], Event())
        raised.append(found.value)

    thread = Thread(target=work, daemon=True)
    thread.start()
    thread.join(60)
    assert [str(one) for one in raised] == ["of the test"]


def test_an_ingester_without_a_broker_says_so_and_fails(advisor: Advisor, settings: FleetSettings) -> None:
    broker = f"127.0.0.1:{free_port()}"
    arguments = ("--role", "ingest", "--shards", "s0,s1", "--broker", broker, "--redis", settings.redis_url)
    done = advisor("fleet", "run", *arguments)
    assert done.returncode != 0
    assert f"no broker at '{broker}'" in done.stderr
    assert "Traceback" not in done.stderr
