"""The heartbeat: on its interval, when woken, and whatever happens."""

from api.pulse import Pulse
from tests.support.clock import VirtualClock
from tests.support.waiting import eventually


async def test_a_check_runs_at_its_interval_and_when_woken() -> None:
    clock = VirtualClock()
    pulse = Pulse(clock)
    ran: list[float] = []

    async def check() -> None:
        ran.append(clock.monotonic())

    pulse.every("check", 10, check)
    pulse.start()
    await clock.advance(25)
    assert ran == [10, 20]
    pulse.wake("check")
    await eventually(lambda: ran == [10, 20, 25])
    await clock.advance(10)
    assert ran == [10, 20, 25, 35]
    await pulse.stop()


async def test_a_check_that_fails_is_asked_again_and_hurts_no_other() -> None:
    clock = VirtualClock()
    pulse = Pulse(clock)
    ran: list[str] = []

    async def broken() -> None:
        ran.append("broken")
        raise RuntimeError

    async def whole() -> None:
        ran.append("whole")

    pulse.every("broken", 10, broken)
    pulse.every("whole", 10, whole)
    pulse.start()
    await clock.advance(20)
    assert sorted(ran) == ["broken", "broken", "whole", "whole"]
    await pulse.stop()


async def test_after_the_stop_nothing_runs() -> None:
    clock = VirtualClock()
    pulse = Pulse(clock)
    ran: list[int] = []

    async def check() -> None:
        ran.append(1)

    pulse.every("check", 10, check)
    pulse.start()
    await pulse.stop()
    await clock.advance(100)
    assert ran == []
