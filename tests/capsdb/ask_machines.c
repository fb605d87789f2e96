/* The machines of an emulator, by a program that knows libcapsdb only. Used by test_library.py. */
#include <vitrine/capsdb.h>

#include <stdio.h>

int main(int argc, char **argv)
{
    capsdb *db = NULL;
    capsdb_answer *answer = NULL;
    capsdb_error *error = NULL;
    int code = 0;

    if (argc != 3) {
        return CAPSDB_USAGE;
    }
    if (capsdb_open(NULL, NULL, 0, &db, &error) == 0 &&
        capsdb_ask(db, argv[1], argv[2], NULL, NULL, 0, &answer, &error) == 0) {
        printf("%s %s\n", capsdb_answer_stored(answer) ? "stored" : "fresh",
               capsdb_answer_json(answer));
    } else {
        fprintf(stderr, "%s: %s\n", capsdb_error_reason(error), capsdb_error_message(error));
        code = capsdb_error_code(error);
    }
    capsdb_error_free(error);
    capsdb_answer_free(answer);
    capsdb_close(db);
    return code;
}
