/* The configuration, as one table. */
#include "base/settings.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"

enum setting_kind { TEXT, FOLDER, PATH, SECRET, CHOICE, WORDS, ROLES, ORIGINS, SECONDS, SIZE, COUNT };

struct setting {
    const char *name;
    enum setting_kind kind;
    const char *preset;
    size_t offset; /* in struct settings */
    size_t size;   /* of a text there */
    long long low, high;
    const char *choices; /* separated by spaces; for ROLES, what may stand after the colon; for WORDS, each of them */
    const char *help;
};

#define TO_TEXT(member) .offset = offsetof(struct settings, member), .size = sizeof(((struct settings *)0)->member)
#define CEILING "The highest that a job or a worker may ask for, and the limit of those that ask for none. 0: any."
#define TO_NUMBER(member) .offset = offsetof(struct settings, member)

static const struct setting table[] = {
    {"data", FOLDER, "data", TO_TEXT(data),
     .help = "Folder of the database, the workers' files and the runs. Better outside of the site; relative to the "
             "folder of .htaccess. Only the user that Apache runs programs as needs to read it."},
    {"database", TEXT, "", TO_TEXT(database),
     .help =
         "Where jobs are kept: sqlite:/path, or mysql://user@host:port/name for a server of MySQL or MariaDB. Empty: "
         "jobs.db in `data`."},
    {"database_password", SECRET, "", TO_TEXT(database_password),
     .help = "Password of that user of MySQL. It is read from this file alone, never from a variable, which processes "
             "inherit."},
    {"database_password_file", PATH, "", TO_TEXT(database_password_file),
     .help = "A file whose first line is that password; goes before the one above."},
    {"database_socket", PATH, "", TO_TEXT(database_socket),
     .help = "Socket of a server on this machine, which is used instead of host and port."},
    {"database_tls", CHOICE, "none", TO_TEXT(database_tls), .choices = "none required verified",
     .help = "Whether the way to MySQL is encrypted, and whether the server must prove with its certificate that it is "
             "the one of that name."},
    {"database_tls_ca", PATH, "", TO_TEXT(database_tls_ca),
     .help = "File of the certificates that such proofs are held against. Empty: those of the system."},
    {"database_connect", SECONDS, "5", TO_NUMBER(database_connect_ms), .low = 1, .high = 300,
     .help = "Seconds after which MySQL counts as down when it takes no connection."},
    {"database_answer", SECONDS, "20", TO_NUMBER(database_answer_ms), .low = 1, .high = 3600,
     .help = "Seconds after which it counts as down when it does not answer. Half of that is how long a request waits "
             "for others that write."},
    {"api", TEXT, "", TO_TEXT(api),
     .help = "Address of the API as workers should call it, such as https://example.org/jobs. Empty: worked out from "
             "the address and port that took the request, never from its Host header."},
    {"anonymous", CHOICE, "none", TO_TEXT(anonymous), .choices = "none viewer operator developer admin",
     .help = "What a caller without credentials may do. `developer` and `admin` let anybody who reaches the site run "
             "code on this machine."},
    {"remote_user", CHOICE, "no", TO_TEXT(remote_user), .choices = "no yes",
     .help = "Whether to believe the user name of Apache's own authentication (LDAP, OpenID Connect, Kerberos, client "
             "certificates: REMOTE_USER)."},
    {"remote_user_roles", ROLES, "", TO_TEXT(remote_user_roles), .choices = "viewer operator developer admin",
     .help =
         "Roles of such users that have no account here, such as `alice:admin *:viewer`. Who is not named, and no * "
         "is there, may do nothing."},
    {"session_idle", SECONDS, "7200", TO_NUMBER(session_idle_ms), .low = 300, .high = 2592000,
     .help = "Seconds without a request after which a session of the admin page ends."},
    {"session_max", SECONDS, "43200", TO_NUMBER(session_max_ms), .low = 300, .high = 2592000,
     .help = "Seconds after which it ends in any case."},
    {"cors", ORIGINS, "", TO_TEXT(cors),
     .help = "Origins of other sites whose pages may call the API with a token, such as https://example.org, separated "
             "by spaces. Empty: none."},
    {"keep_days", COUNT, "0", TO_NUMBER(keep_days), .low = 0, .high = KEEP_DAYS_MAX,
     .help = "Days for which a job is kept after its end, with its log and response. 0: for ever."},
    {"keep_jobs", COUNT, "0", TO_NUMBER(keep_jobs), .low = 0, .high = KEEP_JOBS_MAX,
     .help = "How many jobs that are over are kept of each worker: those that ended last. 0: all. Both are for workers "
             "that do not say it themselves, in their options."},
    {"keep_jobs_all", COUNT, "0", TO_NUMBER(keep_jobs_all), .low = 0, .high = KEEP_JOBS_MAX,
     .help = "How many are kept in all, whatever workers say. 0: all."},
    {"audit_days", COUNT, "365", TO_NUMBER(audit_days), .low = 0, .high = 36500,
     .help = "Days for which the audit trail is kept. 0: no limit."},
    {"audit_rows", COUNT, "1000000", TO_NUMBER(audit_rows), .low = 100, .high = 1000000000,
     .help = "How many rows of it are kept at most, about 150 bytes each."},
    {"php", TEXT, "php", TO_TEXT(php), .help = "The command that runs PHP workers."},
    {"c_compiler", TEXT, "cc", TO_TEXT(c_compiler), .help = "The command that compiles C workers."},
    {"path", TEXT, "/usr/local/bin:/usr/bin:/bin", TO_TEXT(path), .help = "PATH of workers and of the compiler."},
    {"grace", SECONDS, "10", TO_NUMBER(grace_ms), .low = 0, .high = 3600,
     .help = "Seconds between the polite end (SIGTERM) and the hard one (SIGKILL) of a job that is stopped."},
    {"timeout", SECONDS, "0", TO_NUMBER(timeout_ms), .low = 0, .high = 31536000,
     .help = "Seconds that a job may run when it names no timeout. 0: no limit."},
    {"timeout_max", SECONDS, "0", TO_NUMBER(timeout_max_ms), .low = 0, .high = 31536000,
     .help = "The longest timeout that a job or a worker may ask for, and the one of those that ask for none. 0: any."},
    {"limit_cpu", SECONDS, "0", TO_NUMBER(limit_cpu), .low = 0, .high = 31536000,
     .help =
         "Seconds of CPU time of a job that names no such limit, all its processes together. 0: no limit, here and in "
         "the other limits."},
    {"limit_cpu_max", SECONDS, "0", TO_NUMBER(limit_cpu_max), .low = 0, .high = 31536000, .help = CEILING},
    {"limit_memory", SIZE, "0", TO_NUMBER(limit_memory), .low = 0, .high = 1LL << 50,
     .help =
         "Memory of a job: of all its processes where `cgroup` can limit it, else the address space of each of them."},
    {"limit_memory_max", SIZE, "0", TO_NUMBER(limit_memory_max), .low = 0, .high = 1LL << 50, .help = CEILING},
    {"limit_files", COUNT, "0", TO_NUMBER(limit_files), .low = 0, .high = 1 << 20,
     .help = "Files that each process of a job may have open."},
    {"limit_files_max", COUNT, "0", TO_NUMBER(limit_files_max), .low = 0, .high = 1 << 20, .help = CEILING},
    {"limit_processes", COUNT, "0", TO_NUMBER(limit_processes), .low = 0, .high = 1 << 22,
     .help = "Processes and threads of a job: its own where `cgroup` can limit them, else those of its user, beyond "
             "the ones "
             "that run when it starts."},
    {"limit_processes_max", COUNT, "0", TO_NUMBER(limit_processes_max), .low = 0, .high = 1 << 22, .help = CEILING},
    {"limit_file_size", SIZE, "0", TO_NUMBER(limit_file_size), .low = 0, .high = 1LL << 50,
     .help = "Largest file that a job may write."},
    {"limit_file_size_max", SIZE, "0", TO_NUMBER(limit_file_size_max), .low = 0, .high = 1LL << 50, .help = CEILING},
    {"limit_log", SIZE, "1G", TO_NUMBER(limit_log), .low = 0, .high = 1LL << 40,
     .help = "Bytes of a job's log. Of a longer one the beginning and the end are kept, with a mark between them."},
    {"limit_log_max", SIZE, "0", TO_NUMBER(limit_log_max), .low = 0, .high = 1LL << 40, .help = CEILING},
    {"nice", COUNT, "0", TO_NUMBER(nice), .low = 0, .high = 19,
     .help = "How much nicer than the web server a worker is to other processes."},
    {"sandbox", CHOICE, "none", TO_TEXT(sandbox), .choices = "none landlock",
     .help =
         "With `landlock` a worker reads the folders of `sandbox_read` and writes into its own folder alone; where the "
         "kernel has no Landlock its jobs fail."},
    {"sandbox_read", TEXT, "/bin /etc /lib /lib32 /lib64 /libx32 /opt /proc /sbin /sys /usr /dev /run/systemd/resolve",
     TO_TEXT(sandbox_read),
     .help = "Folders that a worker in the sandbox may read and run programs from, separated by spaces."},
    {"sandbox_write", TEXT, "", TO_TEXT(sandbox_write),
     .help = "Folders, files and devices that it may write besides its own, such as /dev/shm or /dev/ptmx /dev/pts."},
    {"sandbox_sockets", CHOICE, "no", TO_TEXT(sandbox_sockets), .choices = "no yes",
     .help = "Whether it may connect to sockets that have a path, such as a database server's. Those of mod_cgid and "
             "PHP-FPM "
             "run programs for whoever is the web server's user: with `yes` no sandbox holds somebody who means harm."},
    {"cgroup", TEXT, "", TO_TEXT(cgroup),
     .help =
         "Folder of a cgroup v2 hierarchy that the web server's user may write and its processes lie below, such as "
         "/sys/fs/cgroup/jobjoker. Each job gets a group of its own there, whose memory and processes the kernel "
         "counts."},
    {"heartbeat", SECONDS, "60", TO_NUMBER(heartbeat_ms), .low = 0, .high = 3600,
     .help =
         "Seconds after which a runner that has nothing to say reports all the same, so that other hosts on the same "
         "database see that it lives; three are missed before they call it lost. 0: never."},
    {"requeue_max", COUNT, "3", TO_NUMBER(requeue_max), .low = 0, .high = 1000,
     .help = "How often a job whose `on_lost` is `requeue` is started again after its runner was lost."},
    {"check_timeout", SECONDS, "30", TO_NUMBER(check_timeout_ms), .low = 1, .high = 600,
     .help = "Seconds that compiling, checking or describing a worker may take."},
    {"code_max", SIZE, "1M", TO_NUMBER(code_max), .low = 1, .high = 64 << 20, .help = "Largest source of a worker."},
    {"parameters_max", SIZE, "1M", TO_NUMBER(parameters_max), .low = 2, .high = 16 << 20,
     .help = "Largest parameters of a job."},
    {"entry_max", SIZE, "16M", TO_NUMBER(entry_max), .low = 1, .high = 256 << 20,
     .help = "Largest log or response entry that is posted."},
    {"notify", TEXT, "", TO_TEXT(notify),
     .help = "URLs of webhooks and addresses of e-mail that are told of the jobs of all workers, separated by spaces."},
    {"notify_on", WORDS, "error", TO_TEXT(notify_on), .choices = "active retry done error stop ended change",
     .help = "Of what they are told: states, `retry` when an attempt has failed and another one follows, `ended` for "
             "`done error stop`, `change` for the first failure and the first success after it."},
    {"notify_secret", TEXT, "", TO_TEXT(notify_secret),
     .help =
         "Name of the secret (`jobjoker secret set`) that webhooks are signed with. Empty: those that name no secret "
         "of their own are not signed."},
    {"notify_allow", TEXT, "", TO_TEXT(notify_allow),
     .help = "Hosts, addresses and networks such as 10.1.0.0/16 that webhooks may go to besides the public Internet, "
             "separated by spaces. What listens at loopback, link-local and private addresses often trusts everybody "
             "who reaches it."},
    {"notify_ca", PATH, "", TO_TEXT(notify_ca),
     .help = "File of the certificates that the receivers of webhooks prove themselves with. Empty: those of the "
             "system."},
    {"notify_timeout", SECONDS, "15", TO_NUMBER(notify_timeout_ms), .low = 1, .high = 120,
     .help = "Seconds that one webhook may take."},
    {"sendmail", PATH, "", TO_TEXT(sendmail),
     .help = "Path of the program that sends e-mail, such as /usr/sbin/sendmail. Empty: no e-mail is sent."},
    {"mail_from", TEXT, "", TO_TEXT(mail_from), .help = "Address that e-mail is sent from."},
};

enum { SETTINGS = sizeof table / sizeof *table, LINE_MAX_SIZE = 199 /* of inih, with its newline */ };

/* "10", "0.5" -> milliseconds. */
static int read_seconds(const char *text, long long *ms)
{
    char *end;
    double seconds;

    errno = 0;
    if (!isdigit((unsigned char)*text) || text[strspn(text, "0123456789.")])
        return -1; /* strtod(3) knows more: 0x10, 1e3 */
    seconds = strtod(text, &end);
    if (errno || *end || seconds > 1e9)
        return -1;
    *ms = (long long)(seconds * 1000 + 0.5);
    return 0;
}

/* "4096", "64K", "16M", "2G". */
static int read_size(const char *text, long long *bytes)
{
    char digits[24];
    size_t n = strspn(text, "0123456789");
    int shift = text[n] == 'K' ? 10 : text[n] == 'M' ? 20 : text[n] == 'G' ? 30 : 0;

    if (n == 0 || n > 16 || text[n + (shift != 0)] != '\0')
        return -1;
    memcpy(digits, text, n);
    digits[n] = '\0';
    if (text_to_int(digits, 0, INT64_MAX >> shift, bytes) < 0)
        return -1;
    *bytes <<= shift;
    return 0;
}

/* NULL, or what is wrong with it. */
static const char *read_number(enum setting_kind kind, const char *text, long long *number)
{
    switch (kind) {
    case SECONDS:
        return read_seconds(text, number) < 0 ? "is no number of seconds" : NULL;
    case SIZE:
        return read_size(text, number) < 0 ? "is no size (4096, 64K, 16M, 2G)" : NULL;
    default:
        return text_to_int(text, 0, INT64_MAX, number) < 0 ? "is no whole number" : NULL;
    }
}

/* "alice:admin *:viewer" */
static bool are_roles(const char *words, const char *roles)
{
    char word[SETTING_TEXT_SIZE];

    while (text_next_word(&words, word, sizeof word)) {
        const char *colon = strrchr(word, ':');

        if (!colon || colon == word || !text_in_words(roles, colon + 1))
            return false;
    }
    return true;
}

/* As a browser writes them in Origin (RFC 6454 section 6.2): no path, not even a slash. */
static bool are_origins(const char *words)
{
    char word[SETTING_TEXT_SIZE];

    while (text_next_word(&words, word, sizeof word)) {
        const char *host = strncmp(word, "https://", 8) == 0  ? word + 8
                           : strncmp(word, "http://", 7) == 0 ? word + 7
                                                              : "";

        if (!*host || host[strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-:[]")])
            return false;
    }
    return true;
}

static bool are_words(const char *words, const char *choices)
{
    char word[SETTING_TEXT_SIZE];

    while (text_next_word(&words, word, sizeof word)) {
        if (!text_in_words(choices, word))
            return false;
    }
    return true;
}

/* What is wrong with a text; NULL: nothing. */
static const char *find_fault(const struct setting *s, const char *value)
{
    if (!*value && *s->preset)
        return "must not be empty";
    if (s->kind == CHOICE && !text_in_words(s->choices, value))
        return "is none of its values";
    if (s->kind == WORDS && !are_words(value, s->choices))
        return "holds a word that it does not know";
    if (s->kind == ROLES && !are_roles(value, s->choices))
        return "is no list of NAME:ROLE";
    if (s->kind == ORIGINS && !are_origins(value))
        return "is no list of origins (https://example.org)";
    if (s->kind == PATH && *value && *value != '/')
        return "is no path from / on";
    return strlen(value) >= s->size ? "is too long" : NULL;
}

/* Puts one value in its place. NULL, or what is wrong with it. */
static const char *assign(const struct setting *s, const char *value, struct settings *out)
{
    char *place = (char *)out + s->offset;
    long long number, scale = s->kind == SECONDS ? 1000 : 1;
    const char *problem;

    if (s->kind == SECONDS || s->kind == SIZE || s->kind == COUNT) {
        problem = read_number(s->kind, value, &number);
        if (problem)
            return problem;
        if (number < s->low * scale || number > s->high * scale)
            return "is out of range";
        *(int64_t *)(void *)place = number;
        return NULL;
    }
    problem = find_fault(s, value);
    if (!problem)
        strcpy(place, value);
    return problem;
}

static const struct setting *find(const char *name)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    }
    return NULL;
}

struct reading {
    struct settings *out;
    bool seen[SETTINGS];
    char problem[160];
};

static int on_line(void *user, const char *section, const char *name, const char *value)
{
    struct reading *r = user;
    const struct setting *s = section[0] ? NULL : find(name);
    const char *problem = !s ? "is no setting" : r->seen[s - table] ? "is there twice" : assign(s, value, r->out);

    if (s)
        r->seen[s - table] = true;
    if (!problem)
        return 1;
    if (!r->problem[0])
        snprintf(r->problem, sizeof r->problem, "`%s%s%s` %s", section, section[0] ? "." : "", name, problem);
    return 0;
}

/* What inih would read as something else, without a word: a long line becomes two, and a line that begins with a space
 * replaces the value before it. Returns the number of the first such line; 0: there is none. */
static int find_misread(FILE *file, char *problem, size_t size)
{
    char *line = NULL;
    size_t room = 0;
    int number = 0;
    ssize_t length;

    problem[0] = '\0';
    while (!problem[0] && (length = getline(&line, &room, file)) >= 0) {
        const char *start = line + strspn(line, " \t\r\n");

        number++;
        if (length > LINE_MAX_SIZE)
            snprintf(problem, size, "the line is longer than %d bytes (a variable may be)", LINE_MAX_SIZE - 1);
        else if (start > line && *start && !strchr("#;", *start))
            snprintf(problem, size, "the line begins with a space");
    }
    free(line);
    rewind(file);
    return problem[0] ? number : 0;
}

static int read_file(struct settings *out, const char *path, bool must_exist, struct error *err)
{
    struct reading r = {.out = out};
    FILE *file = fopen(path, "re");
    int line;

    if (!file && errno == ENOENT && !must_exist)
        return 0;
    if (!file)
        return error_set(err, 500, "settings_invalid", "%s cannot be read: %s", path, strerror(errno));
    line = find_misread(file, r.problem, sizeof r.problem);
    if (line == 0)
        line = ini_parse_file(file, on_line, &r);
    fclose(file);
    if (line == 0)
        return 0;
    return error_set(err, 500, "settings_invalid", "%s, line %d: %s", path, line,
                     r.problem[0] ? r.problem : "this is no `name = value`");
}

static void variable_name(const struct setting *s, char out[64])
{
    char *to = out + snprintf(out, 64, "JOBJOKER_");

    for (const char *p = s->name; *p; p++)
        *to++ = (char)toupper((unsigned char)*p);
    *to = '\0';
}

static int read_environment(struct settings *out, struct error *err)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        char name[64];
        const char *value, *problem;

        variable_name(&table[i], name);
        value = getenv(name);
        problem = !value                    ? NULL
                  : table[i].kind == SECRET ? "must stand in jobjoker.ini: a variable is inherited"
                                            : assign(&table[i], value, out);
        if (problem)
            return error_set(err, 500, "settings_invalid", "the variable %s %s", name, problem);
    }
    return 0;
}

/* Makes the folder absolute and gives the database its place in it. */
static int resolve(struct settings *out, const char *app_folder, struct error *err)
{
    char data[PATH_MAX];

    if (out->data[0] != '/') {
        if (snprintf(data, sizeof data, "%s/%s", app_folder, out->data) >= (int)sizeof data)
            return error_set(err, 500, "settings_invalid", "`data` is too long");
        strcpy(out->data, data);
    }
    if (!out->database[0])
        snprintf(out->database, sizeof out->database, "sqlite:%.*s/jobs.db", PATH_MAX - 16, out->data);
    return 0;
}

/* The runner's folder is another one, so the folder that we were started in means nothing. -1: it is too long. */
static int file_path(const char *app_folder, const char *named, char path[PATH_MAX])
{
    int length = snprintf(path, PATH_MAX, "%s%s%s", named && *named == '/' ? "" : app_folder,
                          named && *named == '/' ? "" : "/", named ? named : "jobjoker.ini");

    return length < PATH_MAX ? 0 : -1;
}

void settings_look(const char *app_folder, struct settings_file *out)
{
    char path[PATH_MAX];
    struct stat st;

    *out = (struct settings_file){0};
    if (file_path(app_folder, getenv("JOBJOKER_CONFIG"), path) == 0 && stat(path, &st) == 0)
        *out = (struct settings_file){
            .device = st.st_dev, .inode = st.st_ino, .size = st.st_size, .modified = st.st_mtim, .changed = st.st_ctim};
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool settings_same_file(const struct settings_file *a, const struct settings_file *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           same_time(a->modified, b->modified) && same_time(a->changed, b->changed);
}

int settings_load(struct settings *out, const char *app_folder, struct error *err)
{
    const char *named = getenv("JOBJOKER_CONFIG");
    char path[PATH_MAX];

    *out = (struct settings){0};
    for (size_t i = 0; i < SETTINGS; i++) {
        if (assign(&table[i], table[i].preset, out))
            return error_set(err, 500, "settings_invalid", "the preset of `%s` is wrong", table[i].name);
    }
    if (file_path(app_folder, named, path) < 0)
        return error_set(err, 500, "settings_invalid", "the path of jobjoker.ini is too long");
    if (read_file(out, path, named != NULL, err) < 0 || read_environment(out, err) < 0)
        return -1;
    return resolve(out, app_folder, err);
}

static void print_wrapped(FILE *out, const char *text)
{
    while (*text) {
        size_t n = strlen(text);

        if (n > 98) {
            for (n = 98; n > 0 && text[n] != ' '; n--)
                ;
        }
        fprintf(out, "# %.*s\n", (int)n, text);
        text += n + (text[n] == ' ');
    }
}

void settings_print_file(FILE *out)
{
    fputs("# Settings of JobJoker. A line that begins with # is a comment; what is commented out is the preset.\n"
          "# Each setting can be given by Apache as well: SetEnv JOBJOKER_NAME value, which goes before this file.\n",
          out);
    for (size_t i = 0; i < SETTINGS; i++) {
        fputc('\n', out);
        print_wrapped(out, table[i].help);
        if (table[i].kind == CHOICE)
            fprintf(out, "# One of: %s.\n", table[i].choices);
        fprintf(out, "#%s = %s\n", table[i].name, table[i].preset);
    }
}

void settings_print_table(FILE *out)
{
    fputs("| setting | preset | what it does |\n| --- | --- | --- |\n", out);
    for (size_t i = 0; i < SETTINGS; i++) {
        fprintf(out, "| `%s` | %s%s%s | %s%s%s%s |\n", table[i].name, table[i].preset[0] ? "`" : "", table[i].preset,
                table[i].preset[0] ? "`" : "", table[i].help, table[i].kind == CHOICE ? " One of: " : "",
                table[i].kind == CHOICE ? table[i].choices : "", table[i].kind == CHOICE ? "." : "");
    }
}

void settings_each_override(void (*each)(const char *name, const char *value, void *context), void *context)
{
    const char *config = getenv("JOBJOKER_CONFIG");

    if (config)
        each("JOBJOKER_CONFIG", config, context);
    for (size_t i = 0; i < SETTINGS; i++) {
        char name[64];
        const char *value;

        variable_name(&table[i], name);
        value = getenv(name);
        if (value)
            each(name, value, context);
    }
}
