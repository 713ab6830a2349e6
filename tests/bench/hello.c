/* The floor: what a CGI program costs that does nothing. Linked statically, so that not even the loader is in it. */
#include <unistd.h>

int main(void)
{
    static const char answer[] = "Content-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n";

    return write(STDOUT_FILENO, answer, sizeof(answer) - 1) < 0;
}
