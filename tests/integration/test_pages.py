# SPDX-License-Identifier: GPL-3.0-or-later
"""The user interface that is built into the daemon, as a browser fetches it."""

import gzip
import json
import re

import pytest

PAGES = ('/', '/cameras/new', '/cameras/front', '/cameras/front/edit', '/recordings/front?at=x', '/storage')
TYPES = {
    'css': 'text/css; charset=utf-8',
    'ico': 'image/x-icon',
    'js': 'text/javascript; charset=utf-8',
    'json': 'application/json',
    'png': 'image/png',
    'svg': 'image/svg+xml',
    'txt': 'text/plain; charset=utf-8',
    'webmanifest': 'application/manifest+json',
    'woff2': 'font/woff2',
}
ASSET = re.compile(rb'/assets/[A-Za-z0-9._-]+')


@pytest.fixture(scope='module')
def shared(module_workshop):
    return module_workshop.daemon()


def test_pages(shared):
    document = shared.get('/')
    for path in PAGES:
        status, headers, body = shared.api('GET', path)
        assert (status, body) == (200, document)
        assert headers['content-type'] == 'text/html; charset=utf-8'
        assert headers['cache-control'] == 'no-cache'
        policy = headers['content-security-policy']
        assert "default-src 'none'" in policy and "script-src 'self'" in policy
        assert 'unsafe' not in policy
        again = shared.api('GET', path, headers={'If-None-Match': headers['etag']})
        assert again[0] == 304 and again[2] == b''
    # What the policy would forbid.
    assert not re.search(rb'<script(?![^>]* src=)|<style|\bon\w+=|\bstyle=', document)


@pytest.mark.parametrize('path', ['/nowhere', '/cameras', '/cameras/Front%20Door', '/recordings/a/b', '/storage/x', '/apix'])
def test_unknown_page(shared, path):
    """A person gets the page, which says so; a program gets a problem."""
    status, headers, body = shared.api('GET', path, headers={'Accept': 'text/html,*/*;q=0.8'})
    assert (status, body) == (404, shared.get('/'))
    assert headers['content-type'] == 'text/html; charset=utf-8'
    assert headers['cache-control'] == 'no-store'
    assert "default-src 'none'" in headers['content-security-policy']
    for fields in ({}, {'Accept': '*/*'}, {'Accept': 'application/json'}):
        status, headers, _ = shared.api('GET', path, headers=fields)
        assert status in (400, 404) and headers['content-type'] == 'application/problem+json'


@pytest.mark.parametrize('path', ['/api/v1/nowhere', '/api/v1/cameras/Front%20Door', '/live/front/x', '/assets/x'])
def test_programs_get_no_page(shared, path):
    status, headers, _ = shared.api('GET', path, headers={'Accept': 'text/html'})
    assert status in (400, 404) and headers['content-type'] == 'application/problem+json'


def test_assets(shared):
    """All that the document names, and what those name."""
    names, found = set(ASSET.findall(shared.get('/'))), {}
    if not names:
        assert b'without its user interface' in shared.get('/')
        pytest.skip('built with -Dweb_ui=false')
    while names - found.keys():
        name = (names - found.keys()).pop()
        status, headers, body = shared.api('GET', name.decode())
        assert status == 200, name
        assert headers['content-type'] == TYPES[name.decode().rsplit('.', 1)[1]]
        assert headers['cache-control'] == 'public, max-age=31536000, immutable'
        packed = shared.api('GET', name.decode(), headers={'Accept-Encoding': 'gzip'})
        if packed[1].get('content-encoding') == 'gzip':
            unpacked = gzip.decompress(packed[2])
            assert (unpacked if isinstance(body, bytes) else json.loads(unpacked)) == body
            assert packed[1]['vary'] == 'Accept-Encoding'
        else:
            assert packed[2] == body
        found[name] = body
        names |= set(ASSET.findall(body)) if isinstance(body, bytes) else set()
    status, _, problem = shared.api('GET', '/assets/app-00000000.js')
    assert status == 404 and problem['type'] == 'urn:potoo:error:not-found'
