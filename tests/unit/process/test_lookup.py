"""Other processes look up what process knows, also while it is being made."""

import contextlib
from concurrent.futures import ThreadPoolExecutor

import apsw

from datafly.process.lookup import StateReader, state_path


def test_who_looks_while_a_state_is_being_made_waits_for_it(tmp_path):
    file = state_path(tmp_path, 0)
    file.parent.mkdir(parents=True, exist_ok=True)
    making = apsw.Connection(str(file))
    making.execute("CREATE TABLE under_way (id)")
    making.execute("BEGIN EXCLUSIVE")
    reader = StateReader(tmp_path, 1)
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(reader.consents_of, ["somebody"])
        with contextlib.suppress(TimeoutError):
            raise AssertionError(f"it did not wait: {asked.exception(timeout=0.3)!r}")
        making.execute("COMMIT")
        assert asked.result() == {}
    reader.close()
    making.close()
