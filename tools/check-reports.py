#!/usr/bin/env python3
"""Golden reports against what they claim to be: JSON by our schema, JUnit as XML, TAP's YAML.

Also strictly: a key that the schema does not name is an error here, so that none stays
undocumented. Prints TAP; a check whose library is missing is skipped visibly.
"""
import copy
import json
import pathlib
import sys
import xml.etree.ElementTree as ElementTree

try:
    import jsonschema
except ImportError:
    jsonschema = None
try:
    import yaml
except ImportError:
    yaml = None

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else '.')
GOLDEN = ROOT / 'tests' / 'golden'


def strict(schema):
    """The same schema, closed: no further keys in any object that lists its keys."""
    if isinstance(schema, dict):
        closed = {key: strict(value) for key, value in schema.items()}
        if 'properties' in closed and 'type' in closed:
            closed['additionalProperties'] = False
        return closed
    return [strict(item) for item in schema] if isinstance(schema, list) else schema


def documents(path):
    text = path.read_text(encoding='utf-8')
    if path.suffix == '.jsonl':
        return [json.loads(line) for line in text.splitlines()]
    value = json.loads(text)
    return value if isinstance(value, list) else [value]


def check_json(path):
    if jsonschema is None:
        return 'SKIP python3-jsonschema is not installed'
    main = path.stem.partition('-')[0]
    main = main if main in ('subject', 'run', 'feedback') else 'report'
    schema = json.loads((ROOT / f'docs/schema/{main}-1.schema.json').read_text(encoding='utf-8'))
    jsonschema.Draft202012Validator.check_schema(schema)
    closed = strict(copy.deepcopy(schema))
    found = documents(path)
    assert found, 'no document'
    for document in found:
        kind = 'error' if 'error' in document else main
        if main == 'feedback' and 'schema' not in document:
            kind = 'tls_failure' if 'result_type' in document else document['kind']
        jsonschema.Draft202012Validator(schema).validate(document)
        jsonschema.Draft202012Validator({**closed, 'oneOf': [{'$ref': f'#/$defs/{kind}'}]}).validate(document)
    return ''


def check_junit(path):
    suites = ElementTree.parse(path).getroot()
    for place, prefix in [(suites, './/')] + [(suite, '') for suite in suites.findall('testsuite')]:
        for count, element in (('tests', 'testcase'), ('failures', 'testcase/failure'),
                               ('errors', 'testcase/error'), ('skipped', 'testcase/skipped')):
            assert int(place.get(count)) == len(place.findall(prefix + element)), count
    cases = suites.findall('.//testcase')
    names = [(case.get('classname'), case.get('name')) for case in cases]
    assert cases and len(set(names)) == len(names), 'each name once'
    for case in cases:
        for child in case:
            assert child.get('message') and child.text, 'a reason in attribute and text'
    return ''


def check_tap(path):
    if yaml is None:
        return 'SKIP python3-yaml is not installed'
    block = None
    for line in path.read_text(encoding='utf-8').splitlines():
        if line == '  ---':
            block = []
        elif line == '  ...':
            assert isinstance(yaml.safe_load('\n'.join(block)), dict), 'a YAML mapping'
            block = None
        elif block is not None:
            block.append(line)
    assert block is None, 'a block that is not closed'
    return ''


def check_sarif(path):
    run = json.loads(path.read_text(encoding='utf-8'))['runs'][0]
    rules = run['tool']['driver']['rules']
    for result in run['results']:
        assert rules[result['ruleIndex']]['id'] == result['ruleId'], 'rule by index'
        place = result['locations'][0]
        if 'physicalLocation' in place:
            assert place['physicalLocation']['region']['startLine'] >= 1, 'a line'
        else:
            assert place['logicalLocations'][0]['fullyQualifiedName'], 'a name'
    return ''


CHECKS = {'.json': check_json, '.jsonl': check_json, '.xml': check_junit, '.tap': check_tap,
          '.sarif': check_sarif}


def main():
    paths = sorted(path for path in GOLDEN.iterdir() if path.suffix in CHECKS)
    failed = not paths
    print(f'1..{len(paths)}')
    for number, path in enumerate(paths, 1):
        try:
            note = CHECKS[path.suffix](path)
            print(f'ok {number} - {path.name}' + (f' # {note}' if note else ''))
        except Exception as problem:  # whatever is wrong, the row says so and the rest still runs
            failed = True
            print(f'not ok {number} - {path.name}')
            for line in str(problem).splitlines()[:20]:
                print(f'# {line}')
    return 1 if failed else 0


sys.exit(main())
