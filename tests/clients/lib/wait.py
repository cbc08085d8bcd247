"""Waiting with a deadline."""

import time


def until(what, check, seconds=20.0, every=0.1):
    """Asks again until `check()` gives something truthy; AssertionError says what was waited for."""
    end = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for: {what} (last: {value!r})")
        time.sleep(every)
