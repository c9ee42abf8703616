"""Who calls: the partner and the key of the two headers, and how a bad pair is refused."""

import ipaddress

from datafly.sandbox.insider import replies
from datafly.sandbox.insider.account import Account, ApiKey
from datafly.sandbox.insider.replies import Answer
from datafly.sandbox.insider.state.accounts import Accounts
from datafly.sandbox.settings import AuthErrors
from datafly.sandbox.wire import Incoming


def authenticate(accounts: Accounts, incoming: Incoming, auth_errors: AuthErrors) -> tuple[Account, ApiKey] | Answer:
    """The account and its key. Partner names are lower case, so one in capitals is simply not known."""
    documented = auth_errors == "documented_403"
    account = accounts.of_partner(incoming.headers.get("x-partner-name", ""))
    if account is None:
        return replies.ACCESS_DENIED if documented else replies.PARTNER_INVALID
    key = accounts.key_of_token(account, incoming.headers.get("x-request-token", ""))
    if key is None or not key.unifies:
        return replies.ACCESS_DENIED if documented else replies.TOKEN_FAILED
    return (account, key) if _admits(key, incoming.client) else replies.ACCESS_DENIED


def _admits(key: ApiKey, client: str) -> bool:
    if not key.allowed_ips:
        return True
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(allowed, strict=False) for allowed in key.allowed_ips)
