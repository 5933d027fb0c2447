/* How long a connection may take, and how much one peer may ask for: settings that both daemons
 * have alike (config_rows.h). */
#ifndef COMMON_SYS_HTTP_PACE_H
#define COMMON_SYS_HTTP_PACE_H

#include <stdint.h>

struct http_pace {
    int64_t head_s, body_s, idle_s, write_s; /* of struct web_limits */
    int64_t peer_rate;                       /* requests a second of one peer; 0: any */
};

#endif
