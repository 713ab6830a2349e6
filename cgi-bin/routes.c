/* The whole API as one table. The program, OPTIONS and the page docs/api.md come from it. */
#include "handlers.h"

#define JSON FORMAT_JSON
#define LIST (FORMAT_JSON | FORMAT_CSV)
#define TEXT (FORMAT_JSON | FORMAT_TEXT)
#define OF_JOB (JOB_RIGHT_WORKER | JOB_RIGHT_RUNNER)

const struct route routes[] = {
    {METHOD_GET, "/", .role = ROLE_NONE, .read = read_root, .summary = "Leads to the admin page."},
    {METHOD_GET, "/me", .role = ROLE_VIEWER, .read = read_me, .formats = TEXT, .summary = "Who the caller is."},
    {METHOD_POST, "/session", .role = ROLE_NONE, .write = write_session, .reads_json = true, .formats = JSON,
     .body = BODY_SMALL,
     .summary = "Logs in to the admin page with {\"user\",\"password\"} or {\"token\"}: sets a cookie."},
    {METHOD_DELETE, "/session", .role = ROLE_NONE, .write = write_session_delete, .formats = JSON,
     .summary = "Logs out: the cookie is worth nothing any more."},

    {METHOD_GET, "/workers", .role = ROLE_VIEWER, .read = read_workers, .formats = LIST, .query = "limit cursor",
     .summary = "The list of workers."},
    {METHOD_GET, "/workers/:name", .role = ROLE_VIEWER, .read = read_worker, .formats = JSON, .summary = "One worker."},
    {METHOD_GET, "/workers/:name/code", .role = ROLE_VIEWER, .read = read_worker_code, .formats = FORMAT_TEXT,
     .summary = "The source of a worker, byte for byte."},
    {METHOD_PUT, "/workers/:name", .role = ROLE_DEVELOPER, .write = write_worker, .reads_json = true, .formats = JSON,
     .body = BODY_CODE, .summary = "Makes or changes a worker: the body is its source."},
    {METHOD_DELETE, "/workers/:name", .role = ROLE_DEVELOPER, .write = write_worker_delete, .formats = JSON,
     .summary = "Takes a worker from the list; jobs that run go on."},

    {METHOD_GET, "/jobs", .role = ROLE_VIEWER, .read = read_jobs, .formats = LIST, .reap = true,
     .query = "status worker name q since until limit cursor", .summary = "The list of jobs, newest first."},
    {METHOD_POST, "/jobs", .role = ROLE_OPERATOR, .write = write_job, .reads_json = true, .formats = TEXT,
     .body = BODY_PARAMETERS,
     .summary = "Makes a job: {\"worker\",\"parameters\",\"name\",\"timeout\",\"limits\",\"on_lost\",\"start\"}."},
    {METHOD_GET, "/jobs/:id", .role = ROLE_VIEWER, .read = read_job, .formats = LIST, .reap = true, .query = "wait",
     .summary = "One job; with ?wait=S (to 60) as soon as it is over."},
    {METHOD_DELETE, "/jobs/:id", .role = ROLE_OPERATOR, .write = write_job_delete, .formats = JSON, .reap = true,
     .summary = "Deletes a job with its log and response; not while it runs."},
    {METHOD_GET, "/jobs/:id/status", .role = ROLE_VIEWER, .read = read_job_status, .formats = TEXT, .reap = true,
     .summary = "The status alone: idle, active, stop, error or done."},
    {METHOD_PUT, "/jobs/:id/status", .role = ROLE_OPERATOR, .write = write_job_status, .reads_json = true,
     .formats = TEXT, .body = BODY_SMALL, .reap = true,
     .summary = "start, stop, kill, pause or resume; for who reports a job from outside: active, done or error."},
    {METHOD_PUT, "/jobs/:id/pid", .role = ROLE_OPERATOR, .write = write_job_pid, .formats = JSON, .body = BODY_SMALL,
     .summary = "The process id of a job that is reported from outside."},
    {METHOD_PUT, "/jobs/:id/progress", .role = ROLE_OPERATOR, .job_right = OF_JOB, .write = write_job_progress,
     .formats = JSON, .body = BODY_SMALL, .summary = "Progress: `42` or `42 message`."},
    {METHOD_GET, "/jobs/:id/log", .role = ROLE_VIEWER, .job_right = OF_JOB, .read = read_log,
     .formats = FORMAT_JSON | FORMAT_CSV | FORMAT_TEXT, .reap = true, .query = "after limit cursor tail follow",
     .summary = "The log: entries, or with text/plain its bytes (Range, ?tail=N, ?follow=1)."},
    {METHOD_POST, "/jobs/:id/log", .role = ROLE_OPERATOR, .job_right = OF_JOB, .write = write_log, .formats = JSON,
     .body = BODY_ENTRY, .summary = "Appends the body as one log entry; application/x-ndjson appends many."},
    {METHOD_GET, "/jobs/:id/response", .role = ROLE_VIEWER, .job_right = OF_JOB, .read = read_response,
     .formats = FORMAT_JSON | FORMAT_CSV | FORMAT_TEXT, .reap = true, .query = "after limit cursor tail wait",
     .summary = "The response; with ?wait=S when the job is over, and a failure where the job failed."},
    {METHOD_GET, "/jobs/:id/respose", .role = ROLE_VIEWER, .job_right = OF_JOB, .read = read_response,
     .formats = FORMAT_JSON | FORMAT_CSV | FORMAT_TEXT, .reap = true, .query = "after limit cursor tail wait",
     .summary = "The same, as the first version spelt it."},
    {METHOD_POST, "/jobs/:id/response", .role = ROLE_OPERATOR, .job_right = OF_JOB, .write = write_response,
     .formats = JSON, .body = BODY_ENTRY,
     .summary = "Appends the body as one response entry; application/x-ndjson appends many."},
    {METHOD_POST, "/jobs/:id/respose", .role = ROLE_OPERATOR, .job_right = OF_JOB, .write = write_response,
     .formats = JSON, .body = BODY_ENTRY, .summary = "The same, as the first version spelt it."},
    {METHOD_POST, "/jobs/:id/report", .role = ROLE_NOBODY, .job_right = JOB_RIGHT_RUNNER, .write = write_report,
     .formats = TEXT, .body = BODY_REPORT,
     .summary = "What the job's runner has to say; the answer is what is wanted of it."},
};

const size_t route_count = sizeof routes / sizeof *routes;
