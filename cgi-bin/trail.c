/* From a request to its row in the audit trail. */
#include "trail.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/network.h"
#include "repeat.h"

bool trail_is_refusal(const struct error *err)
{
    return err->status == 401 || err->status == 403 || err->status == 429;
}

static void set_who(struct audit_row *row, const struct identity *who)
{
    audit_set_text(row->who, sizeof row->who, who->name);
    audit_set_text(row->via, sizeof row->via, who->via ? who->via : "");
}

/* The one parameter that a path has, or nothing. */
static const char *object_of(const struct request *req)
{
    return req->path_count ? req->path[0].value : "";
}

/* The address is the one that the server names: what a header says of it (Forwarded), anybody can write. */
static int begin_row(struct trail *t, const struct identity *who, struct error *err)
{
    struct audit_row *row = &t->note.row;
    const char *address = request_variable(t->req, "REMOTE_ADDR");

    *row = (struct audit_row){.time_ms = t->ctx->engine->now_ms, .times = 1};
    audit_set_text(row->request, sizeof row->request, t->req->id);
    audit_set_text(row->address, sizeof row->address, address);
    snprintf(row->action, sizeof row->action, "%s %s", method_name(t->route->method), t->route->path);
    audit_set_text(row->object, sizeof row->object, object_of(t->req));
    set_who(row, who);
    return audit_prepare(t->ctx->settings, &t->note, err);
}

/* The row was written with the change, and told what was to be answered then. */
static void tell_otherwise(struct trail *t, int status, const char *code)
{
    struct error problem = {0};

    if (t->note.row.status == status)
        return;
    t->note.status = NULL;
    t->note.row.status = status;
    audit_set_text(t->note.row.code, sizeof t->note.row.code, code);
    if (audit_append_alone(t->db, &t->note, &problem) < 0)
        log_line("request %s: its end is missing in the audit trail: %s", t->req->id, problem.message);
}

int trail_write(struct trail *t, struct request *req, struct response *res, struct error *err)
{
    int result;

    if (t->ctx->who->job_right & t->route->unaudited)
        return repeat_write(t->route, req, t->ctx, t->db, res, err);
    if (begin_row(t, t->ctx->who, err) < 0)
        return -1;
    t->note.status = &res->status;
    audit_along(t->db, &t->note);
    result = repeat_write(t->route, req, t->ctx, t->db, res, err);
    audit_along(t->db, NULL);
    if (t->note.written || t->note.earlier) {
        if (result < 0)
            store_rollback(t->db);
        tell_otherwise(t, result < 0 ? err->status : res->status, result < 0 ? err->code : "");
        return result;
    }
    if (result < 0 || !t->note.row.who[0])
        return result;
    return audit_append_alone(t->db, &t->note, err);
}

/* As one sender is counted: an IPv4 address, or the /64 of an IPv6 address. */
static void put_sender(const char *address, char *out, size_t size)
{
    struct network sender;
    char text[INET6_ADDRSTRLEN] = "";

    network_sender(address, &sender);
    inet_ntop(sender.ipv4 ? AF_INET : AF_INET6, sender.bytes, text, sizeof text);
    snprintf(out, size, "%s%s", text, sender.ipv4 ? "" : "/64");
}

void trail_refuse(struct trail *t, const struct identity *who, const struct error *refusal)
{
    struct audit_row *row = &t->note.row;
    struct error problem = {0};
    char sender[AUDIT_ADDRESS_SIZE];
    bool known = row->action[0]; /* by trail_write(), and perhaps better than from here */

    t->note.status = NULL;
    if (known || begin_row(t, who, &problem) == 0) {
        row->status = refusal->status;
        audit_set_text(row->code, sizeof row->code, refusal->code);
        put_sender(row->address, sender, sizeof sender);
        if (audit_refuse(t->db, &t->note, sender, &problem) == 0)
            return;
    }
    log_line("request %s: that it was refused is missing in the audit trail: %s", t->req->id, problem.message);
}
