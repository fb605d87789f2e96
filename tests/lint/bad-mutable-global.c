/* Variables that outlive a call. */
static int counter;
const char *last_name = "";
static struct {
    int x;
} place;
static void (*hook)(int);

int mdl_next(void);
int mdl_next(void)
{
    static int next = 1;
    return next++;
}
