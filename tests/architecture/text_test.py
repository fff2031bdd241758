"""What the project's own texts promise: paths exist, nothing names the machine it was written on."""

import re
import unittest

import readme_commands
import source_tree

BACKTICKED = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"^\.?/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.*{}+-]+)+/?$")
# Words with a slash that are no paths of the project: topics, addresses, APIs, folders of a running node.
NOT_A_PATH = re.compile(r"^(/|~|\$|plant/|site/|api/|build/|application/|text/|DATA/|mqtts?:|https?:|tcp:)|[{}*+#<>]|NAME|FILE|DIR")
MACHINE = re.compile(r"/(?:root|home)/[a-z]|/work/(?:main|shared)|\.\./shared")
TEXT_SUFFIXES = {".md", ".h", ".cpp", ".py", ".txt", ".cmake", ".toml", ".json", ".ts", ".svelte", ".mjs", ".js", ".rs", ".sh", ""}


def without_code(text):
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def tested_by(command, beginning, test, word):
    return command.startswith(beginning) and word in (source_tree.ROOT / test).read_text()


class Texts(unittest.TestCase):
    def test_every_path_in_a_readme_exists(self):
        missing = []
        for readme in source_tree.files("README.md", "*/README.md", "*.md"):
            for word in BACKTICKED.findall(without_code(readme.read_text())):
                if not PATH.match(word) or NOT_A_PATH.search(word):
                    continue
                places = [source_tree.ROOT / word.lstrip("/"), readme.parent / word]
                if not any(place.exists() for place in places):
                    missing.append(f"{source_tree.name(readme)}: `{word}`")
        self.assertEqual(missing, [])

    def test_every_command_in_a_readme_has_a_test(self):
        untested = []
        for readme in source_tree.files("*.md"):
            for block in re.findall(r"^```sh\n(.*?)^```", readme.read_text(), re.DOTALL | re.MULTILINE):
                for command in filter(None, map(str.strip, block.splitlines())):
                    if not any(tested_by(command, *entry) for entry in readme_commands.TESTED):
                        untested.append(f"{source_tree.name(readme)}: {command}")
        self.assertEqual(untested, [])

    def test_a_readme_of_a_room_has_at_most_60_lines(self):
        long = [f"{source_tree.name(path)}: {len(path.read_text().splitlines())} lines" for path in source_tree.files("*/README.md")
                if len(path.read_text().splitlines()) > 60]
        self.assertEqual(long, [])

    def test_no_file_names_the_machine_it_was_written_on(self):
        found = []
        for path in source_tree.files():
            if path.suffix not in TEXT_SUFFIXES or source_tree.name(path) == "tests/architecture/text_test.py":
                continue
            text = path.read_text(errors="replace")
            found += [f"{source_tree.name(path)}: {match.group()}" for match in MACHINE.finditer(text)]
        self.assertEqual(found, [])

    def test_the_license_is_there(self):
        self.assertIn("Apache License", (source_tree.ROOT / "LICENSE").read_text())


if __name__ == "__main__":
    unittest.main()
