"""What the guest is given: an initramfs, and a disk with an ext4 root.

Both are the same few files: busybox, an init, and the kernel modules that reach a disk and a network
card. The initramfs becomes the root itself, or mounts the one named by root= and goes on there.
"""

import lzma
import os
import pathlib
import re
import shutil
import stat
import struct
import subprocess
import tempfile

# The kernel's modules that the guest loads: always, and before it mounts root=. ext4 asks for a
# driver of crc32c by that name, which no module's information tells.
MODULES = {
    "devices": ("virtio_mmio", "virtio_blk", "virtio_net", "virtio-rng", "virtio_balloon"),
    "root": ("crc32c_generic", "ext4"),
}
PROMPT = "guest# "
HELLO = "init is running"

INIT = f"""#!/bin/sh
# First program of the guest: devices, modules, and then the root file system.
echo "{HELLO}"
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
load() {{
    while read -r module; do
        insmod "/lib/modules/$module.ko" || echo "init: cannot load $module"
    done <"/etc/modules/$1"
}}
load devices
root=
for word in $(cat /proc/cmdline); do
    case $word in root=*) root=${{word#root=}} ;; esac
done
[ -n "$root" ] || exec /sbin/init
load root
for try in $(seq 100); do
    [ -b "$root" ] && break
    sleep 0.1
done
mount -t ext4 "$root" /mnt || {{ echo "init: cannot mount $root"; exec busybox poweroff -f; }}
for folder in proc sys dev; do mount --move /$folder /mnt/$folder; done
exec switch_root /mnt /sbin/init
"""

FILES = {
    "init": (0o755, INIT),
    "etc/rc": (
        0o755,
        "#!/bin/sh\n/bin/busybox --install -s /bin\nmount -o remount,rw /\nhostname guest\n",
    ),
    "etc/inittab": (
        0o644,
        "::sysinit:/etc/rc\nttyS0::respawn:-/bin/sh\n::shutdown:/bin/sync\n"
        "::shutdown:/bin/mount -o remount,ro /\n",
    ),
    "etc/profile": (0o644, f"export PS1='{PROMPT}' PATH=/bin:/sbin HOME=/root\n"),
    "etc/passwd": (0o644, "root::0:0:root:/root:/bin/sh\n"),
}
FOLDERS = "bin sbin dev etc/modules mnt proc root run sys tmp lib/modules".split()
LINKS = {"sbin/init": "/bin/busybox", "bin/sh": "busybox"}
LINKS.update({f"bin/{name}": "busybox" for name in "cat echo insmod mount seq sleep".split()})
LINKS["bin/switch_root"] = "busybox"


class ModuleFolder:
    """The modules of one kernel, and what each needs (the package ships no modules.dep)."""

    def __init__(self, folder):
        self.paths = {
            self.canonical(path.name.split(".")[0]): path for path in folder.rglob("*.ko*")
        }
        self.builtin = {
            self.canonical(pathlib.Path(line).stem)
            for line in (folder / "modules.builtin").read_text().split()
        }

    @staticmethod
    def canonical(name):
        return name.replace("-", "_")

    def content(self, name):
        path = self.paths[name]
        data = path.read_bytes()
        return lzma.decompress(data) if path.suffix == ".xz" else data

    def needs(self, content):
        """What the module's own information names: depends=, and softdep=pre: …"""
        found = []
        for value in re.findall(rb"\0depends=([^\0]*)", content):
            found += value.decode().split(",")
        for value in re.findall(rb"\0softdep=pre: ([^\0]*)", content):
            found += value.decode().split(" post:")[0].split()
        return [self.canonical(name) for name in found if name]

    def in_order(self, names, before=()):
        """Name and content of these modules, each after all that it needs, without those before."""
        done = dict.fromkeys(before)

        def visit(name, wanted):
            name = self.canonical(name)
            if name in done or name in self.builtin:
                return
            if name not in self.paths:
                if wanted:
                    raise ValueError(f"the kernel package has no module {name}")
                return  # a soft dependency may be absent
            content = self.content(name)
            for need in self.needs(content):
                visit(need, False)
            done[name] = content

        for name in names:
            visit(name, True)
        return {name: content for name, content in done.items() if name not in before}


class Cpio:
    """An archive in the format of an initramfs ("newc"), owned by root, without times."""

    def __init__(self):
        self.parts = []
        self.count = 0

    def add(self, name, mode, data=b"", device=(0, 0)):
        self.count += 1
        fields = (self.count, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0)
        header = b"070701" + b"".join(b"%08X" % field for field in fields)
        self.pad(header + name.encode() + b"\0")
        self.pad(data)

    def pad(self, data):
        self.parts.append(data + bytes(-len(data) % 4))

    def finish(self):
        self.add("TRAILER!!!", 0)
        return b"".join(self.parts)


def userland(packages):
    """Every file of the guest's root: path -> (mode, bytes), folders before what is in them."""
    files = {}
    for folder in FOLDERS:
        for parent in [*reversed(pathlib.PurePath(folder).parents)][1:]:
            files[str(parent)] = (stat.S_IFDIR | 0o755, b"")
        files[folder] = (stat.S_IFDIR | 0o755, b"")
    files["bin/busybox"] = (stat.S_IFREG | 0o755, packages.busybox.read_bytes())
    for name, (mode, text) in FILES.items():
        files[name] = (stat.S_IFREG | mode, text.encode())
    for name, target in LINKS.items():
        files[name] = (stat.S_IFLNK | 0o777, target.encode())
    folder, loaded = ModuleFolder(packages.modules), []
    for when, names in MODULES.items():
        modules = folder.in_order(names, before=loaded)
        order = "".join(f"{name}\n" for name in modules)
        files[f"etc/modules/{when}"] = (stat.S_IFREG | 0o644, order.encode())
        for name, content in modules.items():
            files[f"lib/modules/{name}.ko"] = (stat.S_IFREG | 0o644, content)
        loaded += modules
    return files


def write_initramfs(packages, path):
    archive = Cpio()
    for name, (mode, data) in userland(packages).items():
        archive.add(name, mode, data)
    archive.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    path.write_bytes(archive.finish())


# ---- the disk ------------------------------------------------------------------------------------

DISK_SIZE = 256 << 20
PARTITION = 1 << 20  # where it begins
ROOT = "/dev/vda1"

EXTLINUX = """default debian
timeout 1
label debian
    linux /boot/vmlinux
    initrd /boot/initrd
    append %s
"""


def partition_table():
    """A master boot record with one bootable Linux partition that takes the rest of the disk."""
    entry = struct.pack(
        "<B3sB3sII", 0x80, b"\xfe\xff\xff", 0x83, b"\xfe\xff\xff",
        PARTITION // 512, (DISK_SIZE - PARTITION) // 512,
    )
    return bytes(440) + struct.pack("<IH", 0x56495452, 0) + entry + bytes(48) + b"\x55\xaa"


def tool(name):
    """A program of e2fsprogs, which are not on everybody's PATH."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not found:
        raise FileNotFoundError(f"{name} is not installed: it is in the package e2fsprogs")
    return found


def write_tree(files, folder):
    for name, (mode, data) in files.items():
        path = folder / name
        if stat.S_ISDIR(mode):
            path.mkdir(exist_ok=True)
        elif stat.S_ISLNK(mode):
            path.symlink_to(data.decode())
        else:
            path.write_bytes(data)
            path.chmod(mode & 0o777)


def write_disk(packages, initramfs, path, append):
    """A raw disk: partition table, ext4, the guest's root, and /boot for a boot loader."""
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        root = pathlib.Path(scratch)
        write_tree(userland(packages), root)
        (root / "boot/extlinux").mkdir(parents=True)
        shutil.copyfile(packages.kernel, root / "boot/vmlinux")
        shutil.copyfile(initramfs, root / "boot/initrd")
        (root / "boot/extlinux/extlinux.conf").write_text(EXTLINUX % append)
        with open(path, "wb") as disk:
            disk.write(partition_table())
            disk.truncate(DISK_SIZE)
        subprocess.run(
            [tool("mke2fs"), "-q", "-F", "-t", "ext4", "-L", "guest", "-d", scratch,
             "-E", f"offset={PARTITION},root_owner=0:0", path,
             f"{(DISK_SIZE - PARTITION) >> 10}k"],
            check=True,
        )  # fmt: skip


def check_disk(path):
    """What e2fsck finds wrong on the disk, or None."""
    done = subprocess.run(
        [tool("e2fsck"), "-f", "-n", f"{path}?offset={PARTITION}"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    return None if done.returncode == 0 else done.stdout


def read_from_disk(path, name):
    """A file of the disk's root, read without the guest."""
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(
            [tool("debugfs"), "-R", f"dump {name} {out.name}", f"{path}?offset={PARTITION}"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return out.read()
