/* cfg: the reader of the declaration notation, used at build and at run time. See cfg.h and
 * schema/README.md. */
#include "cfg.h"

#include <string.h>

typedef struct Reader {
    MdlCfg *cfg;
    MdlFindings *findings;
    MdlCfgGroup *group; /* the one that is open, or NULL */
    unsigned line;
    GHashTable *seen; /* "kind name" of groups, to find repeated ones */
    bool full;        /* a limit was reached: the rest is not read */
} Reader;

static void key_free(gpointer data)
{
    MdlCfgKey *key = data;
    g_free(key->name);
    g_free(key->value);
    g_free(key);
}

static void group_free(gpointer data)
{
    MdlCfgGroup *group = data;
    g_free(group->kind);
    g_free(group->name);
    g_ptr_array_unref(group->keys);
    g_free(group);
}

void mdl_cfg_free(MdlCfg *cfg)
{
    if (!cfg) {
        return;
    }
    g_free(cfg->file);
    g_ptr_array_unref(cfg->groups);
    g_free(cfg);
}

const MdlCfgKey *mdl_cfg_key(const MdlCfgGroup *group, const char *name)
{
    for (size_t i = 0; i < group->keys->len; i++) {
        const MdlCfgKey *key = g_ptr_array_index(group->keys, i);
        if (strcmp(key->name, name) == 0) {
            return key;
        }
    }
    return NULL;
}

const char *mdl_cfg_value(const MdlCfgGroup *group, const char *name)
{
    const MdlCfgKey *key = mdl_cfg_key(group, name);
    return key ? key->value : NULL;
}

G_GNUC_PRINTF(3, 4)
static void find(Reader *reader, MdlCheckId check, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    MdlPlace place = {.file = reader->cfg->file, .line = reader->line};
    mdl_find(reader->findings, check, &place, NULL, "%s", message);
}

static bool is_name_char(char c)
{
    return g_ascii_isalnum(c) || (c && strchr("-_.,*+#/@", c));
}

bool mdl_cfg_is_bare(const char *word)
{
    const char *at = word;
    while (is_name_char(*at)) {
        at++;
    }
    return at > word && *at == '\0' && *word != '#';
}

/* Takes a bare or quoted word off *at. NULL: there is none. */
static char *take_word(const char **at)
{
    const char *from = *at;
    if (*from == '"') {
        const char *end = strchr(from + 1, '"');
        if (!end) {
            return NULL;
        }
        *at = end + 1;
        return g_strndup(from + 1, (size_t)(end - from - 1));
    }
    const char *end = from;
    while (is_name_char(*end)) {
        end++;
    }
    if (end == from) {
        return NULL;
    }
    *at = end;
    return g_strndup(from, (size_t)(end - from));
}

static const char *skip_space(const char *at)
{
    while (*at == ' ' || *at == '\t') {
        at++;
    }
    return at;
}

static void open_group(Reader *reader, char *kind, char *name)
{
    if (reader->cfg->groups->len == MDL_CFG_MAX_GROUPS) {
        find(reader, MDL_CHECK_TOO_MANY, "a file has at most %d groups", MDL_CFG_MAX_GROUPS);
        reader->full = true;
        g_free(kind);
        g_free(name);
        return;
    }
    MdlCfgGroup *group = g_new0(MdlCfgGroup, 1);
    group->kind = kind;
    group->name = name;
    group->line = reader->line;
    group->keys = g_ptr_array_new_with_free_func(key_free);
    g_ptr_array_add(reader->cfg->groups, group);
    reader->group = group;

    char *identity = g_strdup_printf("%s \"%s\"", kind, name ? name : "");
    unsigned first = GPOINTER_TO_UINT(g_hash_table_lookup(reader->seen, identity));
    if (first) {
        find(reader, MDL_CHECK_DUPLICATE_GROUP, "group [%s%s%s%s] stands already in line %u", kind,
             name ? " \"" : "", name ? name : "", name ? "\"" : "", first);
        g_free(identity);
    } else {
        g_hash_table_insert(reader->seen, identity, GUINT_TO_POINTER(reader->line));
    }
}

static void read_header(Reader *reader, const char *text)
{
    const char *at = skip_space(text + 1);
    g_autofree char *kind = take_word(&at);
    at = skip_space(at);
    g_autofree char *name = kind && *at == '"' ? take_word(&at) : NULL;
    at = skip_space(at);
    if (!kind || at[0] != ']' || *skip_space(at + 1)) {
        reader->group = NULL;
        find(reader, MDL_CHECK_SYNTAX, "a group is written [kind] or [kind \"name\"]");
        return;
    }
    open_group(reader, g_steal_pointer(&kind), g_steal_pointer(&name));
}

static void read_key(Reader *reader, const char *text)
{
    const char *at = text;
    g_autofree char *name = take_word(&at);
    at = skip_space(at);
    if (!name || !*name || (*at && *at != '=')) {
        find(reader, MDL_CHECK_SYNTAX, "a key is written name = value");
        return;
    }
    if (!reader->group) {
        find(reader, MDL_CHECK_SYNTAX, "key \"%s\" stands before any [group]", name);
        return;
    }
    const MdlCfgKey *earlier = mdl_cfg_key(reader->group, name);
    if (earlier) {
        find(reader, MDL_CHECK_DUPLICATE_KEY, "key \"%s\" stands already in line %u", name,
             earlier->line);
        return;
    }
    if (reader->group->keys->len == MDL_CFG_MAX_KEYS) {
        find(reader, MDL_CHECK_TOO_MANY, "a group has at most %d keys", MDL_CFG_MAX_KEYS);
        reader->full = true;
        return;
    }
    MdlCfgKey *key = g_new0(MdlCfgKey, 1);
    key->name = g_steal_pointer(&name);
    key->line = reader->line;
    if (*at == '=') {
        key->value = g_strstrip(g_strdup(at + 1));
    }
    g_ptr_array_add(reader->group->keys, key);
}

/* One line of the file without its end. joined: the length with the lines before that go on in
 * this one. */
static bool line_is_text(Reader *reader, const char *line, size_t length, size_t joined)
{
    if (joined > MDL_CFG_MAX_LINE) {
        find(reader, MDL_CHECK_LINE_LENGTH, "the line has %zu bytes, the limit is %d", joined,
             MDL_CFG_MAX_LINE);
        return false;
    }
    bool text = g_utf8_validate(line, (gssize)length, NULL);
    for (const char *at = line; text && at < line + length; at = g_utf8_next_char(at)) {
        text = *at == '\t' || !g_unichar_iscntrl(g_utf8_get_char(at));
    }
    if (!text) {
        find(reader, MDL_CHECK_ENCODING, "the line is not UTF-8 text without control characters");
    }
    return text;
}

static bool is_comment(const char *line, size_t length)
{
    while (length && (*line == ' ' || *line == '\t')) {
        line++;
        length--;
    }
    return length && *line == '#';
}

static void read_line(Reader *reader, char *line)
{
    g_strstrip(line);
    if (*line == '\0' || *line == '#') {
        return;
    }
    if (*line == '[') {
        read_header(reader, line);
    } else {
        read_key(reader, line);
    }
}

typedef struct Joined { /* lines that go on, as one */
    GString *text;
    bool goes_on; /* the last one ended in a backslash */
    bool broken;  /* one of them was refused: the others are not read */
} Joined;

static void join_line(Reader *reader, Joined *joined, unsigned number, const char *line,
                      size_t length)
{
    if (!joined->goes_on) {
        g_string_truncate(joined->text, 0);
        joined->broken = false;
        reader->line = number;
    }
    unsigned first = reader->line;
    reader->line = number;
    if (!joined->broken && !line_is_text(reader, line, length, joined->text->len + length)) {
        joined->broken = true;
    }
    reader->line = first;
    bool comment = !joined->goes_on && is_comment(line, length);
    joined->goes_on = length > 0 && line[length - 1] == '\\' && !comment;
    if (joined->broken) {
        return;
    }
    g_string_append_len(joined->text, line, (gssize)(joined->goes_on ? length - 1 : length));
    if (joined->goes_on) {
        g_strchomp(joined->text->str);
        joined->text->len = strlen(joined->text->str);
        g_string_append_c(joined->text, ' ');
    } else {
        read_line(reader, joined->text->str);
    }
}

/* A line ends in LF or CR LF. One that ends in a backslash goes on in the next one, with one space
 * between; a comment does not. */
static void read_lines(Reader *reader, const char *text, size_t length)
{
    g_autoptr(GString) buffer = g_string_new(NULL);
    Joined joined = {.text = buffer};
    size_t before = mdl_findings_count(reader->findings);
    unsigned number = 0;
    for (size_t at = 0; at < length && !reader->full;) {
        const char *line = text + at;
        const char *newline = memchr(line, '\n', length - at);
        size_t n = newline ? (size_t)(newline - line) : length - at;
        at += newline ? n + 1 : n;
        join_line(reader, &joined, ++number, line, n && line[n - 1] == '\r' ? n - 1 : n);
        if (mdl_findings_count(reader->findings) - before >= MDL_MAX_FINDINGS) {
            return;
        }
    }
    if (joined.goes_on) {
        find(reader, MDL_CHECK_SYNTAX, "the file ends in a line that goes on");
    }
}

MdlCfg *mdl_cfg_read(const char *file, const char *text, size_t length, MdlFindings *findings)
{
    g_autoptr(MdlCfg) cfg = g_new0(MdlCfg, 1);
    cfg->file = g_strdup(file);
    cfg->groups = g_ptr_array_new_with_free_func(group_free);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Reader reader = {.cfg = cfg, .findings = findings, .seen = seen};
    size_t before = mdl_findings_count(findings);

    if (length > MDL_CFG_MAX_FILE) {
        find(&reader, MDL_CHECK_FILE_SIZE, "the file has %zu bytes, the limit is %d", length,
             MDL_CFG_MAX_FILE);
        return NULL;
    }
    read_lines(&reader, text, length);
    return mdl_findings_count(findings) == before ? g_steal_pointer(&cfg) : NULL;
}
