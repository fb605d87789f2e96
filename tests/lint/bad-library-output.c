/* A library that talks and gives up. */
void mdl_talk(int status);
void mdl_talk(int status)
{
    printf("%d\n", status);
    fprintf(stderr, "no\n");
    exit(status);
}
