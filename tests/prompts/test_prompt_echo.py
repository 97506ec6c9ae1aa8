"""What of a text is taken for the instructions of a prompt."""

import pytest

from prompts.prompt_echo import echoed_prompts


@pytest.mark.parametrize(
    ("text", "leak"),
    [
        ("Sure: You help a home with solar panels and a battery. A planner made the schedules.", True),
        ("you HELP a home, with solar panels; and a battery", True),
        ("Look up little: Call only the tools that the task needs, at most four.", True),
        # Of an older version, which may be in use.
        ("You advise a home with solar panels and a battery.", True),
        ("The battery follows the house because the sun is enough.", False),
        # The example of an answer is meant to be said.
        ("It costs the least and suits the coming hours.", False),
        ("", False),
    ],
)
def test_a_run_of_a_prompts_words_is_a_leak_and_plain_words_are_none(text: str, leak: bool) -> None:
    assert echoed_prompts(text) is leak
