/* A build tool: embed NAME [--depfile FILE OUTPUT] PATH… writes a C file that defines NAME[] and
 * NAME_n (common/sys/embed.h). The files keep their order and lose their folders. A PATH that is a
 * folder stands for all that is in it and below, by name, without what begins with a dot. FILE
 * tells ninja what was read for OUTPUT, so that a folder that is made, changed or removed later is
 * read anew; with it, a PATH that is not there stands for nothing. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 8

struct embedding {
    const char *name;
    FILE *deps; /* NULL: nobody asked */
    char **names;
    size_t *lens;
    size_t n;
};

static int take_path(struct embedding *e, const char *path, int depth);

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static int is_plain(const char *name)
{
    return strpbrk(name, "\"\\\n?") == NULL;
}

static int room_for_one(struct embedding *e)
{
    char **names = realloc(e->names, (e->n + 1) * sizeof *names);
    size_t *lens = realloc(e->lens, (e->n + 1) * sizeof *lens);
    if (names != NULL)
        e->names = names;
    if (lens != NULL)
        e->lens = lens;
    return names != NULL && lens != NULL;
}

/* Bytes as numbers: string literals have a length limit in ISO C. */
static int put_bytes(struct embedding *e, FILE *in)
{
    size_t len = 0;
    printf("static const unsigned char bytes_%zu[] = {", e->n);
    for (int c = getc(in); c != EOF; c = getc(in))
        printf("%s%d,", len++ % 20 == 0 ? "\n" : "", c);
    printf("0};\n");
    e->lens[e->n] = len;
    return ferror(in) ? -1 : 0;
}

static int take_file(struct embedding *e, const char *path)
{
    FILE *in = fopen(path, "rb");
    if (in == NULL || !is_plain(base_name(path)) || !room_for_one(e)) {
        fprintf(stderr, "embed: cannot take %s\n", path);
        if (in != NULL)
            fclose(in);
        return -1;
    }
    const int bad = put_bytes(e, in);
    fclose(in);
    e->names[e->n] = strdup(base_name(path));
    return e->names[e->n++] == NULL ? -1 : bad;
}

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int take_entry(struct embedding *e, const char *folder, const char *name, int depth)
{
    char path[4096];
    const int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    return n < 0 || (size_t)n >= sizeof path ? -1 : take_path(e, path, depth);
}

static int take_path(struct embedding *e, const char *path, int depth)
{
    struct dirent **entries;
    const int n = scandir(path, &entries, is_shown, by_bytes);
    const int not_yet = n < 0 && errno == ENOENT && depth == 0 && e->deps != NULL;
    const int is_file = n < 0 && errno == ENOTDIR;
    int bad = depth > DEPTH_MAX ? -1 : 0;
    if (e->deps != NULL)
        fprintf(e->deps, " %s", path);
    if (n < 0)
        return is_file ? take_file(e, path) : not_yet ? 0 : -1;
    for (int i = 0; i < n; i++) {
        if (bad == 0)
            bad = take_entry(e, path, entries[i]->d_name, depth + 1);
        free(entries[i]);
    }
    free(entries);
    return bad;
}

static void put_table(const struct embedding *e)
{
    printf("\nextern const struct embedded %s[];\nextern const size_t %s_n;\n", e->name, e->name);
    printf("const struct embedded %s[] = {\n", e->name);
    for (size_t i = 0; i < e->n; i++)
        printf("    {\"%s\", bytes_%zu, %zu},\n", e->names[i], i, e->lens[i]);
    printf("%s};\nconst size_t %s_n = %zu;\n", e->n == 0 ? "    {0},\n" : "", e->name, e->n);
}

static int take_all(struct embedding *e, char *const *paths, int n)
{
    for (int i = 0; i < n; i++)
        if (take_path(e, paths[i], 0) != 0) {
            fprintf(stderr, "embed: cannot read %s\n", paths[i]);
            return -1;
        }
    return 0;
}

int main(int argc, char **argv)
{
    const int told = argc > 4 && strcmp(argv[2], "--depfile") == 0 ? 3 : 0;
    struct embedding e = {.name = argc > 1 ? argv[1] : NULL};
    if (argc < 3 + told) {
        fprintf(stderr, "usage: embed NAME [--depfile FILE OUTPUT] PATH...\n");
        return 64;
    }
    if (told != 0 && (e.deps = fopen(argv[3], "w")) == NULL) {
        fprintf(stderr, "embed: cannot write %s\n", argv[3]);
        return 1;
    }
    if (e.deps != NULL)
        fprintf(e.deps, "%s:", argv[4]);
    printf("#include \"common/sys/embed.h\"\n\n");
    int bad = take_all(&e, argv + 2 + told, argc - 2 - told);
    if (e.deps != NULL) {
        fprintf(e.deps, "\n");
        bad = fclose(e.deps) == 0 ? bad : -1;
    }
    put_table(&e);
    for (size_t i = 0; i < e.n; i++)
        free(e.names[i]);
    free(e.names);
    free(e.lens);
    return bad == 0 && fflush(stdout) == 0 && ferror(stdout) == 0 ? 0 : 1;
}
