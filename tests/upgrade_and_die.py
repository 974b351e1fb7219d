"""A child of test_database: upgrades a database and is killed at the named step.

Arguments: URL, directory of the migrations, step ("" to live on).
"""

import os
import signal
import sys
from pathlib import Path

from collectors.database import Database

url, migrations, fatal = sys.argv[1:]


def step(name: str) -> None:
    if name == fatal:
        os.kill(os.getpid(), signal.SIGKILL)


database = Database(url, what="the sample", migrations=Path(migrations))
database.upgrade(step)
database.close()
