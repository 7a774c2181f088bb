#!/usr/bin/env python3
"""A mail server on a loopback port. Arguments: CERTIFICATE KEY USER PASSWORD. Each mail is a line of
JSON in the file `mails`. The port is written to the file `mail_port`. It takes mail only after STARTTLS
and a login; while there is a file `refuse` it takes none, and while there is a file `mute` it does not answer
who takes leave."""
import asyncio
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

certificate, key, user, password = sys.argv[1:]


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if os.path.exists("refuse"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        with open("mails", "a") as out:
            out.write(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos,
                                  "tls": session.ssl is not None, "login": session.authenticated,
                                  "mail": envelope.content.decode()}) + "\n")
        return "250 taken"

    async def handle_QUIT(self, server, session, envelope):
        if os.path.exists("mute"):
            await asyncio.sleep(100)
        return "221 bye"


def login(server, session, envelope, mechanism, data):
    if data.login == user.encode() and data.password == password.encode():
        return AuthResult(success=True)
    return AuthResult(success=False, handled=False)


def session():
    return SMTP(Handler(), hostname="127.0.0.1", tls_context=context, require_starttls=True,
                authenticator=login, auth_required=True)


async def serve():
    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
    with open("mail_port.new", "w") as out:
        out.write(str(server.sockets[0].getsockname()[1]))
    os.rename("mail_port.new", "mail_port")
    await server.serve_forever()


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
asyncio.run(serve())
