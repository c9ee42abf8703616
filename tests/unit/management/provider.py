"""An OpenID Connect provider on loopback, which checks what a client must send and lies on demand."""

import base64
import hashlib
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import msgspec
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT = ("signal", "client-s3cret")


_KEY = RSAKey.generate_key(2048, {"kid": "k1"})


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self._answer(200, self.server.provider.told(self.path))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self._answer(*self.server.provider.exchanged(self.headers, body))

    def _answer(self, status, told):
        encoded = msgspec.json.encode(told)
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, *_):
        pass


@contextmanager
def door():
    """Where providers answer, one at a time."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Provider:
    """`person` are the claims of who logs in; `lies` are put over them, `signs_with` signs.

    It answers at `door`, in place of who did before.
    """

    def __init__(self, door):
        self.key = _KEY
        self.signs_with = self.key
        self.algorithm = "RS256"
        self.person = {"sub": "p1", "email": "jane@example.com", "email_verified": True, "name": "Jane"}
        self.lies = {}
        self.kid = "k1"
        self.codes = {}
        self.refusals = []
        self.padding = ""
        self.issuer = self.issuer_said = f"http://127.0.0.1:{door.server_port}"
        door.provider = self

    def lets_in(self, url):
        """The browser is sent here and comes back with the answer: `code` and `state`."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == CLIENT[0]
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": self.issuer}, asked["redirect_uri"]

    def told(self, path):
        if path == "/jwks":
            return {"keys": [self.key.as_dict(private=False)], "padding": self.padding}
        return {
            "issuer": self.issuer_said,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=1",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }

    def exchanged(self, headers, body):
        form = {name: values[0] for name, values in parse_qs(body).items()}
        asked = self.codes.pop(form.get("code"), None)
        basic = "Basic " + base64.b64encode(":".join(CLIENT).encode()).decode()
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        fits = (
            asked is not None
            and headers["authorization"] == basic
            and form["redirect_uri"] == asked["redirect_uri"]
            and challenge == asked["code_challenge"]
        )
        if not fits:
            self.refusals.append(form)
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "at", "token_type": "Bearer", "id_token": self._id_token(asked)}

    def _id_token(self, asked):
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT[0],
            "iat": now,
            "exp": now + 60,
            "nonce": asked["nonce"],
            **self.person,
            **self.lies,
        }
        header = {"alg": self.algorithm, "kid": self.kid}
        return jwt.encode(header, claims, self.signs_with, algorithms=[self.algorithm])


def stranger_key():
    return RSAKey.generate_key(2048, {"kid": "k1"})


def client_secret_key():
    return OctKey.import_key(CLIENT[1].encode() * 3, {"kid": "k1"})
