"""Problems and refusals in Spanish: each sentence of the code is known, and says the same values."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.decision.wording.problem_words import in_language

ROOT = Path(__file__).parents[4]
# Where sentences are made that a household reads, and the calls whose texts those are; None for all texts of the file.
SOURCES: dict[str, set[str] | None] = {
    "ingest/live/plausible.py": None,
    "energy/guard.py": None,
    "agent/views/status.py": None,
    "ingest/live/snapshot.py": None,
    "ingest/live/batteries.py": None,
    "ingest/evcc/api.py": {"TransportError"},
    "ingest/evcc/state.py": {"DataError"},
    "ingest/evcc/loadpoints.py": {"DataError"},
    "agent/web/routes.py": {"HTTPException"},
    "agent/web/source.py": {"HTTPException"},
    "agent/web/notes.py": {"HTTPException"},
    "agent/web/page.py": {"HTTPException"},
    "agent/web/access.py": {"HTTPException", "Refusal"},
    "agent/service/prices.py": {"report"},
    "agent/service/open_bill.py": {"report"},
    "agent/service/carbon.py": {"report"},
    "agent/service/loop.py": {"report"},
    "agent/web/bills.py": {"HTTPException"},
    "agent/service/household.py": {"DataError"},
    "agent/language/notes/note_box.py": {"DataError"},
    "agent/language/times/ahead.py": {"TimeError"},
    "agent/language/times/clocks.py": {"TimeError"},
}
_WORDS_OF_A_SENTENCE = 3


def sentences(path: str, calls: set[str] | None) -> Iterator[str]:
    """Every text of a file with a few words in it that is no docstring, with a mark in place of each value."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    roots: list[ast.AST] = [tree] if calls is None else [n for n in ast.walk(tree) if _name(n) in calls]
    inner = {id(part) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for part in ast.walk(n) if part is not n}
    skipped = inner | {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for root in roots:
        for node in ast.walk(root):
            if id(node) not in skipped and (text := _text(node)) and len(text.split()) >= _WORDS_OF_A_SENTENCE:
                yield text


def _name(node: ast.AST) -> str:
    called = node.func if isinstance(node, ast.Call) else None
    return called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "0.5" for part in node.values)  # type: ignore[misc]
    return ""


@pytest.mark.parametrize(("path", "calls"), SOURCES.items())
def test_every_sentence_that_a_household_reads_is_known_in_spanish(path: str, calls: set[str] | None) -> None:
    found = list(sentences(path, calls))
    assert found
    assert [text for text in found if in_language(text, "es") == text] == []


@pytest.mark.parametrize(
    ("english", "spanish"),
    [
        ("no decision yet", "aún no hay ninguna decisión"),
        (
            "battery_soc is 300 s old, limit 120 s",
            "la lectura de la carga de la batería (battery_soc) tiene 300 s; el límite es 120 s",
        ),
        (
            "No command: powers do not balance: load 0.44 kW against 1.50 kW from solar, grid and battery; check units and signs.",  # noqa: E501 (one sentence)
            "Sin orden: las potencias no cuadran: consumo de 0,44 kW frente a 1,50 kW de solar, red y batería; comprueba unidades y signos.",  # noqa: E501 (one sentence)
        ),
        (
            "no decision yet; follows the last command within 5 min",
            "aún no hay ninguna decisión; han pasado menos de 5 min desde la última orden",
        ),
        (
            "2 days before; most alike in season and temperature, least in day type",
            "2 días antes; se parece sobre todo en la época del año y la temperatura, y menos en el tipo de día",
        ),
        ("something that nobody translated", "something that nobody translated"),
    ],
)  # fmt: skip
def test_a_problem_keeps_its_values_in_spanish_and_is_untouched_in_english(english: str, spanish: str) -> None:
    assert in_language(english, "es") == spanish
    assert in_language(english, "en") == english


@pytest.mark.parametrize(
    ("kept", "english", "spanish"),
    [
        (
            "no readings from the house since 2016-12-20 23:55",
            "no readings from the house since 23:55 on 20 December 2016",
            "no hay lecturas de la casa desde el 20 de diciembre de 2016 a las 23:55",
        ),
        (
            "the month's bill is unknown before 2026-04-14 01:00: plans take it that nothing was bought or sold until then",  # noqa: E501 (one sentence)
            "the month's bill is unknown before 01:00 on 14 April 2026: plans take it that nothing was bought or sold until then",  # noqa: E501 (one sentence)
            "la factura del mes no se conoce antes del 14 de abril de 2026 a la 01:00: se planifica como si hasta entonces no se hubiera comprado ni vertido nada",  # noqa: E501 (one sentence)
        ),
        (
            "expired at 2017-01-10T00:00:00+00:00",
            "expired at 00:00 UTC on 10 January 2017",
            "caducó el 10 de enero de 2017 a las 00:00 UTC",
        ),
        ("start '2017-01-10T00:00:00'", "start '2017-01-10T00:00:00'", "start '2017-01-10T00:00:00'"),
        ("at 2017-01-10 27:00", "at 2017-01-10 27:00", "at 2017-01-10 27:00"),
    ],
)  # fmt: skip
def test_a_moment_is_told_as_people_say_it_unless_somebody_gave_it(kept: str, english: str, spanish: str) -> None:
    assert in_language(kept, "en") == english
    assert in_language(kept, "es") == spanish


def test_every_fault_that_the_service_or_its_files_keep_is_known_in_spanish() -> None:
    found = set()
    for room in ("agent/service", "agent/decision", "knowledge"):
        for path in sorted((ROOT / room).glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Assign) and _target(node) in {"fault", "problem", "last"}:
                    found |= {text for part in ast.walk(node.value) if (text := _text(part))}
                if isinstance(node, ast.Call) and _name(node) == "_say" and node.args:
                    found.add(_text(node.args[0]))
    # Parts of a text with places are texts as well, with few words.
    whole = {text for text in found if len(text.split()) >= 5}
    assert len(whole) > 5
    parts = {text for text in whole if any(text != other and text in other for other in whole)}
    assert sorted(text for text in whole - parts if in_language(text, "es") == text) == []


def _target(node: ast.Assign) -> str:
    target = node.targets[0]
    return target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""
