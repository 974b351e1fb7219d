"""Python's search for garbage, fitted to a process that holds a large configuration for months.

The search looks at everything that lives, and again and again. With thousands of collectors it
takes a tenth of the time of a busy daemon, and stops it for seconds at a stretch.
"""

import gc

NEW = 20_000
"""How many more objects there may be before the young ones are searched; Python's own are 700."""


def settle() -> None:
    """Take all that lives now for what stays, which is searched no more; search the rest seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW, 20, 50)
