/* What a browser is told has changed: it asks again for what it shows of it. Topics say nothing of
 * whose things changed, so everybody may hear them. */
#ifndef AGENT_CALL_TOPIC_H
#define AGENT_CALL_TOPIC_H

enum topic {
    TOPIC_ESCALATIONS = 1,
    TOPIC_EXCEPTIONS = 2,
    TOPIC_STATUS = 4,
    TOPIC_RUNS = 8,
    TOPIC_POLICY = 16,
    TOPIC_AUDIT = 32,
    TOPIC_OUTBOX = 64,
    TOPIC_MATCHES = 128,
    TOPIC_RULES = 256,
    TOPIC_ENGINE = 512, /* it came or went */
};
#define TOPIC_ALL 1023u
#define TOPICS_N  10
extern const char *const topic_names[TOPICS_N]; /* by bit */

#endif
