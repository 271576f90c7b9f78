#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks what a compiler does not: heads, names and translations of the sources.

    tests/check-sources.py [--update] [PROJECT_DIRECTORY]

Each violation is one line, `file:line: what`. Exit status 1 when there is one.
With --update, po/POTFILES.in is written anew first.
"""

import re
import sys
from pathlib import Path

LICENCE = 'SPDX-License-Identifier: GPL-3.0-or-later'
MARKS = re.compile(r'\b(TODO|FIXME|XXX)\b')
# G_DECLARE_FINAL_TYPE (PotooCamera, potoo_camera, POTOO, CAMERA, GObject)
DECLARE = re.compile(r'^G_DECLARE_(?:FINAL|DERIVABLE)_TYPE \((\w+),\s*(\w+),\s*(\w+),\s*(\w+),', re.M)
# A function's name in a header, at the start of its statement or of its line.
FUNCTION = re.compile(r'^(?!\s|#|typedef|G_|\})[\w \*]*?\b([a-z]\w*) \((?!\*)', re.M)
TRANSLATED = re.compile(r'\b(?:_|N_|C_|NC_|ngettext|g_dngettext) ?\(')
TRANSLATED_PAGE = re.compile(r'\b(?:_|ngettext|pgettext)\(\s*[\'"]')
COMMENT = re.compile(r'/\*.*?\*/|(?<!:)//[^\n]*', re.S)


def line_of(text, position):
    return text.count('\n', 0, position) + 1


def blank(match):
    return '\n' * match.group(0).count('\n')


def split_words(camel):
    """PotooRTSPUrl → potoo_rtsp_url"""
    return re.sub(r'(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])', '_', camel).lower()


def check_head(name, text):
    lines = text.split('\n')
    if LICENCE not in ''.join(lines[:2]):
        yield 1, f'lacks "{LICENCE}" in its first line'
    if name.endswith('.h') and '#pragma once' not in lines[:3]:
        yield 1, 'lacks #pragma once behind the licence'


def check_marks(text):
    for match in MARKS.finditer(text):
        yield line_of(text, match.start()), f'{match.group(0)}: mend it or write an issue'


def check_names(path, text):
    """Files, types and functions agree: potoo-x.h has PotooX and potoo_…()."""
    stem = path.stem
    if path.parent.name != 'src' and not re.fullmatch(r'potoo-[a-z0-9]+(-[a-z0-9]+)*', stem):
        yield 1, 'is not named potoo-…, in lower case with dashes'
    code = COMMENT.sub(blank, text)
    for match in DECLARE.finditer(code):
        line = line_of(code, match.start())
        kind, prefix, module, rest = match.groups()
        if split_words(kind) != prefix:
            yield line, f'{kind} and {prefix} do not agree'
        if f'{module}_{rest}'.lower() != prefix:
            yield line, f'{module}, {rest} and {prefix} do not agree'
        if stem.replace('-', '_') not in (prefix, f'{prefix}_private'):
            yield line, f'{kind} belongs into {prefix.replace("_", "-")}.h'
    if path.suffix == '.h':
        for match in FUNCTION.finditer(code):
            if not match.group(1).startswith('potoo_'):
                yield line_of(code, match.start(1)), f'{match.group(1)}() is not named potoo_…'


def find_translated(sources):
    def calls(path):
        return TRANSLATED if path.startswith('src/') else TRANSLATED_PAGE

    return {path for path, text in sources.items() if calls(path).search(COMMENT.sub(blank, text))}


def read_pages(top):
    """The user interface, whose strings are in the same catalog."""
    return {
        path.relative_to(top).as_posix(): path.read_text(encoding='utf-8')
        for path in sorted((top / 'web' / 'src').rglob('*.ts*'))
    }


def update_translations(top):
    potfiles = top / 'po' / 'POTFILES.in'
    head = [line for line in potfiles.read_text(encoding='utf-8').split('\n') if line[:1] == '#']
    potfiles.write_text('\n'.join([*head, *sorted(find_translated({**read_sources(top), **read_pages(top)})), '']))


def check_translations(top, sources):
    """po/POTFILES.in lists exactly the files with strings to translate."""
    potfiles = top / 'po' / 'POTFILES.in'
    if not potfiles.exists():
        return
    listed = [
        line.strip()
        for line in potfiles.read_text(encoding='utf-8').split('\n')
        if line.strip() and not line.startswith('#')
    ]
    name = 'po/POTFILES.in'
    wanted = find_translated(sources)
    for path in sorted(wanted - set(listed)):
        yield name, 1, f'lacks {path}, which has strings to translate'
    for number, path in enumerate(listed, 1):
        if path not in wanted:
            yield name, number, f'{path} has no string to translate, or does not exist'
    if listed != sorted(set(listed)):
        yield name, 1, 'is not sorted, or lists a file twice'


def read_sources(top):
    return {
        path.relative_to(top).as_posix(): path.read_text(encoding='utf-8')
        for path in sorted((top / 'src').rglob('*.[ch]'))
    }


# What a reader sees must come from the catalog: text between tags, and attributes that are read out.
BARE_TEXT = re.compile(r'(?:^|[^=-])>\s*(?!Potoo<)[A-Z][a-z]+[^<>{}();=]*<|\b(?:aria-label|title|alt|placeholder|label)="[A-Z][a-z]')
# The policy of the daemon forbids styles and scripts in the document; inserted markup has neither checked.
FORBIDDEN = re.compile(r'dangerouslySetInnerHTML|\binnerHTML\b|\bstyle="|\bon[a-z]+="|\beval\(|new Function\b')


def check_pages(top):
    for name, text in read_pages(top).items():
        for line, message in (*check_head(name, text), *check_marks(text)):
            yield name, line, message
        code = COMMENT.sub(blank, text)
        for match in FORBIDDEN.finditer(code):
            yield name, line_of(code, match.start()), f'{match.group(0)}: not under our content security policy'
        if name.endswith('.tsx'):
            for match in BARE_TEXT.finditer(code):
                yield name, line_of(code, match.start()), 'text that is not translated'


def check(top):
    sources = read_sources(top)
    for name, text in sources.items():
        path = top / name
        for line, message in (
            *check_head(name, text),
            *check_marks(text),
            *check_names(path, text),
        ):
            yield name, line, message
    for path in sorted((top / 'tests').rglob('*.[ch]')):
        text = path.read_text(encoding='utf-8')
        name = path.relative_to(top).as_posix()
        for line, message in (*check_head(name, text), *check_marks(text)):
            yield name, line, message
    yield from check_pages(top)
    yield from check_translations(top, {**sources, **read_pages(top)})


def main(arguments):
    update = '--update' in arguments
    arguments = [argument for argument in arguments if argument != '--update']
    top = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    if update:
        update_translations(top)
    found = list(check(top))
    for name, line, message in found:
        print(f'{name}:{line}: {message}')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
