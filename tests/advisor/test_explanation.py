from pathlib import Path

import pytest

from advisor.explain.explanation import explain_decision


def test_explanation_names_the_currency_of_the_schedules_it_compares(
    played_memory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    explain_decision(played_memory, None, at=None, as_json=False)

    printed = capsys.readouterr().out

    assert "schedules compared, USD" in printed
    assert "expected cost" in printed
