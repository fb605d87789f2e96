/* A path of one machine. */
const char *mdl_where(void);
const char *mdl_where(void)
{
    return "/home/someone/vitrine";
}
