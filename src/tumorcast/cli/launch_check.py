"""Mistakes of a job that are known before it waits in a queue."""

from __future__ import annotations

import argparse

from tumorcast.config.models import RunConfig
from tumorcast.config.processes import check_batch, check_started
from tumorcast.domain.errors import InputError

TASK = "{task}"


def checked(arguments: argparse.Namespace) -> RunConfig:
    """The configuration, of an array that of its first task.

    Raises:
        ConfigError: it is wrong, or contradicts the nodes and GPUs asked for.
        InputError: an array whose tasks would write one run, a search over several GPUs, an image that is missing.
    """
    words = [word.replace(TASK, "0") for word in arguments.words]
    if arguments.command == "search":
        from tumorcast.config.search import load_search

        config, _ = load_search(words)
    else:
        from tumorcast.config.load import load_config

        config = load_config(words)
    _check_array(arguments)
    check_started(config.training, arguments.nodes, arguments.gpus_per_node, "the job")
    check_batch(config.training, arguments.nodes * arguments.gpus_per_node)
    if arguments.container is not None and not arguments.container.is_file():
        raise InputError(
            "the image does not exist", got=arguments.container, fix="apptainer build (docs/cluster.md)"
        )
    return config


def _check_array(arguments: argparse.Namespace) -> None:
    is_search = arguments.command == "search"
    if is_search and arguments.nodes * arguments.gpus_per_node > 1:
        raise InputError(
            "a search trains each trial on one GPU",
            got=f"--nodes {arguments.nodes} --gpus-per-node {arguments.gpus_per_node}",
            fix="--nodes 1 --gpus-per-node 1 --array 0-15: sixteen workers share the trials",
        )
    names_tasks = any(TASK in word for word in arguments.words if word.startswith("name="))
    if arguments.array and not is_search and not names_tasks:
        raise InputError(
            "all tasks of the array would write the same run",
            got=f"--array {arguments.array}",
            expected="the task's number in the run's name",
            fix="name=seed{task} seed={task}",
        )
    if not arguments.array and any(TASK in word for word in arguments.words):
        raise InputError("{task} is the number of an array's task", got="no --array", fix="--array 0-9")


def job_name(arguments: argparse.Namespace, config: RunConfig) -> str:
    """The run's name; the tasks of an array have one in common."""
    named = [word.removeprefix("name=") for word in arguments.words if word.startswith("name=")]
    return named[-1].replace(TASK, "array") if arguments.array and named else config.name
