"""Rate limits that several api processes keep together, in a real Redis."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from harness.api import Api, open_api
from harness.redis import Redis, redis_server


def look(api: Api, key: str) -> int:
    """List jobs; return the status."""
    status: int = api.client.get("/jobs", headers={"Authorization": f"Bearer {key}"}).status_code
    return status


@pytest.mark.parametrize("where", ["rate_limit_url", "broker_url"])
def test_processes_count_together_in_redis(tmp_path: Path, redis: Redis, where: str) -> None:
    """A load balancer spreads one key's requests over all of them; where there is a broker, that Redis counts."""
    settings = {"rate_limit": "3/minute", where: redis.url}
    with open_api(tmp_path / "a", **settings) as one, open_api(tmp_path / "b", **settings) as two:
        key = one.key()
        found = one.keys.all_keys()[0]
        two.keys.add(found)
        statuses = [look(api, key) for api in (one, two, one, two, one)]
        assert statuses == [200, 200, 200, 429, 429]


def test_redis_that_dies_lets_each_process_count_for_itself(tmp_path: Path) -> None:
    """Requests are neither refused nor unlimited meanwhile."""
    with (
        redis_server() as server,
        open_api(tmp_path, rate_limit="2/minute", rate_limit_url=server.url) as api,
    ):
        key = api.key()
        assert look(api, key) == 200
        server.stop(signal.SIGKILL)
        assert [look(api, key) for _ in range(3)] == [200, 200, 429]
