/* closegate-agent: flags, settings, command. What a command does is its own file in agent/cli. */
#include <unistd.h>

#include "agent/cli/commands.h"

int main(int argc, char **argv)
{
    return cli_main(&agent_program, argc, (const char *const *)argv, (const char *const *)environ);
}
