#ifndef JOBJOKER_BASE_IO_H
#define JOBJOKER_BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/* Files and descriptors. Every descriptor that is opened here is close-on-exec. */

/* Writes all of it, through short writes and EINTR. -1: errno says why. */
int io_write_all(int fd, const void *data, size_t size);

/* Reads until `size` bytes or the end. Returns how many, or -1 with errno. */
ssize_t io_read_all(int fd, void *data, size_t size);

/* Appends a whole file to `out`. -1: errno says why; EFBIG when it is larger than `max`. */
int io_read_file(const char *path, size_t max, struct buf *out);

/* Publishes a file: written beside, fsync'ed, then renamed, so that a reader sees all of it or nothing. 500, 503. */
int io_publish(const char *path, const void *data, size_t size, mode_t mode, struct error *err);

/* Makes a folder and those above it. -1: errno says why. */
int io_make_folders(const char *path, mode_t mode);

/* Removes a folder with all that is in it; follows no link. -1: something is left, errno says why. */
int io_remove_tree(const char *path);

/* Does the path lie in that folder, by its name or by where it leads to? What is not there does not. */
bool io_lies_within(const char *path, const char *folder);

/* Folder of the running program (from /proc/self/exe), without the slash at its end. -1: errno. */
int io_program_folder(char *out, size_t out_size);

#endif
