/* Back-ends that are files beside the program: MySQL's client library costs a process that maps it more than a request. */
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "store/store_ops.h"

const struct store_ops *store_module(const char *scheme, size_t length)
{
    char folder[PATH_MAX], path[PATH_MAX + 32];
    const struct store_ops *ops;
    void *module;

    if (length != strlen("mysql") || memcmp(scheme, "mysql", length) != 0) /* no part of a path that was typed in */
        return NULL;
    if (io_program_folder(folder, sizeof folder) < 0) {
        log_line("/proc/self/exe cannot be read");
        return NULL;
    }
    snprintf(path, sizeof path, "%s/store_mysql.so", folder);
    module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    ops = module ? dlsym(module, "store_mysql") : NULL;
    if (!ops)
        log_line("MySQL is not to be had: %s", dlerror());
    return ops;
}
