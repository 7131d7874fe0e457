"""What can be known of the confinement without tightening this process."""

from __future__ import annotations

import dataclasses

import pytest
from manimatic_worker import confine, landlock
from manimatic_worker.landlock import Access


@pytest.mark.parametrize(
    ("abi", "ungoverned"),
    [
        (1, Access.REFER | Access.TRUNCATE | Access.IOCTL_DEV),
        (2, Access.TRUNCATE | Access.IOCTL_DEV),
        (3, Access.IOCTL_DEV),
        (4, Access.IOCTL_DEV),
        (5, Access(0)),
        (7, Access(0)),
        (9, Access(0)),
    ],
)
def test_each_abi_governs_what_the_kernel_documents(abi: int, ungoverned: Access) -> None:
    """REFER came with ABI 2, TRUNCATE with 3, IOCTL_DEV with 5; later ABIs take nothing away."""
    everything = Access((1 << 16) - 1)
    assert landlock.governed_accesses(abi) == everything & ~ungoverned


def test_report_of_abi_0_is_not_in_force() -> None:
    """No Landlock means no wall."""
    assert not confine.LandlockReport(abi=0).in_force
    assert confine.LandlockReport(abi=1).in_force


@pytest.mark.parametrize("value", [confine.LandlockReport(abi=0), confine.Rlimits(), confine.DumpableReport(False)])
def test_reports_cannot_be_changed(value: confine.Rlimits) -> None:
    """What was in force is not rewritten afterwards."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, dataclasses.fields(value)[0].name, 7)


def test_landlock_abi_of_this_kernel_is_a_number() -> None:
    """Asking is harmless and never raises."""
    assert confine.landlock_abi() >= 0
