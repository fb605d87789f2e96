/* seccomp: the system calls that no emulator needs to answer a question.
 *
 * A list of what is refused, not of what is allowed: a newer emulator or C library may use calls
 * that this file has never heard of, and the namespaces and limits of the jail bound those. Refused
 * calls fail with EPERM, which programs survive. It must not know the rest of the jail. */
#include "jail.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* Calls that reach out of the process: the kernel, other processes, file systems, the clock. */
static const char *const refused[] = {
    "acct",
    "add_key",
    "adjtimex",
    "bpf",
    "chroot",
    "clock_adjtime",
    "clock_settime",
    "delete_module",
    "fanotify_init",
    "finit_module",
    "fsconfig",
    "fsmount",
    "fsopen",
    "fspick",
    "init_module",
    "io_uring_setup",
    "ioperm",
    "iopl",
    "kcmp",
    "kexec_file_load",
    "kexec_load",
    "keyctl",
    "lookup_dcookie",
    "mount",
    "mount_setattr",
    "move_mount",
    "name_to_handle_at",
    "nfsservctl",
    "open_by_handle_at",
    "open_tree",
    "perf_event_open",
    "pidfd_getfd",
    "pivot_root",
    "process_madvise",
    "process_vm_readv",
    "process_vm_writev",
    "ptrace",
    "quotactl",
    "reboot",
    "request_key",
    "setdomainname",
    "sethostname",
    "setns",
    "settimeofday",
    "stime",
    "swapoff",
    "swapon",
    "syslog",
    "umount",
    "umount2",
    "unshare",
    "uselib",
    "userfaultfd",
    "vhangup",
};

static bool add_rules(scmp_filter_ctx filter)
{
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        int number = seccomp_syscall_resolve_name(refused[i]);
        /* A name this libseccomp does not know is a call this build cannot refuse. */
        if (number != __NR_SCMP_ERROR &&
            seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0) < 0) {
            return false;
        }
    }
    /* Only local sockets: below AF_UNIX there is AF_UNSPEC, above it everything with a network. */
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1,
                            SCMP_A0(SCMP_CMP_GT, AF_UNIX, 0)) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                            SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER)) == 0 &&
           /* Its flags are in memory, where no filter sees them; ENOSYS sends libc to clone(). */
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;
}

static bool add_architectures(scmp_filter_ctx filter)
{
#if defined(__x86_64__)
    return seccomp_arch_add(filter, SCMP_ARCH_X86) == 0;
#elif defined(__aarch64__)
    return seccomp_arch_add(filter, SCMP_ARCH_ARM) == 0;
#else
    return filter != NULL;
#endif
}

/* The program as bytes: libseccomp writes it to a file only. */
static bool export_program(scmp_filter_ctx filter, struct sock_fprog *ret_filter)
{
    int fd = memfd_create("seccomp", MFD_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    off_t size = seccomp_export_bpf(filter, fd) == 0 ? lseek(fd, 0, SEEK_END) : -1;
    bool ok = false;
    if (size > 0 && (size_t)size % sizeof(struct sock_filter) == 0) {
        struct sock_filter *program = g_malloc((size_t)size);
        ok = pread(fd, program, (size_t)size, 0) == size;
        if (ok) {
            ret_filter->filter = program;
            ret_filter->len = (unsigned short)((size_t)size / sizeof(struct sock_filter));
        } else {
            g_free(program);
        }
    }
    close(fd);
    return ok;
}

bool prb_seccomp_filter(struct sock_fprog *ret_filter, GError **error)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    bool ok = filter != NULL && add_architectures(filter) && add_rules(filter) &&
              export_program(filter, ret_filter);
    seccomp_release(filter);
    if (!ok) {
        g_set_error(error, PRB_ERROR, PRB_ERROR_SYSTEM, "the system call filter cannot be made");
    }
    return ok;
}
