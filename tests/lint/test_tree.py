# SPDX-License-Identifier: GPL-3.0-or-later
"""The project's own files pass every check that needs no build."""

import ast
import shutil
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]


def list_files(*patterns):
    """Files of the tree, tracked or about to be, that match."""
    command = [shutil.which('git') or 'false', '-c', f'safe.directory={TOP}', '-C', TOP, 'ls-files', '-z']
    command += ['--cached', '--others', '--exclude-standard', '--', *patterns]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode == 0:
        paths = {TOP / name for name in result.stdout.split('\0') if name}
    else:  # a tree without git, from a tarball
        paths = {p for pattern in patterns for p in TOP.glob(pattern.replace('/*', '/**/*'))}
    return sorted(p for p in paths if p.is_file())


def run(*command):
    result = subprocess.run(
        [str(c) for c in command], cwd=TOP, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_includes():
    run(TOP / 'tests/check-includes.py')


def test_sources():
    run(TOP / 'tests/check-sources.py')


def test_dbus_docs():
    run(TOP / 'scripts/dbus-docs', '--check')


def test_format():
    files = list_files('src/*.c', 'src/*.h', 'tests/*.c', 'tests/*.h')
    assert len(files) > 20
    run('clang-format-14', '--dry-run', '-Werror', *files)


def test_shell_scripts():
    others = ('packages', 'dbus-docs')
    scripts = [p for p in list_files('scripts/*', '.ci/*') if p.name not in others]
    assert TOP / 'scripts/test' in scripts
    run('shellcheck', '--external-sources', '--source-path', TOP, *scripts)


def test_scripts_can_be_executed():
    for name in ('scripts/run', 'scripts/test', '.ci/run', 'tests/check-includes.py'):
        assert (TOP / name).stat().st_mode & 0o111, f'{name} is not executable'


def test_python_compiles():
    for path in list_files('*.py'):
        ast.parse(path.read_text(encoding='utf-8'), filename=str(path))


def test_spelling():
    files = list_files('src/*', 'tests/*', 'docs/*', 'data/*', 'scripts/*', '*.md', 'meson.build')
    files += list_files('web/src/*', 'web/build/*', 'web/tests/*')
    run('codespell', '--ignore-words', TOP / 'tests/lint/codespell.ignore', *files)
