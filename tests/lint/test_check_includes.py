# SPDX-License-Identifier: GPL-3.0-or-later
"""The include check finds every kind of violation, and nothing in a clean tree."""

import importlib.util
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / 'check-includes.py'

CLEAN = {
    'base/potoo-clock.h': '#pragma once\n#include <glib.h>\n',
    'base/potoo-clock.c': '#include "base/potoo-clock.h"\n',
    'config/potoo-config.h': '#include "base/potoo-clock.h"\n',
    'media/potoo-hub.h': '#include <gst/gst.h>\n#include "config/potoo-config.h"\n',
    'catalog/potoo-catalog.h': '#include "base/potoo-clock.h"\n',
    'catalog/potoo-catalog-private.h': '#include <sqlite3.h>\n',
    'catalog/potoo-catalog.c': '#include "catalog/potoo-catalog-private.h"\n',
    # GStreamer may be seen through a header of media.
    'camera/potoo-camera.h': '#include "media/potoo-hub.h"\n#include "catalog/potoo-catalog.h"\n',
    'record/potoo-recorder.h': '#include "media/potoo-hub.h"\n',
    'web/potoo-web-server.h': '#include "camera/potoo-camera.h"\n',
    'web/potoo-web-server.c': '#include <libsoup/soup.h>\n#include "web/potoo-web-server.h"\n',
    'app/potoo-app.h': '#include "web/potoo-web-server.h"\n#include "record/potoo-recorder.h"\n',
    'sim/sim.c': '#include <gst/gst.h>\n#include "base/potoo-clock.h"\n',
    'main.c': (
        '/* #include "nowhere/potoo-comment.h" */\n'
        '// #include "nowhere/potoo-comment.h"\n'
        'static const char *s = "/*";\n'
        "static const char q = '\"', *t = \"/*\";\n"
        '#include "app/potoo-app.h"\n'
    ),
}

# name: (files added to the clean tree, file:line of the only message, words in it)
VIOLATIONS = {
    'higher rank': (
        {'base/potoo-bad.c': '\n#include "config/potoo-config.h"\n'},
        'src/base/potoo-bad.c:2:',
        ['base/ (rank 0)', 'config/ (rank 1)'],
    ),
    'sibling': (
        {'camera/potoo-bad.h': '#include "record/potoo-recorder.h"\n'},
        'src/camera/potoo-bad.h:1:',
        ['siblings of rank 4', 'join them in app/'],
    ),
    'sibling of rank 2': (
        {'media/potoo-bad.c': '#include "catalog/potoo-catalog.h"\n'},
        'src/media/potoo-bad.c:1:',
        ['siblings of rank 2'],
    ),
    'spaced directive': (
        {'base/potoo-bad.c': '  #  include  "web/potoo-web-server.h"\n'},
        'src/base/potoo-bad.c:1:',
        ['lower ranks only'],
    ),
    'sim beyond base': (
        {'sim/bad.c': '#include "config/potoo-config.h"\n'},
        'src/sim/bad.c:1:',
        ['sim/ includes only base'],
    ),
    'somebody includes sim': (
        {'sim/sim.h': '', 'app/potoo-bad.c': '#include "sim/sim.h"\n'},
        'src/app/potoo-bad.c:1:',
        ['program of its own'],
    ),
    'circle': (
        {
            'base/potoo-a.h': '#include "base/potoo-b.h"\n',
            'base/potoo-b.h': '\n\n#include "base/potoo-a.h"\n',
        },
        'src/base/potoo-b.h:3:',
        ['circle', 'base/potoo-a.h → base/potoo-b.h → base/potoo-a.h'],
    ),
    'circle of one': (
        {'base/potoo-a.h': '#include "base/potoo-a.h"\n'},
        'src/base/potoo-a.h:1:',
        ['circle'],
    ),
    'no folder': (
        {'base/potoo-bad.c': '#include "potoo-clock.h"\n'},
        'src/base/potoo-bad.c:1:',
        ['lacks its folder'],
    ),
    'relative path': (
        {'config/potoo-bad.c': '#include "../base/potoo-clock.h"\n'},
        'src/config/potoo-bad.c:1:',
        ['no plain path'],
    ),
    'angle brackets': (
        {'config/potoo-bad.c': '#include <base/potoo-clock.h>\n'},
        'src/config/potoo-bad.c:1:',
        ['use quotes'],
    ),
    'missing header': (
        {'config/potoo-bad.c': '#include "base/potoo-none.h"\n'},
        'src/config/potoo-bad.c:1:',
        ['not in src/'],
    ),
    'source included': (
        {'base/potoo-bad.c': '#include "base/potoo-clock.c"\n'},
        'src/base/potoo-bad.c:1:',
        ['not a header'],
    ),
    'computed include': (
        {'base/potoo-bad.c': '#define H "base/potoo-clock.h"\n#include H\n'},
        'src/base/potoo-bad.c:2:',
        ['cannot read'],
    ),
    'folder without rank': (
        {'helpers/potoo-bad.c': ''},
        'src/helpers/potoo-bad.c:1:',
        ['has no rank'],
    ),
    'file beside main': (
        {'util.c': ''},
        'src/util.c:1:',
        ['only main.c'],
    ),
    'sqlite outside catalog': (
        {'record/potoo-bad.c': '#include <sqlite3.h>\n'},
        'src/record/potoo-bad.c:1:',
        ['<sqlite3.h>', 'all SQLite is in catalog'],
    ),
    'sqlite through a header': (
        {'record/potoo-bad.c': '#include "catalog/potoo-catalog-private.h"\n'},
        'src/record/potoo-bad.c:1:',
        ['brings in <sqlite3.h>'],
    ),
    'soup in a resource': (
        {'web/potoo-web-cameras.c': '#include <libsoup/soup.h>\n'},
        'src/web/potoo-web-cameras.c:1:',
        ['not libsoup'],
    ),
    'gst in camera': (
        {'camera/potoo-bad.c': '#include <gst/rtsp/gstrtsp.h>\n'},
        'src/camera/potoo-bad.c:1:',
        ['GStreamer types stay'],
    ),
}


def write_tree(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def check(tmp_path, files):
    root = tmp_path / 'src'
    write_tree(root, files)
    return subprocess.run([SCRIPT, root], capture_output=True, text=True)


def test_clean_tree(tmp_path):
    result = check(tmp_path, CLEAN)
    assert (result.returncode, result.stdout, result.stderr) == (0, '', '')


@pytest.mark.parametrize('name', VIOLATIONS)
def test_violation(tmp_path, name):
    files, place, words = VIOLATIONS[name]
    result = check(tmp_path, {**CLEAN, **files})
    lines = result.stdout.splitlines()
    assert result.returncode == 1
    assert len(lines) == 1, result.stdout
    assert lines[0].startswith(place + ' ')
    for word in words:
        assert word in lines[0]


def test_soup_through_a_header(tmp_path):
    result = check(
        tmp_path,
        {
            **CLEAN,
            'web/potoo-web-bad.h': '#include <libsoup/soup.h>\n',
            'web/potoo-web-cameras.c': '#include "web/potoo-web-bad.h"\n',
        },
    )
    assert 'src/web/potoo-web-bad.h:1: <libsoup/soup.h>' in result.stdout
    assert 'src/web/potoo-web-cameras.c:1: "web/potoo-web-bad.h" brings in' in result.stdout


def test_generated_header_is_exempt(tmp_path):
    spec = importlib.util.spec_from_file_location('check_includes', SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    files = {
        **CLEAN,
        'app/potoo-good.c': '#include "dbus/potoo-made.h"\n',
        'record/potoo-bad.c': '#include "dbus/potoo-made.h"\n',
    }
    write_tree(tmp_path, files)
    errors = module.Checker(tmp_path, generated={'dbus/potoo-made.h'}).run()
    # It may be missing, but its folder still has its rank.
    assert [(path, line) for path, line, _ in errors] == [('record/potoo-bad.c', 1)]


def test_empty_directory_is_no_success(tmp_path):
    result = subprocess.run([SCRIPT, tmp_path], capture_output=True, text=True)
    assert result.returncode == 2
    assert 'no C files' in result.stderr
