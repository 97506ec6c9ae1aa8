from devtools.run_lock import RUN, WHOLE, run_lock


def test_what_runs_is_locked_without_tests_and_without_pytorch() -> None:
    assert RUN.read_text(encoding="utf-8") == run_lock(), "python -m devtools.run_lock writes it anew"
    whole, run = (set(path.read_text(encoding="utf-8").splitlines()[1:]) for path in (WHOLE, RUN))
    assert run < whole
    names = {line.partition("==")[0] for line in run}
    assert {"numpy", "chromadb", "tokenizers"} <= names
    assert not names & {"torch", "transformers", "sentence-transformers", "pytest", "mypy"}
