"""The settings: read once from the environment and `.env`, checked, frozen.

Each field of `Settings` carries its variable's name, its default and its help; docs/reference/settings.md is made
from them. The environment wins over `.env`. A secret `NAME` may come as `NAME_FILE`, the path of a file that holds it.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manimatic.env_files import is_given, leave_out_given, read_dotenv, read_value, refuse_unknown
from manimatic.errors import SettingsError
from manimatic.setting_parsers import addresses, choice, flag, number, origins, rate, unix_address, url
from manimatic.setting_parsers import setting as _setting
from manimatic.storage_settings import StorageSettings

GEMINI_MODEL = "gemini-3.8-flash"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
MAX_LEASE_S = 600.0
"""No claim lasts longer; one that seems to was made before the clock was set back."""


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """Return `data/` in a checkout, else `$XDG_DATA_HOME/manimatic`."""
    checkout = Path(__file__).resolve().parents[3]
    if (checkout / "script" / "run").is_file():
        return checkout / "data"
    base = environ.get("XDG_DATA_HOME") or str(Path(environ.get("HOME", "/var/lib")) / ".local/share")
    return Path(base) / "manimatic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(StorageSettings):
    """Everything that can be set from outside."""

    provider: str = _setting(
        "MANIMATIC_PROVIDER",
        "auto",
        "Who writes scenes; `auto`: Gemini when its key is set, else the offline composer. `openai-compatible` is any "
        "server that speaks OpenAI's chat protocol.",
        choice("auto", "offline", "gemini", "openai", "anthropic", "openai-compatible"),
    )
    gemini_api_key: str = _setting("GEMINI_API_KEY", "", "Key of the Gemini API.", str, secret=True)
    openai_api_key: str = _setting(
        "OPENAI_API_KEY", "", "Key of the OpenAI API; used where the provider is `openai`.", str, secret=True
    )
    anthropic_api_key: str = _setting(
        "ANTHROPIC_API_KEY", "", "Key of the Anthropic API; used where the provider is `anthropic`.", str, secret=True
    )
    model_api_key: str = _setting(
        "MANIMATIC_MODEL_API_KEY", "", "Key of an `openai-compatible` server, where it wants one.", str, secret=True
    )
    model: str = _setting(
        "MANIMATIC_MODEL",
        "",
        f"The model that writes scenes; empty: `{GEMINI_MODEL}`, where the provider is Gemini. The others need it.",
        str,
    )
    model_base_url: str = _setting(
        "MANIMATIC_MODEL_BASE_URL",
        "",
        "Address of the model's API; empty: the vendor's. An `openai-compatible` server needs it, often with `/v1`.",
        url,
    )
    model_timeout_s: float = _setting(
        "MANIMATIC_MODEL_TIMEOUT_S", 120.0, "Longest silence of the model, in seconds.", number(float, 0.1, 600)
    )
    max_repairs: int = _setting(
        "MANIMATIC_MAX_REPAIRS", 3, "Times a failed scene goes back to the model.", number(int, 0, 10)
    )
    max_tokens: int = _setting(
        "MANIMATIC_MAX_TOKENS", 200_000, "Tokens that one job may use, input and output.", number(int, 100, 10**8)
    )
    max_cost_usd: float = _setting(
        "MANIMATIC_MAX_COST_USD", 0.5, "Dollars that one job may cost.", number(float, 0, 1000)
    )
    code_policy: str = _setting(
        "MANIMATIC_CODE_POLICY",
        "warn",
        "What happens to your own code that reaches for network, processes, files or native code: "
        "`warn` renders it, `reject` does not.",
        choice("warn", "reject"),
    )
    retention_h: float = _setting(
        "MANIMATIC_RETENTION_H",
        168.0,
        "Hours that a video is kept here or in S3; 0 keeps it for ever.",
        number(float, 0, 10**6),
    )
    job_retention_d: float = _setting(
        "MANIMATIC_JOB_RETENTION_D",
        30.0,
        "Days that an ended job is kept which holds no stored video (any more); 0 keeps it for ever.",
        number(float, 0, 10**5),
    )
    sandbox: str = _setting(
        "MANIMATIC_SANDBOX",
        "auto",
        "Which sandbox runs scenes; `auto`: bubblewrap, and landlock where user namespaces are forbidden. "
        "`docker` is taken only where it is named.",
        choice("auto", "bubblewrap", "landlock", "docker"),
    )
    docker_host: str = _setting(
        "MANIMATIC_DOCKER_HOST",
        "unix:///var/run/docker.sock",
        "Socket of the container engine, for the docker sandbox.",
        unix_address,
    )
    worker_image: str = _setting(
        "MANIMATIC_WORKER_IMAGE",
        "manimatic-worker:latest",
        "Image of the workers, for the docker sandbox; the launcher resolves it to an id once, when it starts.",
        str,
    )
    docker_runtime: str = _setting(
        "MANIMATIC_DOCKER_RUNTIME",
        "",
        "The engine's runtime for workers, such as `runsc`; empty: the engine's default.",
        str,
    )
    pool_size: int = _setting(
        "MANIMATIC_POOL_SIZE",
        1,
        "Workers that a launcher keeps waiting with Manim imported, each for one run; 0: each starts for its run.",
        number(int, 0, 64),
    )
    timeout_s: float = _setting(
        "MANIMATIC_TIMEOUT_S", 300.0, "Wall-clock limit of one run, in seconds.", number(float, 1, 3600)
    )
    job_timeout_s: float = _setting(
        "MANIMATIC_JOB_TIMEOUT_S", 900.0, "Wall-clock limit of one job with all its attempts.", number(float, 1, 86400)
    )
    memory_mb: int = _setting(
        "MANIMATIC_MEMORY_MB", 2048, "Memory limit of one run, in MiB, no swap.", number(int, 256, 10**6)
    )
    cpu_share: float = _setting(
        "MANIMATIC_CPU_SHARE", 0.5, "CPU quota of one run, as a share of the cores available.", number(float, 0.05, 1)
    )
    max_processes: int = _setting(
        "MANIMATIC_MAX_PROCESSES", 128, "Processes and threads of one run.", number(int, 16, 4096)
    )
    max_files: int = _setting(
        "MANIMATIC_MAX_FILES", 1024, "Open files of one process of a run.", number(int, 64, 65536)
    )
    max_log_kb: int = _setting("MANIMATIC_MAX_LOG_KB", 1024, "Log of one run, in KiB.", number(int, 1, 10**5))
    max_artefact_mb: int = _setting(
        "MANIMATIC_MAX_ARTEFACT_MB", 512, "Bytes that may leave one run, in MiB.", number(int, 1, 10**5)
    )
    disk_mb: int = _setting(
        "MANIMATIC_DISK_MB", 1024, "Temporary disk of one run, in MiB (it counts as memory).", number(int, 16, 10**5)
    )
    concurrency: int = _setting(
        "MANIMATIC_CONCURRENCY", 1, "Jobs that one dispatcher runs at once.", number(int, 1, 256)
    )
    lease_s: float = _setting(
        "MANIMATIC_LEASE_S",
        30.0,
        "Seconds after which a job whose dispatcher died goes to another.",
        number(float, 1, MAX_LEASE_S),
    )
    rate_limit: str = _setting(
        "MANIMATIC_RATE_LIMIT",
        "600/minute",
        "Requests of one API key; `off`: as many as come. Requests without a key are not told apart and not limited.",
        rate,
    )
    submit_rate_limit: str = _setting(
        "MANIMATIC_SUBMIT_RATE_LIMIT",
        "60/minute",
        "Scenes that one API key may submit or have checked; `off`: as many as come.",
        rate,
    )
    rate_limit_url: str = _setting(
        "MANIMATIC_RATE_LIMIT_URL",
        "",
        "Redis that counts requests for all api processes, `redis://…`; empty: the broker's, else each for itself.",
        str,
        secret=True,
    )
    webhook_addresses: str = _setting(
        "MANIMATIC_WEBHOOK_ADDRESSES",
        "",
        "IP addresses that webhooks may reach although they are not public, with commas between; empty: none.",
        addresses,
    )
    cors_origins: str = _setting(
        "MANIMATIC_CORS_ORIGINS",
        "",
        "Origins whose pages may use the API, with commas between, such as `https://films.example`; empty: none.",
        origins,
    )
    request_timeout_s: float = _setting(
        "MANIMATIC_REQUEST_TIMEOUT_S",
        20.0,
        "Seconds that a client has to send a request, from its first byte to its last.",
        number(float, 0.1, 600),
    )
    max_queued: int = _setting(
        "MANIMATIC_MAX_QUEUED", 1000, "Jobs that may wait; more are refused with 503.", number(int, 1, 10**6)
    )
    data_dir: Path = _setting("MANIMATIC_DATA_DIR", Path(), "Folder for the database, videos and runs.", Path)
    database_url: str = _setting(
        "MANIMATIC_DATABASE_URL",
        "",
        "Database of the jobs, such as `postgresql://user:password@host/database`; empty: SQLite in the data folder.",
        str,
        secret=True,
    )
    dispatch: str = _setting(
        "MANIMATIC_DISPATCH",
        "embedded",
        "Who takes jobs: `embedded`, dispatchers that look for them, or `celery`, Celery workers that Redis wakes.",
        choice("embedded", "celery"),
    )
    broker_url: str = _setting(
        "MANIMATIC_BROKER_URL",
        "",
        "Redis that wakes Celery workers, such as `redis://:password@host:6379/0`; it is told ids of jobs only.",
        str,
        secret=True,
    )
    host: str = _setting("MANIMATIC_HOST", "127.0.0.1", "Address that the API listens on.", str)
    port: int = _setting("MANIMATIC_PORT", 5000, "Port that the API listens on.", number(int, 0, 65535))
    public_url: str = _setting(
        "MANIMATIC_PUBLIC_URL", "", "Address under which users reach the API; empty: as they asked.", url
    )
    allow_no_keys: bool = _setting(
        "MANIMATIC_ALLOW_NO_KEYS", False, "Ask for no API keys although the API listens beyond loopback.", flag
    )
    require_keys: bool = _setting(
        "MANIMATIC_REQUIRE_KEYS", False, "Ask for API keys on loopback too, as behind a proxy on this machine.", flag
    )
    sentry_dsn: str = _setting(
        "SENTRY_DSN", "", "Address of an error tracker that is told of bugs, without anybody's data.", str, secret=True
    )
    log_format: str = _setting(
        "MANIMATIC_LOG_FORMAT",
        "auto",
        "`json`, `text`, or `auto`: text on a terminal.",
        choice("auto", "json", "text"),
    )

    @classmethod
    def from_env(cls, environ: Mapping[str, str], *, dotenv: Path | None = None) -> Settings:
        """Read and check the settings.

        Args:
            environ: The environment.
            dotenv: A `.env` file whose values stand behind the environment's; a missing one is no error.

        Raises:
            SettingsError: A variable is unknown or its value bad; the message names it, with secrets masked.
        """
        given = leave_out_given(read_dotenv(dotenv), environ) | dict(environ)
        refuse_unknown(dataclasses.fields(cls), given)
        values = {f.name: read_value(f, given) for f in dataclasses.fields(cls) if is_given(f, given)}
        values.setdefault("data_dir", default_data_dir(given))
        values["data_dir"] = values["data_dir"].expanduser().absolute()
        settings = cls(**values)
        settings._check_together()
        return settings

    def _check_together(self) -> None:
        if self.require_keys and self.allow_no_keys:
            raise SettingsError("MANIMATIC_REQUIRE_KEYS and MANIMATIC_ALLOW_NO_KEYS cannot both be on.")
        if self.provider in {"openai", "anthropic", "openai-compatible"} and not self.model:
            raise SettingsError(f"MANIMATIC_PROVIDER={self.provider} needs MANIMATIC_MODEL, the name of a model of it.")
        if self.provider == "openai-compatible" and not self.model_base_url:
            raise SettingsError("MANIMATIC_PROVIDER=openai-compatible needs MANIMATIC_MODEL_BASE_URL.")

    def to_environ(self, *, secrets: bool) -> dict[str, str]:
        """Return the variables that give these settings again, with or without the secret ones."""
        given = {}
        for f in dataclasses.fields(self):
            value = getattr(self, f.name)
            if value != f.default and (secrets or not f.metadata["secret"]):
                given[f.metadata["name"]] = str(value)
        return given

    @property
    def keys_required(self) -> bool:
        """Tell whether every request needs an API key: beyond loopback it does, unless that is waived."""
        return self.require_keys or (self.host not in LOOPBACK and not self.allow_no_keys)

    @property
    def provider_kind(self) -> str:
        """Return who writes scenes, with `auto` resolved; only who has the keys can tell."""
        if self.provider != "auto":
            return self.provider
        return "gemini" if self.gemini_api_key else "offline"

    @property
    def resolved_model(self) -> str | None:
        """Return the model that is asked, None where there is none."""
        kind = self.provider_kind
        return None if kind == "offline" else self.model or GEMINI_MODEL

    @property
    def provider_key(self) -> str:
        """Return the key of the provider that is chosen; empty where there is none."""
        keys = {
            "gemini": self.gemini_api_key,
            "openai": self.openai_api_key,
            "anthropic": self.anthropic_api_key,
            "openai-compatible": self.model_api_key,
        }
        return keys.get(self.provider_kind, "")

    @property
    def resolved_database_url(self) -> str:
        """Return the database's address, with the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir / 'manimatic.sqlite3'}"

    @property
    def cpu_cores(self) -> float:
        """Return the CPU quota of one run in cores."""
        return self.cpu_share * len(os.sched_getaffinity(0))


def describe() -> list[dict[str, Any]]:
    """List every setting: its field, name, default, help and whether it is secret; those of the storage come last."""
    of_storage = {f.name for f in dataclasses.fields(StorageSettings)}
    return [
        {"field": f.name, "default": f.default, **{word: f.metadata[word] for word in ("name", "help", "secret")}}
        for f in sorted(dataclasses.fields(Settings), key=lambda f: f.name in of_storage)
    ]
