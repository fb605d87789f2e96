#!/usr/bin/env python3
"""differ: runs random programs on our harts and on QEMU's, and compares what they leave behind.

    differ.py RISCV_RUN [--programs N] [--seed N] [--keep DIR] [--qemu PROGRAM] [--newer]

A program is some hundred random instructions between loading every register from memory and storing
every register to it; loads and stores, atomics and branches are made such that they stay in its own
piece of memory and come to its end. Instructions that trap are counted with their causes and skipped.
Thousands of programs are one flat image, which both emulators run from reset in M mode; QEMU's memory
is a file, so what they left can be compared byte for byte. Encodings come from our own table of
instructions (riscv_run --table). With --newer also the extensions that QEMU 7.2 lacks, more often than
the others; it takes a QEMU 9 or newer. Exit status: 0 no differences, 1 some, 77 there is no such QEMU.
"""
import argparse
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile

# What QEMU 7.2 has, and no more, so that what it lacks is illegal in neither.
CPU = "rv64,zba=on,zbb=on,zbs=on,zbc=off,v=off,h=off"
BASE = 0x80000000
RAM_SIZE = 64 << 20
BATCH = 1500  # programs in an image: JAL reaches 1 MiB
LENGTH = 100  # instructions in a program

# A program's piece of memory: its registers before and after, then what it may access.
X, F, FCSR, TRAPS, HASH, SCRATCH, SANDBOX, STRIDE = 0, 256, 512, 520, 528, 536, 544, 1600
POINTER = SANDBOX + 256  # where its base registers point to

# sp, a5 and t5 point into the sandbox, t4 counts loops, t6 is the glue's.
BASES = (2, 15, 30)
ALIGNED = 30  # of those the one that is a multiple of 8
COUNTER, GLUE = 29, 31
TARGETS = [r for r in range(32) if r not in BASES + (COUNTER, GLUE)]
SKIPPED = {"mret", "sret", "wfi", "auipc", "jalr", "c.jr", "c.jalr"}
# Where QEMU 7.2 leaves mtval zero, which the specification allows as it does the address.
SKIPPED |= {"ebreak", "c.ebreak"}
SKIPPED |= {"ctzw"}  # QEMU 7.2 counts the upper half too
LACKING = {"zicbom", "zicboz", "svinval"}
NEWER_CPU = CPU + ",zicbom=on,zicboz=on,svinval=on,smaia=off,ssaia=off"
NEWER = 9  # QEMU's first version that --newer is for

INTEGERS = [0, 1, 2, 0xff, 0x7f, 0x80, 0x7fff, 0x8000, 0x7fffffff, 0x80000000, 0xffffffff,
            0x100000000, 2**63 - 1, 2**63, 2**64 - 1, 2**64 - 2, 0x5555555555555555]
DOUBLES = [0, 1 << 63, 0x3ff0000000000000, 0xbff0000000000000, 0x7ff0000000000000,
           0xfff0000000000000, 0x7ff8000000000000, 0x7ff0000000000001, 0xfff8000000000123, 1,
           0x000fffffffffffff, 0x0010000000000000, 0x7fefffffffffffff, 0x3fe0000000000000,
           0x41dfffffffc00000, 0xc1e0000000000000, 0x41efffffffe00000, 0x43e0000000000000,
           0xc3e0000000000000, 0x43f0000000000000, 0x4330000000000001, 0x3ca0000000000000,
           0x36a0000000000000, 0x380fffffffffffff, 0x47efffffffffffff]
SINGLES = [0, 1 << 31, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001,
           0xffc12345, 1, 0x007fffff, 0x00800000, 0x7f7fffff, 0x3f000000, 0x4f000000, 0xcf000000,
           0x4f800000, 0x5f000000, 0xdf000000, 0x5f800000, 0x4b000001, 0x33800000]


class Row:
    def __init__(self, line):
        words = line.split()
        self.name, self.format = words[:2]
        self.match, self.mask = int(words[2], 0), int(words[3], 0)
        self.extensions = set(words[4:])
        self.length = 4 if self.match & 3 == 3 else 2


def field(value, high, low, at):
    """Bits high..low of value, put at a position."""
    return (value >> low & (1 << high - low + 1) - 1) << at


def imm_b(offset):
    return field(offset, 12, 12, 31) | field(offset, 10, 5, 25) | field(offset, 4, 1, 8) | \
        field(offset, 11, 11, 7)


def imm_j(offset):
    return field(offset, 20, 20, 31) | field(offset, 10, 1, 21) | field(offset, 11, 11, 20) | \
        field(offset, 19, 12, 12)


def imm_s(value):
    return field(value, 11, 5, 25) | field(value, 4, 0, 7)


def imm_cj(o):
    return field(o, 11, 11, 12) | field(o, 4, 4, 11) | field(o, 9, 8, 9) | field(o, 10, 10, 8) | \
        field(o, 6, 6, 7) | field(o, 7, 7, 6) | field(o, 3, 1, 3) | field(o, 5, 5, 2)


def imm_cb(o):
    return field(o, 8, 8, 12) | field(o, 4, 3, 10) | field(o, 7, 6, 5) | field(o, 2, 1, 3) | \
        field(o, 5, 5, 2)


class Writer:
    """Random instructions of the table."""

    def __init__(self, rows, rng, newer):
        self.all = {row.name: row for row in rows}
        self.rng = rng
        usable = [r for r in rows if r.name not in SKIPPED and not r.extensions & LACKING]
        self.newer = [r for r in rows if r.extensions & LACKING] if newer else []
        kinds = {}
        for row in usable:
            kind = "c" if row.length == 2 else "f" if row.extensions & {"f", "d"} else "i"
            kinds.setdefault(kind, []).append(row)
        self.kinds = kinds
        self.reserve = "d"

    def program(self):
        self.reserve = self.rng.choice("wd")
        return self.some(LENGTH)

    def enc(self, name, rd=0, rs1=0, rs2=0, imm=0):
        """A 4-byte instruction for the glue, by the layout of its format."""
        row = self.all[name]
        word = row.match | rd << 7 | rs1 << 15
        if row.format in ("STORE", "FSTORE"):
            return row.match | rs1 << 15 | rs2 << 20 | imm_s(imm)
        if row.format == "B":
            return row.match | rs1 << 15 | rs2 << 20 | imm_b(imm)
        if row.format == "J":
            return row.match | rd << 7 | imm_j(imm)
        if row.format == "U":
            return row.match | rd << 7 | imm << 12
        if row.format in ("I", "LOAD", "FLOAD", "JR", "CSR", "CSRI", "SH"):
            return word | (imm & 0xfff) << 20
        return word | rs2 << 20

    def offset(self):
        return self.rng.randint(-256, 504)

    def any4(self, row):
        """One of a row with fields at random, as far as a program may have them."""
        rng, f = self.rng, row.format
        word = row.match | rng.getrandbits(32) & ~row.mask & 0xffffffff
        clear = lambda w, high, low: w & ~field(-1, high - low, 0, low)
        if f in ("LOAD", "FLOAD"):
            word = clear(clear(word, 19, 15), 31, 20) | rng.choice(BASES) << 15 | \
                (self.offset() & 0xfff) << 20
        elif f in ("STORE", "FSTORE"):
            word = row.match | rng.choice(BASES) << 15 | rng.randrange(32) << 20 | \
                imm_s(self.offset())
        elif f in ("AMO", "LR"):
            # Aligned: QEMU 7.2 reports a misaligned AMO as a load, and no misaligned SC.
            word = clear(word, 19, 15) | ALIGNED << 15
        elif f in ("CSR", "CSRI"):
            word = clear(word, 31, 20) | rng.choice((1, 2, 3)) << 20
            if rng.random() < 0.8:  # a rounding mode that exists
                word = self.enc("csrrwi", rd=rng.choice(TARGETS), rs1=rng.randrange(5), imm=2)
        elif f == "CBO":
            word = row.match | rng.choice(BASES) << 15
        elif f == "SFENCE":
            word = row.match
        elif f in ("FR", "FR1", "XF", "FX", "R4") and word >> 12 & 7 in (5, 6):
            if rng.random() < 0.9:
                word |= 7 << 12
        if f in ("R", "R1", "I", "SH", "LOAD", "U", "CSR", "CSRI", "LR", "AMO", "FC", "XF", "XF1"):
            word = clear(word, 11, 7) | rng.choice(TARGETS) << 7
        return struct.pack("<I", word)

    def any2(self, row):
        rng, f = self.rng, row.format
        while True:
            word = row.match | rng.getrandbits(16) & ~row.mask
            rd, low, high = word >> 7 & 31, 8 + (word >> 2 & 7), 8 + (word >> 7 & 7)
            if f in ("CLW", "CLD", "CFLD", "CSW", "CSD", "CFSD") and high not in BASES:
                continue
            if f in ("CMV", "CADD") and word >> 2 & 31 == 0:
                continue  # that is C.JR, C.JALR
            written = {"CIW": low, "CLW": low, "CLD": low, "CI": rd, "CLI": rd, "C16SP": 2,
                       "CLUI": rd, "CSH": high, "CANDI": high, "CA": high, "CSLLI": rd,
                       "CLWSP": rd, "CLDSP": rd, "CMV": rd, "CADD": rd}.get(f)
            if written is not None and written not in TARGETS:
                if f == "C16SP":  # sp stays: its neighbour with the same opcode
                    return self.any2(self.all["c.lui"])
                continue
            return struct.pack("<H", word)

    def jump(self, row, body):
        """A branch or jump forward over body."""
        over = row.length + len(body)
        if row.format == "B":
            word = row.match | self.rng.getrandbits(32) & 0x01ff8000 & ~row.mask | imm_b(over)
        elif row.format == "J":
            word = row.match | self.rng.choice(TARGETS) << 7 | imm_j(over)
        elif row.format == "CJ":
            word = row.match | imm_cj(over)
        else:
            word = row.match | self.rng.randrange(8) << 7 | imm_cb(over)
        return struct.pack("<I" if row.length == 4 else "<H", word) + body

    def some(self, count, depth=0):
        """About so many instructions."""
        code = b""
        while count > 0:
            kind = self.rng.random()
            if kind < 0.03 and depth < 2:
                inner = self.some(self.rng.randint(1, 8), 2)
                code += struct.pack("<I", self.enc("addi", rd=COUNTER, imm=self.rng.randint(1, 4)))
                code += inner
                code += struct.pack("<II", self.enc("addi", COUNTER, COUNTER, imm=-1),
                                    self.enc("bne", rs1=COUNTER, imm=-len(inner) - 4))
                count -= 5
                continue
            if kind < 0.05:
                body = self.some(self.rng.randint(0, 3), 2)
                reg = self.rng.choice(TARGETS[1:])
                code += struct.pack("<II", self.enc("auipc", rd=reg),
                                    self.enc("jalr", self.rng.choice(TARGETS), reg,
                                             imm=8 + len(body))) + body
                count -= 2
                continue
            if self.newer and self.rng.random() < 0.1:
                code += self.any4(self.rng.choice(self.newer))
                count -= 1
                continue
            row = self.rng.choice(self.kinds["c" if kind < 0.3 else "f" if kind < 0.6 else "i"])
            if row.name[:3] in ("lr.", "sc."):  # LR.D before SC.W may succeed or not
                row = self.all[row.name[:3] + self.reserve]
            if row.format in ("B", "J", "CJ", "CB"):
                code += self.jump(row, self.some(self.rng.randint(0, 3), 2))
            else:
                code += self.any4(row) if row.length == 4 else self.any2(row)
            count -= 1
        return code


def glue(w, first):
    """Start, end, trap handler, and what is done between two programs."""
    swap = w.enc("csrrw", rd=GLUE, rs1=GLUE, imm=0x340)
    between = [swap]
    between += [w.enc("sd", rs1=GLUE, rs2=r, imm=X + r * 8) for r in range(1, 31)]
    between += [w.enc("csrrs", rd=1, imm=3), w.enc("sd", rs1=GLUE, rs2=1, imm=FCSR)]
    between += [w.enc("fsd", rs1=GLUE, rs2=r, imm=F + r * 8) for r in range(32)]
    between += [w.enc("addi", GLUE, GLUE, imm=STRIDE)]
    between += [w.enc("fld", r, GLUE, imm=F + r * 8) for r in range(32)]
    between += [w.enc("ld", 1, GLUE, imm=FCSR), w.enc("csrrw", rs1=1, imm=3)]
    between += [w.enc("ld", r, GLUE, imm=X + r * 8) for r in range(1, 31)]
    between += [swap, w.enc("jalr", 0, GLUE)]

    a, b = 29, 30  # what the handler works with, kept in the program's memory
    trap = [swap, w.enc("sd", rs1=GLUE, rs2=a, imm=SCRATCH), w.enc("sd", rs1=GLUE, rs2=b, imm=X),
            w.enc("ld", a, GLUE, imm=TRAPS), w.enc("addi", a, a, imm=1),
            w.enc("sd", rs1=GLUE, rs2=a, imm=TRAPS), w.enc("ld", a, GLUE, imm=HASH)]
    for csr in (0x342, 0x343, 0x341):
        trap += [w.enc("csrrs", rd=b, imm=csr), w.enc("add", a, a, b), w.enc("slli", b, a, imm=13),
                 w.enc("xor", a, a, b), w.enc("srli", b, a, imm=7), w.enc("xor", a, a, b)]
    trap += [w.enc("sd", rs1=GLUE, rs2=a, imm=HASH), w.enc("csrrs", rd=b, imm=0x341),
             w.enc("lhu", a, b), w.enc("addi", b, b, imm=2), w.enc("andi", a, a, imm=3),
             w.enc("addi", a, a, imm=-3), w.enc("bne", rs1=a, imm=8), w.enc("addi", b, b, imm=2),
             w.enc("csrrw", rs1=b, imm=0x341), w.enc("ld", a, GLUE, imm=SCRATCH),
             w.enc("ld", b, GLUE, imm=X), swap, 0x30200073]
    finish = [w.enc("lui", 5, imm=0x100), w.enc("lui", 6, imm=5), w.enc("addi", 6, 6, imm=0x555),
              w.enc("sw", rs1=5, rs2=6), w.enc("jal", imm=0)]

    def far(reg, offset):  # an address relative to the image
        return [w.enc("lui", reg, imm=(offset + 0x800) >> 12 & 0xfffff),
                w.enc("addi", reg, reg, imm=((offset & 0xfff) ^ 0x800) - 0x800),
                w.enc("add", reg, reg, 7)]
    start_length = 15 * 4
    trap_at = start_length
    between_at = trap_at + len(trap) * 4
    finish_at = between_at + len(between) * 4
    programs_at = finish_at + len(finish) * 4
    start = [w.enc("auipc", 7)] + far(5, trap_at) + [w.enc("csrrw", rs1=5, imm=0x305)]
    start += far(5, first - STRIDE) + [w.enc("csrrw", rs1=5, imm=0x340)]
    start += [w.enc("lui", 5, imm=6), w.enc("csrrs", rs1=5, imm=0x300)]  # FS is Dirty
    start += [w.enc("addi", 0)] * (start_length // 4 - len(start) - 1)
    start += [w.enc("jal", imm=programs_at - start_length + 4)]
    words = start + trap + between + finish
    return struct.pack("<%dI" % len(words), *words), between_at, finish_at


def registers(rng, address):
    """The block that a program starts with."""
    def integer():
        return rng.choice(INTEGERS) if rng.random() < 0.5 else rng.getrandbits(64)

    def real():
        kind = rng.random()
        if kind < 0.25:
            return rng.choice(DOUBLES)
        if kind < 0.5:
            return 0xffffffff << 32 | rng.choice(SINGLES)
        if kind < 0.7:  # near one, so that results are not only infinite
            return rng.choice((0, 1)) << 63 | rng.randint(1010, 1036) << 52 | rng.getrandbits(52)
        if kind < 0.9:
            return 0xffffffff << 32 | rng.choice((0, 1)) << 31 | rng.randint(115, 140) << 23 | \
                rng.getrandbits(23)
        return rng.getrandbits(64)
    x = [integer() for _ in range(32)]
    for base in BASES:
        x[base] = address + POINTER + (8 if base == ALIGNED else rng.choice((0, 0, 8, 16, 1, 4)))
    data = struct.pack("<32Q", *x) + struct.pack("<32Q", *(real() for _ in range(32)))
    data += struct.pack("<4Q", rng.randrange(5) << 5, 0, 0, 0)
    data += bytes(rng.getrandbits(8) for _ in range(STRIDE - len(data)))
    return data


def make_image(rows, seed, count, newer):
    """The image, the offset of its data, and (offset, length) of each program."""
    rng = random.Random(seed)
    w = Writer(rows, rng, newer)
    bodies = [w.program() for _ in range(count)]
    for n, body in enumerate(bodies):  # a program that ends in half a word is filled up
        bodies[n] = body if len(body) % 4 == 0 else body + struct.pack("<H", 1)
    length = len(glue(w, 0)[0])
    code = length + sum(len(b) + 4 for b in bodies) + 8
    data_at = (code + STRIDE + 4095) // 4096 * 4096 + 0xe00
    data_at += -data_at % 8
    head, between_at, finish_at = glue(w, data_at)
    image = bytearray(head)
    places = []
    for body in bodies:
        image += struct.pack("<I", w.enc("jal", GLUE, imm=between_at - len(image)))
        places.append((len(image), len(body)))
        image += body
    image += struct.pack("<I", w.enc("jal", GLUE, imm=between_at - len(image)))
    image += struct.pack("<I", w.enc("jal", 0, imm=finish_at - len(image)))
    image += bytes(data_at - len(image))
    for n in range(count + 1):  # the last one is loaded and never used
        image += registers(rng, BASE + data_at + n * STRIDE)
    return bytes(image), data_at, places


def run_ours(program, image, save):
    done = subprocess.run([program, "--save", save, image], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, timeout=300)
    if done.returncode != 0:
        sys.exit("differ: %s: exit status %d: %s" % (program, done.returncode, done.stderr))


def run_qemu(qemu, cpu, image, save):
    with open(save, "wb") as memory:
        memory.truncate(RAM_SIZE)
    done = subprocess.run(
        [qemu, "-machine", "virt,memory-backend=ram", "-m", str(RAM_SIZE >> 20), "-object",
         "memory-backend-file,id=ram,mem-path=%s,share=on,size=%d" % (save, RAM_SIZE),
         "-cpu", cpu, "-bios", "none", "-display", "none", "-nodefaults", "-no-user-config",
         "-device", "loader,file=%s,addr=%#x,force-raw=on" % (image, BASE)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=300)
    if done.returncode != 0:
        sys.exit("differ: %s: exit status %d: %s" % (qemu, done.returncode, done.stdout))


def names():
    """What lies where in a block: (offset, name)."""
    found = [(X + n * 8, "x%d" % n) for n in range(1, 31)]
    found += [(F + n * 8, "f%d" % n) for n in range(32)]
    found += [(FCSR, "fcsr"), (TRAPS, "traps"), (HASH, "causes of traps")]
    return found + [(at, "memory at %+d" % (at - POINTER)) for at in range(SANDBOX, STRIDE, 8)]


def report(program, image, place, before, ours, theirs):
    for at, name in names():
        pair = [struct.unpack_from("<Q", block, at)[0] for block in (before, ours, theirs)]
        if pair[1] != pair[2]:
            print("  %-18s before %016x, ours %016x, QEMU's %016x" % (name, *pair))
    code, words = image[place[0]:place[0] + place[1]], []
    while code:
        length = 4 if code[0] & 3 == 3 else 2
        words.append(int.from_bytes(code[:length], "little"))
        code = code[length:]
    text = subprocess.run([program, "--disassemble"], input="\n".join("%x" % v for v in words),
                          stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    for word, line in zip(words, text):
        print("    %08x  %s" % (word, line))


def compare(args, rows, seed, count, folder):
    """Number of programs that differ."""
    program = args.program
    image, data_at, places = make_image(rows, seed, count, args.newer)
    path = os.path.join(folder, "image")
    with open(path, "wb") as out:
        out.write(image)
    saves = os.path.join(folder, "ours"), os.path.join(folder, "qemu")
    run_ours(program, path, saves[0])
    run_qemu(args.qemu, NEWER_CPU if args.newer else CPU, path, saves[1])
    results = [open(save, "rb").read() for save in saves]
    differing = 0
    for n, place in enumerate(places):
        at = data_at + n * STRIDE
        ours, theirs = (r[at:at + STRIDE] for r in results)
        if ours != theirs:
            differing += 1
            if differing <= 3:
                print("differ: seed %d, program %d:" % (seed, n))
                report(program, image, place, image[at:at + STRIDE], ours, theirs)
    return differing


def version(qemu):
    said = subprocess.run([qemu, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    found = re.search(r"version (\d+)", said)
    return int(found.group(1)) if found else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program", metavar="RISCV_RUN")
    parser.add_argument("--programs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--qemu", metavar="PROGRAM", default="qemu-system-riscv64")
    parser.add_argument("--newer", action="store_true", help="with what QEMU 7.2 lacks")
    parser.add_argument("--keep", metavar="DIR", help="leave the last image and memories here")
    args = parser.parse_args()
    if not shutil.which(args.qemu):
        print("skipped: there is no %s to compare with" % args.qemu)
        return 77
    if args.newer and version(args.qemu) < NEWER:
        print("skipped: %s is older than QEMU %d; give another with --qemu" % (args.qemu, NEWER))
        return 77
    table = subprocess.run([args.program, "--table"], stdout=subprocess.PIPE, text=True, check=True)
    rows = [Row(line) for line in table.stdout.splitlines()]
    differing = 0
    with tempfile.TemporaryDirectory() as folder:
        for start in range(0, args.programs, BATCH):
            count = min(BATCH, args.programs - start)
            differing += compare(args, rows, args.seed + start // BATCH, count,
                                 args.keep or folder)
    print("differ: %d programs, %d differ" % (args.programs, differing))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
