/* jobs: work off the machine's lock, in a few threads, and its end under the lock again. */
#include "engine/internal.h"

#define MAX_THREADS 4

typedef struct Job {
    EmuDevice *device;
    void (*work)(void *data);
    void (*done)(EmuDevice *device, void *data);
    void *data;
} Job;

struct EmuJobs {
    EmuMachine *machine;
    GThreadPool *pool; /* NULL until there is work */
    GMutex lock;       /* of what follows; never held while anything is called */
    GCond ended;
    GQueue finished;       /* Job *, in the order they ended */
    GHashTable *n_at_work; /* EmuDevice * -> jobs whose work is not over */
};

EmuJobs *emu_jobs_new(EmuMachine *machine)
{
    EmuJobs *jobs = g_new0(EmuJobs, 1);
    jobs->machine = machine;
    g_mutex_init(&jobs->lock);
    g_cond_init(&jobs->ended);
    g_queue_init(&jobs->finished);
    jobs->n_at_work = g_hash_table_new(NULL, NULL);
    return jobs;
}

void emu_jobs_free(EmuJobs *jobs)
{
    if (!jobs)
        return;
    if (jobs->pool)
        g_thread_pool_free(jobs->pool, FALSE, TRUE);
    g_assert(g_queue_is_empty(&jobs->finished));
    g_hash_table_unref(jobs->n_at_work);
    g_cond_clear(&jobs->ended);
    g_mutex_clear(&jobs->lock);
    g_free(jobs);
}

static size_t n_at_work(EmuJobs *jobs, EmuDevice *device)
{
    return GPOINTER_TO_SIZE(g_hash_table_lookup(jobs->n_at_work, device));
}

static void count(EmuJobs *jobs, EmuDevice *device, int change)
{
    size_t n = n_at_work(jobs, device) + (size_t)change;
    if (n)
        g_hash_table_insert(jobs->n_at_work, device, GSIZE_TO_POINTER(n));
    else
        g_hash_table_remove(jobs->n_at_work, device);
}

static void work(gpointer data, gpointer context)
{
    Job *job = data;
    EmuJobs *jobs = context;
    job->work(job->data);

    const EmuMachineConfig *config = &jobs->machine->config;
    g_mutex_lock(&jobs->lock);
    g_queue_push_tail(&jobs->finished, job);
    count(jobs, job->device, -1);
    g_cond_broadcast(&jobs->ended);
    g_mutex_unlock(&jobs->lock);
    if (config->attention)
        config->attention(config->context);
}

void emu_device_run_job(EmuDevice *device, void (*function)(void *data),
                        void (*done)(EmuDevice *device, void *data), void *data)
{
    EmuJobs *jobs = device->machine->jobs;
    Job *job = g_new(Job, 1);
    *job = (Job){device, function, done, data};
    g_mutex_lock(&jobs->lock);
    if (!jobs->pool)
        jobs->pool = g_thread_pool_new(work, jobs, MAX_THREADS, FALSE, NULL);
    count(jobs, device, 1);
    g_mutex_unlock(&jobs->lock);
    g_thread_pool_push(jobs->pool, job, NULL);
}

/* The next finished job, of a device or (NULL) of any. */
static Job *next_finished(EmuJobs *jobs, const EmuDevice *device)
{
    g_mutex_lock(&jobs->lock);
    GList *link = jobs->finished.head;
    while (link && device && ((Job *)link->data)->device != device)
        link = link->next;
    Job *job = link ? link->data : NULL;
    if (link)
        g_queue_delete_link(&jobs->finished, link);
    g_mutex_unlock(&jobs->lock);
    return job;
}

static void end_jobs(EmuJobs *jobs, const EmuDevice *device)
{
    Job *job;
    while ((job = next_finished(jobs, device))) {
        job->done(job->device, job->data);
        g_free(job);
    }
}

void emu_jobs_run(EmuJobs *jobs)
{
    end_jobs(jobs, NULL);
}

bool emu_jobs_is_at_work(EmuJobs *jobs)
{
    g_mutex_lock(&jobs->lock);
    bool is = g_hash_table_size(jobs->n_at_work) || !g_queue_is_empty(&jobs->finished);
    g_mutex_unlock(&jobs->lock);
    return is;
}

void emu_device_wait_jobs(EmuDevice *device)
{
    EmuJobs *jobs = device->machine->jobs;
    for (bool more = true; more;) { /* done() may have begun others */
        g_mutex_lock(&jobs->lock);
        while (n_at_work(jobs, device))
            g_cond_wait(&jobs->ended, &jobs->lock);
        g_mutex_unlock(&jobs->lock);
        end_jobs(jobs, device);
        g_mutex_lock(&jobs->lock);
        more = n_at_work(jobs, device) > 0;
        g_mutex_unlock(&jobs->lock);
    }
}
