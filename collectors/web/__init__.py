"""The data sets over HTTP: the write API, the read API, and what describes them."""

from collectors.web.application import application
from collectors.web.server import Server

__all__ = ["Server", "application"]
