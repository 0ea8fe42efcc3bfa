"""Scoring runs where training does, and leaves the model where exporting finds it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from toy_bundle import toy_model
from toy_courses import toy_course
from tumorcast.config.models import TrainingConfig
from tumorcast.training.inference import predict, where_trained


def test_without_a_gpu_nothing_moves():
    model = toy_model()
    with where_trained(model, TrainingConfig(accelerator="cpu")):
        assert next(model.parameters()).device.type == "cpu"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_says_what_the_cpu_says():
    model, courses = toy_model(members=2), [toy_course(n) for n in range(5)]
    expected = predict(model, courses, "response")
    with where_trained(model, TrainingConfig()):
        assert next(model.parameters()).device.type == "cuda"
        np.testing.assert_allclose(predict(model, courses, "response"), expected, atol=1e-4)
    assert next(model.parameters()).device.type == "cpu"
