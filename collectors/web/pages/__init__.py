"""The status page: where every collector stands, for people, rendered here and only ever read."""

from collectors.web.pages.application import MOUNTED_AT, mount, status_application
from collectors.web.pages.moment import Scene

__all__ = ["MOUNTED_AT", "Scene", "mount", "status_application"]
