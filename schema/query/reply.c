/* reply: pieces that several replies have. */
#include "context.h"

static ApiVerdict *verdict(ApiAnswer answer, const char *reason, char *message)
{
    ApiVerdict *api = api_verdict_new();
    api->answer = answer;
    api->reason = g_strdup(reason);
    api->message = message;
    return api;
}

ApiVerdict *cmd_verdict_yes(void)
{
    return verdict(API_ANSWER_YES, NULL, NULL);
}

ApiVerdict *cmd_verdict_no(const char *reason, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return verdict(API_ANSWER_NO, reason, message);
}

ApiVerdict *cmd_verdict_unknown(const char *reason, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return verdict(API_ANSWER_UNKNOWN, reason, message);
}

GPtrArray *cmd_words(const char *const *words)
{
    GPtrArray *list = api_list_new(&api_type_str);
    for (size_t i = 0; words && words[i]; i++) {
        g_ptr_array_add(list, g_strdup(words[i]));
    }
    return list;
}

GPtrArray *cmd_findings(const MdlFindings *findings)
{
    GPtrArray *list = api_list_new(&api_type_finding);
    for (size_t i = 0; i < mdl_findings_count(findings); i++) {
        const MdlFinding *finding = mdl_findings_at(findings, i);
        ApiFinding *api = api_finding_new();
        api->class = g_strdup(finding->class_name);
        api->place = g_strdup(finding->place);
        api->rule = g_strdup(finding->rule);
        api->message = g_strdup(finding->message);
        api->suggestion = g_strdup(finding->suggestion);
        api->file = g_strdup(finding->file);
        api->has_line = finding->line != 0;
        api->line = finding->line;
        g_ptr_array_add(list, api);
    }
    return list;
}

json_t *cmd_value(const MdlValue *value)
{
    bool unset = (value->kind == MDL_STR || value->kind == MDL_ENUM) && !value->text;
    return unset ? NULL : mdl_value_json(value);
}

ApiRegionKind cmd_region_kind(MdlRegionKind kind)
{
    static const ApiRegionKind kinds[] = {[MDL_REGION_MMIO] = API_REGION_KIND_MMIO,
                                          [MDL_REGION_RAM] = API_REGION_KIND_RAM,
                                          [MDL_REGION_WINDOW] = API_REGION_KIND_WINDOW};
    return kinds[kind];
}

ApiPropertySide cmd_side(MdlSide side)
{
    return side == MDL_SIDE_GUEST ? API_PROPERTY_SIDE_GUEST : API_PROPERTY_SIDE_BACKEND;
}
