/* host: the facts of this computer that are an input of answers that looked at it.
 *
 * They are inputs of their own, apart from the identity: a new kernel makes stale only what was
 * asked with an accelerator that reads the host. This file must not know emulators. */
#include "host.h"

#include "store.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

static void add(json_t *facts, const char *name, const char *value)
{
    g_autofree char *valid = g_utf8_make_valid(value, -1);
    json_object_set_new(facts, name, json_string(valid));
}

/* The text of a file without the white space around it; NULL: it cannot be read. */
static char *read_text(const char *root, const char *path)
{
    g_autofree char *file = g_build_filename(root, path, NULL);
    char *text = NULL;

    return g_file_get_contents(file, &text, NULL, NULL) ? g_strstrip(text) : NULL;
}

/* Where there is no /proc the kernel is asked: what it is must never be missing. */
static void add_kernel(json_t *facts, const char *root)
{
    g_autofree char *release = read_text(root, "/proc/sys/kernel/osrelease");
    g_autofree char *version = read_text(root, "/proc/sys/kernel/version");
    struct utsname names;

    if (uname(&names) == 0) {
        add(facts, "kernel.release", release ? release : names.release);
        add(facts, "kernel.version", version ? version : names.version);
        add(facts, "machine", names.machine);
    }
}

/* The first processor stands for all; what changes from second to second is left out. */
static void add_processor(json_t *facts, const char *root)
{
    static const char *const wanted[] = {"vendor_id", "cpu family", "model",           "model name",
                                         "stepping",  "microcode",  "flags",           "Features",
                                         "isa",       "cpu",        "CPU implementer", "CPU part"};
    g_autofree char *text = read_text(root, "/proc/cpuinfo");
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

    for (char **line = lines; *line && **line; line++) {
        char *colon = strchr(*line, ':');
        if (colon) {
            *colon = '\0';
            g_autofree char *name = g_strconcat("cpu.", g_strchomp(*line), NULL);
            for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
                if (g_str_equal(*line, wanted[i])) {
                    add(facts, name, g_strstrip(colon + 1));
                }
            }
        }
    }
}

static void add_kvm(json_t *facts, const char *root)
{
    static const struct {
        const char *name;
        int extension;
    } asked[] = {
        {"kvm.max-vcpus", KVM_CAP_MAX_VCPUS},     {"kvm.vcpus", KVM_CAP_NR_VCPUS},
        {"kvm.memslots", KVM_CAP_NR_MEMSLOTS},    {"kvm.irqchip", KVM_CAP_IRQCHIP},
        {"kvm.max-vcpu-id", KVM_CAP_MAX_VCPU_ID},
    };
    g_autofree char *device = g_build_filename(root, "/dev/kvm", NULL);
    int fd = open(device, O_RDWR | O_CLOEXEC);
    g_autofree char *usable = fd >= 0 ? g_strdup_printf("api %d", ioctl(fd, KVM_GET_API_VERSION, 0))
                                      : g_strdup(errno == ENOENT   ? "absent"
                                                 : errno == EACCES ? "forbidden"
                                                                   : "broken");

    add(facts, "kvm.usable", usable);
    for (size_t i = 0; fd >= 0 && i < G_N_ELEMENTS(asked); i++) {
        g_autofree char *value =
            g_strdup_printf("%d", ioctl(fd, KVM_CHECK_EXTENSION, asked[i].extension));
        add(facts, asked[i].name, value);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void add_parameters(json_t *facts, const char *root)
{
    static const char *const modules[] = {"kvm", "kvm_intel", "kvm_amd", "kvm_hv"};

    for (size_t i = 0; i < G_N_ELEMENTS(modules); i++) {
        g_autofree char *folder =
            g_build_filename(root, "/sys/module", modules[i], "parameters", NULL);
        g_autoptr(GDir) listing = g_dir_open(folder, 0, NULL);
        const char *parameter;
        while (listing && (parameter = g_dir_read_name(listing))) {
            g_autofree char *name = g_strconcat(modules[i], ".", parameter, NULL);
            g_autofree char *value = read_text(folder, parameter);
            if (value) {
                add(facts, name, value);
            }
        }
    }
}

json_t *caps_host_facts(const char *root)
{
    const char *top = root ? root : "/";
    json_t *facts = json_object();

    add_kernel(facts, top);
    add_processor(facts, top);
    add_kvm(facts, top);
    add_parameters(facts, top);
    return facts;
}

char *caps_host_hash(const char *root)
{
    json_t *facts = caps_host_facts(root);
    g_autofree char *text = wire_json_print(facts, WIRE_JSON_CANONICAL);

    json_decref(facts);
    return caps_hash(text, strlen(text));
}
