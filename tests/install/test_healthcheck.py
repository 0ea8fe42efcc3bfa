"""The container's check of its server."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from deploy_scripts import script

is_alive = script("healthcheck").is_alive


@pytest.fixture
def server():
    """(port, set the status of /healthz)."""

    class Answer(BaseHTTPRequestHandler):
        status = 200

        def do_GET(self):
            self.send_response(self.status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *words):
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Answer) as served:
        Thread(target=served.serve_forever, daemon=True).start()
        yield served.server_port, Answer
        served.shutdown()


def test_alive_failing_and_gone(server):
    port, answer = server
    assert is_alive(port)
    answer.status = 500
    assert not is_alive(port)
    assert not is_alive(1)
