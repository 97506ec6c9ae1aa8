"""Bounds on tokens hold for the tokenizer of a real model, and a brief stays within its limit."""

from dataclasses import replace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.llm.models import LoadedModel
from agent.llm.review import MAX_BRIEF_TOKENS, Brief, BriefCandidate
from agent.llm.tokens import fewest_tokens, most_tokens

A = BriefCandidate("A", "no charging from the grid", 123.45, 10.55, 3.21, 0.95, 12.3, "self_consumption")


@st.composite
def briefs(draw: st.DrawFn) -> Brief:
    texts = st.text(max_size=300)
    return Brief(
        facts=draw(st.dictionaries(st.text("abcdefgh_", min_size=1, max_size=30), texts, max_size=30)),
        candidates=[replace(A, id=letter) for letter in "ABCDE"[: draw(st.integers(1, 5))]],
        notes=draw(st.lists(texts, max_size=8)),
        similar_days=draw(st.lists(texts, max_size=8)),
    )


@given(briefs())
def test_a_brief_never_exceeds_its_limit_and_never_loses_a_schedule(brief: Brief) -> None:
    text = brief.render()
    assert most_tokens(text) <= MAX_BRIEF_TOKENS
    assert all(f"\n{one.id}: " in text for one in brief.candidates)


def test_too_much_is_left_out_from_the_end_and_notes_stay_longest() -> None:
    facts = {f"a_fact_with_a_long_name_{number}": "9" * 20 for number in range(24)}
    brief = Brief(facts, [replace(A, id=letter) for letter in "ABCDE"], ["keep half"], ["2016-12-02: alike"] * 3)
    text = brief.render()
    assert '- "keep half"' in text
    assert "Similar days" not in text
    assert "a fact with a long name 0 " in text
    assert "a fact with a long name 23 " not in text


@pytest.mark.slow
def test_the_bounds_hold_for_the_embedded_models_tokenizer(embedded: LoadedModel) -> None:
    chat = embedded.chat
    address, key = str(chat.openai_api_base), chat.openai_api_key.get_secret_value()  # type: ignore[attr-defined]
    brief = Brief(
        facts={"local_time": "Wednesday 08:00", "price_now": "0.21", "worth_per_kwh": "0.375", "pv_kwh": "12.5"},
        candidates=[A, replace(A, id="B", label="keeping a reserve", mode_now="hold")],
        notes=["esta noche vienen invitados, ¡guarda la mitad! \N{GRINNING FACE} 你好"],
        similar_days=["2016-12-02: same weekday, distance 0.31"],
    )
    for text in (brief.render(), *brief.render().splitlines(), "a" * 50, "x9" * 30, "|" * 40):
        with httpx.Client(trust_env=False) as client:
            headers = {"Authorization": f"Bearer {key}"}
            reply = client.post(f"{address}/tokenize", json={"content": text}, headers=headers)
            if reply.status_code == 404:
                reply = client.post(f"{address.removesuffix('/v1')}/tokenize", json={"content": text}, headers=headers)
        counted = len(reply.json()["tokens"])
        assert counted <= most_tokens(text), text
        assert len(set(text)) < 5 or fewest_tokens(text) <= counted, text
