"""`advisor doctor`: everything a user can get wrong, each with the way to mend it."""

import json
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from advisor.doctor.broker import check_roles, listen
from advisor.doctor.evcc import check_evcc
from advisor.doctor.finding import CheckResult, Level, ok, worst
from advisor.doctor.homeassistant import check_homeassistant
from advisor.doctor.machine import check_machine
from advisor.doctor.model import check_model
from advisor.doctor.prices import check_prices
from advisor.spoken_language import spoken
from agent.settings import check_batteries, load_settings
from energy.errors import SettingsError
from ingest.home_file import load_home

# 0 well, 1 problems, 2 settings that cannot be read, 3 nothing worse than warnings.
EXIT_CODES: dict[Level, int] = {"ok": 0, "note": 0, "warning": 3, "problem": 1}
_WRONG_SETTINGS = 2
_MARKS: dict[Level, str] = {
    "ok": "[green]✓[/]",
    "note": "[blue]i[/]",
    "warning": "[yellow]![/]",
    "problem": "[red]✗[/]",
}
_STYLES: dict[Level, str] = {"ok": "bold green", "note": "bold green", "warning": "bold yellow", "problem": "bold red"}


def examine(config: Path, *, listen_s: float) -> tuple[list[CheckResult], int]:
    """All findings and the exit code; without readable settings only what is wrong with them."""
    try:
        settings = load_settings(config)
        home = load_home(settings.home_file)
        check_batteries(settings, home)
    except SettingsError as err:
        return [CheckResult("settings", "problem", str(err))], _WRONG_SETTINGS
    findings = [ok("settings", f"{config} and {settings.home_file} can be read")]
    findings += check_machine(settings, home, now=datetime.now(UTC))
    findings.append(check_model(settings))
    findings += check_evcc(settings, home)
    checked, traffic = listen(settings, home, listen_s)
    findings += checked
    if traffic is not None:
        findings += check_roles(settings, home, traffic, now=datetime.now(UTC))
        findings += check_prices(settings, home, now=datetime.now(UTC), listen_s=listen_s)
    findings += check_homeassistant(settings, home, traffic, now=datetime.now(UTC))
    return findings, EXIT_CODES[worst(findings)]


def show(findings: list[CheckResult], console: Console) -> None:
    """A line for each finding, the way to mend it below."""
    table = Table.grid(padding=(0, 2))
    for finding in findings:
        text = Text(spoken(finding.text))
        if finding.fix and finding.level != "ok":
            text.append(f"\n→ {spoken(finding.fix)}", style="cyan")
        table.add_row(_MARKS[finding.level], Text(_name(finding.check), style="bold"), text)
    console.print(table)
    console.print(f"\n{_sum_up(findings)}", style=_STYLES[worst(findings)], highlight=False)


def _name(check: str) -> str:
    """What was checked; a role keeps the name that it has in the settings."""
    return check if "_" in check else spoken(check)


def _sum_up(findings: list[CheckResult]) -> str:
    counts = Counter(finding.level for finding in findings)
    wrong: tuple[Level, ...] = ("problem", "warning")
    counted = [f"{counts[level]} {level}{'s' if counts[level] > 1 else ''}" for level in wrong if counts[level]]
    return ", ".join(map(spoken, counted)) or spoken("all well")


def as_json(findings: list[CheckResult]) -> str:
    """One object: the worst level, and every finding."""
    result = {"worst": worst(findings), "findings": [asdict(finding) for finding in findings]}
    return json.dumps(result, ensure_ascii=False)
