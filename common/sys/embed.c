/* A build tool: embed NAME FILE… writes a C file that defines NAME[] and NAME_n
 * (common/sys/embed.h). The files keep their order and lose their folders. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* Bytes as numbers: string literals have a length limit in ISO C. */
static int put_file(size_t number, const char *path, size_t *len)
{
    FILE *in = fopen(path, "rb");
    if (in == NULL) {
        fprintf(stderr, "embed: cannot read %s\n", path);
        return -1;
    }
    printf("static const unsigned char bytes_%zu[] = {", number);
    *len = 0;
    for (int c = getc(in); c != EOF; c = getc(in)) {
        printf("%s%d,", *len % 20 == 0 ? "\n" : "", c);
        ++*len;
    }
    printf("0};\n");
    int bad = ferror(in);
    fclose(in);
    return bad ? -1 : 0;
}

static int is_plain(const char *name)
{
    return strpbrk(name, "\"\\\n?") == NULL;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: embed NAME FILE...\n");
        return 64;
    }
    size_t n = (size_t)argc - 2;
    size_t *lens = calloc(n, sizeof *lens);
    if (lens == NULL)
        return 1;
    printf("#include \"common/sys/embed.h\"\n\n");
    for (size_t i = 0; i < n; i++) {
        if (!is_plain(base_name(argv[i + 2])) || put_file(i, argv[i + 2], &lens[i]) != 0)
            return 1;
    }
    printf("\nextern const struct embedded %s[];\nextern const size_t %s_n;\n", argv[1], argv[1]);
    printf("const struct embedded %s[] = {\n", argv[1]);
    for (size_t i = 0; i < n; i++)
        printf("    {\"%s\", bytes_%zu, %zu},\n", base_name(argv[i + 2]), i, lens[i]);
    printf("};\nconst size_t %s_n = %zu;\n", argv[1], n);
    free(lens);
    return fflush(stdout) == 0 && ferror(stdout) == 0 ? 0 : 1;
}
