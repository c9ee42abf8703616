"""Single sign-on by OpenID Connect: code flow with PKCE, state and nonce. The protocol's checks are Authlib's.

Loaded where a provider is set, and nowhere else: what it needs takes 4 MB.
"""

import base64
import secrets
from typing import Any, Final
from urllib.parse import quote_plus

import aiohttp
import msgspec
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from datafly.management.access_tokens import read_signed, signed
from datafly.management.settings import OidcSettings
from datafly.management.vouching import LASTS_SECONDS, Person, refused
from datafly.model.clock import Clock
from datafly.model.errors import Unavailable
from datafly.model.secret import Secret

PURPOSE: Final = "single sign-on"
"""What the signing key is derived for."""
_KNOWN_SECONDS: Final = 3600
_LEEWAY_SECONDS: Final = 60
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
_LONGEST_ANSWER: Final = 1_000_000
_ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "Ed25519", "EdDSA"}
)
"""With a key that the provider alone has: none that is made with our own secret, and not `none`."""


class Provider(msgspec.Struct, frozen=True):
    """What `/.well-known/openid-configuration` says of it."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class Tokens(msgspec.Struct, frozen=True):
    id_token: str
    access_token: str = ""


class SingleSignOn:
    """Raises `Unavailable` where the provider cannot be asked, `CallerError` where its answer does not hold."""

    def __init__(self, settings: OidcSettings, key: Secret, clock: Clock) -> None:
        self.settings = self._settings = settings
        self._key = key
        self._clock = clock
        self._provider: tuple[float, Provider] | None = None
        self._keys: KeySet | None = None

    async def begin(self, redirect_uri: str, wanted: str) -> tuple[str, str]:
        """Where to send the browser, and the text of a cookie that it must bring back."""
        provider = await self._found()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid email profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        kept = {
            "state": state,
            "nonce": nonce,
            "verifier": verifier,
            "next": wanted,
            "exp": self._now() + LASTS_SECONDS,
        }
        return str(add_params_to_uri(provider.authorization_endpoint, list(asked.items()))), signed(kept, self._key)

    async def finish(self, kept_text: str, state: str, code: str, redirect_uri: str) -> tuple[Person, str]:
        """Who came back, and where they wanted to go."""
        kept = read_signed(kept_text, self._key)
        if not kept or kept["exp"] <= self._now() or not secrets.compare_digest(kept["state"].encode(), state.encode()):
            raise refused("This log-in took too long, or began in another browser. Try again.")
        tokens = await self._exchanged(code, kept["verifier"], redirect_uri)
        claims = await self._claims(tokens, kept["nonce"])
        return self._person(claims), str(kept["next"])

    def _person(self, claims: dict[str, Any]) -> Person:
        email, name = claims.get("email"), claims.get("name")
        if not isinstance(email, str):
            raise refused("The provider does not tell your e-mail address. Its administrator must add the scope email.")
        is_verified = claims.get("email_verified") is True or (
            self._settings.trust_email and claims.get("email_verified") is not False
        )
        subject = f"{self._settings.issuer} {claims['sub']}"
        return Person(subject, email, is_verified, name if isinstance(name, str) else "", claims)

    async def _exchanged(self, code: str, verifier: str, redirect_uri: str) -> Tokens:
        provider = await self._found()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        client_id, secret = self._settings.client_id, self._settings.client_secret.reveal()
        headers = {}
        if "client_secret_basic" in provider.token_endpoint_auth_methods_supported:
            headers["Authorization"] = _basic(client_id, secret)
        else:
            form |= {"client_id": client_id, "client_secret": secret}
        tokens: Tokens = await self._asked("POST", provider.token_endpoint, Tokens, data=form, headers=headers)
        return tokens

    async def _claims(self, tokens: Tokens, nonce: str) -> dict[str, Any]:
        try:
            return await self._checked(tokens, nonce)
        except (JoseError, ValueError, TypeError) as error:
            raise refused(
                "What the provider says of you does not hold. Try again.", why=type(error).__name__
            ) from error

    async def _checked(self, tokens: Tokens, nonce: str) -> dict[str, Any]:
        provider = await self._found()
        known = sorted(_ALGORITHMS & set(provider.id_token_signing_alg_values_supported))
        registry = JWSRegistry(algorithms=known, strict_check_header=False)
        try:
            token = jwt.decode(tokens.id_token, await self._key_set(), registry=registry)
        except InvalidKeyIdError:
            token = jwt.decode(tokens.id_token, await self._key_set(anew=True), registry=registry)
        wanted = {
            "iss": {"essential": True, "value": provider.issuer},
            "aud": {"essential": True, "value": self._settings.client_id},
        }
        params = {"nonce": nonce, "client_id": self._settings.client_id, "access_token": tokens.access_token}
        CodeIDToken(token.claims, token.header, wanted, params).validate(now=self._now(), leeway=_LEEWAY_SECONDS)
        return dict(token.claims)

    async def _found(self) -> Provider:
        now = self._clock.monotonic()
        if self._provider is None or now - self._provider[0] > _KNOWN_SECONDS:
            url = self._settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
            provider = await self._asked("GET", url, Provider)
            if provider.issuer.rstrip("/") != self._settings.issuer.rstrip("/"):
                raise Unavailable(f"{url} speaks for {provider.issuer}: the setting oidc_issuer must be just that.")
            self._provider, self._keys = (now, provider), None
        return self._provider[1]

    async def _key_set(self, *, anew: bool = False) -> KeySet:
        if self._keys is None or anew:
            provider = await self._found()
            self._keys = KeySet.import_key_set(await self._asked("GET", provider.jwks_uri, dict[str, Any]))
        return self._keys

    async def _asked(self, method: str, url: str, kind: Any, **sent: Any) -> Any:
        """Redirects are not followed: the code and our secret are for this address alone."""
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT) as session,
                session.request(method, url, allow_redirects=False, **sent) as reply,
            ):
                body = await _read(reply)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable("The provider of single sign-on cannot be reached. Try again.") from error
        if reply.status != 200:
            raise refused(f"The provider of single sign-on answered {reply.status}. Try again.")
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise refused("The provider of single sign-on answered what it must not. Try again.") from error

    def _now(self) -> int:
        return self._clock.now_ms() // 1000


async def _read(reply: aiohttp.ClientResponse) -> bytes:
    """Of more than the longest answer only so much that it cannot be read as JSON."""
    body = b""
    async for piece in reply.content.iter_any():
        body += piece
        if len(body) > _LONGEST_ANSWER:
            return body[:_LONGEST_ANSWER]
    return body


def _basic(client_id: str, secret: str) -> str:
    """RFC 6749, 2.3.1: both are form-encoded first."""
    return "Basic " + base64.b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()
