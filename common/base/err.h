/* An error is a value: one kind, said once, where it happened. Functions that can fail return
 * struct err; OK means they did what they say. A denial and an escalation are verdicts, not errors.
 */
#ifndef COMMON_BASE_ERR_H
#define COMMON_BASE_ERR_H

struct arena;

enum err_kind {
    ERR_NONE = 0, /* success */
    ERR_INPUT,    /* the caller's bytes or values are wrong; `where` says which */
    ERR_AUTH,     /* the caller is not known, or may not call this at all */
    ERR_MISSING,  /* what was named does not exist (or is not the caller's to see) */
    ERR_CONFLICT, /* the state moved on: another version, another holder, a used key */
    ERR_LIMIT,    /* a ceiling was reached: size, depth, memory, count */
    ERR_UPSTREAM, /* somebody else's service failed us */
    ERR_STORE,    /* the database or the disk failed; nothing was done unless said otherwise */
    ERR_UNKNOWN,  /* the outcome is not known: repeat with the same idempotency key */
    ERR_REFUSED,  /* well formed, and the answer is no: a policy that breaks an invariant */
    ERR_BUG,      /* we broke our own rules */
};

/* `msg` is a sentence fragment without a full stop; `where` a JSON pointer, `file:line:column` or a
 * row, or NULL. Both are static or live in the arena of the request that failed. */
struct err {
    enum err_kind kind;
    const char *msg;
    const char *where;
};

#define MUST_CHECK __attribute__((warn_unused_result))
#define OK         ((struct err){.kind = ERR_NONE})

/* TRY passes an error up; ENSURE makes one. They are the only macros that return. */
#define TRY(x)                                                                                     \
    do {                                                                                           \
        struct err try_err_ = (x);                                                                 \
        if (try_err_.kind != ERR_NONE)                                                             \
            return try_err_;                                                                       \
    } while (0)

#define ENSURE(cond, kind, msg)                                                                    \
    do {                                                                                           \
        if (!(cond))                                                                               \
            return err_new((kind), (msg));                                                         \
    } while (0)

/* CLEANUP(f) runs f at the end of the scope; CLEANUP_DEFINE makes f fit (once, in the header). */
#define CLEANUP(fn) __attribute__((cleanup(fn##_cleanup)))
#define CLEANUP_DEFINE(type, fn)                                                                   \
    __attribute__((unused)) static inline void fn##_cleanup(type *p)                               \
    {                                                                                              \
        fn(*p);                                                                                    \
    }

/* Inline, so that the compiler sees that an error is not OK. */
MUST_CHECK static inline struct err err_new(enum err_kind kind, const char *msg)
{
    return (struct err){.kind = kind, .msg = msg};
}

/* The same with a place. `where` must live as long as the error does. */
MUST_CHECK static inline struct err err_at(enum err_kind kind, const char *where, const char *msg)
{
    return (struct err){.kind = kind, .msg = msg, .where = where};
}

/* Words the message in `arena`; without room there the format is it (of "%s": "no memory …"). */
MUST_CHECK struct err err_fmt(struct arena *arena, enum err_kind kind, const char *where,
                              const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* `e` with `where` set if it has none yet; how a caller adds the place it knows. */
MUST_CHECK struct err err_in(struct err e, const char *where);

/* A short stable name: "input", "auth" …; never NULL. */
const char *err_kind_name(enum err_kind kind);

#endif
