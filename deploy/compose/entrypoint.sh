#!/bin/sh
# Each secret file whose name is in capitals becomes the variable of that name; then the command.
set -eu
for file in /run/secrets/[A-Z]*; do
  if [ -f "$file" ]; then export "${file##*/}=$(cat "$file")"; fi
done
exec "$@"
