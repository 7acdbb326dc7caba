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


class Forged:
    """Shows one key and signs with another."""

    public_blob = None

    def __init__(self, shown, signing):
        self.shown, self.signing = shown, signing

    def get_name(self):
        return self.shown.get_name()

    def asbytes(self):
        return self.shown.asbytes()

    def sign_ssh_data(self, data, algorithm=None):
        return self.signing.sign_ssh_data(data, algorithm)


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
            if number == paramiko.common.MSG_USERAUTH_FAILURE:
                self.methods, self.partial = m.get_list(), m.get_boolean()
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
    answer, methods, partial = (getattr(handler, name, None) for name in ("answer", "methods", "partial"))
    seen = []
    if "codes" in ask:
        handler.auth_event = threading.Event()
        handler.auth_method = "keyboard-interactive"
        handler.interactive_handler = asks(ask["codes"], seen)
        handler.submethods = ""
        out = paramiko.Message()
        out.add_byte(paramiko.common.cMSG_USERAUTH_REQUEST)
        out.add_string(ask["user"])
        out.add_string("ssh-connection")
        out.add_string("keyboard-interactive")
        out.add_string("")
        out.add_string("")
        Offer._client_handler_table[60] = paramiko.auth_handler.AuthHandler._parse_userauth_info_request
        transport._send_message(out)
        handler.auth_event.wait(10)
    try:
        transport.open_session(timeout=5)
        then = "opened"
    except Exception as error:
        then = type(error).__name__ + ": " + str(error)
    refusal = {} if methods is None else {"methods": methods, "partial": partial}
    return {"answer": answer, **refusal, "then": then, "seen": seen}


def asks(answers, seen):
    """Answers one question after the other and keeps what was asked."""
    left = iter(answers)

    def answer(title, words, prompts):
        seen.append({"words": words, "prompts": [prompt for prompt, echo in prompts]})
        return [next(left, "") for _ in prompts]

    return answer


def sign_in(transport, ask, seen):
    if "interactive" in ask:
        given = ask["interactive"]
        answers = [given] * 9 if isinstance(given, str) else given
        return transport.auth_interactive(ask["user"], asks(answers, seen))
    if "password" in ask:
        more = transport.auth_password(ask["user"], ask["password"], fallback=False)
    else:
        key = load_key(ask["keyFile"])
        if "signWith" in ask:
            key = Forged(key, load_key(ask["signWith"]))
        if "certificate" in ask:
            key.load_certificate(ask["certificate"])
        more = transport.auth_publickey(ask["user"], key)
    if more and "codes" in ask:
        transport.auth_interactive(ask["user"], asks(ask["codes"], seen))


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


def guess(ask):
    """One wrong proof on each of so many connections; how each ended."""
    ends, told = [], []
    for _ in range(ask["tries"]):
        transport = connect(ask)
        try:
            transport.start_client(timeout=15)
            sign_in(transport, ask, [])
            ends.append("in" if transport.is_authenticated() else "not in")
        except Exception as error:
            ends.append(type(error).__name__)
        finally:
            told.append((transport.get_banner() or b"").decode())
            transport.close()
    return {"ends": ends, "told": told}


def connect(ask):
    """From another address of this machine, if asked so."""
    source = (ask["from"], 0) if "from" in ask else None
    return paramiko.Transport(socket.create_connection(("127.0.0.1", ask["port"]), 10, source))


def main():
    ask = json.load(sys.stdin)
    if "tries" in ask:
        return guess(ask)
    transport = connect(ask)
    transport.auth_timeout = 15
    seen = []
    told = lambda: {"seen": seen, "banner": (transport.get_banner() or b"").decode()} if "codes" in ask or "from" in ask or seen else {}
    try:
        transport.start_client(timeout=15)
        if ask.get("offer"):
            return offer(transport, ask)
        sign_in(transport, ask, seen)
        return {**(run(transport, ask) if "command" in ask else {"code": 0}), **told()}
    except Exception as error:
        return {"error": type(error).__name__ + ": " + str(error), **told()}
    finally:
        transport.close()


print(json.dumps(main()))
