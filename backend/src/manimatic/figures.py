"""What is counted of a job that has ended."""

from __future__ import annotations

from collections.abc import Sequence

from manimatic.jobs import Attempt, Job
from manimatic.tally import Tally


def count_ended(tally: Tally, job: Job) -> None:
    """Count how the job ended and how long it spent in each stage."""
    tally.add("jobs_ended", state=job.state.value, verdict=job.verdict.value if job.verdict else "none")
    for stage, seconds in job.timings.items():
        tally.observe("stage_seconds", seconds, stage=stage)
    if job.video is not None and job.video.duration_s:
        tally.add("video_seconds", job.video.duration_s)
        tally.add("render_seconds", job.timings.get("rendering", 0.0))


def count_attempts(tally: Tally, attempts: Sequence[Attempt]) -> None:
    """Count what a job's attempts came to and what they cost."""
    tally.add("repairs", max(0, len(attempts) - 1))
    for attempt in attempts:
        tally.add("attempts", verdict=attempt.verdict.value if attempt.verdict else "not_run")
        tally.add("tokens", attempt.usage.input_tokens, kind="input")
        tally.add("tokens", attempt.usage.output_tokens, kind="output")
        tally.add("cost_usd", attempt.usage.cost_usd or 0.0)
