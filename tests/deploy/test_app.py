"""The app for Home Assistant, held against what its supervisor accepts; no supervisor runs here."""

import re
import struct
import subprocess
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field

from agent.settings import load_settings

ROOT = Path(__file__).parent.parent.parent
REPOSITORY = ROOT / "deploy" / "app"
APP = REPOSITORY / "energy_advisor"


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Mapped(_Closed):
    type: Literal["addon_config", "homeassistant_config", "share", "media", "ssl", "backup", "data"]
    read_only: bool = True
    path: str | None = None


class AppConfig(_Closed):
    """Keys and values that the supervisor knows: developers.home-assistant.io/docs/add-ons/configuration."""

    name: str
    version: str
    slug: Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")]
    description: Annotated[str, Field(max_length=160)]
    arch: list[Literal["aarch64", "amd64"]]
    startup: Literal["initialize", "system", "services", "application", "once"]
    boot: Literal["auto", "manual", "manual_only"]
    init: bool
    homeassistant: Annotated[str, Field(pattern=r"^\d{4}\.\d{1,2}\.\d+$")]
    homeassistant_api: bool
    services: list[Annotated[str, Field(pattern=r"^(mqtt|mysql):(need|want|provide)$")]]
    ingress: bool
    ingress_port: Annotated[int, Field(ge=0, le=65535)]
    panel_icon: Annotated[str, Field(pattern=r"^mdi:[a-z-]+$")]
    panel_title: str
    map: list[_Mapped]
    options: dict[str, str | int | bool]
    schema_: dict[str, Annotated[str, Field(pattern=r"^(str|bool|int|float|password|list\(.+\))\??$")]] = Field(
        alias="schema"
    )


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_the_supervisor_knows_every_key_and_value() -> None:
    config = AppConfig.model_validate(read(APP / "config.yaml"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert config.version == project["version"]
    assert config.slug == APP.name
    assert set(config.options) == set(config.schema_)
    for name, value in config.options.items():
        assert value in re.findall(r"[^|()]+", config.schema_[name].removeprefix("list"))
    assert set(read(REPOSITORY / "repository.yaml")) <= {"name", "url", "maintainer"}


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_option_is_explained_in_each_language(language: str) -> None:
    result = read(APP / "translations" / f"{language}.yaml")["configuration"]
    assert set(result) == set(read(APP / "config.yaml")["options"])
    assert all(set(words) == {"name", "description"} and all(words.values()) for words in result.values())


@pytest.mark.parametrize(("file", "size"), [("icon.png", (128, 128)), ("logo.png", (250, 100))])
def test_pictures_have_the_sizes_that_the_store_shows(file: str, size: tuple[int, int]) -> None:
    head = (APP / file).read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", head[16:24]) == size


def test_its_start_is_a_script_whose_variables_are_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = APP / "run.sh"
    subprocess.run(["sh", "-n", script], check=True, timeout=10)
    text = script.read_text(encoding="utf-8")
    values = {
        "ADVISOR_MQTT__PASSWORD": "p",
        "ADVISOR_MQTT__HOST": "core-mosquitto",
        "ADVISOR_MQTT__PORT": "1883",
        "ADVISOR_MQTT__USERNAME": "addons",
        "ADVISOR_HOMEASSISTANT__TOKEN": "t",
        "ADVISOR_MEMORY_DIR": "/data/memory",
        "ADVISOR_API__HOST": "0.0.0.0",  # noqa: S104 (inside the app)
        "ADVISOR_API__PORT": "8765",
        "ADVISOR_API__INGRESS_FROM": "172.30.32.2",
        "ADVISOR_SERVICE__ACTING": "advise only",
        "ADVISOR_SERVICE__LANGUAGE": "es",
    }
    assert set(re.findall(r"\b(ADVISOR_[A-Z_]+)=", text)) == set(values)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "advisor.toml").write_text('home_file = "home.toml"\n', encoding="utf-8")
    settings = load_settings(tmp_path / "advisor.toml")
    assert (settings.mqtt.host, str(settings.api.ingress_from)) == ("core-mosquitto", "172.30.32.2")
    assert read(APP / "config.yaml")["ingress_port"] == settings.api.port
    for option in re.findall(r"\$\(option (\w+)\)", text):
        assert option in read(APP / "config.yaml")["options"]


def test_its_image_is_built_of_what_make_app_puts_there() -> None:
    dockerfile = (APP / "Dockerfile").read_text(encoding="utf-8")
    copied = set(re.findall(r"^COPY (\S+) ", dockerfile, re.MULTILINE))
    assert copied == {"source", "run.sh"}
    assert "energy_advisor/source" in (ROOT / "Makefile").read_text(encoding="utf-8")
