/* In a static program, which can load nothing: it hands over to its dynamic twin before (cgi-bin/answer.c). */
#include "store/store_ops.h"

const struct store_ops *store_module(const char *scheme, size_t length)
{
    (void)scheme, (void)length;
    return NULL;
}
