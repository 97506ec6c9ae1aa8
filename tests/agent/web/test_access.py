"""Who is let in: tokens, names, origins, sizes, rates; and what refusals and logs never contain."""

import logging
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from agent.settings import ApiSettings
from agent.web.access import load_keys
from energy.errors import SettingsError

WRONG = "a-wrong-token-that-must-not-be-logged"


@pytest.mark.parametrize("path", ["/", "/v1/status", "/v1/plan", "/v1/health"])
def test_on_loopback_all_may_read(api: Any, path: str) -> None:
    answer = api.client().get(path)
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_no_change_without_the_token(api: Any) -> None:
    for headers in ({}, {"Authorization": f"Bearer {WRONG}"}, {"Authorization": f"Bearer {api.read_key}"}):
        refused = api.client(**headers).post("/v1/decide")
        assert refused.status_code == 401
        assert "token" in refused.json()["error"]
    assert api.client().post(f"/key/{api.read_key}/v1/decide").status_code == 401
    assert not api.shared_state.decision_wished


def test_beyond_loopback_only_the_empty_page_is_free(serve: Callable[..., Any]) -> None:
    with serve(host="0.0.0.0") as api:  # noqa: S104 (what is tested)
        api_url = api.url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 (as above)
        assert httpx.get(f"{api_url}/").status_code == 200
        for path in ("/v1/status", "/v1/live", "/v1/openapi.json", "/v1/metrics", "/v1/nothing"):
            assert httpx.get(api_url + path).status_code == 401, path
        token = {"Authorization": "Bearer a-token-for-tests-only"}
        assert httpx.get(f"{api_url}/v1/status", headers=token).status_code == 200
        assert httpx.get(f"{api_url}/key/{api.read_key}/v1/status").status_code == 200
        assert httpx.get(f"{api_url}/key/{'0' * 32}/v1/status").status_code == 401


def test_names_that_are_not_ours_are_not_answered(api: Any, serve: Callable[..., Any]) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example", "192.168.1.7", ""):
        assert api.client(Host=host).get("/v1/status").status_code == 421, host
    assert api.client(Host="localhost:1").get("/v1/status").status_code == 200
    with serve(allowed_hosts=("advisor.lan",)) as named:
        assert named.client(Host="Advisor.lan:8765").get("/v1/status").status_code == 200


def test_pages_of_others_cannot_use_the_readers_browser(api: Any) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        assert api.client(Origin=origin).get("/v1/status").status_code == 403, origin
        assert api.owner().post("/v1/decide", headers={"Origin": origin}).status_code == 403, origin
    assert api.client(Origin=api.url).get("/v1/status").status_code == 200
    assert "access-control-allow-origin" not in api.client().get("/v1/status").headers


def test_too_much_is_refused_and_says_when_to_come_back(serve: Callable[..., Any]) -> None:
    with serve(reads_per_second=1) as api:
        client = api.client()
        answers = [client.get("/v1/status") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 4 + [429] * 2
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert api.owner().post("/v1/decide").status_code == 202


def test_a_body_too_long_is_refused(api: Any) -> None:
    assert api.owner().post("/v1/decide", content=b"x" * 200_000).status_code == 413


def test_secrets_reach_no_log_and_no_answer(api: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        answers = [
            api.client(Authorization=f"Bearer {WRONG}").get("/v1/status"),
            api.owner().post("/v1/decide"),
            api.client().get(f"/key/{WRONG}/v1/status"),
            api.client().get(f"/key/{api.read_key}/v1/status"),
        ]
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore", "asyncio"))]
    text = caplog_text(ours) + "".join(answer.text for answer in answers)
    for secret in (WRONG, "a-token-for-tests-only", api.read_key):
        assert secret not in text


def caplog_text(records: list[logging.LogRecord]) -> str:
    return "".join(record.getMessage() for record in records)


def test_a_token_is_drawn_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first, again = (load_keys(ApiSettings(), tmp_path) for _ in range(2))
    path = tmp_path / "api-token"
    assert first.token == again.token == path.read_text().strip()
    assert len(first.token) >= 40
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert first.token not in repr(first)


def test_an_empty_token_file_gets_a_new_token(tmp_path: Path) -> None:
    (tmp_path / "api-token").write_bytes(b"")
    assert len(load_keys(ApiSettings(), tmp_path).token) >= 40
    assert (tmp_path / "api-token").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["api-token"]


def test_a_token_that_is_none_is_refused_without_showing_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="at least 16") as caught:
        load_keys(ApiSettings(token=SecretStr("hunter2")), tmp_path)
    assert "hunter2" not in str(caught.value)
    (tmp_path / "token").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="correct it"):
        load_keys(ApiSettings(token_file=tmp_path / "token"), tmp_path)


def test_a_taken_port_is_named(api: Any, serve: Callable[..., Any]) -> None:
    port = int(api.url.rpartition(":")[2])
    with pytest.raises(SettingsError, match=f"port {port}.*choose another"), serve(port=port):
        pass


@pytest.mark.parametrize(
    ("ingress_from", "headers", "status"),
    [
        ("127.0.0.1", {"X-Ingress-Path": "/api/hassio_ingress/abc"}, 200),
        ("127.0.0.1", {}, 401),
        ("172.30.32.2", {"X-Ingress-Path": "/api/hassio_ingress/abc"}, 401),
        (None, {"X-Ingress-Path": "/api/hassio_ingress/abc"}, 401),
    ],
)
def test_home_assistants_ingress_is_let_in_by_its_address_alone(
    serve: Callable[..., Any], ingress_from: str | None, headers: dict[str, str], status: int
) -> None:
    with serve(host="0.0.0.0", ingress_from=ingress_from) as running:  # noqa: S104 (the test's own machine)
        client = running.client(**headers)
        url = running.url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 (as above)
        assert client.get(f"{url}/v1/status").status_code == status
        page = client.get(f"{url}/")
        frames = "'self'" if status == 200 else "'none'"
        assert f"frame-ancestors {frames}" in page.headers["content-security-policy"]
        if status == 200:
            assert client.post(f"{url}/v1/decide", headers={"Origin": "http://homeassistant.local:8123"}).is_success
