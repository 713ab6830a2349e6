/* Counts slowly: for trying out what happens to a job that runs, ends, or is stopped. */
#include <jobjoker/worker.h>

const char *information(void)
{
    return JOBJOKER_JSON({
        "description" : "Counts slowly, to try JobJoker out: tells each number to the log and to the response.",
        "parameters" : {
            "type" : "object",
            "additionalProperties" : false,
            "properties" : {
                "count" : {
                    "type" : "integer",
                    "minimum" : 0,
                    "default" : 5,
                    "title" : "Count",
                    "description" : "How many numbers, from 0 on"
                },
                "sleep" : {
                    "type" : "number",
                    "minimum" : 0,
                    "default" : 1,
                    "title" : "Pause",
                    "description" : "Seconds after each number"
                }
            }
        }
    });
}

int run(struct jobjoker_worker *w)
{
    long long count = jobjoker_int(w, "count", 5);
    double sleep = jobjoker_double(w, "sleep", 1);

    for (long long i = 0; i < count && jobjoker_wanted(w); i++) {
        jobjoker_log(w, "log %lld", i);
        jobjoker_response(w, "response %lld", i);
        jobjoker_progress(w, 100.0 * (double)(i + 1) / (double)count, NULL);
        jobjoker_sleep(w, sleep);
    }
    return 0;
}
