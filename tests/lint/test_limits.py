# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/limits.md says what the sources say, and leaves no limit out.

In it `media/potoo-hub-ring` is a module, `RING_MAX_NS` 60 s a constant of a module in the same row and its
value, `potoo_hub_drops_total` a metric, `unit/test-stream-hub.c ring/bytes` a test, and `[storage] sync-interval` a
key of potoo.conf.
"""

import functools
import re
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PAGE = (TOP / 'docs/limits.md').read_text(encoding='utf-8')

FOLDERS = sorted(p.name for p in (TOP / 'src').iterdir() if p.is_dir() and p.name not in ('sim', 'ctl'))
MODULE = re.compile(rf'`((?:{"|".join(FOLDERS)})/potoo-[a-z0-9-]+)`')
CONSTANT = re.compile(r'`([A-Z][A-Z0-9_]+)`')
VALUE = re.compile(r'`([A-Z][A-Z0-9_]+)` (\d[\d,.]*(?:\^\d+)?(?:-1)?)(?: (KiB|MiB|GiB|ms|s|min|h|days)\b)?')
METRIC = re.compile(r'`(potoo_[a-z_]+)`')
TEST = re.compile(r'`((?:unit|integration|faults)/test[\w-]+\.(?:c|py))(?: ([\w/-]+))?`')
KEY = re.compile(r'`\[(\w+)\] ([a-z-]+)`')

DEFINE = re.compile(r'^#define ([A-Z][A-Z0-9_]*) (.+)$', re.M)
# What a number in a source is turned into to be that of the page.
SIZES = {'KiB': 1 << 10, 'MiB': 1 << 20, 'GiB': 1 << 30}
SECONDS = {'ms': 0.001, 's': 1, 'min': 60, 'h': 3600, 'days': 24 * 3600}
UNITS = {'POTOO_SECOND_US': 10**6, 'G_USEC_PER_SEC': 10**6, 'POTOO_DAY_US': 24 * 3600 * 10**6}
UNITS |= {'GST_SECOND': 10**9, 'GST_MSECOND': 10**6}


def read_sources(patterns):
    paths = [path for pattern in patterns for path in sorted((TOP / 'src').glob(pattern))]
    return ''.join(path.read_text(encoding='utf-8') for path in paths)


def read_constants(text):
    return {name: re.sub(r'/\*.*|//.*', '', value).strip() for name, value in DEFINE.findall(text)}


@functools.cache
def constants_of(module):
    return read_constants(read_sources([f'{module}.[ch]', f'{module}-private.h']))


ALL_TEXT = read_sources([f'{folder}/*.[ch]' for folder in FOLDERS])
ALL = read_constants(ALL_TEXT)
# What belongs together: rows of tables, and statements of paragraphs.
ROWS = [line for line in PAGE.split('\n') if line.startswith('|')]
STATEMENTS = [part for text in PAGE.split('\n\n') if '|' not in text for part in text.replace('\n', ' ').split(';')]


def evaluate(expression):
    """A number, of what C says; names in it are constants of the tree."""
    text = re.sub(r'G_G(?:UINT|INT)64_CONSTANT|\(g?u?int64\)', '', expression)
    text = re.sub(r'\b(\d+)[uUlL]+\b', r'\1', text)
    for name in re.findall(r'\b[A-Z_][A-Z0-9_]*\b', text):
        text = re.sub(rf'\b{name}\b', str(UNITS[name] if name in UNITS else evaluate(ALL[name])), text)
    assert re.fullmatch(r'[\d\s()+*/<>.-]+', text), f'{expression} is more than this can read'
    return eval(text.replace('/', '//'))  # noqa: S307: digits and signs only


def to_seconds(name, expression):
    value = evaluate(expression)
    if 'GST_' in expression or name.endswith('_NS') or name.endswith('_MAX_SHIFT_NS'):
        return value / 10**9
    if name.endswith('_US'):
        return value / 10**6
    return value / 1000 if name.endswith('_MS') else value


def read_number(text):
    power, _, less = text.replace(',', '').partition('-')
    base, _, exponent = power.partition('^')
    return (int(base) ** int(exponent) if exponent else float(base)) - float(less or 0)


def is_value(name, expression, number, unit):
    if unit in SECONDS:
        return read_number(number) * SECONDS[unit] == to_seconds(name, expression)
    return read_number(number) * SIZES.get(unit, 1) == evaluate(expression)


def find_wrong_values():
    for row in ROWS:
        constants = [constants_of(module) for module in MODULE.findall(row)]
        for name, number, unit in VALUE.findall(row):
            found = [of_module[name] for of_module in constants if name in of_module]
            if not found:
                yield f'{name} is in no module that the row names: {row}'
            elif not is_value(name, found[0], number, unit):
                yield f'{name} is {found[0]}, not {number} {unit}: {row}'


def test_values():
    assert list(find_wrong_values()) == []


def test_modules_are_there():
    assert [module for module in MODULE.findall(PAGE) if not list((TOP / 'src').glob(f'{module}.[ch]'))] == []


def test_metrics_are_there():
    assert [m for m in METRIC.findall(PAGE) if f'"{m}"' not in ALL_TEXT] == []


def is_test(path, name):
    file = TOP / 'tests' / path
    if not file.exists():
        return False
    return name == '' or re.search(rf'[/" ]{re.escape(name)}["(]', file.read_text(encoding='utf-8'))


def test_tests_are_there():
    assert [' '.join(test) for test in TEST.findall(PAGE) if not is_test(*test)] == []


def test_keys_are_there():
    groups = re.split(r'^#?\[([\w-]+).*\]$', (TOP / 'data/potoo.conf').read_text(encoding='utf-8'), flags=re.M)
    texts = dict(zip(groups[1::2], groups[2::2], strict=True))
    assert [key for group, key in KEY.findall(PAGE) if f'\n#{key}=' not in texts.get(group, '')] == []


def find_missing():
    told = set()
    for part in ROWS + STATEMENTS:
        told.update((module, name) for module in MODULE.findall(part) for name in CONSTANT.findall(part))
    for folder in FOLDERS:
        for path in sorted((TOP / 'src' / folder).glob('*.[ch]')):
            module = f'{folder}/{path.stem.removesuffix("-private")}'
            for name in read_constants(path.read_text(encoding='utf-8')):
                if 'MAX' in name.split('_') and (module, name) not in told:
                    yield f'src/{folder}/{path.name}: {name}'


def test_no_limit_is_left_out():
    """A new one gets a row: its bound, what happens there, its counter and its test."""
    assert list(find_missing()) == []
