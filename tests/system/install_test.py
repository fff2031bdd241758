"""What `cmake --install` lays out works from where it lies: the program, and the SDK with its CMake helper."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

import harness

FUNCTION = """
#include <doppel/function.hpp>
struct State { int64_t count; };
void on_event(const doppel::Event&, State& state, doppel::Effects& effects) { effects.set("count", ++state.count); }
DOPPEL_FUNCTION(State, on_event)
"""
PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(functions LANGUAGES NONE)
include({helper})
doppel_guest(count count.cpp)
"""


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise harness.Failed(f"{command} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


class Install(unittest.TestCase):
    def setUp(self):
        build = harness.BINARY.parent
        if not harness.BINARY.exists() or not (build / "CMakeCache.txt").exists():
            self.skipTest(f"{harness.BINARY} is not built by CMake here")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="doppel-install-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.prefix = self.folder / "prefix"
        run("cmake", "--install", build, "--prefix", self.prefix)

    def test_the_program_and_all_that_goes_with_it_are_there(self):
        self.assertRegex(run(self.prefix / "bin" / "doppel", "--version"), r"\d+\.\d+\.\d+")
        for file in ("lib/systemd/system/doppel-edge.service", "lib/systemd/system/doppel-coordinator.service",
                     "share/doppel/scenarios/plant.toml", "share/doppel/examples/overheat/function.toml"):
            self.assertTrue((self.prefix / file).exists(), file)

    def test_a_function_is_built_by_the_installed_helper_with_the_installed_headers(self):
        if not (shutil.which("clang++-14") or shutil.which("clang++")) or not (shutil.which("wasm-ld-14") or shutil.which("wasm-ld")):
            self.skipTest("no clang++ with wasm-ld")
        helper = self.prefix / "share/doppel/cmake/doppel_guests.cmake"
        self.assertNotIn(str(harness.ROOT), helper.read_text())
        source, build = self.folder / "functions", self.folder / "build"
        source.mkdir()
        (source / "count.cpp").write_text(FUNCTION)
        (source / "CMakeLists.txt").write_text(PROJECT.format(helper=helper))
        run("cmake", "-G", "Ninja", "-S", source, "-B", build)
        run("cmake", "--build", build)
        self.assertEqual((build / "guests" / "count.wasm").read_bytes()[:4], b"\0asm")
        self.assertNotIn(str(harness.ROOT), (build / "build.ninja").read_text())


if __name__ == "__main__":
    unittest.main()
