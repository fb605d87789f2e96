/* Work off the lock: it runs beside its device, ends under the lock, and never outlives it. */
#include "bench.h"

static const MdlDeviceType worker_type = {.name = "worker", .bus = "system"};
static const EmuDriver worker_driver = {.type = &worker_type};

typedef struct Work {
    GMutex gate; /* work waits for it */
    int n_worked, n_done;
    int again; /* done() starts so many more */
} Work;

static void work(void *data)
{
    Work *work = data;
    g_mutex_lock(&work->gate);
    work->n_worked++;
    g_mutex_unlock(&work->gate);
}

static void done(EmuDevice *device, void *data)
{
    Work *state = data;
    state->n_done++;
    if (state->again-- > 0)
        emu_device_run_job(device, work, done, state);
}

static Bench *started(Work *state)
{
    *state = (Work){0};
    g_mutex_init(&state->gate);
    Bench *bench = bench_new();
    bench_add(bench, &worker_driver, "worker", 0, NULL, 0);
    bench_build(bench);
    return bench;
}

static void test_runs_off_the_lock(void **unused)
{
    (void)unused;
    Work state;
    Bench *bench = started(&state);
    EmuDevice *device = bench_device(bench, "worker");
    g_mutex_lock(&state.gate);
    emu_device_lock(device);
    for (unsigned i = 0; i < 20; i++)
        emu_device_run_job(device, work, done, &state);
    g_mutex_unlock(&state.gate);
    emu_device_wait_jobs(device); /* with the lock held: the workers do not need it */
    emu_device_unlock(device);
    assert_int_equal(state.n_worked, 20);
    assert_int_equal(state.n_done, 20);
    bench_advance(bench, 1);
    assert_int_equal(state.n_done, 20);
    bench_free(bench);
}

static void test_ends_in_run(void **unused)
{
    (void)unused;
    Work state;
    Bench *bench = started(&state);
    state.again = 3;
    emu_device_run_job(bench_device(bench, "worker"), work, done, &state);
    while (state.n_done < 4)
        bench_advance(bench, 1);
    assert_int_equal(state.n_worked, 4);
    bench_free(bench);
}

static void test_ends_before_its_device(void **unused)
{
    (void)unused;
    Work state;
    Bench *bench = started(&state);
    state.again = 5;
    emu_device_run_job(bench_device(bench, "worker"), work, done, &state);
    bench_free(bench);
    assert_int_equal(state.n_done, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_off_the_lock),
        cmocka_unit_test(test_ends_in_run),
        cmocka_unit_test(test_ends_before_its_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
