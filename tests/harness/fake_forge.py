#!/usr/bin/env python3
"""A forge with the interfaces of GitHub, Gitea and GitLab, as far as releases go; the shapes are those of
their documents. The releases stand in the file `releases`, a JSON list of {id, tag, at, draft, prerelease};
what it does with the next request in the file `mode`: ok, 500, limit, retry, redirect, elsewhere, garbage.
A page has two of them, newest commit last, so that their order says nothing. What it was asked is a line of
JSON in the file `asked`. With TOKEN as its argument it wants one. The port is written to the file `port`."""
import hashlib
import http.server
import json
import os
import sys
import time

TOKEN = sys.argv[1] if len(sys.argv) > 1 else ""
PAGE = 2


def shape(forge, r):
    """One release, as the forge says it; with keys that nobody here looks at."""
    if forge == "gitlab":
        return {"tag_name": r["tag"], "name": r["tag"], "description": "# Changes", "created_at": r["at"],
                "released_at": r["at"], "upcoming_release": False, "author": {"id": 1, "username": "olga"},
                "commit": {"id": "0" * 40, "short_id": "00000000"}, "assets": {"count": 0, "sources": [], "links": []},
                "evidences": [], "_links": {"self": "https://gitlab.example/x"}}
    at = None if r.get("draft") and forge == "github" else r["at"]
    if forge == "gitea":
        at = at.replace("Z", "+00:00")
    return {"url": "https://forge.example/x", "html_url": "https://forge.example/y", "id": r["id"], "node_id": "MDc6",
            "tag_name": r["tag"], "target_commitish": "main", "name": r["tag"], "body": "# Changes",
            "draft": bool(r.get("draft")), "prerelease": bool(r.get("prerelease")), "created_at": "2020-01-01T00:00:00Z",
            "published_at": at, "author": {"login": "olga", "id": 1}, "assets": [], "tarball_url": None}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path, _, query = self.path.partition("?")
        forge = {"v3": "github", "v1": "gitea", "v4": "gitlab"}[path.split("/")[2]]
        given = {"github": self.headers.get("Authorization", "").removeprefix("Bearer "),
                 "gitea": self.headers.get("Authorization", "").removeprefix("token "),
                 "gitlab": self.headers.get("PRIVATE-TOKEN", "")}[forge]
        mode = open("mode").read().strip()
        with open("asked", "a") as out:
            out.write(json.dumps({"path": self.path, "same": self.headers.get("If-None-Match"), "token": given,
                                  "accept": self.headers.get("Accept")}) + "\n")
        wanted = "/projects/olga%2Fshop/releases" if forge == "gitlab" else "/repos/olga/shop/releases"
        if TOKEN and given != TOKEN:
            return self.answer(401, b'{"message":"Bad credentials"}')
        if not path.endswith(wanted):
            return self.answer(404, b'{"message":"Not Found"}')
        if mode == "500":
            return self.answer(500, b"oops")
        if mode == "limit":
            return self.answer(403, b"{}", ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", str(int(time.time()) + 3600)))
        if mode == "retry":
            return self.answer(429, b"{}", ("Retry-After", "120"))
        if mode == "redirect":
            return self.answer(301, b"", ("Location", "http://127.0.0.1:1/elsewhere"))
        if mode == "garbage":
            return self.answer(200, b'{"message":"hello"}')
        at = int(dict(p.split("=") for p in query.split("&")).get("page", "1")) - 1
        releases = json.load(open("releases"))
        body = json.dumps([shape(forge, r) for r in releases[at * PAGE:(at + 1) * PAGE]]).encode()
        etag = 'W/"%s"' % hashlib.sha256(body).hexdigest()
        more = []
        if (at + 1) * PAGE < len(releases):
            host = "127.0.0.1:1" if mode == "elsewhere" else self.headers["Host"]
            url = "http://%s%s?%s&page=" % (host, path, query.split("&page")[0])
            more = [("Link", '<%s9>; rel="last", <%s%d>; rel="next"' % (url, url, at + 2))]
        if self.headers.get("If-None-Match") == etag:
            return self.answer(304, b"", ("ETag", etag), *more)
        self.answer(200, body, ("ETag", etag), *more)

    def answer(self, status, body, *headers):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != 304:
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
