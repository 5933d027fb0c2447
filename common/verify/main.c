/* closegate-verify: the line, the command. */
#include <unistd.h>

#include "common/verify/verify.h"

int main(int argc, char **argv)
{
    return cli_main(&verify_program, argc, (const char *const *)argv, (const char *const *)environ);
}
