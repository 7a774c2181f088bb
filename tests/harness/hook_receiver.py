#!/usr/bin/env python3
"""A receiver of webhooks. What it does with the next request stands in the file `mode`; each request
that it got whole is a line of JSON in the file `got`. A GET is not answered for long. The port is written to the file `port`."""
import http.server
import json
import os
import sys
import time


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        mode = open("mode").read().strip()
        if mode in ("500", "hang"):
            if mode == "hang":
                time.sleep(30)
            return self.answer(500, b"no_service")
        with open("got", "a") as out:
            out.write(json.dumps({"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()},
                                  "body": body.decode()}) + "\n")
        if mode == "die":  # it has got it, and nobody hears of that
            self.close_connection = True
            return self.connection.close()
        if mode == "429":
            return self.answer(429, b"", ("Retry-After", "7200"))
        if mode == "redirect":
            return self.answer(307, b"", ("Location", self.path + "/elsewhere"))
        if mode.startswith("{"):
            return self.answer(200, mode.encode())
        self.answer(200, b"ok")

    def do_GET(self):  # a check that takes its time
        time.sleep(60)

    def answer(self, status, body, *headers):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *unused):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
with open("port.new", "w") as out:
    out.write(str(server.server_port))
os.rename("port.new", "port")
sys.stdout.close()
server.serve_forever()
