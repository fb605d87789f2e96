"""Debian's packages for riscv64, fetched through apt and unpacked into a cache folder.

apt works in a private directory: its own state, cache and sources. Of the machine's own apt it reads
three things, the mirror, the proxy and the keyrings, and it changes none.
"""

import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

SUITE = "trixie"
ARCHITECTURE = "riscv64"
KEYRINGS = (
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
)
KERNEL = "linux-image-riscv64"  # depends on the package of the newest kernel
INSTALLER = "debian-installer-13-netboot-riscv64"

# What is taken out of each package.
WANTED = {
    "opensbi": r"usr/lib/riscv64-linux-gnu/opensbi/generic/.*\.bin",
    "u-boot-qemu": r"usr/lib/u-boot/qemu-riscv64_smode/.*",
    "busybox-static": r"usr/bin/busybox",
    KERNEL: r"boot/vmlinux-.*"
    r"|usr/lib/modules/[^/]+/modules\.builtin"
    r"|usr/lib/modules/[^/]+/kernel/"
    r"(crypto|fs|lib|net/core|drivers/(block|char|net/[^/]+\.ko|virtio))\b.*",
    INSTALLER: r"usr/lib/debian-installer/images/.*/text/.*/(linux|initrd\.gz)",
}


class Unobtainable(Exception):
    """The packages cannot be had here and now; the text says why and what would help."""


def run(command, **options):
    """Runs a command and returns what it wrote."""
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
        )
    except FileNotFoundError as error:
        raise Unobtainable(f"{command[0]} is not installed: this needs a Debian system") from error
    if done.returncode != 0:
        lines = done.stdout.strip().splitlines()
        raise Unobtainable(f"{' '.join(command)}: " + "; ".join(lines[-4:]))
    return done.stdout


def machine_mirror():
    """The Debian mirror that the machine's own apt uses."""
    targets = run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"])
    for uri in targets.split():
        if uri.rstrip("/").endswith("/debian"):
            return uri
    raise Unobtainable(
        "the machine's apt sources name no mirror of Debian (an address that ends in /debian): "
        "give one with --mirror"
    )


def keyring():
    for path in KEYRINGS:
        if os.path.exists(path):
            return path
    raise Unobtainable("no keyring to check signatures with: install debian-archive-keyring")


class PrivateApt:
    """apt with everything of its own in one folder."""

    def __init__(self, folder, mirror):
        self.folder = folder
        for name in ("state/lists/partial", "cache/archives/partial", "debs"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        (folder / "debian.sources").write_text(
            f"Types: deb\nURIs: {mirror}\nSuites: {SUITE}\nComponents: main\n"
            f"Architectures: {ARCHITECTURE}\nSigned-By: {keyring()}\n"
        )
        (folder / "apt.conf").write_text(self.configuration())
        self.environment = dict(os.environ, APT_CONFIG=str(folder / "apt.conf"), LC_ALL="C")

    def configuration(self):
        network = [
            line
            for line in run(["apt-config", "dump", "--no-empty"]).splitlines()
            if re.match(r"Acquire::(https?::|Retries|ForceIPv|Check-)", line)
        ]
        own = {
            "Dir::State": self.folder / "state",
            "Dir::State::status": self.folder / "status",
            "Dir::Cache": self.folder / "cache",
            "Dir::Etc::main": "/dev/null",
            "Dir::Etc::parts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::Etc::sourcelist": self.folder / "debian.sources",
            "Dir::Etc::sourceparts": "/dev/null",
            "APT::Architecture": ARCHITECTURE,
            "APT::Architectures": ARCHITECTURE,
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
        }
        return "\n".join(network + [f'{key} "{value}";' for key, value in own.items()]) + "\n"

    def run(self, *command):
        return run(list(command), cwd=self.folder / "debs", env=self.environment)

    def update(self):
        # A mirror that does not answer is only a warning to apt, unless told so.
        self.run("apt-get", "-qq", "-o", "APT::Update::Error-Mode=any", "update")

    def resolve(self, package):
        """The package itself, or for the kernel the real one that it stands for."""
        if package != KERNEL:
            return package
        depends = self.run("apt-cache", "depends", "--important", package)
        found = re.search(r"Depends: (linux-image-\S+)", depends)
        if not found:
            raise Unobtainable(f"{package} of {SUITE} depends on no kernel package")
        return found.group(1)

    def download(self, package):
        """The package's file, fetched unless it is there, checked by apt against the index."""
        self.run("apt-get", "-qq", "download", package)
        files = sorted((self.folder / "debs").glob(f"{package}_*.deb"), key=os.path.getmtime)
        for old in files[:-1]:
            old.unlink()
        return files[-1]


def unpack(deb, wanted, folder):
    """Takes the files whose path matches out of a package."""
    pattern = re.compile(r"\./(%s)" % wanted)
    shutil.rmtree(folder, ignore_errors=True)
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE) as pipe:
        with tarfile.open(fileobj=pipe.stdout, mode="r|") as archive:
            for member in archive:
                if member.isfile() and pattern.fullmatch(member.name):
                    target = folder / member.name[2:]
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with open(target, "wb") as out:
                        shutil.copyfileobj(archive.extractfile(member), out)
    if pipe.returncode != 0:
        raise Unobtainable(f"{deb.name}: dpkg-deb cannot unpack it")


class Packages:
    """The unpacked packages in a cache folder, one user at a time while it changes."""

    def __init__(self, cache, mirror=None, update=False):
        self.cache = pathlib.Path(cache)
        self.root = self.cache / "packages"
        self.cache.mkdir(parents=True, exist_ok=True)
        with open(self.cache / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            stamp = self.cache / "packages.stamp"
            if update or not stamp.exists() or not stamp.read_text().startswith(self.recipe()):
                stamp.unlink(missing_ok=True)
                names = self.fetch(mirror)
                stamp.write_text("\n".join([self.recipe()] + names) + "\n")
            self.identity = stamp.read_text()

    @staticmethod
    def recipe():
        return hashlib.sha256(repr((SUITE, sorted(WANTED.items()))).encode()).hexdigest()

    def fetch(self, mirror):
        apt = PrivateApt(self.cache / "apt", mirror or machine_mirror())
        apt.update()
        names = []
        for package, wanted in WANTED.items():
            deb = apt.download(apt.resolve(package))
            unpack(deb, wanted, self.root / package)
            names.append(deb.name)
        return names

    def file(self, package, pattern):
        """The one file of a package that matches a glob pattern."""
        found = sorted((self.root / package).glob(pattern))
        if len(found) != 1:
            raise Unobtainable(f"{package}: {len(found)} files match {pattern}, not one")
        return found[0]

    @property
    def firmware(self):
        return self.file("opensbi", "usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin")

    @property
    def uboot(self):
        return self.file("u-boot-qemu", "usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin")

    @property
    def busybox(self):
        return self.file("busybox-static", "usr/bin/busybox")

    @property
    def kernel(self):
        return self.file(KERNEL, "boot/vmlinux-*")

    @property
    def modules(self):
        return self.file(KERNEL, "usr/lib/modules/*")

    @property
    def installer_kernel(self):
        return self.file(INSTALLER, "usr/lib/debian-installer/**/linux")

    @property
    def installer_initrd(self):
        return self.file(INSTALLER, "usr/lib/debian-installer/**/initrd.gz")
