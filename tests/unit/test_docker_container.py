"""What an engine is asked for, what is made of its answers, and whose containers are removed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from manimatic.errors import SandboxUnavailable
from manimatic.ports import Limits
from manimatic.sandbox.cgroup.mounts import Hierarchy
from manimatic.sandbox.cgroup.v1 import V1Group
from manimatic.sandbox.cgroup.v2 import V2Group
from manimatic.sandbox.docker.container import (
    GRACE_S,
    LAUNCHER,
    LIFETIME,
    RUN,
    Recipe,
    config,
    confinement,
    pids_limit,
)
from manimatic.sandbox.docker.counters import find_group, shared_bytes
from manimatic.sandbox.docker.guest import status_of
from manimatic.sandbox.docker.reaper import engine_clock_s, is_left
from manimatic.sandbox.docker.trial import insist
from manimatic.sandbox.identity import LauncherIdentity, take_identity
from manimatic.sandbox.supervised import SPARE_PROCESSES
from manimatic_worker.init import shown

RECIPE = Recipe(image="sha256:00", launcher="abcdefgh123456")
OTHER_KERNEL = dataclasses.replace(RECIPE, runtime="runsc", own_filter=True)
LIMITS = Limits(memory_bytes=500 << 20, cpu_cores=0.5, max_processes=40, max_files=99, disk_bytes=100 << 20)


def asked(**changes: Any) -> dict[str, Any]:
    """Return what an engine is asked for."""
    recipe = dataclasses.replace(RECIPE, **changes)
    return config(recipe, "run1", LIMITS, 60900, ["serve", "{}"])


# ---------------------------------------------------------------- what is asked for


def test_container_has_every_wall() -> None:
    """Each line of the table of layers, as the engine spells it."""
    host = asked()["HostConfig"]
    assert (host["NetworkMode"], host["ReadonlyRootfs"], host["CapDrop"]) == ("none", True, ["ALL"])
    assert host["SecurityOpt"][0] == "no-new-privileges"
    assert json.loads(host["SecurityOpt"][1].removeprefix("seccomp="))["defaultAction"] == "SCMP_ACT_ERRNO"
    assert (host["Memory"], host["MemorySwap"], host["PidsLimit"]) == (500 << 20, 500 << 20, 40)
    assert (host["CpuQuota"], host["CpuPeriod"]) == (50_000, 100_000)
    assert (host["IpcMode"], host["CgroupnsMode"], host["LogConfig"]) == ("private", "private", {"Type": "none"})
    assert {one["Name"]: one["Hard"] for one in host["Ulimits"]} == {"core": 0, "nofile": 99}
    assert host["Tmpfs"]["/job"] == "rw,noexec,nosuid,nodev,mode=0700,uid=60900,gid=60900,size=104857600"
    assert asked()["User"] == "60900:60900"
    assert asked()["NetworkDisabled"] is True


def test_nothing_of_the_host_is_mounted() -> None:
    """No way of the engine's to bring a file of the host in is used."""
    host = asked()["HostConfig"]
    assert {"Binds", "Mounts", "VolumesFrom", "Volumes", "Devices", "DeviceRequests", "Privileged"}.isdisjoint(host)
    assert "Volumes" not in asked()


def test_image_is_named_by_its_id() -> None:
    """A tag may come to mean another image."""
    assert asked()["Image"] == "sha256:00"


def test_environment_is_a_few_fixed_names() -> None:
    """Nothing of the launcher's, no proxy of the engine's client."""
    names = {variable.partition("=")[0] for variable in asked()["Env"]}
    assert not {name for name in names if "PROXY" in name.upper() or "KEY" in name or "DOCKER" in name}
    assert {"PATH", "HOME", "TMPDIR"} <= names


def test_labels_say_whose_it_is_and_how_long_it_may_live() -> None:
    """By these a later launcher knows what was left behind."""
    labels = asked()["Labels"]
    assert labels == {LAUNCHER: "abcdefgh123456", RUN: "run1", LIFETIME: str(300 + GRACE_S)}


def test_runtime_of_its_own_kernel_gets_room_and_loads_the_filter_itself() -> None:
    """Its group counts the runtime's threads too; the guest's own limit is exact there."""
    assert pids_limit(RECIPE, 40) == 40
    assert pids_limit(OTHER_KERNEL, 40) > 8 * 40
    assert json.loads(confinement(OTHER_KERNEL, LIMITS))["processes"] == 40
    assert len(json.loads(confinement(OTHER_KERNEL, LIMITS))["filters"]) == 1
    assert json.loads(confinement(RECIPE, LIMITS))["processes"] == 40 + SPARE_PROCESSES
    assert json.loads(confinement(RECIPE, LIMITS))["filters"] == []
    assert asked(runtime="runsc")["HostConfig"]["Runtime"] == "runsc"
    assert "Runtime" not in asked()["HostConfig"]


# ---------------------------------------------------------------- how it ended


@pytest.mark.parametrize(
    ("ended", "told"),
    [(0, 0), (1, 1), (63, 63), (77, 63), (255, 63), (-9, 128 + 9), (-11, 128 + 11), (-64, 128 + 63)],
)
def test_workers_end_passes_through_the_containers_status(ended: int, told: int) -> None:
    """Its own status up to 63, and the signal that ended it."""
    assert status_of(shown(ended)) == told


@pytest.mark.parametrize("code", [128, 137, 143, 255])
def test_end_from_outside_is_negative(code: int) -> None:
    """The first process ends with no such status by itself."""
    assert status_of(code) < 0


# ---------------------------------------------------------------- counters


def test_memory_of_files_is_told_by_either_version() -> None:
    """Version 2 says it, version 1 only within a sum."""
    assert shared_bytes({"shmem": 7, "active_anon": 100}) == 7
    assert shared_bytes({"active_anon": 60, "inactive_anon": 40, "rss": 30}) == 70
    assert shared_bytes({"rss": 30}) == 0


@pytest.mark.parametrize("place", ["docker/ID", "system.slice/docker-ID.scope"])
def test_group_of_a_container_is_found_where_engines_make_it(place: str, tmp_path: Path) -> None:
    """Both drivers, both versions."""
    container = "0123456789abcdef"
    folder = tmp_path / place.replace("ID", container)
    folder.mkdir(parents=True)
    both = frozenset({"memory", "pids"})
    tree = Hierarchy(version=1, controllers=both, mount=tmp_path, own=tmp_path)
    assert isinstance(find_group(container, [tree]), V1Group)
    (folder / "memory.events").touch()
    assert isinstance(find_group(container, [dataclasses.replace(tree, version=2)]), V2Group)
    assert find_group("another", [tree]) is None


def test_group_without_memory_is_none(tmp_path: Path) -> None:
    """Half of the counters are not enough."""
    (tmp_path / "docker/x").mkdir(parents=True)
    tree = Hierarchy(version=1, controllers=frozenset({"pids"}), mount=tmp_path, own=tmp_path)
    assert find_group("x", [tree]) is None


# ---------------------------------------------------------------- whose containers are removed


def container(launcher: str, *, run: str = "r", age_s: float = 10, lifetime: str = "900") -> dict[str, Any]:
    """Return one as an engine lists it at the time 10 000."""
    return {"Id": "c", "Created": 10_000 - age_s, "Labels": {LAUNCHER: launcher, RUN: run, LIFETIME: lifetime}}


def left(one: dict[str, Any], identity: LauncherIdentity, *running: str) -> bool:
    """Ask whether it is left behind."""
    return is_left(one, identity, lambda run: run in running, 10_000)


def test_container_of_a_dead_launcher_is_left(tmp_path: Path) -> None:
    """Its lock is free, or gone."""
    with take_identity(tmp_path) as identity:
        dead = identity.id[:8] + "00000000dead"
        assert left(container(dead), identity)
        (tmp_path / "launchers" / dead).touch()
        assert left(container(dead), identity)


def test_container_of_a_living_launcher_is_not(tmp_path: Path) -> None:
    """Another launcher of this machine holds its lock."""
    with take_identity(tmp_path) as identity, take_identity(tmp_path) as other:
        assert not left(container(other.id), identity)
        assert left(container(other.id, age_s=901), identity), "no run lives that long"


def test_own_container_is_left_when_its_run_is_over(tmp_path: Path) -> None:
    """One whose removal failed goes at the next look."""
    with take_identity(tmp_path) as identity:
        assert not left(container(identity.id, run="now"), identity, "now")
        assert left(container(identity.id, run="before"), identity, "now")


def test_container_of_another_realm_is_left_only_when_it_is_too_old(tmp_path: Path) -> None:
    """Whether that launcher lives cannot be told from here."""
    with take_identity(tmp_path) as identity:
        foreign = "zzzzzzzz123456"
        assert not left(container(foreign, age_s=899), identity)
        assert left(container(foreign, age_s=901), identity)
        assert not left(container(foreign, age_s=1e6, lifetime="for ever"), identity)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("2026-11-25T13:00:00.123456789Z", 1795611600),
        ("2026-11-25T13:00:00Z", 1795611600),
        ("2026-11-25T15:00:00.5+02:00", 1795611600),
        ("yesterday", 0),
    ],
)
def test_engines_clock_is_read(said: str, seconds: int) -> None:
    """With and without fractions, in any zone; one that cannot be read makes nobody old."""
    assert engine_clock_s({"SystemTime": said}) == seconds
    assert engine_clock_s({}) == 0


# ---------------------------------------------------------------- what a trial found

STANDS: dict[str, Any] = {
    "process": {"uid": "60900", "gid": "60900", "CapEff": "0000", "CapPrm": "0", "CapBnd": "0", "NoNewPrivs": "1"},
    "interfaces": ["lo"],
    "root_is_read_only": True,
    "disk_bytes": 16 << 20,
    "deeds": {"write /usr": "OSError", "make a socket": "PermissionError"},
    "own": {"write /job": "done"},
    "tried": {"processes": 32},
    "processes": 22,
    "memory": "refused",
}


def test_walls_that_stand_are_accepted() -> None:
    """Nothing is said."""
    insist(STANDS)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"root_is_read_only": False}, "root is not read-only"),
        ({"deeds": {"write /usr": "done"}}, "a run can write /usr"),
        ({"own": {"write /job": "OSError"}}, "a run cannot write /job"),
        ({"disk_bytes": 1 << 40}, "its disk has"),
        ({"interfaces": ["eth0", "lo"]}, "it has eth0, lo"),
        ({"process": STANDS["process"] | {"uid": "0"}}, "it is root"),
        ({"process": STANDS["process"] | {"CapBnd": "00000000a80425fb"}}, "it has capabilities"),
        ({"process": STANDS["process"] | {"NoNewPrivs": "0"}}, "can gain new ones"),
        ({"memory": "given"}, "memory: the limit does not hold"),
        ({"processes": 32}, "processes: the limit does not hold"),
    ],
)
def test_wall_that_does_not_stand_refuses_the_backend(change: dict[str, Any], named: str) -> None:
    """Each by its name."""
    with pytest.raises(SandboxUnavailable, match=named):
        insist(STANDS | change)


def test_trial_that_never_tried_memory_refuses() -> None:
    """What was not seen to hold counts as not holding."""
    untried = {name: value for name, value in STANDS.items() if name != "memory"}
    with pytest.raises(SandboxUnavailable, match="memory"):
        insist(untried)
