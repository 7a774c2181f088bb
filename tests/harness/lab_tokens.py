#!/usr/bin/env python3
"""A token service for the lab's registry: who knows the password gets a token for what he asks for.

    lab_tokens.py DIR ADDRESS PORT USER PASSWORD SECONDS

DIR has cert.pem and key.pem (of TLS) and tokens.pem and tokens.key (of what signs; the registry's
rootcertbundle). Each question is a line of JSON in DIR/asked. The registry is called "lab", and so is
the issuer. Protocol: "Docker Registry v2 authentication via central service" of distribution 2.8, and
its "Token Authentication Implementation".
"""
import base64
import http.server
import json
import os
import ssl
import subprocess
import sys
import time
import urllib.parse

DIR, ADDRESS, PORT, USER, PASSWORD, SECONDS = sys.argv[1:]
LOGIN = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def signed(claims):
    with open(f"{DIR}/tokens.pem", encoding="ascii") as file:
        chain = ["".join(line for line in file.read().split("\n") if not line.startswith("---"))]
    head = {"typ": "JWT", "alg": "RS256", "x5c": chain}
    text = encoded(json.dumps(head).encode()) + b"." + encoded(json.dumps(claims).encode())
    mark = subprocess.run(["openssl", "dgst", "-sha256", "-sign", f"{DIR}/tokens.key"],
                          input=text, stdout=subprocess.PIPE, check=True).stdout
    return (text + b"." + encoded(mark)).decode()


def access_of(scopes):
    for scope in scopes:
        kind, rest = scope.split(":", 1)
        name, actions = rest.rsplit(":", 1)
        yield {"type": kind, "name": name, "actions": actions.split(",")}


class Service(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        scopes = [one for value in query.get("scope", []) for one in value.split()]
        login = self.headers.get("Authorization")
        with open(f"{DIR}/asked", "a", encoding="ascii") as file:
            json.dump({"scopes": scopes, "login": login == LOGIN, "who": self.headers.get("User-Agent")}, file)
            file.write("\n")
        if login and login != LOGIN:
            self.send_error(401)
            return
        now = int(time.time())
        token = signed({"iss": "lab", "sub": USER, "aud": "lab", "nbf": now - 5, "iat": now,
                        "exp": now + int(SECONDS), "jti": os.urandom(8).hex(),
                        "access": list(access_of(scopes if login else []))})
        body = json.dumps({"token": token, "expires_in": int(SECONDS)}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer((ADDRESS, int(PORT)), Service)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{DIR}/cert.pem", f"{DIR}/key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
