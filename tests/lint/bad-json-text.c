/* Reads JSON behind the back of the layer that does. */
json_t *mdl_read(const char *text);
json_t *mdl_read(const char *text)
{
    return json_loads(text, 0, NULL);
}
char *mdl_print(const json_t *value);
char *mdl_print(const json_t *value)
{
    return json_dumps(value, 0);
}
