/* jobjoker.cgi. Its arguments are never looked at: a query without '=' becomes them (RFC 3875 section 4.4). */
#include "answer.h"

int main(void)
{
    answer_request();
    return 0;
}
