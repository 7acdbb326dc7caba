"""One connection to the gate with paramiko: reads what to do as JSON from standard input, prints JSON."""
import base64
import json
import logging
import socket
import sys

import paramiko

logging.getLogger("paramiko").setLevel(logging.CRITICAL)


def load_key(path):
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key_file(path)
        except paramiko.SSHException:
            continue
    raise ValueError("no such kind of key")


class Offer(paramiko.auth_handler.AuthHandler):
    """Sends the request of a public key without a signature (RFC 4252 section 7) and keeps the first answer."""

    def _parse_service_accept(self, m):
        m.get_text()
        out = paramiko.Message()
        out.add_byte(paramiko.common.cMSG_USERAUTH_REQUEST)
        out.add_string(self.username)
        out.add_string("ssh-connection")
        out.add_string("publickey")
        out.add_boolean(False)
        algorithm = "rsa-sha2-512" if self.private_key.get_name() == "ssh-rsa" else self.private_key.get_name()
        out.add_string(algorithm)
        out.add_string(self.private_key.asbytes())
        self.transport._send_message(out)

    def _answered(number):
        def take(self, m):
            self.answer = number
            self.auth_event.set()

        return take

    _client_handler_table = dict(paramiko.auth_handler.AuthHandler._client_handler_table)
    _client_handler_table[paramiko.common.MSG_SERVICE_ACCEPT] = _parse_service_accept
    for _number in (paramiko.common.MSG_USERAUTH_SUCCESS, paramiko.common.MSG_USERAUTH_FAILURE, 60):
        _client_handler_table[_number] = _answered(_number)


def offer(transport, ask):
    import threading

    handler = transport.auth_handler = Offer(transport)
    handler.auth_event = threading.Event()
    handler.auth_method = "publickey"
    handler.username = ask["user"]
    handler.private_key = load_key(ask["keyFile"])
    handler._request_auth()
    handler.auth_event.wait(10)
    answer = getattr(handler, "answer", None)
    try:
        transport.open_session(timeout=5)
        then = "opened"
    except Exception as error:
        then = type(error).__name__ + ": " + str(error)
    return {"answer": answer, "then": then}


def sign_in(transport, ask):
    if "interactive" in ask:
        transport.auth_interactive(ask["user"], lambda title, words, prompts: [ask["interactive"] for _ in prompts])
    elif "password" in ask:
        transport.auth_password(ask["user"], ask["password"], fallback=False)
    else:
        transport.auth_publickey(ask["user"], load_key(ask["keyFile"]))


def run(transport, ask):
    channel = transport.open_session(timeout=10)
    channel.settimeout(30)
    channel.exec_command(ask["command"])
    if "input" in ask:
        channel.sendall(base64.b64decode(ask["input"]))
    channel.shutdown_write()
    out, err = channel.makefile("rb").read(), channel.makefile_stderr("rb").read()
    return {
        "code": channel.recv_exit_status(),
        "out": base64.b64encode(out).decode(),
        "err": err.decode(),
    }


def main():
    ask = json.load(sys.stdin)
    transport = paramiko.Transport(socket.create_connection(("127.0.0.1", ask["port"]), 10))
    transport.auth_timeout = 15
    try:
        transport.start_client(timeout=15)
        if ask.get("offer"):
            return offer(transport, ask)
        sign_in(transport, ask)
        return run(transport, ask) if "command" in ask else {"code": 0}
    except Exception as error:
        return {"error": type(error).__name__ + ": " + str(error)}
    finally:
        transport.close()


print(json.dumps(main()))
