"""A client of an event stream."""

from __future__ import annotations

import json
from typing import Any

from harness.service import Service


class Follower:
    """Reads a job's events one by one, as a browser's EventSource does."""

    def __init__(self, service: Service, job_id: str, **headers: str) -> None:
        self._connection = service.connect()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request("GET", f"/status/{job_id}/events", headers=sent)
        self._answer = self._connection.getresponse()

    def next(self) -> dict[str, Any] | None:
        """Return the next event, its number under `id` and its kind under `event`; None at the end."""
        found: dict[str, Any] = {}
        while line := self._answer.readline().decode():
            if line == "\n" and "id" in found:
                return {**json.loads(found["data"]), "id": int(found["id"]), "event": found["event"]}
            name, _, value = line.rstrip("\n").partition(": ")
            found[name] = value
        return None

    def rest(self) -> list[dict[str, Any]]:
        """Return all events to the end, and go away."""
        events = []
        while event := self.next():
            events.append(event)
        self.close()
        return events

    def close(self) -> None:
        """Go away."""
        self._answer.close()
        self._connection.close()
