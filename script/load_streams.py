"""How soon an api answers while many follow jobs: 500 open event streams and 100 status requests a second.

Called by `script/load streams`. The api is the real one, on a PostgreSQL of its own; nothing renders. Each stream
follows a job of its own, of which 20 run, as far as anybody can see, and say something twice a second: more than two
cores can render. Each of their streams has to hear all of it. The generator is this process: its own share of the
processors is printed, since with two of them it takes some of what it measures.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness import servers
from harness.postgres import Postgres
from harness.processes import until
from harness.service import Client, clean_environ
from manimatic.jobs import JobState, NewJob
from manimatic.ports import Claim
from manimatic.store import SqlJobStore, open_store

STREAMS, RUNNING, RATE, LASTS_S, SAYS_EVERY_S = 500, 20, 100.0, 20.0, 0.5
CONNECTIONS = 20
MAX_P99_S = 0.050


def measure_streams(server: Postgres, folder: Path) -> bool:
    """Measure, print, and tell whether the bar holds."""
    folder.mkdir()
    url = server.url(server.make())
    store = open_store(url)
    jobs = [store.submit(NewJob(prompt=""), max_queued=STREAMS).id for _ in range(STREAMS)]
    claims = [_running(store) for _ in range(RUNNING)]
    with api_on(url, folder) as (port, api):
        started, own, its = time.monotonic(), time.process_time(), cpu_of(api)
        waits, heard, said = asyncio.run(_watch(port, store, claims, jobs))
        took_s = time.monotonic() - started
        own_share, api_share = (time.process_time() - own) / took_s, (cpu_of(api) - its) / took_s
    store.close()
    waits.sort()
    p99 = waits[int(len(waits) * 0.99)]
    print(
        f"streams {STREAMS} open, {len(waits)} status requests in {took_s:.0f} s: median "
        f"{statistics.median(waits) * 1000:.1f} ms, 99th {p99 * 1000:.1f} ms, longest {waits[-1] * 1000:.0f} ms; "
        f"of {said} events of a job its stream heard {min(heard)} to {max(heard)}; "
        f"processors: api {api_share:.2f}, this generator {own_share:.2f}"
    )
    return p99 <= MAX_P99_S and min(heard) == max(heard) == said


def _running(store: SqlJobStore) -> Claim:
    claim = store.claim("load", lease_s=600, max_tries=3)
    assert claim is not None
    store.advance(claim, JobState.CHECKING)
    return claim


@contextmanager
def api_on(url: str, folder: Path) -> Iterator[tuple[int, int]]:
    """Run an api; give its port and the id of the process that serves."""
    port = servers.free_port()
    environ = clean_environ(folder, MANIMATIC_PORT=str(port), MANIMATIC_DATABASE_URL=url)
    with (folder / "api.log").open("wb") as log:
        command = [sys.executable, "-m", "manimatic.api"]
        process = subprocess.Popen(command, env=environ, cwd=folder, stdout=log, stderr=log)
    try:
        until(lambda: _answers(port), "the api")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield port, int(children[0])
    finally:
        servers.end(process)


def cpu_of(pid: int) -> float:
    """Return the seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _answers(port: int) -> bool:
    try:
        return Client(port=port).ask("GET", "/health/live").status == 200
    except OSError:
        return False


async def _watch(
    port: int, store: SqlJobStore, claims: list[Claim], jobs: list[str]
) -> tuple[list[float], list[int], int]:
    """Open the streams, ask for the status meanwhile, and return the waits, what each stream heard, what was said."""
    heard = dict.fromkeys(jobs, 0)
    opened = [await _open(port, f"/status/{job_id}/events") for job_id in jobs]
    followers = [asyncio.create_task(_follow(job_id, one[0], heard)) for job_id, one in zip(jobs, opened, strict=True)]
    await asyncio.sleep(2.0)
    over = time.monotonic() + LASTS_S
    teller = asyncio.create_task(asyncio.to_thread(_tell, store, claims, over))
    waits: list[float] = []
    askers = [asyncio.create_task(_ask(port, jobs, number, over, waits)) for number in range(CONNECTIONS)]
    await asyncio.gather(*askers)
    said, running = await teller, [claim.job.id for claim in claims]
    give_up_at = time.monotonic() + 10
    while min(heard[job_id] for job_id in running) < said and time.monotonic() < give_up_at:
        await asyncio.sleep(0.1)
    for follower, (_, writer) in zip(followers, opened, strict=True):
        follower.cancel()
        writer.close()
    return waits, [heard[job_id] for job_id in running], said


def _tell(store: SqlJobStore, claims: list[Claim], over: float) -> int:
    said = 0
    while time.monotonic() < over:
        for claim in claims:
            store.add_event(claim, "log", {"text": f"line {said}\n"})
            time.sleep(SAYS_EVERY_S / len(claims))
        said += 1
    return said


async def _open(port: int, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    return reader, writer


async def _follow(job_id: str, reader: asyncio.StreamReader, heard: dict[str, int]) -> None:
    while line := await reader.readline():
        heard[job_id] += line == b"event: log\n"


async def _ask(port: int, jobs: list[str], number: int, over: float, waits: list[float]) -> None:
    """Ask again and again at this connection's share of the rate, each wait from when the request was due."""
    due = time.monotonic() + number / RATE
    while due < over:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        reader, writer = await _open(port, f"/status/{jobs[len(waits) % len(jobs)]}")
        status = await reader.readline()
        assert b" 200 " in status, status
        waits.append(time.monotonic() - due)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        due += CONNECTIONS / RATE
