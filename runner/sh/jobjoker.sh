# What a JobJoker worker in sh says to its job and asks of it. For any POSIX shell:
#
#     #!/bin/sh
#     # Description: Greets somebody.
#     # Parameters: {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
#     set -eu
#     . "$JOBJOKER_SH"
#
#     jobjoker_response "Hello $(jobjoker_parameter name)"
#
# What is printed becomes log entries, line by line. The exit status says how the job ended: 0 is done, anything else is
# an error. End a line that you print before you call one of these: a command is one only at the beginning of a line.
#
# Names that begin with jobjoker are ours. Everything here works under `set -eu`.
# shellcheck shell=sh

jobjoker_stopped=

# jobjoker_log [TEXT]: one entry of the log, which may have many lines. Without TEXT, all of standard input.
jobjoker_log() {
    jobjoker_tell log "$@"
}

# jobjoker_response [TEXT]: one entry of the response, which is what the job was started for.
jobjoker_response() {
    jobjoker_tell response "$@"
}

# jobjoker_error [TEXT]: a log entry that is also the reason why the job failed, if it fails.
jobjoker_error() {
    jobjoker_tell error "$@"
}

# jobjoker_progress PERCENT [MESSAGE]: how far it is, 0 to 100, and what it is at.
jobjoker_progress() {
    printf '::progress %s%s::\n' "$1" "${2:+ $(jobjoker_escape "$2")}"
}

# jobjoker_parameter NAME [DEFAULT]: prints a parameter that is a string, a number, true or false. Lists, objects, and
# names that no variable can have are in the JSON on standard input.
jobjoker_parameter() {
    case $1 in
    '' | *[!A-Za-z0-9_]*)
        printf 'jobjoker_parameter: "%s" can be no variable: read the JSON on standard input\n' "$1" >&2
        return 2
        ;;
    esac
    eval "printf %s \"\${JOBJOKER_PARAM_$1-\${2-}}\""
}

# jobjoker_wanted: false once somebody asked the job to stop: end soon then, or be killed after a while. A job that
# never asks is ended by SIGTERM at once. The signal reaches what the script runs, too: `command || :` survives that.
jobjoker_wanted() {
    trap 'jobjoker_stopped=yes; [ -z "${jobjoker_sleeper-}" ] || kill -KILL "$jobjoker_sleeper" 2>/dev/null || :' TERM
    [ -z "$jobjoker_stopped" ]
}

# jobjoker_sleep SECONDS: sleeps, but not on when the job is asked to stop.
jobjoker_sleep() {
    jobjoker_wanted || return 0
    sleep "$1" & # a shell looks at signals between its commands, and while it waits
    jobjoker_sleeper=$!
    # The signal may have come since we asked; from here on it ends the sleep itself, also just before the wait. KILL,
    # since a shell that has just forked and is not `sleep` yet may swallow anything else; bash would tell of that.
    {
        if jobjoker_wanted; then
            wait "$jobjoker_sleeper" || :
        fi
        kill -KILL "$jobjoker_sleeper" || :
        while kill -0 "$jobjoker_sleeper"; do
            wait "$jobjoker_sleeper" || :
        done
        wait "$jobjoker_sleeper" || : # else bash, which may have reaped it by itself, tells of it later
    } 2>/dev/null
    jobjoker_sleeper=
}

jobjoker_tell() {
    if [ $# -gt 1 ]; then
        printf '::%s::%s\n' "$1" "$(jobjoker_escape "$2")"
    else
        printf '::%s::%s\n' "$1" "$(jobjoker_escape_lines)"
    fi
}

# Only a text that needs it costs a process.
jobjoker_escape() {
    case $1 in
    *[%"$jobjoker_newline$jobjoker_return"]*) printf '%s\n' "$1" | jobjoker_escape_lines ;;
    *) printf %s "$1" ;;
    esac
}

jobjoker_escape_lines() {
    LC_ALL=C awk '{ gsub(/%/, "%25"); gsub(/\r/, "%0D"); printf "%s%s", (NR > 1 ? "%0A" : ""), $0 }'
}

jobjoker_newline='
'
jobjoker_return=$(printf '\r')
