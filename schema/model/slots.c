/* slots: see slots.h. Knows addresses and what is on them, not what a command says of them. */
#include "slots.h"

#include <string.h>

/* A product with one span a field; what is taken or reserved is one of these. */
typedef struct Box {
    MdlSpan spans[MDL_MAX_FIELDS];
} Box;

/* ---- sets ------------------------------------------------------------------------------------ */

static void set_free(gpointer data)
{
    MdlSlotSet *set = data;
    for (size_t i = 0; i < set->n_fields; i++) {
        g_array_unref(set->fields[i]);
    }
    g_free(set->owned_reason);
    g_free(set);
}

static MdlSlotSet *set_new(MdlSlotState state, size_t n_fields)
{
    MdlSlotSet *set = g_new0(MdlSlotSet, 1);
    set->state = state;
    set->n_fields = n_fields;
    for (size_t i = 0; i < n_fields; i++) {
        set->fields[i] = g_array_new(FALSE, FALSE, sizeof(MdlSpan));
    }
    return set;
}

static MdlSlotSet *set_from_box(MdlSlotState state, size_t n_fields, const Box *box)
{
    MdlSlotSet *set = set_new(state, n_fields);
    for (size_t i = 0; i < n_fields; i++) {
        g_array_append_val(set->fields[i], box->spans[i]);
    }
    return set;
}

uint64_t mdl_slot_set_count(const MdlSlotSet *set)
{
    uint64_t count = 1;
    for (size_t f = 0; f < set->n_fields; f++) {
        uint64_t values = 0;
        for (size_t i = 0; i < set->fields[f]->len; i++) {
            const MdlSpan *span = &g_array_index(set->fields[f], MdlSpan, i);
            values += span->last - span->first + 1;
        }
        bool overflow = __builtin_mul_overflow(count, values, &count);
        g_assert(!overflow);
    }
    return count;
}

uint64_t mdl_slot_set_firsts(const MdlBus *bus, const MdlSlotSet *set)
{
    uint64_t count = 1;
    for (size_t f = 0; f < set->n_fields; f++) {
        const MdlField *field = &bus->type->fields[f];
        uint64_t low = field->needs ? field->minimum : field->reach_minimum;
        uint64_t high = field->needs ? field->minimum : field->reach_maximum, values = 0;
        for (size_t i = 0; i < set->fields[f]->len; i++) {
            const MdlSpan *span = &g_array_index(set->fields[f], MdlSpan, i);
            uint64_t first = MAX(span->first, low), last = MIN(span->last, high);
            values += first <= last ? last - first + 1 : 0;
        }
        count = MIN(count, UINT32_MAX) * MIN(values, UINT32_MAX);
    }
    return count;
}

static void append_span(GString *out, const MdlField *field, const char *prefix,
                        const MdlSpan *span)
{
    g_autofree char *first = mdl_field_print(field, span->first);
    g_autofree char *last = mdl_field_print(field, span->last);
    g_string_append_printf(out, "%s%s", prefix, first);
    if (span->first != span->last) {
        g_string_append_printf(out, "-%s%s", prefix, last);
    }
}

char *mdl_slot_set_print(const MdlBusType *type, const MdlSlotSet *set)
{
    GString *out = g_string_new(NULL);
    for (size_t f = 0; f < set->n_fields; f++) {
        g_string_append(out, f ? type->separator : "");
        for (size_t i = 0; i < set->fields[f]->len; i++) {
            g_string_append(out, i ? "," : "");
            append_span(out, &type->fields[f], f ? "" : type->prefix,
                        &g_array_index(set->fields[f], MdlSpan, i));
        }
    }
    return g_string_free(out, FALSE);
}

static uint64_t first_value(const MdlSlotSet *set, size_t field)
{
    return g_array_index(set->fields[field], MdlSpan, 0).first;
}

static int compare_sets(gconstpointer a, gconstpointer b)
{
    const MdlSlotSet *const *left = a, *const *right = b;
    for (size_t f = 0; f < (*left)->n_fields; f++) {
        uint64_t l = first_value(*left, f), r = first_value(*right, f);
        if (l != r) {
            return l < r ? -1 : 1;
        }
    }
    return 0;
}

/* ---- the fields of an address on one bus ----------------------------------------------------- */

static bool takes_cpus(const MdlBus *bus)
{
    return g_strv_contains(bus->type->accepts, "cpu");
}

MdlSpan mdl_bus_field_span(const MdlHardware *hardware, const MdlBus *bus, size_t field)
{
    const MdlField *declared = &bus->type->fields[field];
    const struct {
        const char *name;
        uint64_t count;
    } levels[] = {{"socket", hardware->sockets},
                  {"cluster", hardware->clusters},
                  {"core", hardware->cores},
                  {"thread", hardware->threads}};
    MdlSpan span = bus->fields[field];
    if (!takes_cpus(bus)) {
        return span;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(levels); i++) {
        if (strcmp(declared->name, levels[i].name) == 0) {
            span.last = MIN(span.last, span.first + MAX(levels[i].count, 1) - 1);
        }
    }
    return span;
}

static Box whole_bus(const MdlHardware *hardware, const MdlBus *bus)
{
    Box box = {0};
    for (size_t i = 0; i < bus->type->n_fields; i++) {
        box.spans[i] = mdl_bus_field_span(hardware, bus, i);
    }
    return box;
}

static Box box_of_address(const MdlBus *bus, const MdlAddress *address)
{
    Box box = {0};
    for (size_t i = 0; i < bus->type->n_fields; i++) {
        box.spans[i] = (MdlSpan){address->fields[i], address->fields[i]};
    }
    return box;
}

/* "1f.*": a field is one value, or all that it has. */
static Box box_of_pattern(const MdlBusType *type, const char *pattern, const Box *whole)
{
    Box box = *whole;
    MdlAddress address = {{0}};
    bool any[MDL_MAX_FIELDS] = {false};
    bool ok = mdl_address_pattern(type, pattern, &address, any);
    g_assert(ok); /* as the declarations were checked */
    for (size_t i = 0; i < type->n_fields; i++) {
        if (!any[i]) {
            box.spans[i] = (MdlSpan){address.fields[i], address.fields[i]};
        }
    }
    return box;
}

/* ---- what boxes leave of a box --------------------------------------------------------------- */

typedef struct Rest {    /* one field of the product at a time */
    const GArray *boxes; /* Box, to be left out */
    size_t n_fields;
    Box within;
    GArray *chosen[MDL_MAX_FIELDS]; /* MdlSpan, of the fields before */
    MdlSlotState state;
    const char *reason;
    GPtrArray *sets; /* what comes out */
} Rest;

static void emit_rest(Rest *rest)
{
    MdlSlotSet *set = set_new(rest->state, rest->n_fields);
    set->reason = rest->reason;
    for (size_t i = 0; i < rest->n_fields; i++) {
        g_array_append_vals(set->fields[i], rest->chosen[i]->data, rest->chosen[i]->len);
    }
    g_ptr_array_add(rest->sets, set);
}

static int compare_numbers(gconstpointer a, gconstpointer b)
{
    const uint64_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

/* The values at which one of the boxes begins or has ended, the ends of the whole among them. The
 * last entry is the last value itself, since one past it may not be a number. */
static GArray *cuts_of(const Rest *rest, const GArray *members, size_t field)
{
    MdlSpan whole = rest->within.spans[field];
    GArray *cuts = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_array_append_val(cuts, whole.first);
    for (size_t i = 0; i < members->len; i++) {
        const Box *box = &g_array_index(rest->boxes, Box, g_array_index(members, guint, i));
        MdlSpan span = box->spans[field];
        if (span.first > whole.first && span.first <= whole.last) {
            g_array_append_val(cuts, span.first);
        }
        if (span.last < whole.last && span.last >= whole.first) {
            uint64_t next = span.last + 1;
            g_array_append_val(cuts, next);
        }
    }
    g_array_sort(cuts, compare_numbers);
    return cuts;
}

/* The boxes that hold the value in this field. */
static GArray *members_at(const Rest *rest, const GArray *members, size_t field, uint64_t value)
{
    GArray *held = g_array_new(FALSE, FALSE, sizeof(guint));
    for (size_t i = 0; i < members->len; i++) {
        guint index = g_array_index(members, guint, i);
        MdlSpan span = g_array_index(rest->boxes, Box, index).spans[field];
        if (value >= span.first && value <= span.last) {
            g_array_append_val(held, index);
        }
    }
    return held;
}

static int compare_texts(gconstpointer a, gconstpointer b)
{
    const char *const *left = a, *const *right = b;
    return strcmp(*left, *right);
}

/* A text that is equal for values whose boxes leave the same of the fields after this one. */
static char *rest_key(const Rest *rest, const GArray *members, size_t field)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < members->len; i++) {
        const Box *box = &g_array_index(rest->boxes, Box, g_array_index(members, guint, i));
        GString *text = g_string_new("/");
        for (size_t f = field + 1; f < rest->n_fields; f++) {
            g_string_append_printf(text, "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x,",
                                   box->spans[f].first, box->spans[f].last);
        }
        g_ptr_array_add(texts, g_string_free(text, FALSE));
    }
    g_ptr_array_sort(texts, compare_texts);
    GString *key = g_string_new(NULL);
    for (size_t i = 0; i < texts->len; i++) {
        if (i == 0 || strcmp(texts->pdata[i], texts->pdata[i - 1]) != 0) {
            g_string_append(key, texts->pdata[i]);
        }
    }
    return g_string_free(key, FALSE);
}

typedef struct Group { /* values of a field that leave the same of the others */
    GArray *spans;     /* MdlSpan */
    GArray *members;   /* guint, into the boxes */
} Group;

static void group_free(gpointer data)
{
    Group *group = data;
    g_array_unref(group->spans);
    g_array_unref(group->members);
    g_free(group);
}

static void add_to_group(Group *group, MdlSpan span)
{
    GArray *spans = group->spans;
    MdlSpan *last = spans->len ? &g_array_index(spans, MdlSpan, spans->len - 1) : NULL;
    if (last && last->last + 1 == span.first) {
        last->last = span.last;
    } else {
        g_array_append_val(spans, span);
    }
}

/* Groups in the order of their first values. */
static GPtrArray *groups_of(const Rest *rest, const GArray *members, size_t field)
{
    g_autoptr(GArray) cuts = cuts_of(rest, members, field);
    g_autoptr(GHashTable) by_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GPtrArray *groups = g_ptr_array_new_with_free_func(group_free);
    for (size_t i = 0; i < cuts->len; i++) {
        uint64_t first = g_array_index(cuts, uint64_t, i);
        if (i + 1 < cuts->len && g_array_index(cuts, uint64_t, i + 1) == first) {
            continue;
        }
        MdlSpan span = {first, i + 1 < cuts->len ? g_array_index(cuts, uint64_t, i + 1) - 1
                                                 : rest->within.spans[field].last};
        g_autoptr(GArray) held = members_at(rest, members, field, first);
        char *key = rest_key(rest, held, field);
        Group *group = g_hash_table_lookup(by_key, key);
        if (!group) {
            group = g_new0(Group, 1);
            group->spans = g_array_new(FALSE, FALSE, sizeof(MdlSpan));
            group->members = g_array_ref(held);
            g_ptr_array_add(groups, group);
            g_hash_table_insert(by_key, key, group);
        } else {
            g_free(key);
        }
        add_to_group(group, span);
    }
    return groups;
}

/* Adds the sets of what the members leave of fields `field` and after. */
static void add_rest(Rest *rest, const GArray *members, size_t field)
{
    if (field == rest->n_fields) {
        if (members->len == 0) {
            emit_rest(rest);
        }
        return;
    }
    g_autoptr(GPtrArray) groups = groups_of(rest, members, field);
    for (size_t i = 0; i < groups->len; i++) {
        const Group *group = g_ptr_array_index(groups, i);
        rest->chosen[field] = group->spans;
        add_rest(rest, group->members, field + 1);
    }
}

static bool overlap(const Box *one, const Box *other, size_t n_fields)
{
    for (size_t i = 0; i < n_fields; i++) {
        if (one->spans[i].last < other->spans[i].first ||
            other->spans[i].last < one->spans[i].first) {
            return false;
        }
    }
    return true;
}

static void add_what_is_left(GPtrArray *sets, const MdlBus *bus, const Box *within,
                             const GArray *boxes, MdlSlotState state, const char *reason)
{
    Rest rest = {.boxes = boxes,
                 .n_fields = bus->type->n_fields,
                 .within = *within,
                 .state = state,
                 .reason = reason,
                 .sets = sets};
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint i = 0; i < boxes->len; i++) {
        if (overlap(&g_array_index(boxes, Box, i), within, bus->type->n_fields)) {
            g_array_append_val(all, i);
        }
    }
    add_rest(&rest, all, 0);
}

static bool is_inside(const Box *box, const Box *whole, size_t n_fields)
{
    for (size_t i = 0; i < n_fields; i++) {
        if (box->spans[i].first < whole->spans[i].first ||
            box->spans[i].last > whole->spans[i].last) {
            return false;
        }
    }
    return true;
}

/* Beside a device that does not say that there are others, there can be none. */
static void add_places_beside(GPtrArray *sets, const MdlBus *bus, const MdlDevice *device,
                              const Box *whole, GArray *boxes)
{
    for (size_t f = 0; f < bus->type->n_fields; f++) {
        const MdlField *field = &bus->type->fields[f];
        if (!field->needs || device->address.fields[f] != field->minimum ||
            mdl_device_has(device, field->needs)) {
            continue;
        }
        Box box = box_of_address(bus, &device->address);
        box.spans[f] = whole->spans[f];
        size_t before = sets->len;
        g_autofree char *reason =
            g_strdup_printf("Device %s is alone there: it has not %s on", device->id, field->needs);
        add_what_is_left(sets, bus, &box, boxes, MDL_SLOT_RESERVED, NULL);
        for (size_t i = before; i < sets->len; i++) {
            MdlSlotSet *set = g_ptr_array_index(sets, i);
            set->reason = set->owned_reason = g_strdup(reason);
        }
        g_array_append_val(boxes, box);
    }
}

static void add_places(GPtrArray *sets, const MdlHardware *hardware, const MdlBus *bus)
{
    Box whole = whole_bus(hardware, bus);
    g_autoptr(GArray) boxes = g_array_new(FALSE, FALSE, sizeof(Box));
    for (size_t i = 0; i < bus->devices->len; i++) {
        const MdlDevice *device = g_ptr_array_index(bus->devices, i);
        Box box = box_of_address(bus, &device->address);
        MdlSlotSet *set = set_from_box(MDL_SLOT_TAKEN, bus->type->n_fields, &box);
        set->device = device;
        g_ptr_array_add(sets, set);
        g_array_append_val(boxes, box);
    }
    for (size_t i = 0; i < bus->n_reserved; i++) {
        Box box = box_of_pattern(bus->type, bus->reserved[i].address, &whole);
        if (!is_inside(&box, &whole, bus->type->n_fields)) {
            continue;
        }
        add_what_is_left(sets, bus, &box, boxes, MDL_SLOT_RESERVED, bus->reserved[i].reason);
        g_array_append_val(boxes, box);
    }
    for (size_t i = 0; i < bus->devices->len; i++) {
        add_places_beside(sets, bus, g_ptr_array_index(bus->devices, i), &whole, boxes);
    }
    if (bus->type->n_fields == 0 && !bus->type->max_devices) { /* room for any number */
        Box none = {0};
        g_ptr_array_add(sets, set_from_box(MDL_SLOT_FREE, 0, &none));
    } else if (hardware->max_cpus || !takes_cpus(bus)) {
        bool full = bus->type->max_devices && bus->devices->len >= bus->type->max_devices;
        add_what_is_left(sets, bus, &whole, boxes, full ? MDL_SLOT_RESERVED : MDL_SLOT_FREE,
                         full ? "The bus has as many devices as it may" : NULL);
    }
}

/* ---- buses of ranges ------------------------------------------------------------------------- */

/* All 2^64 addresses are one more than a count can say: they are two sets. */
static void add_free_range(GPtrArray *sets, MdlSpan span)
{
    if (span.first == 0 && span.last == UINT64_MAX) {
        add_free_range(sets, (MdlSpan){0, UINT64_MAX / 2});
        span.first = UINT64_MAX / 2 + 1;
    }
    Box box = {.spans = {span}};
    g_ptr_array_add(sets, set_from_box(MDL_SLOT_FREE, 1, &box));
}

static void add_taken_ranges(GPtrArray *sets, const MdlBus *bus)
{
    for (size_t i = 0; i < bus->devices->len; i++) {
        const MdlDevice *device = g_ptr_array_index(bus->devices, i);
        for (size_t r = 0; r < device->type->n_regions; r++) {
            const MdlPlacedRegion *placed = &device->regions[r];
            Box box = {.spans = {{placed->base, placed->base + placed->size - 1}}};
            MdlSlotSet *set = set_from_box(MDL_SLOT_TAKEN, 1, &box);
            set->device = device;
            set->region = placed->region;
            g_ptr_array_add(sets, set);
        }
    }
}

static void add_ranges(GPtrArray *sets, const MdlHardware *hardware, const MdlBus *bus)
{
    MdlSpan whole = mdl_bus_field_span(hardware, bus, 0);
    uint64_t next = whole.first;
    bool open = true; /* next is an address of the bus */
    add_taken_ranges(sets, bus);
    g_ptr_array_sort(sets, compare_sets);
    size_t n_taken = sets->len;
    for (size_t i = 0; i < n_taken; i++) {
        const MdlSlotSet *set = g_ptr_array_index(sets, i);
        MdlSpan span = g_array_index(set->fields[0], MdlSpan, 0);
        if (next < span.first) {
            add_free_range(sets, (MdlSpan){next, span.first - 1});
        }
        open = span.last < whole.last;
        next = span.last + 1;
    }
    if (open) {
        add_free_range(sets, (MdlSpan){next, whole.last});
    }
}

GPtrArray *mdl_bus_slots(const MdlHardware *hardware, const MdlBus *bus)
{
    GPtrArray *sets = g_ptr_array_new_with_free_func(set_free);
    if (bus->type->ranges) {
        add_ranges(sets, hardware, bus);
    } else {
        add_places(sets, hardware, bus);
    }
    g_ptr_array_sort(sets, compare_sets);
    return sets;
}
