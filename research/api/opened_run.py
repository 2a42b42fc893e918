"""A run that was kept: its numbers without jax or data, and once they are asked for its parameters, and what they say of new texts."""

import html
import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from research.api.places import data_folder, runs_folder
from research.config.schema import Config
from research.config.serialise import to_toml
from research.first_imports import without_collections
from research.machine import use_workers
from research.report.describe import data_and_model_text
from research.runs import store
from research.runs.measures import is_headline, number, title
from research.runs.record import Record
from research.runs.references import find_run

if TYPE_CHECKING:
    import pandas as pd
    from jaxtyping import PyTree

    from research.api.result_table import ResultTable
    from research.data.dataset import Dataset
    from research.report.study import Study
    from research.text.vocabulary import Vocabulary
    from research.use.continuations import GenerationRequest
    from research.use.open_run import OpenRun
    from research.use.score import ScoringRequest

HTML_ROWS = 12  # numbers shown


class OpenedRun:
    """A cell and a seed.

    What needs its model reads data and parameters when it is called, and raises StepladderError where they are not there, or the data are
    not those that made the run. What is to be known of them is a note on stderr.
    """

    def __init__(self, name: str, record: Record, runs: Path, data_dir: Path | None) -> None:
        self.name, self.record, self.runs, self.data_dir = name, record, runs, data_dir

    @property
    def cell_id(self) -> str:
        """The 12 digits of its cell."""
        return self.record.cell_id

    @property
    def seed(self) -> int:
        """Its seed."""
        return self.record.seed

    @property
    def status(self) -> str:
        """What became of it: done, trained (its test split is not scored), diverged, failed, running, stopped."""
        return self.record.status

    @property
    def config(self) -> Config:
        """Its config, in its one spelling."""
        return self.record.config

    @property
    def metrics(self) -> "pd.Series[float]":
        """Its numbers by split and name, as `test.perplexity`."""
        import pandas as pd

        named = {f"{split}.{name}": value for split, values in self.record.metrics.items() for name, value in (values or {}).items()}
        return pd.Series(named, dtype="float64", name="value")

    def curves(self) -> "pd.DataFrame":
        """What was logged, a line a row: `split`, `step`, and its numbers."""
        import pandas as pd

        frames = [pd.DataFrame(dict(columns)).assign(split=split) for split, columns in self.record.curves.items()]
        lines = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame({"split": [], "step": []})
        numbers = [name for name in lines if name not in ("split", "step")]
        return lines[["split", "step", *numbers]].astype({"split": "string", "step": "int64"} | dict.fromkeys(numbers, "float64"))

    @property
    def items(self) -> "pd.DataFrame":
        """What was scored of each item of the test split; no row where it was not scored."""
        import pandas as pd

        return pd.DataFrame({name: array for name, array in self.record.items.items() if array.ndim == 1})

    @property
    def vocabulary(self) -> "Vocabulary":
        """The symbols that it reads: as it kept them, or else of its data."""
        from research.text.vocabulary_serialisation import vocabulary_from_plain

        stored_vocabulary: Any = self.record.vocabulary
        return self.opened.vocabulary if stored_vocabulary is None else vocabulary_from_plain(stored_vocabulary)

    @cached_property
    def opened(self) -> "OpenRun":
        """With its data, compared with those that made it."""
        self._import()
        from research.use.open_run import open_run

        return self._noted(open_run(self.runs, self.name, self.data_dir))

    @cached_property
    def opened_for_text(self) -> "OpenRun":
        """The same for what reads free text: where its data cannot be read, the vocabulary that it kept stands in."""
        self._import()
        from research.use.open_run import open_for_text

        return self._noted(open_for_text(self.runs, self.name, self.data_dir))

    @property
    def data(self) -> "Dataset":
        """What it was trained on."""
        return self.opened.data

    @property
    def params(self) -> "PyTree":
        """What it has learned: a pytree of arrays, or what was counted or fitted."""
        return self.opened.parameters

    @property
    def notes(self) -> tuple[str, ...]:
        """What its reader is to know, such as that an older code made it."""
        return self.opened.notes

    def generate(
        self,
        prompt: str | Sequence[str] = "",
        tokens: int = 50,
        decoder: str = "sample",
        n_best: int | None = None,
        until_end: bool = False,
        seed: int = 0,
        **options: float,
    ) -> "str | list[str] | pd.DataFrame":
        """A text that goes on from the prompt, or a list of them for a list of prompts; of a model of pairs their translations.

        `decoder`: greedy, sample, top_k, top_p or beam, with its options temperature, k, p, beam, length_penalty. `n_best`: of beam, so
        many texts with their scores, as a frame.
        """
        from research.config.decoder_options import check_n_best, decoder_from_options

        decoder_config = decoder_from_options(decoder, {name.replace("_", "-"): value for name, value in options.items()})
        best = check_n_best(decoder_config, n_best)
        prompts = (prompt,) if isinstance(prompt, str) else tuple(prompt)
        self._import()
        from research.use.continuations import GenerationRequest

        texts = self.generated(GenerationRequest(prompts, tokens, decoder_config, best, until_end, False, seed))["texts"]
        if n_best is not None:
            import pandas as pd

            return pd.DataFrame([{"prompt": text["prompt"], **line} for text in texts for line in text.get("n_best", [])[:best]])
        return str(texts[0]["text"]) if isinstance(prompt, str) else [str(text["text"]) for text in texts]

    def generated(self, request: "GenerationRequest") -> dict[str, Any]:
        """Each prompt's continuation, and how long its first and each later token took: see research.use.generate."""
        self._import()
        from research.execute.environment import use_compilation_cache
        from research.use.generate import generate_texts

        use_compilation_cache()
        return generate_texts(self.opened_for_text, request)

    def score(
        self, text: str | None = None, file: Path | str | None = None, examples: int | None = None, seed: int | None = None
    ) -> "pd.DataFrame":
        """How likely a text is, or of a file of prompts each completion: a row a line. The totals are in `.attrs`."""
        import pandas as pd

        self._import()
        from research.use.score import scoring_request

        totals = self.scored(scoring_request(None if file is None else Path(file), text, examples, seed))
        lines = pd.DataFrame(totals.pop("each"))
        lines.attrs.update(totals)
        return lines

    def scored(self, request: "ScoringRequest") -> dict[str, Any]:
        """Each prompt with its completion and what the model writes instead, and the totals: see research.use.score."""
        self._import()
        from research.execute.environment import use_compilation_cache
        from research.use.score import score_prompts

        use_compilation_cache()
        return score_prompts(self.opened_for_text, request)

    def predict(self, texts: str | Sequence[str]) -> "pd.DataFrame":
        """The class or the number of each sentence with the words that drove it, a row a sentence; or a row a word with its tag."""
        import pandas as pd

        predictions = self.predicted([texts] if isinstance(texts, str) else list(texts))
        if self.config.data.asks == "tags":
            return pd.DataFrame([{"text": sentence.text, **word._asdict()} for sentence in predictions for word in sentence.words])
        return pd.DataFrame([prediction._asdict() for prediction in predictions])

    def predicted(self, texts: Sequence[str]) -> Sequence[Any]:
        """What its kind of data asks of each sentence: see research.use.predict and research.use.predict_tags."""
        self._import()
        from research.execute.environment import use_compilation_cache
        from research.use.predict import classify_sentences, rate_sentences
        from research.use.predict_tags import tag_sentences

        use_compilation_cache()
        answers: dict[str, Callable[[OpenRun, Sequence[str]], Sequence[Any]]] = {"number": rate_sentences, "tags": tag_sentences}
        return answers.get(self.config.data.asks, classify_sentences)(self.opened, texts)

    def probe(self, *overrides: str) -> "ResultTable":
        """What each layer knows of the class of a sentence, or the tag of a word, by a linear probe.

        `overrides`: of other labelled or tagged data.
        """
        from research.api.result_table import ResultTable

        study = self.probed(overrides)
        from research.compare.tables import build_table
        from research.report.study import study_cells, study_manifest

        return ResultTable(build_table(study_manifest(study, []), Path(), cells=study_cells(study)))

    def probed(self, overrides: Sequence[str]) -> "Study":
        """The same with its figure: see research.use.probe."""
        self._import()
        from research.execute.environment import use_compilation_cache
        from research.use.probe import probe_run

        use_compilation_cache()
        return probe_run(self.opened, overrides, self.data_dir)

    def __repr__(self) -> str:
        lines = [f"{title(name)} {number(name, value)}" for name, value in self._headlines()]
        return "\n".join([self._heading(), *(f"  {line}" for line in lines)])

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><td>{html.escape(title(name))}</td><td>{number(name, value)}</td></tr>" for name, value in self._headlines())
        words = html.escape(to_toml(self.config))
        return (
            f"<p><b>{html.escape(self._heading())}</b></p><table>{rows}</table>"
            f"<details><summary>config</summary><pre>{words}</pre></details>"
        )

    def _heading(self) -> str:
        return f"{self.cell_id}/{self.seed}, {self.status}: {data_and_model_text(self.record.config_tree)}"

    def _headlines(self) -> list[tuple[str, float]]:
        numbers = [
            (f"{split}.{name}", value)
            for split, values in self.record.metrics.items()
            for name, value in (values or {}).items()
            if is_headline(name) and value is not None
        ]
        return numbers[:HTML_ROWS]

    def _import(self) -> None:
        """jax and what needs it, once its flags are set."""
        use_workers(None)
        with without_collections():
            import research.use.open_run  # noqa: F401

    def _noted(self, opened: "OpenRun") -> "OpenRun":
        for note in opened.notes:
            print(f"note: {note}", file=sys.stderr)
        return opened


def open(run: str, runs: Path | str | None = None, data_dir: Path | str | None = None) -> OpenedRun:
    """The run of a folder, or of the beginning of a cell_id, with /seed if wanted; without one its first seed that is done, or its first.

    Raises StepladderError for one that is not there.
    """
    runs_dir = runs_folder(runs)
    reference = find_run(runs_dir, str(run))
    seeds = store.seeds_of(reference.folder) or (0,)
    done = [seed for seed in seeds if store.status_of(reference.folder / f"seed-{seed}") in store.TRAINED_STATUSES]
    seed = reference.seed if reference.seed is not None else next(iter((*done, *seeds)))
    record = Record(reference.cell_id, seed, reference.folder / f"seed-{seed}")
    return OpenedRun(str(run), record, runs_dir, data_folder(data_dir))
