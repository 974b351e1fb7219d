"""A child of the store's tests: takes slots one after the other, says so, and keeps the last.

Arguments: URL, key, how many slots there are, how many to take. It keeps what it took until its
standard input ends.
"""

import sys
import time
from contextlib import ExitStack

from tests.store.worlds import open_store

url, key, at_most, count = sys.argv[1:]

store = open_store(url)
with ExitStack() as held:
    for _ in range(int(count)):
        held.enter_context(store.quota.slot(key, int(at_most), time.sleep))
    print("held", flush=True)
    sys.stdin.read()
store.close()
