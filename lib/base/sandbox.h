#ifndef JOBJOKER_BASE_SANDBOX_H
#define JOBJOKER_BASE_SANDBOX_H

#include <stdbool.h>

#include "base/error.h"

/* What a program and all that it starts may do with files, kept by the kernel (Landlock: landlock(7), Linux 5.13 or newer).
 * It can be asked for by anybody, and nobody who is inside gets out again. */

struct sandbox {
    int ruleset;        /* a descriptor; -1: closed */
    bool local_sockets; /* may be set once it is open: see below */
};

/* Makes the rules; nothing is confined yet. Reading and starting programs is allowed below `read_words` and `read_paths`,
 * everything that an ordinary user may do to files below `write_words` and `write_paths`. All are folders or files, absolute:
 * words are one text, separated by blanks, paths a list that ends in NULL; each may be NULL. The usual devices (/dev/null,
 * /dev/tty ...) are always there to be read and written. A path that is not there, or that the caller cannot reach, is left out: what is not named is refused.
 * What the kernel knows beyond files is used where it does: no signal (6.12) and no abstract socket (6.12) reaches outside.
 *
 * No socket of AF_UNIX can be made, unless local_sockets is set (seccomp(2); on x86-64, ARM and RISC-V): who listens at a path may
 * believe whoever has his user, and start programs for him, as mod_cgid and PHP-FPM do. Pairs of sockets can be made. Nor can
 * io_uring be used, which makes sockets as well, nor programs of another architecture (32 bits), whose calls are others.
 *
 * Not confined, for Landlock cannot: the network, and what needs no opening of a file: stat, chdir, chmod, chown, and times
 * and extended attributes of files that the user owns.
 *
 * 0: *out is the caller's: sandbox_close(). -1: *out is closed; 500 no_sandbox where this kernel has none (the message
 * says what to do), 500 sandbox_path for a path that is too long or not absolute, 500 internal. */
int sandbox_open(struct sandbox *out, const char *read_words, const char *const *read_paths, const char *write_words,
                 const char *const *write_paths, struct error *err);
void sandbox_close(struct sandbox *s);

/* Confines the calling thread and all that it starts, for good, and takes from them what set-uid programs give
 * (PR_SET_NO_NEW_PRIVS). Makes system calls only, so that it can be called between vfork and exec. -1: errno says why. */
int sandbox_enter(int ruleset, bool local_sockets);

#endif
