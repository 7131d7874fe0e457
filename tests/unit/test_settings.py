"""Settings are read once, checked strictly, and keep their secrets."""

from __future__ import annotations

import dataclasses
import traceback
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from manimatic.errors import SettingsError
from manimatic.settings import Settings, default_data_dir, describe

SECRET = "sk-very-secret-7"
SECRETS = [
    *("GEMINI_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MANIMATIC_MODEL_API_KEY"),
    *("CLOUDINARY_API_KEY", "CLOUDINARY_API_SECRET", "MANIMATIC_DATABASE_URL"),
    *("MANIMATIC_RATE_LIMIT_URL", "SENTRY_DSN"),
    "MANIMATIC_BROKER_URL",
    *("MANIMATIC_S3_ACCESS_KEY_ID", "MANIMATIC_S3_SECRET_ACCESS_KEY"),
    *("MANIMATIC_S3_READ_KEY_ID", "MANIMATIC_S3_READ_SECRET_KEY"),
]
BASE = {"HOME": "/nowhere"}


def read(dotenv: Path | None = None, **environ: str) -> Settings:
    """Read these variables."""
    return Settings.from_env({**BASE, **environ}, dotenv=dotenv)


def test_nothing_given_gives_the_defaults() -> None:
    """The service runs with nothing configured."""
    read_ones = read()
    assert (read_ones.host, read_ones.port, read_ones.resolved_model) == ("127.0.0.1", 5000, None)
    assert (read_ones.timeout_s, read_ones.memory_mb, read_ones.cpu_share) == (300.0, 2048, 0.5)
    assert (read_ones.storage_kind, read_ones.gemini_api_key) == ("local", "")
    assert read_ones.data_dir.is_absolute()
    assert read_ones.resolved_database_url == f"sqlite:///{read_ones.data_dir}/manimatic.sqlite3"


@pytest.mark.parametrize("name", ["MANIMATIC_PROT", "MANIMATIC_", "MANIMATIC_port", "MANIMATIC_PORT_FILE"])
def test_unknown_name_stops_the_start(name: str) -> None:
    """A typing error is not a silent default; only secrets may come from files."""
    with pytest.raises(SettingsError, match=name):
        read(**{name: "1"})


def test_variables_of_others_are_none_of_ours() -> None:
    """Only our prefix is ours."""
    assert read(GEMINI_OTHER="x", CLOUDINARY_URL="x", MANIM_X="x") == read()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MANIMATIC_PORT", "x"),
        ("MANIMATIC_PORT", "-1"),
        ("MANIMATIC_PORT", "65536"),
        ("MANIMATIC_PORT", "5000.5"),
        ("MANIMATIC_TIMEOUT_S", "nan"),
        ("MANIMATIC_TIMEOUT_S", "inf"),
        ("MANIMATIC_TIMEOUT_S", "0"),
        ("MANIMATIC_TIMEOUT_S", "1e99"),
        ("MANIMATIC_MAX_TOKENS", "9" * 5000),
        ("MANIMATIC_CPU_SHARE", "1.5"),
        ("MANIMATIC_STORAGE", "s4"),
        ("MANIMATIC_SANDBOX", "none"),
        ("MANIMATIC_LOG_FORMAT", "JSON"),
        ("MANIMATIC_ALLOW_NO_KEYS", "maybe"),
        ("MANIMATIC_RATE_LIMIT", "0/minute"),
        ("MANIMATIC_RATE_LIMIT", "10 per minute"),
        ("MANIMATIC_CORS_ORIGINS", "*"),
        ("MANIMATIC_CORS_ORIGINS", "https://a.example,.*"),
        ("MANIMATIC_CORS_ORIGINS", "https://a.example/path"),
        ("MANIMATIC_PUBLIC_URL", "example.org"),
        ("MANIMATIC_MODEL_BASE_URL", "file:///etc/passwd"),
    ],
)
def test_bad_value_stops_the_start_and_is_named(name: str, value: str) -> None:
    """The message has the variable, the value and what is allowed."""
    with pytest.raises(SettingsError) as caught:
        read(**{name: value})
    assert caught.value.message.startswith(f"{name}={value!r} is not acceptable: ")
    assert caught.value.hint


@pytest.mark.parametrize(("text", "value"), [("on", True), ("YES", True), ("1", True), ("off", False), ("0", False)])
def test_flag_is_read(text: str, value: bool) -> None:
    """In the usual spellings."""
    assert read(MANIMATIC_ALLOW_NO_KEYS=text).allow_no_keys is value


def test_empty_value_is_the_default() -> None:
    """Compose hands on variables that are not set as empty ones."""
    assert read(MANIMATIC_PORT="", GEMINI_API_KEY="", MANIMATIC_STORAGE="") == read()


# ---------------------------------------------------------------- secrets


def test_secrets_do_not_show_in_repr() -> None:
    """Whoever logs the settings logs no key."""
    shown = repr(read(**dict.fromkeys(SECRETS, SECRET)))
    assert SECRET not in shown
    assert "max_repairs" in shown


def test_every_key_is_known_as_secret() -> None:
    """What is called key or secret is one."""
    assert {item["name"] for item in describe() if item["secret"]} == set(SECRETS)


@pytest.mark.parametrize("name", SECRETS)
def test_secret_may_come_from_a_file(name: str, tmp_path: Path) -> None:
    """White space around it is not part of it."""
    (tmp_path / "key").write_text(f"  {SECRET}\n")
    settings = read(**{f"{name}_FILE": str(tmp_path / "key")})
    (field,) = [field for field in dataclasses.fields(settings) if field.metadata["name"] == name]
    assert getattr(settings, field.name) == SECRET


@pytest.mark.parametrize(
    "content", [None, b"", b" \n", b"\xff" + SECRET.encode()], ids=["none", "empty", "blank", "raw"]
)
def test_secret_file_without_a_secret_stops_the_start(content: bytes | None, tmp_path: Path) -> None:
    """The message names the variable and the file, and nothing of what is in it."""
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        read(GEMINI_API_KEY_FILE=str(tmp_path / "key"))
    told = "".join(traceback.format_exception(caught.value))
    assert "GEMINI_API_KEY_FILE" in told
    assert str(tmp_path / "key") in told
    assert SECRET not in told
    assert "0xff" not in told


def test_secret_itself_wins_over_its_file(tmp_path: Path) -> None:
    """Both in one place: the plain one counts."""
    (tmp_path / "key").write_text("from the file")
    assert read(GEMINI_API_KEY=SECRET, GEMINI_API_KEY_FILE=str(tmp_path / "key")).gemini_api_key == SECRET


# ---------------------------------------------------------------- .env


@pytest.fixture
def dotenv(tmp_path: Path) -> Path:
    """Give the path of a `.env` file."""
    return tmp_path / ".env"


def test_environment_wins_over_dotenv(dotenv: Path) -> None:
    """And what only the file has counts."""
    dotenv.write_text("# ours\nexport MANIMATIC_PORT=1\nMANIMATIC_MODEL='m # 1'\nOTHER=x\nEMPTY\n")
    settings = read(dotenv, MANIMATIC_PORT="2")
    assert (settings.port, settings.model) == (2, "m # 1")


def test_empty_variable_of_the_environment_hides_that_of_dotenv(dotenv: Path) -> None:
    """A way to run without the key that lies there."""
    dotenv.write_text(f"GEMINI_API_KEY={SECRET}\n")
    assert read(dotenv, GEMINI_API_KEY="").gemini_api_key == ""


def test_secret_file_of_the_environment_wins_over_dotenv(dotenv: Path, tmp_path: Path) -> None:
    """In whichever form each of them gives it."""
    (tmp_path / "key").write_text("right")
    dotenv.write_text("GEMINI_API_KEY=stale\n")
    assert read(dotenv, GEMINI_API_KEY_FILE=str(tmp_path / "key")).gemini_api_key == "right"
    dotenv.write_text("GEMINI_API_KEY_FILE=/gone\n")
    assert read(dotenv, GEMINI_API_KEY="right").gemini_api_key == "right"


def test_unknown_name_in_dotenv_stops_the_start(dotenv: Path) -> None:
    """It is as much a typing error there."""
    dotenv.write_text("MANIMATIC_PROT=1\n")
    with pytest.raises(SettingsError, match="MANIMATIC_PROT"):
        read(dotenv)


@pytest.mark.parametrize("text", ["A=1\nthis is nothing\n", "A=1\n\nGEMINI_API_KEY='sk-open\n"])
def test_broken_line_of_dotenv_is_named_without_its_text(dotenv: Path, text: str) -> None:
    """It could be a key that was pasted wrong."""
    dotenv.write_text(text)
    with pytest.raises(SettingsError, match=r"\.env, line [23]") as caught:
        read(dotenv)
    assert "sk-open" not in caught.value.message


def test_dotenv_that_is_no_text_stops_the_start(dotenv: Path) -> None:
    """With its path."""
    dotenv.write_bytes(b"A=\xff\xfe\n")
    with pytest.raises(SettingsError, match=r"\.env cannot be read"):
        read(dotenv)


def test_missing_dotenv_is_no_error(dotenv: Path) -> None:
    """Nothing has to be configured."""
    assert read(dotenv) == read()


# ---------------------------------------------------------------- together


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "example.org"])
def test_beyond_this_machine_keys_are_asked_for_unless_that_is_waived(host: str) -> None:
    """Nobody gets in by an oversight."""
    assert read(MANIMATIC_HOST=host).keys_required
    assert not read(MANIMATIC_HOST=host, MANIMATIC_ALLOW_NO_KEYS="on").keys_required


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_on_this_machine_alone_no_keys_are_asked_for_unless_wanted(host: str) -> None:
    """It is the default; behind a proxy keys can be asked for here too."""
    assert not read(MANIMATIC_HOST=host).keys_required
    assert read(MANIMATIC_HOST=host, MANIMATIC_REQUIRE_KEYS="on").keys_required


def test_keys_cannot_be_both_required_and_waived() -> None:
    """One of the two is a mistake, and it is not for us to say which."""
    with pytest.raises(SettingsError, match="MANIMATIC_REQUIRE_KEYS"):
        read(MANIMATIC_REQUIRE_KEYS="on", MANIMATIC_ALLOW_NO_KEYS="on")


CLOUDINARY = {"CLOUDINARY_CLOUD_NAME": "c", "CLOUDINARY_API_KEY": "k", "CLOUDINARY_API_SECRET": "s"}


def test_cloudinary_is_taken_when_it_is_whole() -> None:
    """All three, or the videos stay here."""
    assert read(**CLOUDINARY).storage_kind == "cloudinary"
    assert read(**CLOUDINARY, MANIMATIC_STORAGE="local").storage_kind == "local"
    for name in CLOUDINARY:
        partly = {key: value for key, value in CLOUDINARY.items() if key != name}
        assert read(**partly).storage_kind == "local"
        with pytest.raises(SettingsError, match="CLOUDINARY"):
            read(**partly, MANIMATIC_STORAGE="cloudinary").require_storage_keys()


def test_settings_come_back_from_their_own_environment() -> None:
    """A child process gets the same ones."""
    given_ones = {
        **CLOUDINARY,
        "GEMINI_API_KEY": SECRET,
        "MANIMATIC_HOST": "0.0.0.0",
        "MANIMATIC_ALLOW_NO_KEYS": "yes",
        "MANIMATIC_MAX_REPAIRS": "0",
        "MANIMATIC_RETENTION_H": "0",
        "MANIMATIC_PUBLIC_URL": "https://example.org/",
        "MANIMATIC_DATA_DIR": "~/x",
        "MANIMATIC_DATABASE_URL": "postgresql://u:p@h/d",
    }
    settings = read(**given_ones)
    assert settings.max_repairs == 0
    assert settings.public_url == "https://example.org"
    assert read(**settings.to_environ(secrets=True)) == settings


@pytest.mark.parametrize("storage", ["auto", "local", "cloudinary"])
def test_environment_without_secrets_can_be_read_and_holds_none(storage: str) -> None:
    """The launcher starts with it, whatever the storage."""
    settings = read(**{**CLOUDINARY, **dict.fromkeys(SECRETS, SECRET), "MANIMATIC_STORAGE": storage})
    environ = settings.to_environ(secrets=False)
    assert SECRET not in str(environ)
    assert read(**environ).timeout_s == settings.timeout_s


@settings(deadline=None, max_examples=100)
@given(
    port=st.integers(0, 65535),
    timeout=st.floats(1, 3600),
    cost=st.floats(0, 1000),
    flag=st.booleans(),
    model=st.text("abc-./:_ é", min_size=1).filter(str.strip),
)
def test_any_settings_survive_the_way_through_an_environment(
    port: int, timeout: float, cost: float, flag: bool, model: str
) -> None:
    """No figure is rounded on the way."""
    made = dataclasses.replace(read(), port=port, timeout_s=timeout, max_cost_usd=cost, allow_no_keys=flag, model=model)
    assert read(**made.to_environ(secrets=True)) == made


def test_data_lies_in_the_checkout_or_in_the_users_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An installed package has no checkout around it."""
    assert default_data_dir({}).name == "data"
    monkeypatch.setattr("manimatic.settings.__file__", str(tmp_path / "a/b/c/d/settings.py"))
    assert default_data_dir({"XDG_DATA_HOME": "/d"}) == Path("/d/manimatic")
    assert default_data_dir({"HOME": "/h"}) == Path("/h/.local/share/manimatic")
    assert default_data_dir({}) == Path("/var/lib/.local/share/manimatic")


def test_every_setting_has_a_help_text_and_a_default_that_it_accepts() -> None:
    """The table in the docs is made of them."""
    for item in describe():
        assert item["help"].endswith("."), item
        if item["default"] not in ("", Path()):
            assert read(**{item["name"]: str(item["default"])}) == read()


def test_settings_are_frozen() -> None:
    """Read once."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        read().port = 1  # type: ignore[misc]


# ---------------------------------------------------------------- who writes scenes


def test_gemini_is_taken_where_its_key_is_set_and_nothing_is_said() -> None:
    """One variable is enough for the default provider; no other vendor's key is used unasked."""
    assert (read(GEMINI_API_KEY="k").provider_kind, read(GEMINI_API_KEY="k").resolved_model) == (
        "gemini",
        "gemini-3.8-flash",
    )
    others = read(OPENAI_API_KEY="k", ANTHROPIC_API_KEY="k", MANIMATIC_MODEL_API_KEY="k")
    assert (others.provider_kind, others.resolved_model, others.provider_key) == ("offline", None, "")


@pytest.mark.parametrize(
    ("provider", "key"),
    [
        ("gemini", "GEMINI_API_KEY"),
        ("openai", "OPENAI_API_KEY"),
        ("anthropic", "ANTHROPIC_API_KEY"),
        ("openai-compatible", "MANIMATIC_MODEL_API_KEY"),
    ],
)
def test_provider_has_the_key_of_its_own_variable(provider: str, key: str) -> None:
    """No vendor gets another's key."""
    keys = dict.fromkeys(("GEMINI_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MANIMATIC_MODEL_API_KEY"), "other")
    chosen = read(
        **keys | {key: "own"},
        MANIMATIC_PROVIDER=provider,
        MANIMATIC_MODEL="m",
        MANIMATIC_MODEL_BASE_URL="http://127.0.0.1:1/v1",
    )
    assert (chosen.provider_kind, chosen.provider_key, chosen.resolved_model) == (provider, "own", "m")


@pytest.mark.parametrize("provider", ["openai", "anthropic", "openai-compatible"])
def test_provider_without_a_model_stops_the_start(provider: str) -> None:
    """Only Gemini has a default; the message names both variables."""
    with pytest.raises(SettingsError, match=f"MANIMATIC_PROVIDER={provider} needs MANIMATIC_MODEL"):
        read(MANIMATIC_PROVIDER=provider, MANIMATIC_MODEL_BASE_URL="http://127.0.0.1:1/v1")


def test_compatible_server_without_an_address_stops_the_start() -> None:
    """There is no default to guess."""
    with pytest.raises(SettingsError, match="MANIMATIC_MODEL_BASE_URL"):
        read(MANIMATIC_PROVIDER="openai-compatible", MANIMATIC_MODEL="m")


def test_offline_is_offline_although_a_key_is_set() -> None:
    """Whoever wants no model asked says so."""
    assert read(MANIMATIC_PROVIDER="offline", GEMINI_API_KEY="k").provider_kind == "offline"
