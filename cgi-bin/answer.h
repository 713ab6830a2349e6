#ifndef JOBJOKER_CGI_ANSWER_H
#define JOBJOKER_CGI_ANSWER_H

#include "gateway.h"
#include "site.h"

/* Answers the request that the gateway holds; afterwards the site rests, and nothing of the request is left. */
void answer_request(struct gateway *gateway, struct site *site);
/* Answers it with an error. */
void answer_error(struct gateway *gateway, const struct error *err);

/* Answers the one request that the environment and standard input hold (CGI/1.1, RFC 3875) on standard output, and ends the
 * process. */
_Noreturn void answer_cgi(void);

/* What a process does first that holds the credentials of callers: they are for nobody else to read. */
void answer_prepare_process(void);

#endif
