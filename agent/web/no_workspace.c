/* A build without the workspace's files. */
#include "common/sys/embed.h"

const struct embedded workspace_files[1] = {{0}};
const size_t workspace_files_n = 0;
