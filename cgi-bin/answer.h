#ifndef JOBJOKER_CGI_ANSWER_H
#define JOBJOKER_CGI_ANSWER_H

/* Answers the one request that the environment and standard input hold (CGI/1.1, RFC 3875), on standard output. */
void answer_request(void);

#endif
