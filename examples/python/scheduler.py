#!/usr/bin/env python3
"""Schedules a task, waits for the event of its success, lists it, cancels another.

Needs nats-py (pip install nats-py) and a running `nagatha up`; nothing else of ours.
"""
import asyncio
import json
import os
import pathlib
import uuid

import nats


def connection():
    """The address and the rights of a client, as `nagatha up` has written them."""
    data = os.environ.get("NAGATHA_DATA_DIR") or pathlib.Path.home() / ".local/share/nagatha"
    server = json.loads((pathlib.Path(data) / "up.json").read_text())["nats"]
    rights = {"user": server["user"], "password": server["password"]} if "user" in server else {}
    # Answers come to the inbox of the role, and to no other.
    return {"servers": server["url"], "inbox_prefix": b"_INBOX_client", **rights}


class Refused(Exception):
    def __init__(self, error):
        super().__init__(error["message"])
        self.code = error["code"]


async def ask(nc, subject, body):
    answer = await nc.request(subject, json.dumps(body).encode(), timeout=10)
    said = json.loads(answer.data)
    if (answer.headers or {}).get("Nats-Service-Error-Code"):
        raise Refused(said["error"])
    return said


async def command(nc, verb, **body):
    """Sent again with the same id where no answer comes: it is carried out at most once."""
    body.setdefault("commandId", uuid.uuid4().hex)
    for last in (False, False, True):
        try:
            return await ask(nc, f"nagatha.command.{verb}", body)
        except (nats.errors.TimeoutError, nats.errors.NoRespondersError):
            if last:
                raise


async def main():
    nc = await nats.connect(**connection())
    successes = await nc.subscribe("scheduler.task.success")
    await nc.flush()

    done = await command(
        nc, "schedule", taskType="shell_command", taskArgs={"command": ["echo", "hello from python"]},
        schedule="now", taskName="python", tags=["example"])
    print("scheduled", done["understoodAs"])

    while True:
        message = await successes.next_msg(timeout=30)
        event = json.loads(message.data)
        if event["taskId"] == done["taskId"]:
            break
    assert message.headers["ce-id"] == event["id"]
    print("success", event["result"]["stdout"].strip())

    later = await command(
        nc, "schedule", taskType="notification", taskArgs={"message": "never"}, schedule="tomorrow at 9am",
        timezone="Europe/Berlin", taskName="later", tags=["example"])
    # Read what was just written: an answer that is at least as new.
    page = await ask(nc, "nagatha.query.tasks", {"tag": "example", "after": later["logSequence"]})
    print("listed", ", ".join(sorted(task["taskName"] for task in page["items"])))

    cancelled = await command(nc, "cancel", taskId=later["taskId"], reason="only an example")
    print("cancelled", cancelled["status"])
    try:
        await command(nc, "cancel", taskId=later["taskId"])
    except Refused as refused:
        print("refused", refused.code)
    await nc.close()


if __name__ == "__main__":
    asyncio.run(main())
