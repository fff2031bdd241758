"""Commands of READMEs, and the test that runs each: (beginning of the command, test file, word that the test holds).

A command in a ```sh block that no line here covers is a failure: either the README or the tests are behind."""

TESTED = [
    ("./deploy/demo", "tests/system/demo_test.py", "--check"),
    ("./tests/run", ".ci/run", "tests/run"),
    ("doppel edge --config", "deploy/playground.py", "--config"),
    ("doppel edge", "tests/system/edge_test.py", "--mqtt"),
    ("doppel coordinator", "deploy/playground.py", "coordinator"),
    ("doppel twin", "tests/system/readme_test.py", "README.md"),
    ("doppel dead", "tests/system/readme_test.py", "README.md"),
    ("doppel fn", "tests/system/readme_test.py", "README.md"),
    ("doppel fleet", "tests/system/readme_test.py", "README.md"),
    ("doppel config", "tests/system/readme_test.py", "README.md"),
    ("doppel sim", "tests/system/demo_test.py", "demo.py"),
]
