"""Every stage of the pipeline finds room on whatever there is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jarvis_plugins.onboarding.ray_session import ray_session
from jarvis_plugins.onboarding.shares import Shares
from jarvis_retrievers.errors import SettingError


@given(cpus=st.integers(1, 512), gpus=st.integers(0, 64), one=st.booleans(), segments=st.booleans())
@settings(max_examples=100, deadline=None)
def test_all_fit(cpus: int, gpus: int, one: bool, segments: bool) -> None:
    shares = Shares.of({"CPU": cpus, "GPU": gpus}, one_writer=one, segments=segments)
    stages = (shares.readers, shares.embedders, shares.writers)
    assert min(stages) >= 1
    assert 0 < shares.cpus_each <= 1
    assert (sum(stages) + shares.encoders) * shares.cpus_each <= cpus + 1e-6
    assert (shares.embedders + shares.encoders) * shares.gpus_each <= gpus + 1e-6
    assert (shares.gpus_each > 0) == (gpus > 0)
    if one:
        assert shares.writers == 1
    if not segments:
        assert shares.encoders == 0


def test_nobody_else_is_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with pytest.raises(SettingError, match="set it to token"), ray_session():
        pass
