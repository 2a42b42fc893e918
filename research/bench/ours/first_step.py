"""A process that takes a Transformer to its first step and prints how long its compilation took, as `stepladder train` would.

python -m research.bench.ours.first_step CASE
"""

import json
import sys
import time

from research.bench.benchmarks import case_named
from research.bench.sizes import ProcessSizes
from research.machine import use_workers


def main(name: str) -> None:
    """Prints {"warm_up_seconds": from the config to the end of the first step}."""
    use_workers(1)
    from research.bench.ours.configs import benchmark_config
    from research.bench.ours.program import seed_members, training_work
    from research.execute.environment import use_compilation_cache

    sizes = case_named(name).sizes
    assert isinstance(sizes, ProcessSizes)
    assert sizes.model is not None, "a first step needs a model"
    use_compilation_cache()
    config, began = benchmark_config(sizes.model), time.perf_counter()
    training_work(sizes.model, config, seed_members(config, 1)).run(1)
    print(json.dumps({"warm_up_seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main(sys.argv[1])
