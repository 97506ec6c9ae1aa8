"""What `advisor bill` prints: a home's bill, or the comparison of two tariffs, as text or JSON."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from advisor.memory import known_history
from advisor.memory_choice import price_settings
from advisor.spoken_language import working
from agent.language.answers.bill_words import bill_text, remarks
from agent.language.text import Language
from energy.errors import SettingsError
from energy.pricing.tariff import AnyTariff
from eval.bills.household import WAYS, compare, household_bill, month_of
from eval.bills.words import comparison_text
from ingest.history.table import History
from ingest.prices.settings import BilledHome
from ingest.tariffs.catalogue import named_tariff

_OWN = "own"


@dataclass(frozen=True, slots=True)
class BillWishes:
    """Whose bill, in which words and form."""

    home: str
    memory: Path
    words: Language = "en"
    as_json: bool = False

    def history(self) -> History:
        """The home's stored days."""
        return known_history(self.home, self.memory)


def print_bill(wishes: BillWishes, *, month: str | None, tariff: str | None) -> None:
    """Print the bill of a month."""
    history, words = wishes.history(), wishes.words
    chosen = _tariff(tariff or _OWN, history, wishes)
    with working("Billing the month"):
        found = household_bill(history, month_of(history, month, chosen), chosen, wishes.memory / "journal.sqlite")
    if not wishes.as_json:
        typer.echo(bill_text(found, words))
        return
    bill = found.rounded
    result = {
        "home": wishes.home,
        "tariff": found.tariff,
        "first": bill.period.first.isoformat(),
        "last": bill.period.last.isoformat(),
        "complete": bill.complete,
        "metered": found.computed_days == 0,
        "days_computed": found.computed_days,
        "days_by_service": found.service_days,
        "days_by_files": found.file_days,
        "currency": found.currency,
        "lines": [asdict(line) for line in bill.lines],
        "total": round(bill.total, 2),
        "remarks": remarks(found, words),
    }
    typer.echo(json.dumps(result, ensure_ascii=False))


def compare_tariffs(wishes: BillWishes, names: tuple[str, str], *, with_advisor: bool) -> None:
    """Say which of two tariffs suits the home."""
    if names[0] == names[1]:
        raise SettingsError(f"compare names {names[0]!r} twice: name two tariffs")
    history, words = wishes.history(), wishes.words
    tariffs = {name: _tariff(name, history, wishes) for name in names}
    with working("Billing every month under both tariffs"):
        totals = compare(history, tariffs, ways=WAYS if with_advisor else WAYS[:2])
    if wishes.as_json:
        typer.echo(json.dumps({"home": wishes.home, "tariffs": [asdict(total) for total in totals]}))
    else:
        typer.echo(comparison_text(totals, history.home.currency, words))


def _tariff(name: str, history: History, wishes: BillWishes) -> AnyTariff:
    """A tariff by its name, or the home's own with the prices that the service has kept."""
    if name != _OWN:
        return named_tariff(name)
    return BilledHome(history.home, price_settings(wishes.memory), wishes.memory)().tariff
