"""A server that takes whatever is posted to it, and keeps count; for tests and benchmarks."""

import collections
import gzip
import http.server
import threading


class Receiver:
    """Listens on a port of the loopback, a free one by default, for as long as `with` lasts."""

    def __init__(self, keep=False, port=0):
        self.requests, self.bytes = collections.Counter(), collections.Counter()
        self.bodies = [] if keep else None
        self.lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                receiver.take(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True

    def take(self, request):
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        path = request.path.partition("?")[0]
        with self.lock:
            self.requests[path] += 1
            self.bytes[path] += len(body)
            if self.bodies is not None:
                packed = request.headers.get("Content-Encoding") == "gzip"
                head = f"{request.path}\n{request.headers}".encode()
                self.bodies.append((path, head, gzip.decompress(body) if packed else body))
        request.send_response(200)
        request.send_header("Content-Type", "application/x-protobuf")
        request.send_header("Content-Length", "0")
        request.end_headers()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
