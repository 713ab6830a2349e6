/* A page of a list. */
#include "listing.h"

#include "base/csv.h"

int listing_begin(const struct request *req, const char *const *columns, struct response *res, struct listing *l,
                  struct error *err)
{
    *l = (struct listing){.res = res, .csv = req->format == FORMAT_CSV};
    if (request_query_int(req, "limit", 1, 1000, 50, &l->left, err) < 0)
        return -1;
    if (l->csv) {
        struct csv_writer w = {.out = response_text(res, "text/csv")};

        csv_header(&w, columns);
    }
    return 0;
}

bool listing_is_full(struct listing *l)
{
    l->more = l->left-- == 0;
    return l->more;
}
