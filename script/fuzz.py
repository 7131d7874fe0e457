"""Feed every parser of guest bytes with what a coverage-guided fuzzer finds.

Usage: script/fuzz [--seconds N] [TARGET...]

Each target (see fuzz_targets.py) starts from seeds that the repository's own code makes, with caps on memory and on
the time of one input. Ends with 1 where a target broke a promise; the input that did it stays in --found.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INPUT_TIMEOUT_S = 5
MEMORY_MIB = 1024
START_S = 120.0
"""Room for the fuzzer's start and for its last input."""


def main() -> int:
    """Feed the targets one after the other."""
    sys.path.insert(0, str(ROOT / "script"))
    from fuzz_targets import PLANTED, TARGETS

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"{', '.join(TARGETS)}; all where none is named")
    parser.add_argument("--seconds", type=int, default=60, help="how long each target is fed")
    parser.add_argument("--corpus", type=Path, help="keep what reaches new code in this folder, and begin with it")
    parser.add_argument("--found", type=Path, default=Path.cwd(), help="where inputs go that break a promise")
    args = parser.parse_args()
    known = TARGETS | PLANTED
    if unknown := set(args.targets) - known.keys():
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(prefix="fuzz.") as scratch:
        corpus = args.corpus or Path(scratch)
        results = [feed(name, known[name], corpus / name, args) for name in args.targets or TARGETS]
    return 0 if all(results) else 1


def feed(name: str, target: object, corpus: Path, args: argparse.Namespace) -> bool:
    """Feed one target and say how it went."""
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):  # type: ignore[attr-defined]
        (corpus / f"seed-{number}").write_bytes(seed)
    words = corpus.parent / f"{name}.words"
    words.write_text("".join(f'"{escaped(word)}"\n' for word in target.words))  # type: ignore[attr-defined]
    command = [
        *(sys.executable, "-B", str(ROOT / "script/fuzz_targets.py"), name, str(corpus)),
        *(f"-max_total_time={args.seconds}", f"-timeout={INPUT_TIMEOUT_S}", f"-rss_limit_mb={MEMORY_MIB}"),
        *(f"-max_len={target.max_bytes}", f"-dict={words}"),  # type: ignore[attr-defined]
        *(f"-artifact_prefix={args.found.absolute()}/{name}-", "-print_final_stats=1", "-verbosity=1"),
    ]
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=args.seconds + START_S)
    runs = re.search(r"number_of_executed_units:\s*(\d+)", done.stderr)
    peak = re.search(r"peak_rss_mb:\s*(\d+)", done.stderr)
    kept = len(list(corpus.iterdir()))
    figures = f"{runs[1] if runs else '?'} inputs, {kept} kept, {peak[1] if peak else '?'} MiB"
    print(
        f"{name:10} {'ok' if done.returncode == 0 else 'BROKEN':6} {time.monotonic() - started:6.1f} s  {figures}",
        flush=True,
    )
    if done.returncode:
        print("\n".join([*done.stdout.splitlines()[-40:], *done.stderr.splitlines()[-40:]]))
    return done.returncode == 0


def escaped(word: str) -> str:
    """Write a word as libFuzzer's dictionaries have it."""
    return re.sub(r"\\(?!x)", r"\\\\", word).replace('"', '\\"')


if __name__ == "__main__":
    sys.exit(main())
