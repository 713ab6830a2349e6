/* jobjoker.cgi. Its arguments are never looked at: a query without '=' becomes them (RFC 3875 section 4.4). */
#include <sys/stat.h>

#include "answer.h"

int main(void)
{
    umask(077); /* whatever the server's is: the database may be made here */
    answer_cgi();
}
