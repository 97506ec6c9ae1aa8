from energy.letters import bare


def test_case_accents_and_width_do_not_tell_words_apart() -> None:
    assert bare("Día ÁRBOL m\uff13 Straße") == "dia arbol m3 strasse"
