"""What the command line prints."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from manimatic import settings as settings_module
from manimatic.cli.environment import read_settings
from manimatic.errors import ManimaticError, SceneFailed
from manimatic.jobs import Event, Job, JobState
from manimatic.verdicts import Verdict

if TYPE_CHECKING:
    from rich.console import Console

_UNLIMITED = 10_000
"""Columns where nobody reads on a terminal: a program wants every line whole."""
_STAGES = {
    "queued": "Waiting",
    "generating": "Writing the scene",
    "checking": "Checking the scene",
    "rendering": "Rendering",
    "uploading": "Storing the video",
}


def open_console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """Return a console that shows text as it is: nothing in a prompt or in code is markup or an emoji's name."""
    from rich.console import Console

    return Console(stderr=stderr, quiet=quiet, highlight=False, markup=False, emoji=False, soft_wrap=True)


def show_table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows in columns; the first is always whole, the others may be folded on a terminal that is narrow."""
    from rich.table import Table

    console = open_console()
    if not console.is_terminal:
        console.width = _UNLIMITED
    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(name, no_wrap=name == names[0], overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table, soft_wrap=False)


class Display:
    """Shows a job's events while it runs: a live line on a terminal, plain lines elsewhere."""

    def __init__(self, *, quiet: bool) -> None:
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._console = open_console(stderr=True, quiet=quiet)
        self._progress = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}", markup=False),
            TextColumn("{task.fields[detail]}", markup=False, style="dim"),
            TimeElapsedColumn(),
            console=self._console,
            disable=quiet or not self._console.is_terminal,
        )
        self._task: Any = None

    def __enter__(self) -> Display:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._progress.stop()

    def event(self, event: Event) -> None:
        """Show one event."""
        if event.kind == "state":
            self._stage(event.data["state"])
        elif event.kind == "progress":
            self._detail(f"animation {event.data['animation']}, {event.data['video_s']:.1f} s of video")
        elif event.kind == "attempt":
            for line in attempt_lines(event.data):
                self._line(line)
        elif event.kind == "log":
            self._line(event.data["text"].rstrip("\n"))

    def _stage(self, state: str) -> None:
        if self._task is not None:
            self._progress.update(self._task, total=1, completed=1)
            self._task = None
        if state not in _STAGES:
            return
        if self._progress.disable:
            self._line(_STAGES[state])
        else:
            self._task = self._progress.add_task(_STAGES[state], total=None, detail="")

    def _detail(self, text: str) -> None:
        if self._task is not None:
            self._progress.update(self._task, detail=text)

    def _line(self, text: str) -> None:
        self._console.print(text, style="dim")


def attempt_lines(data: Mapping[str, Any]) -> Iterator[str]:
    """Say of an attempt what was mended in it, what it cost, and why it failed."""
    for fix in data.get("fixes", ()):
        yield f"mended line {fix['line']} ({fix['rule']})"
        yield from (f"  {line}" for line in fix["diff"].split("\n") if not line.startswith("@@"))
    if data["verdict"] == Verdict.OK:
        return
    where = f" (line {data['line']})" if data["line"] else ""
    kind = data["verdict"] or "not run"
    cost = f" [${data['cost_usd']:.4f}]" if data["cost_usd"] else ""
    yield f"attempt {data['number']}: {kind}: {data['message']}{where}{cost}"


def show_result(job: Job, video: Path | None, code: Path | None) -> None:
    """Print how a job ended."""
    console = open_console()
    if video is None:
        show_failure(job)
        return
    if job.partial:
        console.print(f"Partial: this is what was finished. {job.partial_reason or job.verdict}", style="yellow")
    if job.title:
        console.print(job.title, style="bold")
    if job.explanation:
        console.print(job.explanation)
    console.print(f"Video  {video}{_facts(job)}")
    if code:
        console.print(f"Code   {code}")
    if job.video and job.video.url.startswith("http"):
        console.print(f"URL    {job.video.url}")


def _facts(job: Job) -> str:
    if job.video is None:
        return ""
    video = job.video
    return f"  ({video.width}×{video.height}, {video.duration_s:.1f} s, {video.bytes / 1000:.0f} kB)"


def show_failure(job: Job) -> None:
    """Print why a job has no video."""
    failure = job.failure
    if failure is None:
        _complain(job.state.value, "", "")
        return
    where = f" (line {failure.line} of the scene)" if failure.line else ""
    _complain(f"{failure.code}{where}", failure.message, failure.hint, failure.traceback)


def show_error(error: ManimaticError) -> None:
    """Print an error that ended the command."""
    _complain(error.code, error.message, error.hint)


def _complain(code: str, message: str, hint: str, traceback: str | None = None) -> None:
    from rich.text import Text

    console = open_console(stderr=True)
    if traceback:
        console.print(traceback.rstrip(), style="dim")
    console.print(Text.assemble((code, "bold red"), ": ", message))
    if hint:
        console.print(Text(hint))


def exit_code_of(job: Job) -> int:
    """Return the exit code of the command: 0 for a video, else the error class's own."""
    if job.state is JobState.COMPLETE:
        return 0
    code = job.failure.code if job.failure else job.state.value
    classes = {kind.code: kind.exit_code for kind in _subclasses(ManimaticError)}
    if code in Verdict.__members__.values() and code not in classes:
        return SceneFailed.exit_code
    return classes.get(code, ManimaticError.exit_code)


def _subclasses(kind: type[ManimaticError]) -> list[type[ManimaticError]]:
    return [kind, *(found for child in kind.__subclasses__() for found in _subclasses(child))]


def as_dict(job: Job) -> dict[str, Any]:
    """Return a job as JSON values."""
    body: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(job), default=str))
    return body


def show_json(body: object) -> None:
    """Print JSON to standard output."""
    json.dump(body, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def show_settings(*, as_json: bool) -> None:
    """Print every setting, its value here and its help."""
    values = read_settings()
    rows = []
    for described in settings_module.describe():
        value = getattr(values, described["field"])
        shown = ("(set)" if value else "") if described["secret"] else str(value)
        rows.append({"name": described["name"], "value": shown, "help": described["help"]})
    if as_json:
        show_json(rows)
        return
    show_table(("setting", "value", "what it is"), [(row["name"], row["value"], row["help"]) for row in rows])
