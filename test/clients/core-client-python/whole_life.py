"""Drives datarhei's own Python client through the life of a process.

Arguments: the server's address, and where it has a login name and password. The client's models refuse an
answer that is not Core's; whatever is wrong ends this with a traceback.
"""

import sys
import time

from core_client import Client
from core_client.base.models import About, Error
from core_client.base.models.v3 import (
    Process,
    ProcessConfig,
    ProcessProbe,
    ProcessReport,
    ProcessState,
)

address, username, password = (sys.argv[1:] + ["", ""])[:3]
ID = "cam"
CONFIG = {
    "id": ID,
    "reference": "front door",
    "input": [
        {
            "id": "in",
            "address": "testsrc2=size=160x120:rate=15",
            "options": ["-re", "-f", "lavfi"],
        }
    ],
    "output": [{"id": "out", "address": "-", "options": ["-f", "null"]}],
    "options": ["-loglevel", "level+info"],
    "reconnect": True,
    "reconnect_delay_seconds": 1,
    "autostart": True,
}


def is_a(model, answer):
    assert isinstance(answer, model), f"expected {model.__name__}, got {answer!r}"
    return answer


def until(what, condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, f"{what} took too long"
        time.sleep(0.2)


def tell(what):
    """Says what the test may do now, and waits until it has."""
    print(what, flush=True)
    sys.stdin.readline()


if username:
    stranger = Client(base_url=address, username="", password="")
    assert is_a(About, stranger.about()).name is None
    assert is_a(Error, stranger.v3_process_get_list()).code == 401

client = Client(base_url=address, username=username, password=password)
token = client.login()
assert bool(token.access_token) == bool(username)
assert is_a(About, client.about()).auths == (["localjwt"] if username else [])

is_a(ProcessConfig, client.v3_process_post(config=CONFIG))
until("frames", lambda: is_a(ProcessState, client.v3_process_get_state(id=ID)).progress.frame > 10)
# The client knows nothing of the webrtc block: somebody else adds it, and a change by the client keeps it.
tell("ready to publish")
config = is_a(ProcessConfig, client.v3_process_get_config(id=ID))
config.reference = "hall"
assert is_a(ProcessConfig, client.v3_process_put(id=ID, config=config.model_dump())).reference == "hall"
assert is_a(Process, client.v3_process_get(id=ID)).reference == "hall"
is_a(ProcessReport, client.v3_process_get_report_list(id=ID))
is_a(ProcessProbe, client.v3_process_get_probe(id=ID))
assert client.v3_process_put_metadata(id=ID, key="ui", data={"name": "Hall"}) == {"name": "Hall"}
tell("ready to watch")
assert client.v3_process_put_command(id=ID, command="stop") == "OK"
assert client.v3_process_delete(id=ID) == "OK"
assert is_a(Error, client.v3_process_get(id=ID)).code == 404
if username:
    renewed = Client(base_url=address, refresh_token=token.refresh_token)
    renewed.login()
    assert renewed.v3_process_get_list() == []
print("done", flush=True)
