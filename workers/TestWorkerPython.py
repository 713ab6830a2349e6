#!/usr/bin/env python3
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

import jobjoker

count = int(jobjoker.parameter("count", 5))
sleep = jobjoker.parameter("sleep", 1)

for i in range(count):
    if not jobjoker.wanted():
        break
    jobjoker.log(f"log {i}")
    jobjoker.response(f"response {i}")
    jobjoker.progress(100 * (i + 1) / count)
    jobjoker.sleep(sleep)
