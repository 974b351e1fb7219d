"""What a measured process says of itself when it has done its work."""

import json
import resource
import sys


def told(seconds: float) -> None:
    """Print the seconds that the work took, those of CPU, and the peak of memory in MB."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    answer = {
        "seconds": round(seconds, 4),
        "cpu": round(usage.ru_utime + usage.ru_stime, 4),
        "peak_mb": round(usage.ru_maxrss / 1024, 1),
    }
    sys.stdout.write(json.dumps(answer) + "\n")
