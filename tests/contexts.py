"""The context of the kit, which ships as ``collectors.testing``, by its old name."""

from collectors.testing.contexts import (
    NOW,
    HiddenSecrets,
    RecordingLog,
    RecordingQuota,
    RecordingSleep,
    SimpleShared,
    Warnings,
    make_context,
)

__all__ = [
    "NOW",
    "HiddenSecrets",
    "RecordingLog",
    "RecordingQuota",
    "RecordingSleep",
    "SimpleShared",
    "Warnings",
    "make_context",
]
