/* target: what a question is about, and the record of what answering it read. */
#include "model.h"

#include <string.h>

MdlLooseDevice *mdl_loose_device_new(const char *type)
{
    MdlLooseDevice *device = g_new0(MdlLooseDevice, 1);
    device->type = g_strdup(type);
    device->properties = g_ptr_array_new_with_free_func(g_free);
    return device;
}

void mdl_loose_device_free(MdlLooseDevice *device)
{
    if (!device) {
        return;
    }
    g_free(device->type);
    g_free(device->id);
    g_free(device->bus);
    g_free(device->address);
    g_ptr_array_unref(device->properties);
    g_free(device);
}

static GPtrArray *devices_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)mdl_loose_device_free);
}

MdlLooseDevice *mdl_loose_device_copy(const MdlLooseDevice *device)
{
    MdlLooseDevice *copy = mdl_loose_device_new(device->type);
    copy->id = g_strdup(device->id);
    copy->bus = g_strdup(device->bus);
    copy->address = g_strdup(device->address);
    copy->added = device->added;
    copy->numeric_address = device->numeric_address;
    for (size_t i = 0; i < device->properties->len; i++) {
        g_ptr_array_add(copy->properties, g_strdup(g_ptr_array_index(device->properties, i)));
    }
    return copy;
}

MdlTarget *mdl_target_new(void)
{
    MdlTarget *target = g_new0(MdlTarget, 1);
    target->options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    target->devices = devices_new();
    return target;
}

MdlTarget *mdl_target_copy(const MdlTarget *target)
{
    MdlTarget *copy = g_memdup2(target, sizeof(*target));
    copy->machine = g_strdup(target->machine);
    copy->accel = g_strdup(target->accel);
    copy->cpu = g_strdup(target->cpu);
    copy->memory = g_strdup(target->memory);
    copy->options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GHashTableIter iter;
    gpointer name, value;
    g_hash_table_iter_init(&iter, target->options);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        g_hash_table_insert(copy->options, g_strdup(name), g_strdup(value));
    }
    copy->devices = devices_new();
    for (size_t i = 0; i < target->devices->len; i++) {
        g_ptr_array_add(copy->devices,
                        mdl_loose_device_copy(g_ptr_array_index(target->devices, i)));
    }
    return copy;
}

void mdl_target_free(MdlTarget *target)
{
    if (!target) {
        return;
    }
    g_free(target->machine);
    g_free(target->accel);
    g_free(target->cpu);
    g_free(target->memory);
    g_hash_table_unref(target->options);
    g_ptr_array_unref(target->devices);
    g_free(target);
}

struct MdlTrace {
    GPtrArray *inputs; /* MdlInput *, sorted by name */
};

static void input_free(gpointer data)
{
    MdlInput *input = data;
    g_free(input->name);
    g_free(input->given);
    g_free(input->value);
    g_free(input);
}

MdlTrace *mdl_trace_new(void)
{
    MdlTrace *trace = g_new0(MdlTrace, 1);
    trace->inputs = g_ptr_array_new_with_free_func(input_free);
    return trace;
}

void mdl_trace_free(MdlTrace *trace)
{
    if (!trace) {
        return;
    }
    g_ptr_array_unref(trace->inputs);
    g_free(trace);
}

/* Where a name stands or belongs. */
static size_t find_place(const MdlTrace *trace, const char *name)
{
    size_t low = 0, high = trace->inputs->len;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(mdl_trace_at(trace, middle)->name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void record(MdlTrace *trace, const char *name, const char *given, const char *value,
                   bool read)
{
    if (!trace) {
        return;
    }
    size_t at = find_place(trace, name);
    MdlInput *input = at < trace->inputs->len ? g_ptr_array_index(trace->inputs, at) : NULL;
    if (!input || strcmp(input->name, name) != 0) {
        input = g_new0(MdlInput, 1);
        input->name = g_strdup(name);
        input->given = g_strdup(given);
        input->value = g_strdup(value);
        g_ptr_array_insert(trace->inputs, (gint)at, input);
    }
    input->read |= read;
}

void mdl_trace_read(MdlTrace *trace, const char *name, const char *given, const char *value)
{
    record(trace, name, given, value, true);
}

void mdl_trace_accept(MdlTrace *trace, const char *name, const char *given, const char *value)
{
    record(trace, name, given, value, false);
}

size_t mdl_trace_count(const MdlTrace *trace)
{
    return trace->inputs->len;
}

const MdlInput *mdl_trace_at(const MdlTrace *trace, size_t index)
{
    return g_ptr_array_index(trace->inputs, index);
}
