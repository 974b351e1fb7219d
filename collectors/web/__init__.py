"""The data sets over HTTP, with the write API and the read API; and the status page."""

from collectors.web.application import application
from collectors.web.pages import MOUNTED_AT, Scene, mount, status_application
from collectors.web.server import Server

__all__ = ["MOUNTED_AT", "Scene", "Server", "application", "mount", "status_application"]
