"""Where the page is and how to get in: links for people, tablets and assistants."""

from pathlib import Path
from threading import Event

import typer

from agent.settings import ApiSettings, load_settings
from agent.web.access import Keys, load_keys


def show_addresses(config: Path) -> None:
    """Print the links of the service that runs with these settings; they contain its secrets.

    Raises:
        SettingsError: the settings or the token are wrong.
    """
    settings = load_settings(config)
    typer.echo(_addresses(settings.api, load_keys(settings.api, settings.memory_dir)))


def announce(memory: Path, port: int) -> None:
    """Tell where the page of a demo will be; on standard error, which `--json` leaves alone."""
    settings = ApiSettings(port=port)
    typer.echo(_addresses(settings, load_keys(settings, memory)), err=True)


def wait_for_interrupt() -> None:
    """Go on until Ctrl-C."""
    typer.echo("the page stays; Ctrl-C ends it", err=True)
    try:
        Event().wait()
    except KeyboardInterrupt:
        return


def _addresses(settings: ApiSettings, keys: Keys) -> str:
    """The token stays behind the #, which browsers never send; the key in a path can only read."""
    base = f"http://{_reachable(settings.host)}:{settings.port}"
    return (
        f"page, with the token:                     {base}/#token={keys.token}\n"
        f"page, to look and ask only:               {base}/key/{keys.read_key}/\n"
        f"Ollama address for Home Assistant:        {base}/key/{keys.read_key}"
    )


def _reachable(host: str) -> str:
    """An address to type; of all addresses of this machine, its own."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 (compared, not bound)
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
