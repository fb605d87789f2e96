/* host: the facts of this computer that are an input of answers that looked at it.
 *
 * They are inputs of their own, apart from the identity: a new kernel makes stale only what was
 * asked with an accelerator that reads the host. This file must not know emulators. */
#include "host.h"

#include "store.h"
#include "wire.h"

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

static void add_kernel(json_t *facts)
{
    struct utsname names;
    if (uname(&names) == 0) {
        add(facts, "kernel.release", names.release);
        add(facts, "kernel.version", names.version);
        add(facts, "machine", names.machine);
    }
}

/* The first processor stands for all; what changes from second to second is left out. */
static void add_processor(json_t *facts)
{
    static const char *const wanted[] = {"vendor_id", "cpu family", "model",           "model name",
                                         "stepping",  "microcode",  "flags",           "Features",
                                         "isa",       "cpu",        "CPU implementer", "CPU part"};
    g_autofree char *text = NULL;

    if (!g_file_get_contents("/proc/cpuinfo", &text, NULL, NULL)) {
        return;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
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

static void add_kvm(json_t *facts)
{
    static const struct {
        const char *name;
        int extension;
    } asked[] = {
        {"kvm.max-vcpus", KVM_CAP_MAX_VCPUS},
        {"kvm.memslots", KVM_CAP_NR_MEMSLOTS},
        {"kvm.irqchip", KVM_CAP_IRQCHIP},
        {"kvm.max-vcpu-id", KVM_CAP_MAX_VCPU_ID},
    };
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

    add(facts, "kvm.usable", fd >= 0 ? "yes" : access("/dev/kvm", F_OK) == 0 ? "no" : "absent");
    for (size_t i = 0; fd >= 0 && i < G_N_ELEMENTS(asked); i++) {
        g_autofree char *value =
            g_strdup_printf("%d", ioctl(fd, KVM_CHECK_EXTENSION, asked[i].extension));
        add(facts, asked[i].name, value);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void add_parameters(json_t *facts)
{
    static const char *const modules[] = {"kvm", "kvm_intel", "kvm_amd", "kvm_hv"};

    for (size_t i = 0; i < G_N_ELEMENTS(modules); i++) {
        g_autofree char *folder = g_build_filename("/sys/module", modules[i], "parameters", NULL);
        g_autoptr(GDir) listing = g_dir_open(folder, 0, NULL);
        const char *parameter;
        while (listing && (parameter = g_dir_read_name(listing))) {
            g_autofree char *path = g_build_filename(folder, parameter, NULL);
            g_autofree char *name = g_strconcat(modules[i], ".", parameter, NULL);
            g_autofree char *value = NULL;
            if (g_file_get_contents(path, &value, NULL, NULL)) {
                add(facts, name, g_strstrip(value));
            }
        }
    }
}

json_t *caps_host_facts(void)
{
    json_t *facts = json_object();

    add_kernel(facts);
    add_processor(facts);
    add_kvm(facts);
    add_parameters(facts);
    return facts;
}

char *caps_host_hash(void)
{
    json_t *facts = caps_host_facts();
    g_autofree char *text = wire_json_print(facts, WIRE_JSON_CANONICAL);

    json_decref(facts);
    return caps_hash(text, strlen(text));
}
