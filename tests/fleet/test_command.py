import json
from pathlib import Path

import pytest

from energy.errors import TransportError
from fleet.addresses import shard_names
from fleet.run import FleetSettings
from fleet.simulate import simulated_fleet
from fleet.status import FleetMetrics
from fleet.streams import Redis, Shard, connect, registered
from tests.conftest import Advisor
from tests.fleet.test_worker import home


def test_homes_are_registered_and_shown(
    advisor: Advisor, redis: Redis, settings: FleetSettings, tmp_path: Path
) -> None:
    file = tmp_path / "ada.json"
    file.write_text(home("ada").home.model_dump_json(), encoding="utf-8")
    url = ("--redis", settings.redis_url)
    done = advisor("fleet", "register", str(file), "--shard", "s1", *url)
    assert (done.returncode, done.stdout) == (0, "1 homes in shard s1\n")
    again = json.loads(advisor("fleet", "register", str(file), "--shard", "s1", "--json", *url).stdout)
    assert again == {"shard": "s1", "act": False, "homes": ["ada"]}
    assert registered(redis).homes["ada"] == home("ada", shard="s1").model_copy(update={"act": False})
    shown = json.loads(advisor("fleet", "status", "--shards", "s0,s1", "--json", *url).stdout)
    assert [one["shard"] for one in shown["shards"]] == ["s0", "s1"]
    assert "plan: 0 to do, 0 begun" in advisor("fleet", "status", *url).stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--role", "cook"), "role 'cook' is not known: use ingest, plan, archive"),
        (("--clock", "sand"), "clock 'sand' is not known: use wall or house"),
    ],
)
def test_wrong_usage_says_what_there_is(advisor: Advisor, arguments: tuple[str, ...], told: str) -> None:
    done = advisor("fleet", "run", *arguments)
    assert done.returncode == 2
    assert told in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("run", "--shards", "#"), "shard '#' is no name of a shard: use lower-case letters"),
        (("run", "--shards", ""), "shard '' is no name of a shard"),
        (("status", "--shards", "s0,"), "shard '' is no name of a shard"),
        (("page", "--shards", "S 1"), "shard 'S 1' is no name of a shard"),
        (("simulate", "--shards", "s0;s1"), "shard 's0;s1' is no name of a shard"),
        (("status", "--redis", "nonsense"), "Redis 'nonsense' is no URL: write it like redis://127.0.0.1:6379/0"),
        (("status", "--redis", "redis://x:port/0"), "Redis 'redis://x:port/0' is no URL"),
        (("status", "--redis", ""), "Redis '' is no URL"),
    ],
)
def test_a_shard_or_a_redis_that_cannot_be_is_named_in_a_sentence(
    advisor: Advisor, settings: FleetSettings, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], told: str
) -> None:
    monkeypatch.setenv("ADVISOR_FLEET__REDIS", settings.redis_url)
    done = advisor("fleet", *arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_home_is_registered_in_one_shard(advisor: Advisor, settings: FleetSettings, tmp_path: Path) -> None:
    file = tmp_path / "ada.json"
    file.write_text(home("ada").home.model_dump_json(), encoding="utf-8")
    for shard in ("S 1", "", "s0,s1"):
        done = advisor("fleet", "register", str(file), "--shard", shard, "--redis", settings.redis_url)
        assert (done.returncode, f"shard {shard!r} is no name of a shard" in done.stderr) == (2, True)


def test_names_of_shards_may_have_spaces_between_them() -> None:
    assert shard_names("s0, s1,s0") == ["s0", "s1"]


def test_a_redis_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(TransportError, match=r"no Redis at '127.0.0.1:1/0'") as raised:
        connect("redis://:secret@127.0.0.1:1/0")
    assert "secret" not in str(raised.value)


def test_prometheus_sees_lag_and_counts_by_shard(redis: Redis) -> None:
    shard = Shard(redis, "s0")
    shard.add([{"home": "ada", "topic": "house/clock", "payload": b""}], {"eve: too many messages": 3})
    families = {family.name: family for family in FleetMetrics([shard]).collect()}
    lags = {sample.labels["group"]: sample.value for sample in families["fleet_lag"].samples}
    assert lags == {"plan": 1, "archive": 1, "send": 0}
    counts = {sample.labels["what"]: sample.value for sample in families["fleet_counts"].samples}
    assert counts == {"homes": 0, "waiting": 1, "refused": 3}


def test_a_simulated_fleet_is_the_same_for_a_seed_and_spread_over_its_shards() -> None:
    once, again = (simulated_fleet(6, shards=("s0", "s1"), days=1, seed=3) for _ in range(2))
    assert [one for one, _ in once] == [one for one, _ in again]
    assert [one.shard for one, _ in once] == ["s0", "s1"] * 3
    assert all((a.load_kw == b.load_kw).all() for (_, a), (_, b) in zip(once, again, strict=True))
    assert len({recording.load_kw.tobytes() for _, recording in once}) == 6
