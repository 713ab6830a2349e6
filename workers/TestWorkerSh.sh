#!/bin/sh
# Description: Counts slowly, to try JobJoker out: tells each number to the log and to the response.
#
# Parameters: {
#   "type": "object",
#   "additionalProperties": false,
#   "properties": {
#     "count": {
#       "type": "integer", "minimum": 0, "default": 5,
#       "title": "Count", "description": "How many numbers, from 0 on"
#     },
#     "sleep": {
#       "type": "number", "minimum": 0, "default": 1,
#       "title": "Pause", "description": "Seconds after each number"
#     }
#   }
# }
set -eu
# shellcheck source=/dev/null
. "$JOBJOKER_SH"

count=$(jobjoker_parameter count 5)
pause=$(jobjoker_parameter sleep 1)
i=0
while [ "$i" -lt "$count" ] && jobjoker_wanted; do
    jobjoker_log "log $i"
    jobjoker_response "response $i"
    i=$((i + 1))
    jobjoker_progress $((100 * i / count))
    jobjoker_sleep "$pause"
done
