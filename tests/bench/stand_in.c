/* Both sides of tests/bench/supervise: as the program that takes a report it says on standard error that it was called, when
 * the report holds the end, and answers as JobJoker would; as a worker it does nothing. Linked statically, to be the floor. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
    static const char answer[] = "Status: 200 OK\r\nContent-Type: text/plain\r\n\r\nrun\n";
    char report[4096];
    ssize_t n;

    if (!getenv("CONTENT_LENGTH"))
        return 0;
    n = read(STDIN_FILENO, report, sizeof report);
    if (n > 0 && memmem(report, (size_t)n, "\nend ", 5) && write(STDERR_FILENO, "E", 1) < 0)
        return 1;
    return write(STDOUT_FILENO, answer, sizeof answer - 1) < 0;
}
