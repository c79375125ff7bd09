#!/bin/sh
# Schedules a task by a message, publishes the message, waits for the event of its success, lists and cancels; with the
# nats tool (go install github.com/nats-io/natscli/nats@latest) and a running `nagatha up`.
set -eu

up="${NAGATHA_DATA_DIR:-$HOME/.local/share/nagatha}/up.json"
field() { sed -n "s/^ *\"$1\": \"\\(.*\\)\",\\{0,1\\}\$/\\1/p" "$up" | head -n 1; }

# Answers come to the inbox of the role, and to no other.
ask() {
  NATS_PASSWORD="$(field password)" nats --server "$(field url)" --user "$(field user)" --inbox-prefix _INBOX_client "$@"
}

events="$(mktemp)"
ask subscribe scheduler.task.success --count 1 --raw >"$events" 2>/dev/null &
listening=$!

ask request --raw nagatha.command.schedule '{
  "taskId": "from-shell",
  "taskType": "shell_command",
  "taskArgs": { "command": ["echo", "hello {{ message.name }}"] },
  "schedule": "on subject nagatha.trigger.shell"
}' 2>/dev/null | grep -q '"created":true' && echo "scheduled"

ask publish --jetstream nagatha.trigger.shell '{ "name": "shell" }' >/dev/null 2>&1
wait "$listening"
sed -n 's/.*"stdout":"\([^"\\]*\).*/success \1/p' "$events"
rm -f "$events"

ask request --raw nagatha.query.tasks '{ "id": "from-shell" }' 2>/dev/null | grep -q '"taskId":"from-shell"' && echo "listed"
ask request --raw nagatha.command.cancel '{ "taskId": "from-shell" }' 2>/dev/null | grep -q '"status":"cancelled"' && echo "cancelled"
ask micro info nagatha 2>/dev/null | grep -q "nagatha.command.schedule" && echo "seen by nats micro"
