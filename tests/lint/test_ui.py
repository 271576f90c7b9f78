# SPDX-License-Identifier: GPL-3.0-or-later
"""The user interface: types, translations, and what a browser has to load."""

import gzip
import json
import re
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
WEB = TOP / 'web'
INITIAL_BYTES = 60 * 1024


def run(*command):
    result = subprocess.run(
        [str(c) for c in command], cwd=TOP, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope='module')
def built(tmp_path_factory):
    out = tmp_path_factory.mktemp('ui')
    print(run('node', WEB / 'build/main.mjs', '--out', out))
    return out


def read_asset(built, pattern):
    (path,) = (built / 'assets').glob(pattern)
    return gzip.decompress(path.read_bytes()).decode()


def test_types():
    run('node', WEB / 'build/check.mjs')


def test_versions_are_exact():
    manifest = json.loads((WEB / 'package.json').read_text())
    lock = json.loads((WEB / 'package-lock.json').read_text())
    wanted = {**manifest['dependencies'], **manifest['devDependencies']}
    for name, version in wanted.items():
        assert re.fullmatch(r'\d+\.\d+\.\d+', version), (name, version)
        assert lock['packages'][f'node_modules/{name}']['version'] == version
    for path, entry in lock['packages'].items():
        assert path == '' or entry['integrity'].startswith('sha512-'), path


def test_document_is_under_the_policy(built):
    html = (built / 'index.html').read_text()
    assert not re.search(r'\son\w+=|\sstyle=|<style|javascript:|https?://', html)
    for content in re.findall(r'<script[^>]*>([^<]*)</script>', html):
        assert content.strip() == ''
    assert '<noscript>' in html
    for name in re.findall(r'"/assets/([^"]+)"', html):
        assert re.search(r'-[0-9A-Za-z]{8,}\.\w+$', name)
        assert (built / 'assets' / f'{name}.gz').is_file(), name


def test_first_page_is_light(built):
    html = (built / 'index.html').read_text()
    names = set(re.findall(r'"/assets/([^"]+\.js)"', html))
    size = sum((built / 'assets' / f'{name}.gz').stat().st_size for name in names)
    assert len(names) == 2
    assert 10_000 < size < INITIAL_BYTES
    assert 'hls' not in ''.join(names)


def test_starts_in_any_browser(built):
    """It says what is missing where nothing newer than ECMAScript 5 is understood."""
    start = read_asset(built, 'start-*.js.gz')
    assert 'old-browser' in start
    assert not re.search(r'=>|`|\b(let|const|class)\b|\?\.|\?\?', start)


@pytest.mark.parametrize('language', ['de'])
def test_translation_is_complete(built, tmp_path, language):
    template = tmp_path / 'ui.pot'
    run('node', WEB / 'build/strings.mjs', template)
    merged = tmp_path / 'merged.po'
    run('msgmerge', '--quiet', '--no-fuzzy-matching', '-o', merged, TOP / f'po/{language}.po', template)
    assert run('msgattrib', '--untranslated', '--no-obsolete', merged) == ''
    messages = json.loads(read_asset(built, f'text-{language}-*.json.gz'))['messages']
    wanted = len(re.findall(r'^msgid "', template.read_text(), re.M)) - 1
    assert len(messages) == wanted > 100
    for message, forms in messages.items():
        places = sorted(set(re.findall(r'\{\w+\}', message)))
        for form in forms:
            assert sorted(set(re.findall(r'\{\w+\}', form))) == places, (message, form)


def test_strings_are_found_in_types(tmp_path):
    """xgettext trips over TypeScript; every call in the sources is in the template all the same."""
    template = tmp_path / 'ui.pot'
    run('node', WEB / 'build/strings.mjs', template)
    text = re.sub(r'"\n"', '', template.read_text())
    found = set(re.findall(r'^msgid(?:_plural)? "(.*)"$', text, re.M))
    calls = re.compile(r"\b(?:_|ngettext)\(\s*'((?:[^'\\]|\\.)*)'")
    for path in sorted((WEB / 'src').rglob('*.ts*')):
        for message in calls.findall(path.read_text()):
            assert message.replace("\\'", "'").replace('"', '\\"') in found, (path, message)
