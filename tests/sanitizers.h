/* Put before each source of a build with sanitizers (.ci/run). A worker that crashes must die of its signal there as it
 * does elsewhere, for that is what the tests look at. Leaks are looked for where ASAN_OPTIONS=detect_leaks=1 is given. */
const char *__asan_default_options(void);

__attribute__((weak, used)) const char *__asan_default_options(void)
{
    return "handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:handle_abort=0:detect_leaks=0";
}
