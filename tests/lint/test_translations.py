# SPDX-License-Identifier: GPL-3.0-or-later
"""Each language of po/LINGUAS says all that the sources say, and nothing else. When it does not:
`po/update`, and translate what it then counts as untranslated."""

import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
LANGUAGES = [line for line in (TOP / 'po/LINGUAS').read_text().split('\n') if line and not line.startswith('#')]
HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'


def run(*command):
    result = subprocess.run(
        [str(c) for c in command], cwd=TOP, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def list_faults(po, template, directory):
    """What @po lacks, says without being sure, or says of what is no longer in the sources."""
    merged = directory / 'merged.po'
    run('msgmerge', '--quiet', '--no-fuzzy-matching', '--output-file', merged, po, template)
    run('msgfmt', '--check', '--output-file=/dev/null', merged)
    kinds = {
        'untranslated': ['--untranslated', '--no-obsolete'],
        'fuzzy': ['--only-fuzzy', '--no-obsolete'],
        'obsolete': ['--only-obsolete'],
    }
    found = {kind: run('msgattrib', *options, merged) for kind, options in kinds.items()}
    return {kind: text for kind, text in found.items() if text}


@pytest.fixture(scope='module')
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp('po') / 'potoo.pot'
    run(TOP / 'po/update', 'template', path)
    return path


@pytest.mark.parametrize('language', LANGUAGES)
def test_languages(template, tmp_path, language):
    assert list_faults(TOP / f'po/{language}.po', template, tmp_path) == {}


def test_template_has_both_parts(template):
    text = template.read_text()
    for message in ('There is no segment %s', 'Skip to content'):
        assert f'msgid "{message}"' in text


@pytest.mark.parametrize(
    ('kind', 'entry'),
    [
        ('untranslated', ''),
        ('fuzzy', '#, fuzzy\nmsgid "Yes"\nmsgstr "Ja"\n'),
        ('obsolete', 'msgid "Yes"\nmsgstr "Ja"\n\nmsgid "No"\nmsgstr "Nein"\n'),
    ],
)
def test_faults_are_found(tmp_path, kind, entry):
    template, po = tmp_path / 'a.pot', tmp_path / 'a.po'
    template.write_text(f'{HEADER}\nmsgid "Yes"\nmsgstr ""\n')
    po.write_text(f'{HEADER}\n{entry}')
    assert list(list_faults(po, template, tmp_path)) == [kind]
