"""What is known of old tools, and what a made-up machine's tools say of themselves."""

from __future__ import annotations

import datetime
import gzip
from collections.abc import Sequence
from pathlib import Path

import pytest
from manimatic.findings import Finding, Level
from manimatic.sandbox.machine import THIS_MACHINE, Machine, Outcome
from manimatic.sandbox.patch_levels import Hole, Tool, examine_engine, examine_patch_level, known_tools, parse
from manimatic.sandbox.slots import Slot

TODAY = datetime.date(2026, 11, 25)
SAYS = {
    "bubblewrap": "bubblewrap {}\n",
    "kernel": "{} #1 SMP PREEMPT_DYNAMIC\n",
    "runc": "runc version {}\ncommit: v1-0-gdeadbeef\nspec: 1.2.1\n",
    "runsc": "runsc version {}\nspec: 1.1.0\n",
}


class Tools:
    """A root folder whose programs answer with what they were told to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.said: dict[str, Outcome] = {}

    def install(self, program: str, output: str, *, mode: int = 0o755, folder: str = "usr/bin") -> None:
        """Plant a program and its answer."""
        path = self.root / folder / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        path.chmod(mode)
        self.said[program] = Outcome(status=0, output=output)

    def changelog(self, package: str, text: str) -> None:
        """Plant a distribution's changelog."""
        folder = self.root / "usr/share/doc" / package
        folder.mkdir(parents=True)
        (folder / "changelog.Debian.gz").write_bytes(gzip.compress(text.encode()))

    def run(self, argv: Sequence[str], slot: Slot, data: bytes) -> Outcome:
        """Answer for a program."""
        name = Path(argv[0]).name
        if name == "dpkg":
            return Outcome(status=0 if argv[2] >= argv[4] else 1)
        return self.said.get(name, Outcome(status=127))

    def look(self, name: str) -> Finding | None:
        """Examine one tool."""
        return examine_patch_level(Machine(root=self.root, run=self.run), known_tools()[name], TODAY)

    def found(self, name: str) -> Finding:
        """Examine one tool that is there."""
        finding = self.look(name)
        assert finding is not None
        assert (finding.level is Level.OK) == (finding.mend == "")
        return finding

    def level(self, name: str, version: str, **options: int) -> Level:
        """Install a tool of this version and return what is thought of it."""
        if name == "docker":
            (found,) = examine_engine(Machine(root=self.root, run=self.run), {"Version": version}, TODAY)
            return found.level
        self.install(known_tools()[name].command[0], SAYS[name].format(version), **options)
        return self.found(name).level


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    """A machine without tools."""
    return Tools(tmp_path)


@pytest.mark.parametrize(
    ("name", "version", "level"),
    [
        ("bubblewrap", "0.8.0", Level.WARNING),
        ("bubblewrap", "0.11.2", Level.WARNING),
        ("bubblewrap", "0.12.0", Level.OK),
        ("bubblewrap", "1.0.0", Level.OK),
        ("runc", "1.1.5+ds1", Level.WARNING),
        ("runc", "1.2.7", Level.WARNING),
        ("runc", "1.2.8", Level.OK),
        ("runc", "1.3.2", Level.WARNING),
        ("runc", "1.3.3", Level.OK),
        ("runc", "1.4.0", Level.OK),
        ("runsc", "0.0~20221219.0", Level.WARNING),
        ("runsc", "release-20221219.0", Level.WARNING),
        ("runsc", "release-20261019.0", Level.OK),
        ("docker", "20.10.24+dfsg1", Level.WARNING),
        ("docker", "29.4.2", Level.WARNING),
        ("docker", "29.4.3", Level.OK),
        ("kernel", "4.4.302", Level.WARNING),
        ("kernel", "6.8.0-117-generic", Level.WARNING),
        ("kernel", "6.18.21", Level.WARNING),
        ("kernel", "6.18.44", Level.OK),
        ("kernel", "7.0.5", Level.WARNING),
        ("kernel", "7.0.6", Level.OK),
        ("kernel", "7.1.0", Level.OK),
    ],
)
def test_version_decides(tools: Tools, name: str, version: str, level: Level) -> None:
    """Each series has its own first version without the hole; the newest holds for all that come after."""
    assert tools.level(name, version) is level


def test_engine_is_asked_for_itself_and_its_parts(tools: Tools) -> None:
    """What it starts containers with need not be what is first on this machine's path."""
    tools.install("runsc", SAYS["runsc"].format("release-20261019.0"))
    tools.install("runc", SAYS["runc"].format("1.4.0"))
    said = {"Version": "29.5.0", "Components": [{"Name": "runc", "Version": "1.1.5+ds1-1+deb12u1"}]}
    found = {item.name: item for item in examine_engine(Machine(root=tools.root, run=tools.run), said, TODAY)}
    levels = {name: item.level for name, item in found.items()}
    assert levels == {"docker": Level.OK, "runc": Level.WARNING, "runsc": Level.OK}


def test_engine_that_does_not_answer_leaves_the_rest(tools: Tools) -> None:
    """That it does not is another finding."""
    tools.install("uname", SAYS["kernel"].format("7.1.0"))
    assert [item.name for item in examine_engine(Machine(root=tools.root, run=tools.run), {})] == ["kernel"]


def test_finding_names_holes_meaning_and_mend(tools: Tools) -> None:
    """The operator learns which hole, what it means here, and what to run."""
    tools.install("runc", SAYS["runc"].format("1.1.5"))
    found = tools.found("runc")
    assert all(cve in found.message for cve in ("CVE-2025-31133", "CVE-2025-52565", "CVE-2025-52881"))
    assert "docker backend only" in found.message
    assert "apt-get" in found.mend


@pytest.mark.parametrize(
    ("name", "package", "version", "cves"),
    [
        ("bubblewrap", "bubblewrap", "0.8.0", "CVE-2026-87766"),
        ("runc", "runc", "1.1.5", "CVE-2025-31133, CVE-2025-52565, CVE-2025-52881"),
        ("docker", "docker.io", "20.10.24", "CVE-2026-31431"),
        (
            "kernel",
            "linux-image-6.8.0-117-generic",
            "6.8.0-117-generic",
            "CVE-2026-31431 CVE-2026-43284 CVE-2026-43500 CVE-2026-43499",
        ),
    ],
)
def test_changelog_that_names_the_holes_is_ok(tools: Tools, name: str, package: str, version: str, cves: str) -> None:
    """A distribution mends a hole without raising the version."""
    tools.changelog(package, f"  * Fix {cves}\n")
    assert tools.level(name, version) is Level.OK


def test_changelog_that_names_one_of_several_holes_does_not_do(tools: Tools) -> None:
    """The others are still open."""
    tools.changelog("runc", "  * Fix CVE-2025-31133\n")
    assert tools.level("runc", "1.1.5") is Level.WARNING


def test_truncated_changelog_counts_as_silent(tools: Tools) -> None:
    """What cannot be read mends nothing, and the examination goes on."""
    tools.changelog("runc", "  * Fix all\n")
    path = tools.root / "usr/share/doc/runc/changelog.Debian.gz"
    path.write_bytes(path.read_bytes()[:-4])
    assert tools.level("runc", "1.1.5") is Level.WARNING


@pytest.mark.parametrize(
    ("installed", "level"),
    [
        ("0.9.0-1ubuntu0.1", Level.WARNING),
        ("0.9.0-1ubuntu0.2", Level.OK),
        ("0.9.0-1ubuntu0.3", Level.OK),
        ("0.9.1-1", Level.WARNING),
    ],
)
def test_known_backport_is_ok(tools: Tools, installed: str, level: Level) -> None:
    """A package whose changelog is not installed is known by its version, within the same upstream version."""
    tools.install("dpkg-query", installed)
    assert tools.level("bubblewrap", installed.partition("-")[0]) is level


def test_setuid_hole_counts_only_with_the_bit(tools: Tools) -> None:
    """CVE-2026-41163 is in bubblewrap 0.11 alone, and only where it is set-uid."""
    tools.changelog("bubblewrap", "CVE-2026-87766")
    assert tools.level("bubblewrap", "0.11.1") is Level.OK
    assert tools.level("bubblewrap", "0.11.1", mode=0o4755) is Level.WARNING
    assert tools.level("bubblewrap", "0.10.0", mode=0o4755) is Level.OK


def test_debian_kernel_is_known_by_its_package(tools: Tools) -> None:
    """Its release is the name of an interface; the version stands further behind."""
    said = "6.12.0-42-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.12.40-1 (2025-08-01)\n"
    tools.install("uname", said)
    assert tools.found("kernel").message.startswith("6.12.40 may have CVE-2026-31431")


def test_missing_tool_is_no_finding(tools: Tools) -> None:
    """Who has no runc need not mend it."""
    assert tools.look("runc") is None


def test_tool_outside_the_sandboxes_places_is_found(tools: Tools) -> None:
    """Debian has runc in /usr/sbin."""
    tools.install("runc", SAYS["runc"].format("1.4.0"), folder="usr/sbin")
    assert tools.found("runc").level is Level.OK


def test_tool_that_says_nothing_sensible_is_a_warning(tools: Tools) -> None:
    """What it says is quoted."""
    tools.install("runc", "open /proc: no such file\n")
    assert "open /proc" in tools.found("runc").message


def test_short_version_comes_before_longer_one() -> None:
    """6.18 is 6.18.0."""
    assert parse("6.18") < parse("6.18.1")
    assert Hole(cves=("X",), mended=("6.18.1",), means="").has(parse("6.18"))


@pytest.mark.parametrize("tool", known_tools().values(), ids=lambda tool: tool.name)
def test_data_is_complete(tool: Tool) -> None:
    """Every hole has a name, a version without it and a meaning; a tool without holes has an age."""
    assert tool.mend
    assert bool(tool.holes) != bool(tool.max_age_days)
    for hole in tool.holes:
        assert hole.cves
        assert hole.mended
        assert hole.means.endswith(".")
        assert parse(hole.since) < min(map(parse, hole.mended))


@pytest.mark.parametrize("name", ["kernel", "bubblewrap"])
def test_real_tools_say_their_version(name: str) -> None:
    """This machine's own answer is understood."""
    found = examine_patch_level(THIS_MACHINE, known_tools()[name], TODAY)
    assert found is None or "does not say its version" not in found.message
