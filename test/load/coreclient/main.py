"""The life of a process as in main.go, with core-client-python, whose models check each answer.

Usage: main.py URL [USERNAME PASSWORD], with the client on PYTHONPATH. Prints one JSON line.
"""
import json
import sys
import time

from core_client import Client
from core_client.base.models.v3 import ProcessConfig, ProcessProbe, ProcessReport, ProcessState

# This client does not encode a slash.
PROCESS_ID = "py client"
WAIT_SECONDS_MAX = 20


def expect(kind, value):
    """The client returns what the server refused as a model of its own."""
    if not isinstance(value, kind):
        sys.exit(f"expected {kind.__name__}, got {value!r}")
    return value


def until(client, what, good):
    end = time.monotonic() + WAIT_SECONDS_MAX
    while True:
        state = expect(ProcessState, client.v3_process_get_state(id=PROCESS_ID))
        if good(state):
            return state
        if time.monotonic() > end:
            sys.exit(f"not {what}: {state!r}")
        time.sleep(0.1)


def main(url, username="", password=""):
    client = Client(base_url=url, username=username, password=password)
    client.login()
    about = client.about()
    config = {
        "id": PROCESS_ID,
        "reference": "before",
        "input": [{"id": "in", "address": "testsrc2=size=320x180:rate=25", "options": ["-re", "-f", "lavfi"]}],
        "output": [{"id": "out", "address": "-", "options": ["-f", "null"]}],
        "options": ["-loglevel", "level+info"],
        "reconnect": True,
        "autostart": False,
    }
    expect(ProcessConfig, client.v3_process_post(config=config))
    stored = expect(ProcessConfig, client.v3_process_get_config(id=PROCESS_ID))
    # The whole model, with null in every field that was not set.
    changed = stored.model_copy(update={"reference": "after"})
    expect(ProcessConfig, client.v3_process_put(id=PROCESS_ID, config=changed))
    expect(str, client.v3_process_put_command(id=PROCESS_ID, command="start"))
    state = until(client, "running", lambda one: one.exec == "running" and one.progress.frame > 25)
    report = expect(ProcessReport, client.v3_process_get_report_list(id=PROCESS_ID))
    probe = expect(ProcessProbe, client.v3_process_get_probe(id=PROCESS_ID))
    expect(dict, client.v3_process_put_metadata(id=PROCESS_ID, key="ui", data={"title": "Python"}))
    listed = expect(list, client.v3_process_get_list(reference="after"))
    expect(str, client.v3_process_put_command(id=PROCESS_ID, command="stop"))
    stopped = until(client, "stopped", lambda one: one.exec == "finished")
    expect(str, client.v3_process_delete(id=PROCESS_ID))
    seen = {
        "app": about.app,
        "order": state.order,
        "prelude": len(report.prelude),
        "probed": len(probe.streams),
        "listed": [one.id for one in listed],
        "metadata": listed[0].metadata,
        "stopped": stopped.order,
        "gone": client.v3_process_get(id=PROCESS_ID).code,
    }
    print(json.dumps(seen))


main(*sys.argv[1:])
