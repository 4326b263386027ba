"""Runs a suite in six steps: open it, plan its tasks, perform them, finish and judge each step, assemble the run."""

from collections.abc import Sequence

from harness.plugins.discovery import Plugins
from harness.records.registrations import Question, question_of
from harness.running.assembling import assemble_run
from harness.running.executors import perform_tasks
from harness.running.finishing import finish_step
from harness.running.judging import JudgedStep, judge_step
from harness.running.opening import OpenSuite, open_suite
from harness.running.options import RunOptions, RunServices
from harness.running.planning import plan_tasks
from harness.running.timeouts import open_in_time
from harness.suite.steps import Resolved, ResolvedSuite
from harness.values.runs import Run


def run_suite(resolved: ResolvedSuite, plugins: Plugins, options: RunOptions, services: RunServices) -> Run:
    """Return the record of a suite held to its candidate; nothing is written but the evidence."""
    with open_in_time(open_suite(resolved, plugins, options, services), options.timeout) as opened:
        services.on_open(_question(opened, options))
        steps = run_steps(resolved.steps, opened, plugins, options, services)
        return assemble_run(resolved.suite, steps, options)


def _question(opened: OpenSuite, options: RunOptions) -> Question:
    suite, inputs = opened.suite, opened.inputs
    return question_of(
        suite.name, suite.digest, inputs.candidate, inputs.baselines, inputs.datasets, suite.values, options.seed
    )


def run_steps(
    steps: Sequence[Resolved], opened: OpenSuite, plugins: Plugins, options: RunOptions, services: RunServices
) -> Sequence[JudgedStep]:
    """Return some steps of an open suite, measured and judged."""
    tasks = plan_tasks(steps, opened, options, services)
    executor = plugins.executor(options.executor)
    results = perform_tasks(tasks, opened.checks, opened.targets, executor, services.on_start, services.on_result)
    finished = [finish_step(step, results, opened, options, services) for step in steps]
    return [judge_step(step, each, opened, services) for step, each in zip(steps, finished, strict=True)]
