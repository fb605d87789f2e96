/* Outputs that do not look like it. */
bool mdl_open(const char *path, MdlFile **file, GError **error);
bool mdl_count(const MdlFile *file, size_t *out_count);
