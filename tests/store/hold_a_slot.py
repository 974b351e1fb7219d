"""A child of the store's tests: has requests under way, says so, and keeps them.

Arguments: URL, key, how many there may be, how many to begin. They end when its standard input
does.
"""

import sys
import time
from contextlib import ExitStack

from collectors.api import Limits
from collectors.store import RunQuota
from tests.store.worlds import open_store

url, key, at_most, count = sys.argv[1:]

store = open_store(url)
quota = RunQuota(store.quota, {}, time.sleep, live=True)
with ExitStack() as held:
    for _ in range(int(count)):
        held.enter_context(quota.request({key: Limits(concurrent=int(at_most))}))
    print("held", flush=True)
    sys.stdin.read()
store.close()
