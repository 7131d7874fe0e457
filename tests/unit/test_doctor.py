"""The examination of a machine, on machines that are made up."""

from __future__ import annotations

import gzip
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from manimatic import bootstrap, checkup
from manimatic.cli import doctor
from manimatic.errors import SettingsError, StorageError
from manimatic.findings import Finding, Level, error, ok, warning
from manimatic.ports import Storage
from manimatic.sandbox.cgroup import GroupReport
from manimatic.sandbox.examine import Places, examine
from manimatic.sandbox.machine import Machine, Outcome, run_program
from manimatic.sandbox.slots import Slot
from manimatic.settings import Settings
from manimatic.storage.local import LocalStorage
from manimatic.store import open_store

ALL_HELD = GroupReport(kind="v2", memory=True, cpu=True, pids=True)


class FakeMachine:
    """A root folder with files, and programs that answer what they were told to answer."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.answers: dict[str, Outcome] = {
            "--version": Outcome(status=0, output="bubblewrap 0.12.1\n"),
            "--unshare-user": Outcome(status=0),
            "-I": Outcome(status=0, output="5\nfiltered\n"),
            "-rv": Outcome(status=0, output="7.1.2-generic #1 SMP PREEMPT_DYNAMIC\n"),
            "fc-list": Outcome(status=0, output="/usr/share/fonts/some.ttf: \n"),
        }
        for name in ("bwrap", "latex", "dvisvgm", "fc-list", "uname"):
            self.write(f"usr/bin/{name}", "", mode=0o755)
        self.write("usr/share/color/icc/some.icc", "")
        self.write("proc/sys/kernel/core_pattern", "core\n")

    def write(self, name: str, text: str, mode: int = 0o644) -> None:
        """Plant a file."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def remove(self, name: str) -> None:
        """Take a file away."""
        (self.root / name).unlink()

    def run(self, argv: Sequence[str], slot: Slot, data: bytes) -> Outcome:
        """Answer by the first word that is known."""
        for word in argv:
            if word in self.answers:
                return self.answers[word]
        raise AssertionError(argv)

    def found(
        self, *, held: GroupReport = ALL_HELD, missing: Sequence[str] = (), quick: bool = False
    ) -> dict[str, Finding]:
        """Examine the machine and return its findings by name."""
        places = Places(slots=self.root / "slots", groups=lambda: held, runtime_missing=lambda: list(missing))
        found = examine(places, Machine(root=self.root, run=self.run), quick=quick)
        for item in found:
            assert (item.level is Level.OK) == (item.mend == ""), item
        return {item.name: item for item in found}


@pytest.fixture
def machine(tmp_path: Path) -> FakeMachine:
    """A machine on which nothing is wrong."""
    return FakeMachine(tmp_path)


def test_nothing_wrong_gives_only_ok(machine: FakeMachine) -> None:
    """A good machine has no finding to mend, and every wall is named."""
    found = machine.found()
    assert {item.level for item in found.values()} == {Level.OK}
    assert list(found) == [
        "bubblewrap",
        "namespaces",
        "cgroup",
        "landlock",
        "seccomp",
        "core dumps",
        "guest runtime",
        "tex",
        "fonts",
        "kernel",
    ]


def test_quick_look_asks_only_whether_a_sandbox_can_be_made(machine: FakeMachine) -> None:
    """Before a service starts, nothing slow is tried."""
    assert list(machine.found(quick=True)) == ["bubblewrap", "namespaces"]


def test_missing_bubblewrap_is_an_error_with_the_command(machine: FakeMachine) -> None:
    """Without bubblewrap nothing can run, and namespaces are not tried."""
    machine.remove("usr/bin/bwrap")
    found = machine.found()
    assert found["bubblewrap"].level is Level.ERROR
    assert "apt-get install -y bubblewrap" in found["bubblewrap"].mend
    assert "namespaces" not in found


def test_old_bubblewrap_is_a_warning(machine: FakeMachine) -> None:
    """An old patch level warns and does not refuse."""
    machine.answers["--version"] = Outcome(status=0, output="bubblewrap 0.8.0\n")
    assert machine.found()["bubblewrap"].level is Level.WARNING
    assert "CVE-2026-87766" in machine.found()["bubblewrap"].message


def test_backport_named_in_the_changelog_is_ok(machine: FakeMachine) -> None:
    """An old number with the distribution's patch is not old."""
    machine.answers["--version"] = Outcome(status=0, output="bubblewrap 0.9.0\n")
    machine.write("usr/share/doc/bubblewrap/x", "")
    changelog = machine.root / "usr/share/doc/bubblewrap/changelog.Debian.gz"
    changelog.write_bytes(gzip.compress(b"  * Fix CVE-2026-87766\n"))
    assert machine.found()["bubblewrap"].level is Level.OK


def test_setuid_bubblewrap_is_a_warning(machine: FakeMachine) -> None:
    """The set-uid bit is not needed and has had holes."""
    (machine.root / "usr/bin/bwrap").chmod(0o4755)
    assert machine.found()["bubblewrap setuid"].level is Level.WARNING


@pytest.mark.parametrize(
    ("file", "value", "mend"),
    [
        ("proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n", "apparmor_parser"),
        ("proc/sys/kernel/unprivileged_userns_clone", "0\n", "kernel.unprivileged_userns_clone=1"),
        ("proc/sys/user/max_user_namespaces", "0\n", "user.max_user_namespaces="),
    ],
)
def test_forbidden_namespaces_name_the_switch(machine: FakeMachine, file: str, value: str, mend: str) -> None:
    """What forbids namespaces is recognised, and the way out is printed."""
    machine.answers["--unshare-user"] = Outcome(status=1, complaint="bwrap: setting up uid map: Permission denied")
    machine.write(file, value)
    found = machine.found()["namespaces"]
    assert found.level is Level.ERROR
    assert mend in found.mend
    assert "setting up uid map" in found.message


def test_switch_that_does_not_hinder_is_no_finding(machine: FakeMachine) -> None:
    """Only what the trial shows counts: a profile for bubblewrap may be in place."""
    machine.write("proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n")
    assert machine.found()["namespaces"].level is Level.OK


def test_locks_that_others_may_write_are_an_error(machine: FakeMachine) -> None:
    """Somebody else could take the launcher's place."""
    machine.root.chmod(0o777)
    found = machine.found()["namespaces"]
    assert found.level is Level.ERROR
    assert "XDG_RUNTIME_DIR" in found.mend


def test_unknown_reason_is_quoted(machine: FakeMachine) -> None:
    """Where no switch explains it, bubblewrap's own words are shown."""
    machine.answers["--unshare-user"] = Outcome(status=1, complaint="bwrap: No permissions")
    assert "No permissions" in machine.found()["namespaces"].message


def test_missing_limits_are_a_warning(machine: FakeMachine) -> None:
    """Where no control group holds a limit the watchdog does, which is weaker."""
    held = GroupReport(kind="none", memory=False, cpu=False, pids=False, reasons=("not mounted",))
    found = machine.found(held=held)["cgroup"]
    assert found.level is Level.WARNING
    assert "not mounted" in found.message


def test_kernel_without_landlock_is_a_warning(machine: FakeMachine) -> None:
    """The mounts are then the only file wall."""
    machine.answers["-I"] = Outcome(status=0, output="0\nfiltered\n")
    assert machine.found()["landlock"].level is Level.WARNING


def test_refused_filter_is_an_error(machine: FakeMachine) -> None:
    """A machine without the system-call wall is refused."""
    machine.answers["-I"] = Outcome(status=1, output="5\n", complaint="Traceback\nConfineError: [Errno 22]")
    found = machine.found()
    assert found["seccomp"].level is Level.ERROR
    assert "Errno 22" in found["seccomp"].message


def test_crash_handler_is_a_warning(machine: FakeMachine) -> None:
    """A pipe in core_pattern lets a scene start a program of the host."""
    machine.write("proc/sys/kernel/core_pattern", "|/usr/share/apport/apport -p%p\n")
    assert machine.found()["core dumps"].level is Level.WARNING


def test_missing_runtime_is_a_warning(machine: FakeMachine) -> None:
    """The first run installs it, which takes seconds."""
    assert machine.found(missing=["site"])["guest runtime"].level is Level.WARNING


def test_missing_tex_and_colours_are_warnings(machine: FakeMachine) -> None:
    """Scenes without formulas still render."""
    machine.remove("usr/bin/dvisvgm")
    machine.remove("usr/share/color/icc/some.icc")
    (machine.root / "usr/share/color/icc").rmdir()
    (machine.root / "usr/share/color").rmdir()
    found = machine.found()
    assert "dvisvgm" in found["tex"].message
    assert found["colour profiles"].level is Level.WARNING


def test_fonts_outside_the_sandbox_do_not_count(machine: FakeMachine) -> None:
    """A sandbox sees /usr/share/fonts and nothing of a user's home."""
    machine.answers["fc-list"] = Outcome(status=0, output="/home/me/.fonts/some.ttf: \n")
    found = machine.found()["fonts"]
    assert found.level is Level.WARNING
    assert "fonts-noto-cjk" in found.mend


def test_program_that_hangs_or_is_missing_counts_as_failed() -> None:
    """The examination itself never raises."""
    assert run_program(["/nonexistent/program"], Slot(None), b"").status == 127


def service_of(folder: Path, said_of_model: str | None = None, **environ: str) -> dict[str, Finding]:
    """Examine the service's side with real parts in a folder."""
    settings = Settings.from_env({"MANIMATIC_DATA_DIR": str(folder), "MANIMATIC_PORT": "0", **environ})

    def storage() -> Storage:
        settings.require_storage_keys()
        return LocalStorage(folder / "videos", "", 0, lambda: 0.0)

    parts = checkup.Parts(
        prepare=lambda: bootstrap.prepare_data_dir(settings),
        storage=storage,
        store=lambda: open_store("sqlite://"),
        model=lambda: said_of_model,
    )
    return {item.name: item for item in checkup.examine(settings, parts)}


def test_service_side_is_ok_in_a_fresh_folder(tmp_path: Path) -> None:
    """Python, data folder, port, database, storage and model are looked at."""
    found = service_of(tmp_path / "data")
    users = ["users"] if os.geteuid() == 0 else []
    assert list(found) == ["python", "data folder", *users, "port", "database", "storage", "model"]
    assert {item.level for item in found.values()} <= {Level.OK, Level.WARNING}


def test_model_key_is_never_shown(tmp_path: Path) -> None:
    """The finding says that a key is set, and not which."""
    found = service_of(tmp_path, GEMINI_API_KEY="AIza-very-secret")
    assert "key is set" in found["model"].message
    assert "very-secret" not in str(found)


def test_model_of_another_provider_is_named_without_key_and_password(tmp_path: Path) -> None:
    """Whose model it is and where, and nothing that is secret."""
    there = {"MANIMATIC_PROVIDER": "openai-compatible", "MANIMATIC_MODEL": "qwen3:8b"}
    there["MANIMATIC_MODEL_BASE_URL"] = "http://me:very-secret@127.0.0.1:11434/v1"
    said = service_of(tmp_path, **there)["model"].message
    assert "qwen3:8b of openai-compatible at http://127.0.0.1:11434/v1; no key is set" in said
    assert "very-secret" not in said
    said = service_of(tmp_path, **there, MANIMATIC_MODEL_API_KEY="very-secret")["model"].message
    assert "11434/v1; a key is set; the provider lists it" in said


def test_model_that_the_provider_does_not_know_is_a_warning(tmp_path: Path) -> None:
    """A wrong name, key or address shows before the first job fails over it."""
    found = service_of(tmp_path, "MANIMATIC_MODEL=x is not among the models.", GEMINI_API_KEY="very-secret")["model"]
    assert found.level is Level.WARNING
    assert "not among" in found.message
    assert "MANIMATIC_MODEL_BASE_URL" in found.mend


def test_provider_without_its_key_is_an_error(tmp_path: Path) -> None:
    """The variable that is missing is named."""
    found = service_of(tmp_path, MANIMATIC_PROVIDER="anthropic", MANIMATIC_MODEL="claude-sonnet-4-6")["model"]
    assert found.level is Level.ERROR
    assert "ANTHROPIC_API_KEY is not set" in found.message


def test_key_that_nothing_uses_is_a_warning(tmp_path: Path) -> None:
    """Whoever sets a vendor's key most likely wants it used, and is told how."""
    found = service_of(tmp_path, OPENAI_API_KEY="very-secret")["model"]
    assert found.level is Level.WARNING
    assert "MANIMATIC_PROVIDER=openai" in found.mend
    assert "very-secret" not in str(found)


def test_storage_without_keys_is_an_error(tmp_path: Path) -> None:
    """A storage that cannot be built says what is missing."""
    found = service_of(tmp_path, MANIMATIC_STORAGE="cloudinary")
    assert found["storage"].level is Level.ERROR
    assert "CLOUDINARY_CLOUD_NAME" in found["storage"].message


def test_data_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    """A file in the way is named, with a command."""
    (tmp_path / "data").write_text("in the way")
    found = service_of(tmp_path / "data")
    assert found["data folder"].level is Level.ERROR
    assert str(tmp_path / "data") in found["data folder"].mend


def test_database_that_does_not_open_is_an_error(tmp_path: Path) -> None:
    """The hint of the error says what to do."""

    def refuse() -> LocalStorage:
        raise StorageError

    settings = Settings.from_env({"MANIMATIC_DATA_DIR": str(tmp_path), "MANIMATIC_PORT": "0"})
    parts = checkup.Parts(
        prepare=lambda: None,
        storage=refuse,
        store=lambda: open_store(f"sqlite:///{tmp_path}/no/such/../../."),
        model=lambda: None,
    )
    found = {item.name: item.level for item in checkup.examine(settings, parts)}
    assert found["database"] is Level.ERROR
    assert found["storage"] is Level.ERROR


def test_old_python_is_an_error() -> None:
    """3.10 lacks what the source uses."""
    assert checkup._python((3, 10, 4)).level is Level.ERROR


def test_exit_code_counts_errors_only() -> None:
    """Warnings do not fail the command; errors give the sandbox's own code."""
    assert doctor.exit_code_of([ok("a", "fine"), warning("b", "old", "newer")]) == 0
    assert doctor.exit_code_of([error("c", "gone", "install")]) == 7


def test_findings_are_printed_with_their_mend() -> None:
    """Each finding is a line, and its command a line below."""
    stream = io.StringIO()
    doctor.print_findings([ok("a", "fine"), error("bb", "gone", "apt-get install x")], stream)
    assert stream.getvalue() == "ok       a   fine\nERROR    bb  gone\n             → apt-get install x\n"


def test_json_holds_every_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Machines can read what `doctor` finds."""
    monkeypatch.setenv("MANIMATIC_DATA_DIR", str(tmp_path))
    code = doctor.examine_machine(as_json=True)
    body = json.loads(capsys.readouterr().out)
    assert body["ok"] == (code == 0)
    assert {item["level"] for item in body["findings"]} <= {"ok", "warning", "error"}


def test_bad_setting_ends_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be read is not examined."""
    monkeypatch.setenv("MANIMATIC_PORT", "many")
    with pytest.raises(SettingsError, match="MANIMATIC_PORT"):
        doctor.examine_machine(as_json=False)


def test_service_that_cannot_work_is_not_started(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The quick look before a start prints the errors and gives their exit code."""
    (tmp_path / "data").write_text("in the way")
    settings = Settings.from_env({"MANIMATIC_DATA_DIR": str(tmp_path / "data")})
    assert doctor.stop_on_errors(settings) == 7
    assert "data folder" in capsys.readouterr().err
