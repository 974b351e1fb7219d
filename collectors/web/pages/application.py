"""The application of the status page: its routes, headers and errors, and where it is mounted."""

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import structlog
from flask import Flask, Response, g, redirect, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Response as AnyResponse

from collectors import __version__
from collectors.clock import Clock, epoch
from collectors.errors import CollectorError
from collectors.http_messages import printable
from collectors.web.pages import spelling, states
from collectors.web.pages.lists import lists
from collectors.web.pages.moment import Scene, held
from collectors.web.pages.places import places
from collectors.web.requests import logged

MOUNTED_AT = "/status"
HERE = Path(__file__).parent
DAY = 86400
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
GLOBALS = {
    "looks": states.look,
    "letters": states.LETTERS,
    "span": spelling.span,
    "epoch": epoch,
    "version": __version__,
}
WITHOUT_STORE = ("places.files", "static")
"""What can be shown before anything has run."""
log = structlog.get_logger()


def status_application(scene: Callable[[], Scene], *, clock: Clock) -> Flask:
    """Give the WSGI application of the status page.

    ``scene`` is asked once a page, so that it may change while the application runs.
    """
    app = Flask("collectors.web.pages", root_path=str(HERE))
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = DAY
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters |= spelling.FILTERS
    app.jinja_env.globals |= GLOBALS | {"sheet": _sheet()}
    app.context_processor(lambda: {"moment": g.get("moment"), "now": clock.now()})
    logged(app)

    def hold() -> AnyResponse | str | None:
        if request.endpoint == "static":
            return None
        g.holding = ExitStack()
        g.moment = g.holding.enter_context(held(scene, clock))
        if g.moment.scene.parts is None and request.endpoint not in WITHOUT_STORE:
            return render_template("nothing.html") if request.endpoint else None
        return None

    app.before_request(hold)
    app.teardown_request(_let_go)
    for blueprint in (places, lists):
        app.register_blueprint(blueprint)
    app.after_request(_finish)
    app.register_error_handler(HTTPException, _declined)
    app.register_error_handler(CollectorError, _unavailable)
    app.register_error_handler(Exception, _broken)
    return app


def mount(app: Flask, pages: Flask) -> None:
    """Let ``app`` show the status page under ``/status``, and send there whoever asks for ``/``."""
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {MOUNTED_AT: pages})  # type: ignore[method-assign]  # as Flask's documentation does it
    app.add_url_rule("/", "front", lambda: redirect(f"{request.script_root}{MOUNTED_AT}/"))


def _sheet() -> str:
    """Give what changes whenever the style sheet does."""
    return hashlib.sha256((HERE / "static" / "style.css").read_bytes()).hexdigest()[:8]


def _let_go(_: BaseException | None) -> None:
    if holding := g.pop("holding", None):
        holding.close()


def _finish(response: Response) -> Response:
    response.headers.update(HEADERS)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-cache, private"
        if response.status_code == 200:
            response.add_etag()
            response.make_conditional(request)
    return response


def _declined(exc: HTTPException) -> AnyResponse | tuple[str, int]:
    if exc.code is None or exc.code < 400:
        return exc.get_response(request.environ)
    return _error(exc.code, exc.name, exc.description or "")


def _unavailable(exc: CollectorError) -> tuple[str, int]:
    log.error("the status page failed", error=str(exc))
    return _error(503, "The store cannot be read now", str(exc))


def _broken(exc: Exception) -> tuple[str, int]:
    log.error("a request failed", path=printable(request.path), exc_info=exc)
    return _error(500, "Something went wrong here", "The log says what.")


def _error(code: int, what: str, why: str) -> tuple[str, int]:
    return render_template("error.html", code=code, what=what, why=why), code
