import unittest

import include_table as table
import source_tree

GUEST_CODE = ("functions/sdk", "functions/examples")  # compiled for WebAssembly, not part of the program


def sources():
    for path in source_tree.files("*.h", "*.cpp"):
        room = source_tree.room(path)
        if room and room not in GUEST_CODE:
            yield path, room


def owner_of(target):
    matching = [prefix for prefix in table.OWNERS if target.startswith(prefix)]
    return max(matching, key=len) if matching else None


class Includes(unittest.TestCase):
    def test_a_room_includes_only_what_the_table_allows(self):
        breaches = []
        for path, room in sources():
            if room == table.WIRING:
                continue
            if room not in table.ALLOWED:
                breaches.append(f"{room} is not in the table of rooms (tests/architecture/include_table.py)")
                continue
            for system, target in source_tree.includes(path):
                other = None if system else source_tree.room(source_tree.ROOT / target)
                if other and other != room and other not in table.ALLOWED[room]:
                    breaches.append(f"{source_tree.name(path)} includes {target}: {room} may not include {other}")
        self.assertEqual(sorted(set(breaches)), [])

    def test_the_table_of_rooms_has_no_ring(self):
        done, path = set(), []

        def visit(room):
            self.assertNotIn(room, path, f"a ring: {' -> '.join(path + [room])}")
            if room in done:
                return
            path.append(room)
            for other in sorted(table.ALLOWED.get(room, ())):
                visit(other)
            path.pop()
            done.add(room)

        for room in table.ALLOWED:
            visit(room)

    def test_a_library_appears_only_in_the_rooms_that_own_it_and_not_in_their_headers(self):
        breaches = []
        for path, room in sources():
            for _, target in source_tree.includes(path):
                prefix = None if (source_tree.ROOT / target).exists() else owner_of(target)
                if prefix is None:
                    continue
                if room not in table.OWNERS[prefix]:
                    breaches.append(f"{source_tree.name(path)} includes {target}, which {room} does not own")
                elif path.suffix == ".h" and (source_tree.name(path), prefix) not in table.SHOWN:
                    breaches.append(f"{source_tree.name(path)} is a header and includes {target}")
        self.assertEqual(breaches, [])

    def test_headers_of_the_project_are_named_from_its_root(self):
        breaches = [f"{source_tree.name(path)} includes \"{target}\"" for path, _ in sources()
                    for system, target in source_tree.includes(path)
                    if not system and not (source_tree.ROOT / target).is_file() and not target.endswith(".pb.h")]
        self.assertEqual(breaches, [])

    def test_no_headers_include_each_other_in_a_ring(self):
        graph = {source_tree.name(path): [target for system, target in source_tree.includes(path) if not system]
                 for path, _ in sources() if path.suffix == ".h"}
        done, path = set(), []

        def visit(header):
            self.assertNotIn(header, path, f"a ring: {' -> '.join(path + [header])}")
            if header in done:
                return
            path.append(header)
            for other in graph.get(header, ()):
                visit(other)
            path.pop()
            done.add(header)

        for header in graph:
            visit(header)


if __name__ == "__main__":
    unittest.main()
