/* closegate-witness: flags, settings, command. */
#include <unistd.h>

#include "witness/commands.h"

int main(int argc, char **argv)
{
    return cli_main(&witness_program, argc, (const char *const *)argv,
                    (const char *const *)environ);
}
