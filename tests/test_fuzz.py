"""Whatever is damaged is refused in one paragraph: a share of what scripts/fuzz.py throws at each reader."""

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from scripts.fuzz import KINDS, trial

INPUTS = {"own_data": 20, "pack": 15, "manifest": 15}


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_input_is_read_or_refused(kind, tmp_path, monkeypatch):
    monkeypatch.setenv("STEPLADDER_CACHE", str(tmp_path / "cache"))

    @settings(max_examples=INPUTS.get(kind, 40), derandomize=True)
    @given(st.integers(0, 2**32))
    def check(seed):
        note(f"python scripts/fuzz.py 1 --kinds {kind} --seed {seed}")
        assert trial(kind, seed, tmp_path) in ("read", "refused")

    check()
