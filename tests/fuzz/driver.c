/* Runs a fuzz target over its seeds without a fuzzer: each seed whole, cut short at up to 256
 * places, and damaged in 256 ways. The same inputs on every run.
 * driver FILE... runs the files given, to see a fuzzer's finding again. */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define VARIANTS 256

/* A copy of the exact size, so that a sanitizer sees a read beyond it. */
static void run(const void *data, size_t size)
{
    uint8_t *copy = malloc(size);
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void run_cut_short(const char *data, size_t size)
{
    size_t step = size / VARIANTS + 1;
    for (size_t length = 0; length < size; length += step) {
        run(data, length);
    }
}

static void run_damaged(const char *data, size_t size)
{
    static const char favourites[] = "\"\\{}[]:,\n\0\xff-0eu";
    g_autoptr(GRand) random = g_rand_new_with_seed((guint32)size);
    for (int i = 0; i < VARIANTS && size > 0; i++) {
        g_autofree char *copy = g_memdup2(data, size);
        for (int n = g_rand_int_range(random, 1, 4); n > 0; n--) {
            copy[g_rand_int_range(random, 0, (gint32)size)] =
                favourites[g_rand_int_range(random, 0, sizeof favourites - 1)];
        }
        run(copy, size);
    }
}

static char *read_seed(const char *path, gsize *ret_size)
{
    g_autoptr(GError) error = NULL;
    char *data;
    if (!g_file_get_contents(path, &data, ret_size, &error)) {
        fprintf(stderr, "%s\n", error->message);
        exit(EXIT_FAILURE);
    }
    return data;
}

static int run_folder(const char *folder)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) directory = g_dir_open(folder, 0, &error);
    if (!directory) {
        fprintf(stderr, "%s\n", error->message);
        return EXIT_FAILURE;
    }
    size_t count = 0;
    for (const char *name; (name = g_dir_read_name(directory)); count++) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        gsize size;
        g_autofree char *data = read_seed(path, &size);
        printf("%s\n", name);
        fflush(stdout);
        run(data, size);
        run_cut_short(data, size);
        run_damaged(data, size);
    }
    printf("%zu seeds\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        gsize size;
        g_autofree char *data = read_seed(argv[i], &size);
        run(data, size);
    }
    const char *folder = g_getenv("VITRINE_SEEDS");
    if (argc == 1 && !folder) {
        fprintf(stderr, "usage: %s FILE..., or VITRINE_SEEDS=FOLDER %s\n", argv[0], argv[0]);
        return EXIT_FAILURE;
    }
    return argc == 1 ? run_folder(folder) : EXIT_SUCCESS;
}
