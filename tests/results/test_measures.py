"""Which names of metrics a set of results can answer to."""

import pytest

from research.config.errors import StepladderError
from research.runs.measures import check_measure

TRAINED = {"metrics": {"valid": {"accuracy": 0.5, "loss": 1.0}}, "cost": {}}
TESTED = {"metrics": {"valid": {"accuracy": 0.5}, "test": {"accuracy": 0.4}}, "cost": {}}


@pytest.mark.parametrize("name", ["test.acuracy", "valid.acuracy", "extra.weight"])
def test_a_metric_that_no_finished_run_has_is_a_mistake(name):
    with pytest.raises(StepladderError, match="No run has the metric"):
        check_measure(name, [TRAINED, TESTED])


def test_of_trials_of_which_none_is_chosen_yet_the_test_split_is_not_known():
    check_measure("test.accuracy", [TRAINED, TRAINED])
    check_measure("best_seed.test.accuracy", [TRAINED])
    with pytest.raises(StepladderError, match=r"did you mean `valid\.accuracy`"):
        check_measure("valid.acuracy", [TRAINED])


@pytest.mark.parametrize("name", ["test.accuracy", "valid.accuracy", "params.total", "seconds"])
def test_where_nothing_is_finished_nothing_is_refused(name):
    check_measure(name, [])
