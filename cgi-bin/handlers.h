#ifndef JOBJOKER_CGI_HANDLERS_H
#define JOBJOKER_CGI_HANDLERS_H

#include "router.h"

/* Every handler of the route table. A reader's store is const; each stands in the file of its resource and direction. */

/* read_site.c */
read_handler read_root, read_me;
/* read_workers.c */
read_handler read_workers, read_worker, read_worker_code;
/* read_graph.c */
read_handler read_graph;
/* read_attempts.c */
read_handler read_attempts;
/* read_deliveries.c, write_deliveries.c */
read_handler read_deliveries;
write_handler write_delivery_retry;
/* read_jobs.c */
read_handler read_jobs, read_job, read_job_status;
/* read_queues.c */
read_handler read_queues, read_queue;
/* read_entries.c */
read_handler read_log, read_response;
/* read_secrets.c */
read_handler read_secrets, read_secret;
/* read_schedules.c */
read_handler read_schedules, read_schedule;
/* read_cron.c */
read_handler read_cron_times;
/* read_users.c */
read_handler read_users, read_user, read_tokens, read_own_tokens;

/* read_audit.c */
read_handler read_audit;

/* write_session.c */
write_handler write_session, write_session_delete;
/* write_workers.c */
write_handler write_worker, write_worker_delete;
/* write_jobs.c */
write_handler write_job, write_job_status, write_job_pid, write_job_progress, write_job_delete;
/* write_run.c */
write_handler write_run;
/* write_bulk.c */
write_handler write_bulk;
/* write_queues.c */
write_handler write_queue, write_queue_delete;
/* write_entries.c */
write_handler write_log, write_response, write_report;

/* write_secrets.c */
write_handler write_secret, write_secret_delete;

/* write_schedules.c */
write_handler write_schedule, write_schedule_change, write_schedule_delete;
/* tick.c */
write_handler write_tick;

/* write_users.c */
write_handler write_user, write_user_change, write_user_delete, write_token, write_token_delete;
write_handler write_own_password, write_own_token_delete, write_own_sessions_delete;

/* For readers that take their time, at each look: may the caller still read? Tokens of the job itself may to its end.
 * -1: 401, 403, 500 (read_jobs.c). */
int check_reader(const struct request *req, const struct context *ctx, const struct store *db, struct error *err);

/* Puts a schedule into an answer, with its next times (read_schedules.c). */
struct schedule;
void schedule_answer(const struct schedule *s, struct response *res);

/* Waits until a job is over, `seconds` at most (read_jobs.c), or until nobody waits for the answer. Of a job whose runner vanishes
 * meanwhile that is noticed too. *job is the caller's. 404 job_unknown; as check_reader(). */
int wait_for_job(const struct request *req, const struct context *ctx, const struct store *db, const char *id,
                 int64_t seconds, struct job *job, struct error *err);

/* Answers with what a job has responded, in the format that is wanted (read_entries.c). seconds >= 0: once it is over, so long at
 * most; -1: what is there. 404 job_unknown; with a wait 424 job_failed, 503 job_not_over; as check_reader(). */
int answer_response(const struct request *req, const struct context *ctx, const struct store *db, const char *id,
                    int64_t seconds, struct response *res, struct error *err);

/* Answers with a job that was made, and says whether it was by this request (write_jobs.c). */
void answer_made(const struct request *req, const struct job *job, bool is_new, struct response *res);

#endif
