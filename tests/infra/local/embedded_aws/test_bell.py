"""A long poll is woken by what comes, from whatever thread, and by time alone when nothing comes."""

import asyncio
import threading

from infra.local.embedded_aws.bell import Bell

LONG = 3600.0


def test_all_who_sleep_are_woken_from_another_thread() -> None:
    bell = Bell()

    async def polls() -> None:
        sleepers = [asyncio.create_task(bell.sleep(LONG)) for _ in range(3)]
        await asyncio.sleep(0)
        ringer = threading.Thread(target=bell.ring)
        ringer.start()
        await asyncio.gather(*sleepers)
        ringer.join()

    asyncio.run(polls())


def test_a_sleep_ends_by_itself_and_one_that_was_given_up_is_not_woken() -> None:
    bell = Bell()

    async def polls() -> None:
        await bell.sleep(0.001)
        given_up = asyncio.create_task(bell.sleep(LONG))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        bell.ring()

    asyncio.run(polls())
    bell.ring()
