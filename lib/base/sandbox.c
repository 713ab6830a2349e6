/* Landlock. Its numbers are written down here, because <linux/landlock.h> is as old as the distribution, while what the
 * kernel can do is asked of the kernel at run time. A right that the kernel does not know must not be named to it, and one
 * that it knows and that is not named is free for all: so each right stands beside the version that brought it. */
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The same on every architecture. */
enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };
enum { ASK_VERSION = 1, RULE_PATH_BENEATH = 1 };

enum {
    EXECUTE = 1 << 0,
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    REMOVE_DIR = 1 << 4,
    REMOVE_FILE = 1 << 5,
    MAKE_CHAR = 1 << 6,
    MAKE_DIR = 1 << 7,
    MAKE_REG = 1 << 8,
    MAKE_SOCK = 1 << 9,
    MAKE_FIFO = 1 << 10,
    MAKE_BLOCK = 1 << 11,
    MAKE_SYM = 1 << 12,
    REFER = 1 << 13, /* rename and link from one folder to another; refused everywhere where it is not known */
    TRUNCATE = 1 << 14,
    IOCTL_DEV = 1 << 15,

    ALL_OF_VERSION_1 = REFER - 1,
    /* A rule for what is no folder may name these only. */
    OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV,
    TO_READ = EXECUTE | READ_FILE | READ_DIR,
    TO_USE_DEVICE = READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV,
    TO_WRITE = TO_READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SOCK | MAKE_FIFO |
               MAKE_SYM | REFER | TRUNCATE | IOCTL_DEV,
};

enum { SCOPE_ABSTRACT_SOCKETS = 1 << 0, SCOPE_SIGNALS = 1 << 1 };

static const struct {
    int version;
    uint64_t files, scopes;
} known[] = {
    {.version = 1, .files = ALL_OF_VERSION_1},
    {.version = 2, .files = REFER},
    {.version = 3, .files = TRUNCATE},
    {.version = 5, .files = IOCTL_DEV},
    {.version = 6, .scopes = SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS},
};

/* What no ordinary program can do without. */
static const char *const devices[] = {
    "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", NULL,
};

/* As the kernel wants them. An older one takes the larger record where the rest is zero. */
struct ruleset_rights {
    uint64_t files, network, scopes;
};

struct rule_of_path {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

/* The rules while they are made. */
struct rules {
    int ruleset;
    uint64_t handled;
    struct error *err;
};

static int explain_missing(struct error *err)
{
    if (errno == ENOSYS)
        return error_set(err, 500, "no_sandbox",
                         "no sandbox can be made: the kernel has no Landlock (Linux 5.13 or newer with "
                         "CONFIG_SECURITY_LANDLOCK)");
    if (errno == EOPNOTSUPP)
        return error_set(err, 500, "no_sandbox",
                         "no sandbox can be made: the kernel's Landlock is not switched on (boot parameter lsm=)");
    return error_errno(err, "Landlock");
}

/* Asks the kernel what it knows, and opens rules that forbid all of that. */
static int open_rules(struct rules *r)
{
    struct ruleset_rights rights = {0};
    int version = (int)syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);

    if (version < 0)
        return explain_missing(r->err);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].version > version)
            continue;
        rights.files |= known[i].files;
        rights.scopes |= known[i].scopes;
    }
    r->handled = rights.files;
    r->ruleset = (int)syscall(CREATE_RULESET, &rights, sizeof rights, 0); /* close-on-exec */
    return r->ruleset < 0 ? error_errno(r->err, "landlock_create_ruleset") : 0;
}

static int allow_open(const struct rules *r, int fd, uint64_t rights)
{
    struct rule_of_path rule = {.allowed = rights & r->handled, .parent = fd};
    struct stat what;

    if (fstat(fd, &what) < 0)
        return -1;
    if (!S_ISDIR(what.st_mode))
        rule.allowed &= OF_FILES;
    return (int)syscall(ADD_RULE, r->ruleset, RULE_PATH_BENEATH, &rule, 0);
}

static int allow(const struct rules *r, const char *path, uint64_t rights)
{
    int fd, result;

    if (*path != '/')
        return error_set(r->err, 500, "sandbox_path", "a path of the sandbox is not absolute: %s", path);
    fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
        return 0;
    if (fd < 0)
        return error_errno(r->err, path);
    result = allow_open(r, fd, rights);
    if (result < 0)
        error_errno(r->err, path);
    close(fd);
    return result;
}

static int allow_each(const struct rules *r, const char *const *paths, uint64_t rights)
{
    for (; paths && *paths; paths++) {
        if (allow(r, *paths, rights) < 0)
            return -1;
    }
    return 0;
}

/* Paths in one text, separated by blanks; NULL is none. */
static int allow_words(const struct rules *r, const char *words, uint64_t rights)
{
    static const char blanks[] = " \t\n";
    char path[PATH_MAX];

    words = words ? words : "";
    for (words += strspn(words, blanks); *words; words += strspn(words, blanks)) {
        size_t size = strcspn(words, blanks);

        if (size >= sizeof path)
            return error_set(r->err, 500, "sandbox_path", "a path of the sandbox is too long");
        memcpy(path, words, size);
        path[size] = '\0';
        if (allow(r, path, rights) < 0)
            return -1;
        words += size;
    }
    return 0;
}

int sandbox_open(struct sandbox *out, const char *read_words, const char *const *read_paths, const char *write_words,
                 const char *const *write_paths, struct error *err)
{
    struct rules r = {.err = err};

    *out = (struct sandbox){.ruleset = -1};
    if (open_rules(&r) < 0)
        return -1;
    if (allow_words(&r, read_words, TO_READ) < 0 || allow_each(&r, read_paths, TO_READ) < 0 ||
        allow_words(&r, write_words, TO_WRITE) < 0 || allow_each(&r, write_paths, TO_WRITE) < 0 ||
        allow_each(&r, devices, TO_USE_DEVICE) < 0) {
        close(r.ruleset);
        return -1;
    }
    out->ruleset = r.ruleset;
    return 0;
}

void sandbox_close(struct sandbox *s)
{
    if (s->ruleset >= 0)
        close(s->ruleset);
    s->ruleset = -1;
}

/* -- sockets that have a path -- */

#if defined __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined __arm__ && defined __ARM_EABI__
#define ARCHITECTURE AUDIT_ARCH_ARM
#elif defined __riscv && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#endif

/* Elsewhere socketcall(2) makes sockets too, whose arguments a filter cannot read. */
#ifdef ARCHITECTURE

enum { CALL_IO_URING_SETUP = 425, NUMBERS_OF_X32 = 0x40000000 };

/* The lower halves. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
enum { FIRST_ARGUMENT = offsetof(struct seccomp_data, args) };
#else
enum { FIRST_ARGUMENT = offsetof(struct seccomp_data, args) + 4 };
#endif
enum { SECOND_ARGUMENT = FIRST_ARGUMENT + 8 };
enum { TYPE_OF_SOCKET = 0xf }; /* what is above are flags, socket(2) */

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip) /* over so many */
#define IF(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, skip, 0)
#define KEEP(bits) BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits)
#define FAIL(number) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (number))

/* One of a pair of datagram sockets can be sent elsewhere; those of connected types cannot, unix(7). */
static int refuse_local_sockets(void)
{
    static struct sock_filter rules[] = {
        LOAD(offsetof(struct seccomp_data, arch)),
        IF(ARCHITECTURE, 1),
        FAIL(ENOSYS),
        LOAD(offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, NUMBERS_OF_X32, 0, 1),
        FAIL(ENOSYS),
        UNLESS(CALL_IO_URING_SETUP, 1),
        FAIL(ENOSYS),
        UNLESS(SYS_socket, 3),
        LOAD(FIRST_ARGUMENT),
        UNLESS(AF_UNIX, 1),
        FAIL(EACCES),
        UNLESS(SYS_socketpair, 5),
        LOAD(SECOND_ARGUMENT),
        KEEP(TYPE_OF_SOCKET),
        IF(SOCK_STREAM, 2),
        IF(SOCK_SEQPACKET, 1),
        FAIL(EACCES),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    static const struct sock_fprog program = {sizeof rules / sizeof *rules, rules};

    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

#else

static int refuse_local_sockets(void)
{
    return 0;
}

#endif

int sandbox_enter(int ruleset, bool local_sockets)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(RESTRICT_SELF, ruleset, 0) < 0)
        return -1;
    return local_sockets ? 0 : refuse_local_sockets();
}
