/* Rules that belong into declarations. */
bool mdl_is_q35(const char *machine);
bool mdl_is_q35(const char *machine)
{
    return strcmp(machine, "virt") == 0 || g_str_has_prefix(machine, "pc-q35-");
}
