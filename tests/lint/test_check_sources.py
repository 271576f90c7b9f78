# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of the sources finds each thing that it is there for."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / 'check-sources.py'
LICENCE = 'SPDX-License-Identifier: GPL-3.0-or-later'
HEAD = '/* SPDX-License-Identifier: GPL-3.0-or-later */\n'

CLEAN = {
    'src/main.c': HEAD + 'int main (void);\n',
    'src/base/potoo-fine-clock.h': HEAD
    + '#pragma once\n'
    + '/* mail (us) */\n'
    + 'G_DECLARE_FINAL_TYPE (PotooFineClock, potoo_fine_clock, POTOO, FINE_CLOCK, GObject)\n'
    + 'typedef void (*PotooFunc) (int a);\n'
    + 'char *\npotoo_fine_clock_new (const char *a,\n                      int b);\n'
    + 'gint64 potoo_time (void) G_GNUC_PRINTF (3, 4);\n'
    + '#define potoo_x(a) other (a)\n',
    'src/base/potoo-fine-clock.c': HEAD + 'f (_("text"));\n',
    'src/base/potoo-plain.c': HEAD + '/* like _("text") */\n',
    'tests/unit/test-a.c': HEAD,
    'web/src/app/app.tsx': '// SPDX-License-Identifier: GPL-3.0-or-later\n'
    + '// <p>Not text</p>\n'
    + 'const a = <a href="http://x" title={_(\'Text\')}>{_(\'Text\')}</a>;\n',
    'po/POTFILES.in': '# list\nsrc/base/potoo-fine-clock.c\nweb/src/app/app.tsx\n',
}

VIOLATIONS = {
    'no licence': ({'src/base/potoo-a.c': 'int a;\n'}, 'src/base/potoo-a.c:1: lacks "SPDX'),
    'no licence in a test': ({'tests/unit/test-b.c': '\n'}, 'tests/unit/test-b.c:1: lacks "SPDX'),
    'no pragma': ({'src/base/potoo-a.h': HEAD}, 'src/base/potoo-a.h:1: lacks #pragma once'),
    'mark': ({'src/base/potoo-a.c': HEAD + '\n/* TO' + 'DO: x */\n'}, 'src/base/potoo-a.c:3: TODO'),
    'file name': ({'src/base/clock_x.c': HEAD}, 'src/base/clock_x.c:1: is not named'),
    'type and prefix': (
        {
            'src/base/potoo-rtsp-url.h': HEAD
            + '#pragma once\n'
            + 'G_DECLARE_FINAL_TYPE (PotooUrl, potoo_rtsp_url, POTOO, RTSP_URL, GObject)\n'
        },
        'src/base/potoo-rtsp-url.h:3: PotooUrl and potoo_rtsp_url do not agree',
    ),
    'macro prefix': (
        {
            'src/base/potoo-url.h': HEAD
            + '#pragma once\n'
            + 'G_DECLARE_FINAL_TYPE (PotooUrl, potoo_url, POTOO, URI, GObject)\n'
        },
        'src/base/potoo-url.h:3: POTOO, URI and potoo_url',
    ),
    'type and file': (
        {
            'src/base/potoo-link.h': HEAD
            + '#pragma once\n'
            + 'G_DECLARE_FINAL_TYPE (PotooUrl, potoo_url, POTOO, URL, GObject)\n'
        },
        'src/base/potoo-link.h:3: PotooUrl belongs into potoo-url.h',
    ),
    'function name': (
        {'src/base/potoo-a.h': HEAD + '#pragma once\nconst char *\nurl_parse (int a);\n'},
        'src/base/potoo-a.h:4: url_parse()',
    ),
    'not in POTFILES': (
        {'src/base/potoo-b.c': HEAD + 'const char *a = N_ ("text");\n'},
        'po/POTFILES.in:1: lacks src/base/potoo-b.c',
    ),
    'page not in POTFILES': (
        {'web/src/app/b.ts': '// ' + LICENCE + "\n_('text');\n"},
        'po/POTFILES.in:1: lacks web/src/app/b.ts',
    ),
    'no licence in a page': ({'web/src/app/b.ts': 'f();\n'}, 'web/src/app/b.ts:1: lacks "SPDX'),
    'bare text in a page': (
        {'web/src/app/b.tsx': '// ' + LICENCE + '\nf(<p>Hello you</p>);\n'},
        'web/src/app/b.tsx:2: text that is not translated',
    ),
    'bare label in a page': (
        {'web/src/app/b.tsx': '// ' + LICENCE + '\nf(<a aria-label="Hello" />);\n'},
        'web/src/app/b.tsx:2: text that is not translated',
    ),
    'style in a page': (
        {'web/src/app/b.ts': '// ' + LICENCE + '\na.innerHTML = b;\n'},
        'web/src/app/b.ts:2: innerHTML: not under',
    ),
    'nothing to translate': (
        {'po/POTFILES.in': 'src/base/potoo-fine-clock.c\nsrc/base/potoo-plain.c\nweb/src/app/app.tsx\n'},
        'po/POTFILES.in:2: src/base/potoo-plain.c has no string',
    ),
    'POTFILES in disorder': (
        {
            'src/base/potoo-b.c': HEAD + '_("text")\n',
            'po/POTFILES.in': 'src/base/potoo-fine-clock.c\nsrc/base/potoo-b.c\nweb/src/app/app.tsx\n',
        },
        'po/POTFILES.in:1: is not sorted',
    ),
}


def check(tmp_path, files):
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return subprocess.run([SCRIPT, tmp_path], capture_output=True, text=True)


def test_clean_tree(tmp_path):
    result = check(tmp_path, CLEAN)
    assert (result.returncode, result.stdout, result.stderr) == (0, '', '')


@pytest.mark.parametrize('name', VIOLATIONS)
def test_violation(tmp_path, name):
    files, expected = VIOLATIONS[name]
    result = check(tmp_path, {**CLEAN, **files})
    lines = result.stdout.splitlines()
    assert result.returncode == 1
    assert len(lines) == 1, result.stdout
    assert lines[0].startswith(expected)
