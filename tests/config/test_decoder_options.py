"""Options of a command make the decoder that they name, or say why they cannot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from research.config.decoder_options import FIELD_BY_OPTION, check_n_best, decoder_from_options
from research.config.decoding import Beam, Decoder, Greedy, TemperatureSampling, TopK, TopP
from research.config.errors import StepladderError

READ = {
    "greedy": [],
    "sample": ["temperature"],
    "top_k": ["k", "temperature"],
    "top_p": ["p", "temperature"],
    "beam": ["beam", "length-penalty"],
}
RIGHT = {"temperature": 0.5, "k": 3, "p": 0.25, "beam": 7, "length-penalty": 1.5}


def test_options_that_are_not_given_leave_the_defaults():
    nothing = dict.fromkeys(RIGHT)
    expected = {"greedy": Greedy(), "sample": TemperatureSampling(kind="sample"), "top_k": TopK(kind="top_k"), "top_p": TopP(kind="top_p")}
    for kind, decoder in (expected | {"beam": Beam(kind="beam")}).items():
        assert decoder_from_options(kind, nothing) == decoder


@given(kind=st.sampled_from(sorted(READ)), given=st.sets(st.sampled_from(sorted(RIGHT))))
def test_an_option_is_read_or_refused(kind, given):
    """What a decoder reads is in it, and it is the decoder that a config's words make; one unread option refuses the command."""
    options = {option: RIGHT[option] if option in given else None for option in RIGHT}
    if given <= set(READ[kind]):
        found = decoder_from_options(kind, options)
        assert all(getattr(found, FIELD_BY_OPTION[option]) == RIGHT[option] for option in given)
        assert TypeAdapter(Decoder).validate_python(found.model_dump()) == found
    else:
        with pytest.raises(StepladderError, match=f"does nothing with --decoder {kind}"):
            decoder_from_options(kind, options)


@pytest.mark.parametrize("kind", sorted(READ))
def test_a_decoder_writes_as_many_texts_as_its_words_say(kind):
    """Greedy decoding has one text of a source; all others may write more."""
    decoder = decoder_from_options(kind, {})
    assert decoder.texts_per_source == 1
    assert ("texts" in type(decoder).model_fields) == (decoder.strategy != "greedy")
    if decoder.strategy != "greedy":
        assert decoder.model_copy(update={"texts": 3}).texts_per_source == 3


def test_so_many_texts_are_shown_as_there_are_beams():
    beam = Beam(kind="beam", size=3)
    assert [check_n_best(beam, asked) for asked in (None, 1, 3)] == [1, 1, 3]
    for decoder, asked in ((beam, 0), (beam, 4), (Greedy(), 1)):
        with pytest.raises(StepladderError, match=f"--n-best {asked}"):
            check_n_best(decoder, asked)
