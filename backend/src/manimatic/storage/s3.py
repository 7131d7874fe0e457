"""Videos in a bucket of S3 or of a service that speaks its protocol.

The bucket is private. A job's address is one of the API's, which sends the viewer on to an address of the bucket that
is signed anew each time and good for a while. So addresses that users keep never run out, and one of the bucket's that
leaks soon does.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from manimatic.errors import SettingsError, StorageError, VideoNotFound
from manimatic.ports import Stored
from manimatic.storage.names import is_name, open_video, require_name

if TYPE_CHECKING:
    from obstore.store import S3Config

T = TypeVar("T")
CHUNK_BYTES = 8 * 1024**2
"""S3 takes parts of 5 MiB and more; two of these are in memory at once."""
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 8.0
TYPES = {"mp4": "video/mp4", "webm": "video/webm", "mov": "video/quicktime", "gif": "image/gif", "png": "image/png"}
_CONNECT_S = 10.0
_MESSAGE_CHARS = 300
_SIGNATURE = re.compile(r"[0-9a-fA-F]{32,}")
_STATUS = re.compile(r"status code: ([0-9]{3})")
_HINT_KEYS = (
    "Check MANIMATIC_S3_ACCESS_KEY_ID and MANIMATIC_S3_SECRET_ACCESS_KEY, what the key may do in the bucket, and this "
    "machine's clock; the rendered video is kept and can be stored again."
)
_HINT_BUCKET = (
    "Check MANIMATIC_S3_BUCKET, MANIMATIC_S3_REGION and MANIMATIC_S3_ENDPOINT; the rendered video is kept and can be "
    "stored again."
)
_HINT_REACH = "S3 is overloaded or out of reach; the rendered video is kept and can be stored again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Where videos lie, and with whose rights; an empty endpoint is Amazon's own."""

    name: str
    key_id: str = field(repr=False)
    secret: str = field(repr=False)
    endpoint: str = ""
    region: str = "us-east-1"


class S3Storage:
    """Keeps videos in a bucket, and signs addresses of what lies there.

    Args:
        bucket: Where, and the key; one that only reads is enough for `sign`.
        public_url: Start of the API's address; empty gives addresses without a host.
        retention_s: How long a video is kept, in seconds; 0 keeps it for ever.
        clock: Gives the time in seconds since the epoch.
        timeout_s: How long one request may take.
        tries: How often a request is made before a failure that may pass is final.
        first_wait_s: Pause before the second try; it doubles with every further one.
        sleep: Waits.
    """

    name = "s3"

    def __init__(
        self,
        bucket: Bucket,
        public_url: str,
        retention_s: float,
        clock: Callable[[], float],
        *,
        timeout_s: float = 60.0,
        tries: int = 4,
        first_wait_s: float = FIRST_WAIT_S,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._bucket = bucket
        self._store = _open(bucket, timeout_s)
        self._public_url = public_url.rstrip("/")
        self._retention_s = retention_s
        self._clock = clock
        self._tries = tries
        self._first_wait_s = first_wait_s
        self._sleep = sleep

    def put(self, name: str, path: Path) -> Stored:
        """Upload the file, a large one in parts; an older video of the same name is replaced.

        Raises:
            StorageError: The name or the file is not acceptable, S3 refused it, or could not be reached.
        """
        require_name(name)
        self._persist(lambda: self._upload(name, path))
        expires_at = self._clock() + self._retention_s if self._retention_s else None
        return Stored(url=f"{self._public_url}/videos/{name}", expires_at=expires_at)

    def delete(self, name: str) -> None:
        """Remove the video; removing what is not there is harmless.

        Raises:
            StorageError: The name is not acceptable, S3 refused, or could not be reached.
        """
        import obstore

        require_name(name)
        self._persist(lambda: obstore.delete(self._store, name))

    def open_local(self, name: str) -> Path:
        """Refuse: no video lies on this machine.

        Raises:
            VideoNotFound: Always.
        """
        raise VideoNotFound(hint="Videos are kept in S3; GET /videos/<name> leads there.")

    def ping(self) -> None:
        """List one name of the bucket, which needs the bucket, the key and its right to list.

        Raises:
            StorageError: S3 refused, or could not be reached.
        """
        import obstore

        self._persist(lambda: next(iter(obstore.list(self._store, prefix="ping", chunk_size=1)), None))

    def sign(self, name: str, for_s: float) -> str:
        """Return an address from which anybody can fetch the video for so many seconds.

        Raises:
            VideoNotFound: The name is not acceptable, or no such video lies there.
            StorageError: S3 refused, or could not be reached.
        """
        import obstore

        if not is_name(name) or not self._persist(lambda: self._is_there(name)):
            raise VideoNotFound
        return obstore.sign(self._store, "GET", name, timedelta(seconds=for_s))

    def _is_there(self, name: str) -> bool:
        import obstore

        try:
            obstore.head(self._store, name)
        except FileNotFoundError:
            return False
        return True

    def _upload(self, name: str, path: Path) -> None:
        import obstore

        with open_video(path) as video:
            obstore.put(
                self._store,
                name,
                video,
                attributes={"Content-Type": TYPES[name.rpartition(".")[2]]},
                chunk_size=CHUNK_BYTES,
                max_concurrency=2,
            )

    def _persist(self, request: Callable[[], T]) -> T:
        """Make the request until it succeeds, is refused for good, or has been tried often enough."""
        from obstore.exceptions import BaseError

        for number in range(1, self._tries + 1):
            try:
                return request()
            except (BaseError, OSError) as error:
                hint = _hint_of(str(error))
                if hint != _HINT_REACH or number == self._tries:
                    raise self._refused(error, hint) from None
            self._sleep(self._pause_s(number))
        raise StorageError("No try was allowed.", hint="Allow at least one.")

    def _pause_s(self, number: int) -> float:
        # the spread keeps dispatchers that failed together from coming back together
        return min(LONGEST_WAIT_S, self._first_wait_s * 2.0 ** (number - 1)) * random.uniform(0.5, 1.0)

    def _refused(self, error: Exception, hint: str) -> StorageError:
        """Quote what the service says without keys and signatures."""
        text = " ".join(str(error).partition("Debug source:")[0].split())
        for secret in (self._bucket.secret, self._bucket.key_id):
            text = text.replace(secret, "***") if secret else text
        return StorageError(f"S3 did not take it: {_SIGNATURE.sub('***', text)[:_MESSAGE_CHARS]}", hint=hint)


def _hint_of(text: str) -> str:
    """Tell from the answer's status what is wrong; without one, and where it may get better, S3 is out of reach."""
    found = _STATUS.search(text)
    status = int(found[1]) if found else 0
    if status in {401, 403}:
        return _HINT_KEYS
    return _HINT_BUCKET if 400 <= status < 500 and status not in {408, 429} else _HINT_REACH


def _open(bucket: Bucket, timeout_s: float) -> Any:
    from obstore.exceptions import BaseError
    from obstore.store import S3Store

    config: S3Config = {
        "region": bucket.region,
        "access_key_id": bucket.key_id,
        "secret_access_key": bucket.secret,
        "virtual_hosted_style_request": False,
    }
    if bucket.endpoint:
        config["endpoint"] = bucket.endpoint
    try:
        return S3Store(
            bucket.name,
            config=config,
            client_options={
                "allow_http": bucket.endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=min(timeout_s, _CONNECT_S)),
                "timeout": timedelta(seconds=timeout_s),
            },
            retry_config={"max_retries": 0},  # `_persist` makes the tries
        )
    except (BaseError, ValueError) as error:
        raise SettingsError("MANIMATIC_S3_BUCKET, _ENDPOINT and _REGION make no address.") from error
