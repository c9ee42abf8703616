"""Makes every call by a Python SDK, and ends as its documentation says.

python.py MODULE URL KEY CALLS MODE
"""

import json
import sys
from datetime import datetime
from importlib import import_module

module, url, key, calls, mode = sys.argv[1:]
Client = import_module(module).Client
client = Client(key, host=url, gzip=Client.DefaultConfig.gzip ^ (mode == "short"))
NAMES = {"userId": "user_id", "anonymousId": "anonymous_id", "groupId": "group_id", "previousId": "previous_id"}
for call in json.loads(calls):
    call["timestamp"] = datetime.fromisoformat(call["timestamp"])
    make = getattr(client, call.pop("type"))
    make(message_id=call.pop("messageId"), **{NAMES.get(name, name): value for name, value in call.items()})
client.shutdown()
