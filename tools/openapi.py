#!/usr/bin/env python3
"""The API's document whole: openapi.py [--symbol=NAME] OUT.json OUT.c openapi.json SCHEMA.json…

openapi.py --from-yaml [--check] SOURCE.yaml OUT.json writes the document that people edit as JSON, so
that building needs no reader of YAML; with --check it says whether OUT.json is what would be written.

The schemas of docs/schema become components, and what refers to them by $id refers to those: so one
file without any other is all that a client needs. OUT.c embeds it: it holds the digest too, so that whoever keeps compiled objects sees a change.
"""
import hashlib
import json
import os
import sys
from urllib.parse import urljoin

COMPONENTS = '#/components/schemas/'
DEFAULT_SYMBOL = 'mp_capture_openapi'


def name_of(schema_id):
    return schema_id.removeprefix('urn:').replace(':', '-')


def local(node, base, ids):
    """`node` with each $ref to one of `ids`, seen from the schema `base`, as one to a component."""
    if isinstance(node, list):
        return [local(v, base, ids) for v in node]
    if not isinstance(node, dict):
        return node
    out = {k: local(v, base, ids) for k, v in node.items()}
    ref = out.get('$ref')
    if isinstance(ref, str):
        target, _, pointer = ref.partition('#')
        target = urljoin(base, target) if target else base
        if target in ids:
            out['$ref'] = COMPONENTS + name_of(target) + pointer
        elif not ref.startswith('#'):
            raise SystemExit(f'openapi.py: {ref} of {base or "the document"} is no schema that was given')
    return out


def whole(symbol, out, code, source, *schemas):
    with open(source, encoding='utf-8') as f:
        document = json.load(f)
    given = {}
    for path in schemas:
        with open(path, encoding='utf-8') as f:
            schema = json.load(f)
        del schema['$schema']
        given[schema.pop('$id')] = schema
    document = local(document, '', given)
    for schema_id, schema in given.items():
        document['components']['schemas'][name_of(schema_id)] = local(schema, schema_id, given)
    text = json.dumps(document, ensure_ascii=False, separators=(',', ':')) + '\n'
    with open(out, 'w', encoding='utf-8') as f:
        f.write(text)
    lines = ['.section .rodata', '.balign 16', f'.global {symbol}', f'.hidden {symbol}', f'{symbol}:',
             f'.incbin {json.dumps(os.path.abspath(out))}', f'.global {symbol}_end',
             f'.hidden {symbol}_end', f'{symbol}_end:', '.byte 0', '.previous',
             f'/* {hashlib.sha256(text.encode()).hexdigest()} */']
    with open(code, 'w', encoding='utf-8') as f:
        f.write('/* The document of the API; written by tools/openapi.py. */\n__asm__('
                + '\n        '.join(json.dumps(line + '\n') for line in lines) + ');\n')
    return 0


def from_yaml(source, out, check):
    import yaml
    with open(source, encoding='utf-8') as f:
        text = json.dumps(yaml.safe_load(f), ensure_ascii=False, indent=1) + '\n'
    if not check:
        with open(out, 'w', encoding='utf-8') as f:
            f.write(text)
        return 0
    with open(out, encoding='utf-8') as f:
        same = f.read() == text
    if not same:
        print(f'{out} is not {source}: python3 tools/openapi.py --from-yaml {source} {out}')
    return 0 if same else 1


def main(*words):
    options = {w.partition('=')[0]: w.partition('=')[2] for w in words if w.startswith('--')}
    files = [w for w in words if not w.startswith('--')]
    if '--from-yaml' in options:
        return from_yaml(*files, '--check' in options)
    return whole(options.get('--symbol', DEFAULT_SYMBOL), *files)


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
