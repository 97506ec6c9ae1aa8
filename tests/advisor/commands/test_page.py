"""The addresses that `advisor page` prints let people, tablets and assistants in, and only so far."""

import json
import socket
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from advisor.commands.page import announce, show_addresses
from agent.web.access import Keys


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "advisor.toml"
    lines = ('home_file = "home.toml"', f'memory_dir = "{tmp_path / "memory"}"', "[api]", "port = 9000")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_the_addresses_hold_the_token_of_this_service(
    settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show_addresses(settings)
    kept = tmp_path / "memory" / "api-token"
    token = kept.read_text().strip()
    answer = capsys.readouterr().out
    assert f"http://127.0.0.1:9000/#token={token}" in answer
    assert answer.count(f"http://127.0.0.1:9000/key/{Keys(token).read_key}") == 3
    assert f"{Keys(token).read_key}/mcp/sse" in answer
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_spanish_demo_announces_its_page_in_spanish(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    announce(tmp_path, 9000, "es")
    assert "Página, con acceso completo (lleva el token): http://127.0.0.1:9000/#token=" in capsys.readouterr().err


def test_a_token_from_the_environment_wins(
    settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADVISOR_API__TOKEN", "from-the-environment")
    show_addresses(settings)
    assert "#token=from-the-environment" in capsys.readouterr().out
    assert not (tmp_path / "memory" / "api-token").exists()


@pytest.mark.slow
def test_a_demo_serves_its_page_and_takes_it_along_when_it_ends(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "advisor", "demo", "--hours", "1", "--model", "none", "--json", "--page"]
    with subprocess.Popen([*command, "--page-port", port], cwd=tmp_path, stdout=subprocess.PIPE) as demo:
        assert demo.stdout is not None
        outcome = json.loads(demo.stdout.readline())
        status = httpx.get(f"http://127.0.0.1:{port}/v1/status").json()
        demo.terminate()
    assert outcome["published"] == outcome["decisions"]
    assert status["decision"]["outcome"] == "published"
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/v1/status")
