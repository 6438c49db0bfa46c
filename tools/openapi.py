#!/usr/bin/env python3
"""The API's document whole: openapi.py OUT.json OUT.c openapi.json SCHEMA.json…

The schemas of docs/schema become components, and what refers to them by $id refers to those: so one
file without any other is all that a client needs. OUT.c embeds it: it holds the digest too, so that whoever keeps compiled objects sees a change.
"""
import hashlib
import json
import os
import sys
from urllib.parse import urljoin

COMPONENTS = '#/components/schemas/'
SYMBOL = 'mp_capture_openapi'


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


def main(out, code, source, *schemas):
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
    lines = ['.section .rodata', '.balign 16', f'.global {SYMBOL}', f'.hidden {SYMBOL}', f'{SYMBOL}:',
             f'.incbin {json.dumps(os.path.abspath(out))}', f'.global {SYMBOL}_end',
             f'.hidden {SYMBOL}_end', f'{SYMBOL}_end:', '.byte 0', '.previous',
             f'/* {hashlib.sha256(text.encode()).hexdigest()} */']
    with open(code, 'w', encoding='utf-8') as f:
        f.write('/* The document of the API; written by tools/openapi.py. */\n__asm__('
                + '\n        '.join(json.dumps(line + '\n') for line in lines) + ');\n')
    return 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
