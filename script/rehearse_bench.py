"""Measure the rehearsal: `script/bench rehearse [FOLDER] [--official] [--plant]`.

Every scene of the folder (the gallery where none is named) is rendered in the sandbox with and without a rehearsal, at
low and high quality. What a rehearsal costs is the processor time that it adds: formulas that it compiles are not
compiled again. With `--plant` defects are planted in each scene and looked for; with `--official` the examples of
Manim's own docstrings are rehearsed, of which none should be flagged.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from manimatic.jobs import Options, Quality, new_id
from manimatic.ports import Limits, RunRequest, RunResult
from manimatic.rehearsal import Rehearsal, Rehearse
from manimatic.sandbox.bubblewrap import BubblewrapSandbox
from manimatic.sandbox.cgroup import choose
from manimatic.sandbox.identity import identity_folder, take_identity
from manimatic.sandbox.runtime import runtime_root
from planted import planted

ROOT = Path(__file__).resolve().parent.parent
LIMITS = Limits(timeout_s=300.0, cpu_cores=2.0)
NOTHING = "from manim import *\n\n\nclass A(Scene):\n    def construct(self):\n        self.wait(0.1)\n"


class Runner:
    """Runs scenes in the real sandbox."""

    def __init__(self, sandbox: BubblewrapSandbox) -> None:
        self._sandbox = sandbox

    def rehearsed(self, rehearsal: Rehearsal) -> None:
        """Take no notice."""

    def progress(self, *, animation: int, video_s: float, line: int | None, total: int | None = None) -> None:
        """Take no notice."""

    def log(self, text: str) -> None:
        """Take no notice."""

    def run(
        self, code: str, rehearse: Rehearse, quality: Quality = Quality.LOW, aspect_ratio: str = "16:9"
    ) -> RunResult:
        """Run the source to its verdict; what it delivers is dropped."""
        options = Options(quality=quality, aspect_ratio=aspect_ratio, seed=1)
        request = RunRequest(run_id=new_id(), code=code, options=options, limits=LIMITS, rehearse=rehearse)
        with tempfile.TemporaryDirectory() as folder:
            return self._sandbox.run(request, self, threading.Event(), Path(folder))


def main(arguments: list[str]) -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="script/bench rehearse", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="*", default=[ROOT / "examples"], help="every .py file is a scene")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--plant", action="store_true", help="plant defects in the scenes and look for them")
    what.add_argument("--official", action="store_true", help="rehearse the examples of Manim's own docstrings")
    options = parser.parse_args(arguments)
    scenes = [path for folder in options.folders for path in sorted(folder.rglob("*.py"))]
    with running() as runner:
        if options.plant:
            plant(runner, scenes)
        elif options.official:
            official(runner)
        else:
            cost(runner, scenes)
    return 0


@contextmanager
def running() -> Iterator[Runner]:
    """Yield a runner with a sandbox of its own."""
    with take_identity(identity_folder()) as identity:
        yield Runner(BubblewrapSandbox(choose(), identity, runtime_root()))


def cost(runner: Runner, scenes: list[Path]) -> None:
    """Print what a rehearsal adds to a render, in processor time, and how well it foretells the render."""
    start_s = runner.run(NOTHING, Rehearse.NO).figures["cpu_s"]
    shares: dict[Quality, list[float]] = {Quality.LOW: [], Quality.HIGH: []}
    for path in scenes:
        code = path.read_text(encoding="utf-8")
        for quality, known in shares.items():
            plain = runner.run(code, Rehearse.NO, quality)
            both = runner.run(code, Rehearse.FIRST, quality)
            if not plain.verdict == both.verdict == "ok":
                print(f"{path} {quality}: {plain.verdict} / {both.verdict} {both.message}", flush=True)
                continue
            stock_s = plain.figures["cpu_s"] - start_s
            added_s = both.figures["cpu_s"] - plain.figures["cpu_s"]
            known.append(added_s / stock_s)
            foretold = both.rehearsal.predicted_render_s if both.rehearsal else 0.0
            flagged = [finding.rule for finding in both.rehearsal.findings] if both.rehearsal else []
            print(
                f"{path.parent.name}/{path.name} {quality}: stock {stock_s:.2f} s, rehearsal {added_s:.2f} s "
                f"({added_s / stock_s:.1%}), foretold {foretold:.1f} s, findings {flagged}",
                flush=True,
            )
    for quality, known in shares.items():
        if known:
            print(f"{quality}: median {statistics.median(known):.1%}, worst {max(known):.1%} of {len(known)} scenes")


def plant(runner: Runner, scenes: list[Path]) -> None:
    """Print how many planted defects are found, by defect, and what else is told of the scenes."""
    planted_in, found, besides = Counter[str](), Counter[str](), Counter[str]()
    for path in scenes:
        for defect, code in planted(path.read_text(encoding="utf-8")):
            result = runner.run(code, Rehearse.ONLY)
            rules = {finding.rule for finding in result.rehearsal.findings} if result.rehearsal else set()
            planted_in[defect.name] += 1
            found[defect.name] += bool(rules & defect.rules)
            besides.update(rules - defect.rules)
            if not rules & defect.rules:
                print(f"missed: {defect.name} in {path.parent.name} ({result.verdict} {result.message})", flush=True)
    for name, count in planted_in.items():
        print(f"{name}: {found[name]} of {count}")
    print(f"all: {found.total()} of {planted_in.total()} ({found.total() / planted_in.total():.1%}); besides {besides}")


def official(runner: Runner) -> None:
    """Print how many of the examples of Manim's own docstrings are flagged."""
    sys.path.append(str(ROOT / "tests"))
    from manim_examples import manim_examples

    count, flagged = 0, 0
    for name, code in manim_examples():
        result = runner.run(code, Rehearse.ONLY)
        findings = result.rehearsal.findings if result.rehearsal else ()
        count, flagged = count + 1, flagged + bool(findings)
        for finding in findings:
            print(f"{name}: {finding.rule} {finding.message}", flush=True)
    print(f"{flagged} of {count} flagged ({flagged / count:.1%})")
