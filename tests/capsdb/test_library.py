"""libcapsdb from outside: a program that knows its header only, its symbols, threads, its install."""

import concurrent.futures
import ctypes
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else TOP / "build").resolve()
LIBRARY = BUILD / "lib/libcapsdb.so.0"
TELLER = TOP / "tests/capsdb/emulators/teller"
PROGRAM = TOP / "tests/capsdb/ask_machines.c"
SANITIZED = b"__asan_init" in LIBRARY.read_bytes()


class Library(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="libcapsdb-")
        self.addCleanup(shutil.rmtree, self.folder)

    def run_program(self, *words):
        return subprocess.run([BUILD / "tests/ask_machines", *words], capture_output=True,
                              text=True, env={"CAPSDB_ROOT": self.folder}, timeout=60)

    def test_a_small_program(self):
        first = self.run_program(TELLER, "query-version")
        self.assertEqual(first.stdout.split(" ", 1)[0], "fresh", first.stderr)
        second = self.run_program(TELLER, "query-version")
        self.assertEqual(second.stdout, first.stdout.replace("fresh", "stored"))
        self.assertEqual(json.loads(second.stdout.split(" ", 1)[1])["package"], "teller")

    def test_errors_are_objects(self):
        refused = self.run_program(TELLER, "query-nothing")
        self.assertEqual((refused.returncode, refused.stderr),
                         (3, "Refused: the command query-nothing has not been found\n"))
        path = os.path.join(self.folder, "missing")
        missing = self.run_program(path, "query-version")
        self.assertEqual(missing.returncode, 5)
        self.assertTrue(missing.stderr.startswith("NotFound: " + path))

    def test_only_its_own_symbols_are_seen(self):
        listed = subprocess.run(["nm", "-D", "--defined-only", "--with-symbol-versions", LIBRARY],
                                capture_output=True, text=True, check=True).stdout
        symbols = [line.split()[-1] for line in listed.splitlines() if " A " not in line]
        header = (TOP / "include/vitrine/capsdb.h").read_text()
        self.assertNotIn("glib", header)
        seen = {symbol.split("@")[0] for symbol in symbols}
        for symbol in seen:
            self.assertRegex(symbol, "^capsdb_")
            self.assertIn(symbol + "(", header)
        self.assertEqual(seen, set(declared(header)))
        for symbol in symbols:
            self.assertRegex(symbol, "@@?CAPSDB_0$")

    def load(self):
        library = ctypes.CDLL(str(LIBRARY))
        pointer = ctypes.POINTER(ctypes.c_void_p)
        for name in ("capsdb_answer_json", "capsdb_error_message"):
            getattr(library, name).restype = ctypes.c_char_p
            getattr(library, name).argtypes = [ctypes.c_void_p]
        library.capsdb_ask.argtypes = [ctypes.c_void_p] + [ctypes.c_char_p] * 4 + [
            ctypes.c_uint, pointer, pointer]
        library.capsdb_open.argtypes = [ctypes.c_char_p] * 2 + [ctypes.c_uint, pointer, pointer]
        library.capsdb_close.argtypes = library.capsdb_answer_free.argtypes = [ctypes.c_void_p]
        return library

    def open(self, library, path):
        handle, error = ctypes.c_void_p(), ctypes.c_void_p()
        code = library.capsdb_open(path, None, 0, ctypes.byref(handle), ctypes.byref(error))
        self.assertEqual(code, 0, library.capsdb_error_message(error) if error else "")
        return handle

    def ask(self, library, handle, memory):
        """The answer, or the words of the error."""
        answer, problem = ctypes.c_void_p(), ctypes.c_void_p()
        code = library.capsdb_ask(handle, str(TELLER).encode(), b"query-hardware", None,
                                  b'{"machine":"board","memory":"%dM"}' % memory, 0,
                                  ctypes.byref(answer), ctypes.byref(problem))
        told = (library.capsdb_answer_json(answer) if code == 0
                else library.capsdb_error_message(problem))
        library.capsdb_answer_free(answer)
        return told

    def in_threads(self, work):
        """All that 8 threads return."""
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return sum(pool.map(work, range(8)), [])

    @unittest.skipIf(SANITIZED, "the sanitizer must be loaded first")
    def test_threads_share_a_handle(self):
        library = self.load()
        handle = self.open(library, os.path.join(self.folder, "shared.db").encode())
        told = self.in_threads(lambda number: [self.ask(library, handle, number % 2 + 1)
                                               for _ in range(40)])
        library.capsdb_close(handle)
        self.assertEqual(set(told), {b'{"a":"off","machine":"board-1.0"}'})
        self.assertEqual(len(told), 320)

    @unittest.skipIf(SANITIZED, "the sanitizer must be loaded first")
    def test_threads_with_handles_of_their_own(self):
        """All begin the file at once; nothing of the process is another one after."""
        library = self.load()
        for i in range(10):
            path = os.path.join(self.folder, f"{i}.db")
            mask = os.umask(0o022)

            def work(number):
                handle = self.open(library, path.encode())
                told = [self.ask(library, handle, number % 2 + 1) for _ in range(3)]
                library.capsdb_close(handle)
                return told

            told = self.in_threads(work)
            self.assertEqual(os.umask(mask), 0o022)
            self.assertEqual(told, 24 * [b'{"a":"off","machine":"board-1.0"}'])
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)

    def installed(self):
        """The root of a fresh install."""
        root = os.path.join(self.folder, "root")
        subprocess.run(["cmake", "--install", BUILD / "capsdb", "--prefix", root], check=True,
                       capture_output=True)
        return root

    def check_program(self, program):
        done = subprocess.run([program, TELLER, "query-version"], capture_output=True, text=True,
                              env={"CAPSDB_ROOT": self.folder}, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout.split(" ", 1)[1])["package"], "teller")

    @unittest.skipIf(SANITIZED, "built with a sanitizer")
    def test_installed_with_pkg_config(self):
        root = self.installed()
        (config,) = pathlib.Path(root).rglob("capsdb.pc")
        program = os.path.join(self.folder, "program")
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "capsdb"], capture_output=True,
                               text=True, check=True,
                               env={**os.environ, "PKG_CONFIG_PATH": str(config.parent)})
        subprocess.run(["cc", "-o", program, PROGRAM, *flags.stdout.split(),
                        f"-Wl,-rpath,{config.parent.parent}"], check=True)
        self.check_program(program)

    @unittest.skipIf(SANITIZED, "built with a sanitizer")
    def test_installed_with_cmake(self):
        root = self.installed()
        project = pathlib.Path(self.folder, "project")
        project.mkdir()
        shutil.copy(PROGRAM, project)
        (project / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(mine LANGUAGES C)\n"
            "find_package(capsdb 0.1 REQUIRED)\nadd_executable(program ask_machines.c)\n"
            "target_link_libraries(program capsdb::capsdb)\n")
        for words in (["-S", project, "-B", project / "build", f"-DCMAKE_PREFIX_PATH={root}"],
                      ["--build", project / "build"]):
            done = subprocess.run(["cmake", *words], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.check_program(project / "build/program")

    @unittest.skipIf(SANITIZED, "built with a sanitizer")
    @unittest.skipUnless(shutil.which("abidiff"), "there is no abidiff here (abigail-tools)")
    def test_the_binary_interface_is_the_one_that_is_kept(self):
        self.assertEqual(self.held_against_the_kept(LIBRARY), "")
        other = os.path.join(self.folder, "other.c")
        with open(other, "w", encoding="utf-8") as file:
            file.write("int capsdb_set_deadline(void *db, long milliseconds, void *error)\n"
                       "{ return db && error && milliseconds; }\n")
        library = os.path.join(self.folder, "libcapsdb.so.0")
        subprocess.run(["cc", "-g", "-shared", "-fPIC", "-Wl,-soname,libcapsdb.so.0", "-o", library,
                        other, f"-Wl,--version-script={TOP}/capsdb/libcapsdb.map"], check=True)
        told = self.held_against_the_kept(library)
        self.assertIn("capsdb_open", told)
        self.assertIn("removed", told.lower())

    def held_against_the_kept(self, library):
        """What tools/abi says; "" if nothing."""
        done = subprocess.run([TOP / "tools/abi", library], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode == 0, not done.stdout.strip(), done.stdout + done.stderr)
        return done.stdout


def declared(header):
    for line in header.splitlines():
        if line.startswith((" *", "/*", "typedef")) or "(" not in line:
            continue
        name = line.split("(")[0].split()[-1].lstrip("*")
        if name.startswith("capsdb_"):
            yield name


if __name__ == "__main__":
    unittest.main()
