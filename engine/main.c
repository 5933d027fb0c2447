/* closegate-engine: flags, settings, command. What a command does is its own file in engine/cli. */
#include <unistd.h>

#include "engine/cli/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, (const char *const *)argv, (const char *const *)environ);
}
