"""Where the page is and how to get in: links for people, tablets and assistants."""

import json
from pathlib import Path
from threading import Event

import typer

from advisor.spoken_language import SPOKEN
from agent.decision.constraint_words import Language
from agent.decision.wording.problem_words import in_language
from agent.settings import ApiSettings, load_settings
from agent.web.access import Keys, load_keys

_TITLES = {
    "page": "Page, with full access (contains the token):",
    "read_only_page": "Page, read-only, for tablets:",
    "ollama": "Ollama address for Home Assistant:",
    "mcp": "Tools for Home Assistant's agents (MCP):",
}


def show_addresses(config: Path, *, as_json: bool = False) -> None:
    """Print the links of the service that runs with these settings; they contain its secrets.

    Raises:
        SettingsError: the settings or the token are wrong.
    """
    settings = load_settings(config)
    links = _addresses(settings.api, load_keys(settings.api, settings.memory_dir))
    typer.echo(json.dumps(links) if as_json else _listed(links, SPOKEN.get()))


def announce(memory: Path, port: int, language: Language) -> None:
    """Print where the page of a demo will be; on standard error, which `--json` leaves alone."""
    settings = ApiSettings(port=port)
    typer.echo(_listed(_addresses(settings, load_keys(settings, memory)), language), err=True)


def wait_for_interrupt(language: Language) -> None:
    """Go on until Ctrl-C."""
    typer.echo(in_language("The page stays open; press Ctrl-C to end.", language), err=True)
    try:
        Event().wait()
    except KeyboardInterrupt:
        return


def _addresses(settings: ApiSettings, keys: Keys) -> dict[str, str]:
    """The token stays behind the #, which browsers never send; the key in a path can only read."""
    base = f"http://{_reachable(settings.host)}:{settings.port}"
    return {
        "page": f"{base}/#token={keys.token}",
        "read_only_page": f"{base}/key/{keys.read_key}/",
        "ollama": f"{base}/key/{keys.read_key}",
        "mcp": f"{base}/key/{keys.read_key}/mcp/sse",
    }


def _listed(links: dict[str, str], language: Language) -> str:
    return "\n".join(f"{in_language(_TITLES[name], language):46}{link}" for name, link in links.items())


def _reachable(host: str) -> str:
    """An address to type; of all addresses of this machine, its own."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 (compared, not bound)
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
