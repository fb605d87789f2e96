/* host: query-host, the one question that looks outside the program. Nothing else may be asked of
 * the host, and no other file of this layer may ask. */
#include "context.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#define KVM_DEVICE "/dev/kvm"

/* What opening the device says; open fails with EACCES for want of permission, ENOENT without the
 * device, and ENODEV or ENXIO when there is no driver behind it (Linux, Documentation/virt/kvm). */
static ApiVerdict *judge_open(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
        return cmd_verdict_no("NoPermission",
                              "this process may not open " KVM_DEVICE ": join its group");
    case ENOENT:
        return cmd_verdict_no("NoDevice", KVM_DEVICE " is not there: the kernel has no KVM, or its "
                                                     "module is not loaded");
    case ENODEV:
    case ENXIO:
        return cmd_verdict_no("NoDevice", "nothing is behind " KVM_DEVICE);
    default:
        return cmd_verdict_unknown("HostError", "opening " KVM_DEVICE ": %s", strerror(error));
    }
}

/* The API is stable at version 12; a machine is created to know that the CPU's virtualization is
 * there and nobody else has it (kvm/api.rst 4.1, 4.2). */
static ApiVerdict *judge_device(int fd)
{
    int version = ioctl(fd, KVM_GET_API_VERSION, 0);
    if (version < 0) {
        return cmd_verdict_unknown("HostError", "asking " KVM_DEVICE " for its version: %s",
                                   strerror(errno));
    }
    if (version != KVM_API_VERSION) {
        return cmd_verdict_no("ApiVersion", "KVM speaks version %d, not %d", version,
                              KVM_API_VERSION);
    }
    int machine = ioctl(fd, KVM_CREATE_VM, 0);
    if (machine >= 0) {
        close(machine);
        return cmd_verdict_yes();
    }
    return errno == EBUSY ? cmd_verdict_no("Busy", "another hypervisor has the CPUs")
           : errno == EPERM || errno == EACCES
               ? cmd_verdict_no("NoPermission", "this process may not create a machine")
               : cmd_verdict_unknown("HostError", "creating a machine: %s", strerror(errno));
}

static ApiVerdict *judge_kvm(void)
{
    int fd = open(KVM_DEVICE, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return judge_open(errno);
    }
    ApiVerdict *verdict = judge_device(fd);
    close(fd);
    return verdict;
}

/* Those of the process's mask, or all that are online when it is too large to be read. */
static uint64_t count_cpus(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) == 0) {
        return (uint64_t)CPU_COUNT(&set);
    }
    return (uint64_t)MAX(sysconf(_SC_NPROCESSORS_ONLN), 1);
}

static void trace_number(MdlTrace *trace, const char *name, uint64_t number)
{
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, number);
    mdl_trace_read(trace, name, NULL, text);
}

static void trace_host(MdlTrace *trace, const ApiHostInfo *api)
{
    g_autofree char *kvm =
        g_strjoin(": ", api_answer_name(api->kvm->answer), api->kvm->message, NULL);
    mdl_trace_read(trace, "host.kernel", NULL, api->kernel);
    mdl_trace_read(trace, "host.arch", NULL, api->arch);
    mdl_trace_read(trace, "host.kvm", NULL, kvm);
    trace_number(trace, "host.cpus", api->cpus);
    trace_number(trace, "host.memory", api->memory);
}

bool cmd_query_host(CmdContext *context, const ApiQueryHostArgs *args, ApiHostInfo **ret_reply,
                    GError **error)
{
    struct utsname names;
    struct sysinfo info;
    if (!cmd_subject_ignore(context, args->target, error)) {
        return false;
    }
    if (uname(&names) != 0 || sysinfo(&info) != 0) {
        g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, "HostError", NULL, NULL,
                                                "the kernel does not say what it is: %s",
                                                strerror(errno)));
        return false;
    }
    ApiHostInfo *api = api_host_info_new();
    api->kernel = g_strdup_printf("%s %s", names.sysname, names.release);
    api->arch = g_strdup(names.machine);
    api->cpus = count_cpus();
    api->memory = (uint64_t)info.totalram * info.mem_unit;
    api->kvm = judge_kvm();
    for (size_t i = 0; mdl_accelerators[i]; i++) {
        ApiHostAccelerator *accelerator = api_host_accelerator_new();
        accelerator->name = g_strdup(mdl_accelerators[i]->name);
        accelerator->usable = cmd_verdict_yes();
        g_ptr_array_add(api->accelerators, accelerator);
    }
    trace_host(context->trace, api);
    *ret_reply = api;
    return true;
}
