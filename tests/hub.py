"""A server on loopback that speaks as much of the Hugging Face hub's protocol as a download of a file needs."""

import hashlib
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATH = re.compile(r"/datasets/(?P<repository>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<name>[^?]+)")


class Hub(ThreadingHTTPServer):
    """Files by ``repository/name``; every request is noted.

    Attributes:
        files: what it serves.
        claimed: SHA-256 that it claims for a file, if not the true one.
        broken: how many answers are cut off after half of the file.
        requests: method, name and ``Range`` header of each.
    """

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files, self.claimed, self.broken, self.requests = dict(files), {}, 0, []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def _answer(self, body):
        hub, match = self.server, PATH.match(self.path)
        key = f"{match['repository']}/{match['name']}" if match else None
        wanted = self.headers.get("Range")
        hub.requests.append((self.command, key, wanted))
        if key not in hub.files:
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data = hub.files[key]
        start = int(re.match(r"bytes=(\d+)-", wanted)[1]) if wanted else 0
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        digest = hub.claimed.get(key, hashlib.sha256(data).hexdigest())
        self.send_header("X-Repo-Commit", match["revision"])
        self.send_header("X-Linked-Etag", f'"{digest}"')
        self.send_header("X-Linked-Size", str(len(data)))
        self.send_header("ETag", f'"{digest}"')
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        if not body:
            return
        if hub.broken > 0:
            hub.broken -= 1
            self.wfile.write(data[start : start + (len(data) - start) // 2])
            self.close_connection = True
            return
        self.wfile.write(data[start:])

    def log_message(self, *_):
        pass


@contextmanager
def serving(files):
    """A `Hub` with these files while the block runs."""
    server = Hub(files)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
