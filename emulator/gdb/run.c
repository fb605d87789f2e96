/* run: breakpoints, and what lets CPUs run (gdb manual, E.2, E.5). */
#include "gdb/internal.h"

#include <string.h>

#define N_BREAKS 64
#define MAX_CPUS 64 /* that are told apart when only some are to run */
#define ALL_CPUS UINT64_MAX

typedef struct Break {
    char kind; /* '0': software, '1': hardware: the same here, but counted apart */
    uint64_t address;
} Break;

/* ---- breakpoints ----------------------------------------------------------------------------- */

GArray *emu_gdb_breaks_new(void)
{
    return g_array_new(FALSE, FALSE, sizeof(Break));
}

static int find_break(EmuGdb *gdb, char kind, uint64_t address)
{
    for (guint i = 0; i < gdb->breaks->len; i++) {
        const Break *one = &g_array_index(gdb->breaks, Break, i);
        if ((!kind || one->kind == kind) && one->address == address)
            return (int)i;
    }
    return -1;
}

static bool add_break(EmuGdb *gdb, char kind, uint64_t address)
{
    if (find_break(gdb, kind, address) >= 0)
        return true; /* inserting twice is inserting once */
    bool is_there = find_break(gdb, 0, address) >= 0;
    void *state = emu_machine_accel_state(emu_gdb_machine(gdb));
    if (gdb->breaks->len == N_BREAKS ||
        (!is_there && !emu_gdb_debug(gdb)->break_add(state, address)))
        return false;
    g_array_append_val(gdb->breaks, ((Break){kind, address}));
    return true;
}

static void remove_break(EmuGdb *gdb, char kind, uint64_t address)
{
    int index = find_break(gdb, kind, address);
    if (index < 0)
        return;
    g_array_remove_index(gdb->breaks, (guint)index);
    if (find_break(gdb, 0, address) < 0)
        emu_gdb_debug(gdb)->break_remove(emu_machine_accel_state(emu_gdb_machine(gdb)), address);
}

void emu_gdb_release(EmuGdb *gdb)
{
    EmuDevice *cpu;
    for (unsigned i = 0; (cpu = emu_gdb_cpu_at(gdb, i)); i++)
        emu_gdb_debug(gdb)->hold(emu_device_cpu(cpu), false);
    while (gdb->breaks->len) {
        Break last = g_array_index(gdb->breaks, Break, gdb->breaks->len - 1);
        remove_break(gdb, last.kind, last.address);
    }
}

/* "kind,address,size"; watchpoints are not there, and gdb steps instead. */
static bool take_break(const char *at, char *ret_kind, uint64_t *ret_address)
{
    uint64_t length;
    *ret_kind = *at++;
    return emu_gdb_take_char(&at, ',') && emu_gdb_take_range(&at, ret_address, &length);
}

void emu_gdb_cmd_add_break(EmuGdb *gdb, const char *at, size_t size)
{
    (void)size;
    char kind;
    uint64_t address;
    if (*at != '0' && *at != '1')
        emu_gdb_say(gdb, "");
    else
        emu_gdb_say_done(gdb, take_break(at, &kind, &address) && add_break(gdb, kind, address));
}

void emu_gdb_cmd_remove_break(EmuGdb *gdb, const char *at, size_t size)
{
    (void)size;
    char kind;
    uint64_t address;
    if (*at != '0' && *at != '1') {
        emu_gdb_say(gdb, "");
        return;
    }
    bool done = take_break(at, &kind, &address);
    if (done)
        remove_break(gdb, kind, address);
    emu_gdb_say_done(gdb, done);
}

/* ---- running --------------------------------------------------------------------------------- */

#define SIGNAL_INT  2
#define SIGNAL_TRAP 5

static void say_stopped(EmuGdb *gdb, unsigned signal)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "T%02xthread:%x;", signal, gdb->selected + 1);
    emu_gdb_say_text(gdb, text);
}

void emu_gdb_report_stop(EmuGdb *gdb)
{
    if (!gdb->is_waiting)
        return;
    EmuDevice *broken = emu_machine_broken(emu_gdb_machine(gdb));
    EmuDevice *cpu;
    if (emu_machine_state(emu_gdb_machine(gdb)) == EMU_MACHINE_SHUTDOWN)
        return; /* it is followed by SHUTDOWN */
    gdb->is_waiting = false;
    for (unsigned i = 0; broken && (cpu = emu_gdb_cpu_at(gdb, i)); i++)
        if (cpu == broken)
            gdb->selected = i;
    say_stopped(gdb, broken ? SIGNAL_TRAP : SIGNAL_INT);
}

/* only: the CPUs that run, as a set; they all run from the next time on. */
static void go_on(EmuGdb *gdb, uint64_t only)
{
    EmuDevice *cpu;
    for (unsigned i = 0; (cpu = emu_gdb_cpu_at(gdb, i)); i++)
        emu_gdb_debug(gdb)->hold(emu_device_cpu(cpu), i < MAX_CPUS && !(only >> i & 1));
    gdb->is_waiting = true;
    if (!emu_session_cont(gdb->session, NULL)) {
        gdb->is_waiting = false;
        emu_gdb_say(gdb, "W00"); /* switched off */
    }
}

/* The others stand still meanwhile. */
static void step(EmuGdb *gdb, unsigned index)
{
    if (emu_machine_state(emu_gdb_machine(gdb)) == EMU_MACHINE_SHUTDOWN) {
        emu_gdb_say(gdb, "W00");
        return;
    }
    gdb->selected = index;
    emu_gdb_debug(gdb)->step(emu_gdb_selected(gdb));
    say_stopped(gdb, SIGNAL_TRAP);
}

/* [address] */
static bool take_pc(EmuGdb *gdb, const char *at)
{
    uint64_t address;
    return !*at || (emu_gdb_take_number(&at, &address) &&
                    emu_gdb_debug(gdb)->write_register(emu_gdb_selected(gdb),
                                                       emu_gdb_debug(gdb)->n_general - 1, address));
}

void emu_gdb_cmd_continue(EmuGdb *gdb, const char *at, size_t size)
{
    (void)size;
    if (take_pc(gdb, at))
        go_on(gdb, ALL_CPUS);
    else
        emu_gdb_say_done(gdb, false);
}

void emu_gdb_cmd_step(EmuGdb *gdb, const char *at, size_t size)
{
    (void)size;
    if (take_pc(gdb, at))
        step(gdb, gdb->selected);
    else
        emu_gdb_say_done(gdb, false);
}

void emu_gdb_cmd_can_run(EmuGdb *gdb, const char *at, size_t size)
{
    (void)at, (void)size;
    emu_gdb_say(gdb, "vCont;c;C;s;S");
}

/* "action[:thread]": the CPUs that nothing was said of before and this is about, as a set. */
static bool take_action(EmuGdb *gdb, const char **at, uint64_t said, char *ret_action,
                        uint64_t *ret_cpus)
{
    uint64_t signal;
    unsigned index = 0;
    char action = g_ascii_tolower(**at);
    bool has_signal = **at != action;
    if (action != 'c' && action != 's')
        return false;
    ++*at;
    if (has_signal && !emu_gdb_take_number(at, &signal))
        return false;
    bool for_all = **at != ':' || g_str_has_prefix(*at + 1, "-1");
    if (emu_gdb_take_char(at, ':') && !emu_gdb_take_thread(gdb, at, &index))
        return false;
    *ret_action = action;
    *ret_cpus = (for_all ? ALL_CPUS : UINT64_C(1) << (index & (MAX_CPUS - 1))) & ~said;
    return true;
}

/* ";action[:thread]...": the leftmost action for a CPU counts, and one without stands still. While
 * one steps all others do. */
void emu_gdb_cmd_run(EmuGdb *gdb, const char *at, size_t size)
{
    (void)size;
    uint64_t said = 0, running = 0, stepping = 0;
    bool good = *at == ';';
    while (good && emu_gdb_take_char(&at, ';')) {
        char action = 0;
        uint64_t cpus = 0;
        good = take_action(gdb, &at, said, &action, &cpus);
        said |= cpus;
        *(action == 's' ? &stepping : &running) |= cpus;
    }
    if (!good || *at)
        emu_gdb_say_done(gdb, false);
    else if (stepping)
        step(gdb,
             stepping >> gdb->selected & 1 ? gdb->selected : (unsigned)__builtin_ctzll(stepping));
    else
        go_on(gdb, running);
}

void emu_gdb_cmd_why(EmuGdb *gdb, const char *at, size_t size)
{
    (void)at, (void)size;
    say_stopped(gdb, SIGNAL_TRAP);
}
