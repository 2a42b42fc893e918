"""What cuts a text at each level: one entry for each, in `TOKENIZERS`. What a config must know of it is in `research.config.levels`."""

from research.text.tokenizers.bpe import BPE
from research.text.tokenizers.byte_bpe import BYTE_BPE
from research.text.tokenizers.bytes import BYTES
from research.text.tokenizers.characters import CHARACTERS
from research.text.tokenizers.tokenizer_kind import AnyTokenizer
from research.text.tokenizers.unigram import UNIGRAM
from research.text.tokenizers.wordpiece import WORDPIECE
from research.text.tokenizers.words import WORDS_BETWEEN_SPACES

TOKENIZERS: dict[str, AnyTokenizer] = {
    "word": WORDS_BETWEEN_SPACES,
    "char": CHARACTERS,
    "byte": BYTES,
    "bpe": BPE,
    "byte_bpe": BYTE_BPE,
    "unigram": UNIGRAM,
    "wordpiece": WORDPIECE,
}
