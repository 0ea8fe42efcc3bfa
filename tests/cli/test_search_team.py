"""Workers of a search on one machine share its cores, the leader among them."""

from __future__ import annotations

import os
import subprocess
from types import SimpleNamespace

import pytest
import torch

from tumorcast.cli import search_team


@pytest.mark.parametrize(("given", "own", "others"), [(None, [4], "4"), ("3", [], "3")])
def test_cores_are_shared_out_with_the_leader_unless_said_otherwise(monkeypatch, given, own, others):
    threads, environments = [], []

    def start(words, env, stdout):
        environments.append(env)
        return SimpleNamespace(wait=lambda patience: None, poll=lambda: 0)

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if given:
        monkeypatch.setenv("OMP_NUM_THREADS", given)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(torch, "set_num_threads", threads.append)
    monkeypatch.setattr(subprocess, "Popen", start)
    with search_team.team(["name=x"], 2, "local"):
        pass
    assert threads == own
    assert [environment["OMP_NUM_THREADS"] for environment in environments] == [others]
