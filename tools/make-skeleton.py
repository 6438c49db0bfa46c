#!/usr/bin/env python3
"""Makes src/url/skeleton.def: letters that look alike, from the data that ICU carries.

usage: make-skeleton.py >src/url/skeleton.def        needs Debian's libicu72 (Unicode 15.0)

The mapping of UTS 39 (confusables.txt) over NFKC_Casefold, until nothing changes any more, without
the marks that stand over and under letters. Kept: what looks like ASCII in the end, and letters of
scripts that have small and capital ones.
"""
import ctypes
import unicodedata

ICU = '72'
I18N = ctypes.CDLL('libicui18n.so.' + ICU)
UC = ctypes.CDLL('libicuuc.so.' + ICU)
SCRIPTS = ('ARMENIAN', 'CHEROKEE', 'COPTIC', 'CYRILLIC', 'GEORGIAN', 'GREEK', 'LATIN',
           'MATHEMATICAL', 'MODIFIER')
MAX_BYTES = 7
HEAD = '''/* Letters that look alike: code point, and what it is for the eye. Made by tools/make-skeleton.py.
 * Derived from the Unicode data file confusables.txt (UTS 39) and NFKC_Casefold of Unicode 15.0, as
 * ICU 72 carries them; changed: joined, and reduced to what names of domains and people need.
 *
 * Copyright (c) 1991-2022 Unicode, Inc. All rights reserved. Distributed under the Terms of Use in
 * https://www.unicode.org/copyright.html.
 *
 * Permission is hereby granted, free of charge, to any person obtaining a copy of the Unicode data
 * files and any associated documentation (the "Data Files") or Unicode software and any associated
 * documentation (the "Software") to deal in the Data Files or Software without restriction,
 * including without limitation the rights to use, copy, modify, merge, publish, distribute, and/or
 * sell copies of the Data Files or Software, and to permit persons to whom the Data Files or
 * Software are furnished to do so, provided that either (a) this copyright and permission notice
 * appear with all copies of the Data Files or Software, or (b) this copyright and permission notice
 * appear in associated Documentation.
 *
 * THE DATA FILES AND SOFTWARE ARE PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
 * IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR
 * PURPOSE AND NONINFRINGEMENT OF THIRD PARTY RIGHTS. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR
 * HOLDERS INCLUDED IN THIS NOTICE BE LIABLE FOR ANY CLAIM, OR ANY SPECIAL INDIRECT OR CONSEQUENTIAL
 * DAMAGES, OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE
 * USE OR PERFORMANCE OF THE DATA FILES OR SOFTWARE.
 *
 * Except as contained in this notice, the name of a copyright holder shall not be used in
 * advertising or otherwise to promote the sale, use or other dealings in these Data Files or
 * Software without prior written authorization of the copyright holder. */'''


def checked(err):
    if err.value > 0:
        raise SystemExit(f'ICU says {err.value}')


def handle(function):
    err = ctypes.c_int(0)
    function.restype = ctypes.c_void_p
    made = ctypes.c_void_p(function(ctypes.byref(err)))
    checked(err)
    return made


SPOOF = handle(getattr(I18N, 'uspoof_open_' + ICU))
FOLD = handle(getattr(UC, 'unorm2_getNFKCCasefoldInstance_' + ICU))


def call(function, *first, text):
    out, err = ctypes.create_string_buffer(1024), ctypes.c_int(0)
    units = text.encode('utf-16-le')
    n = function(*first, units, ctypes.c_int(len(units) // 2), out, ctypes.c_int(512),
                 ctypes.byref(err))
    checked(err)
    return out.raw[:n * 2].decode('utf-16-le')


def fold(text):
    return call(getattr(UC, 'unorm2_normalize_' + ICU), FOLD, text=text)


def skeleton(text):
    return call(getattr(I18N, 'uspoof_getSkeleton_' + ICU), SPOOF, ctypes.c_uint(0), text=text)


def is_mark(c):
    return unicodedata.category(c) in ('Mn', 'Me', 'Cf')


def latin(c):
    """Small capitals, which UTS 39 keeps apart, are taken for the letters that they are."""
    name = unicodedata.name(c, '')
    if name.startswith('LATIN LETTER SMALL CAPITAL ') and len(name.split()[-1]) == 1 and 'TURNED' not in name:
        return skeleton(name[-1].lower())
    return 'k' if c == '\u0138' else c


def looks_like(c):
    text, before = fold(c), None
    while text != before:
        before, text = text, unicodedata.normalize('NFD', fold(skeleton(text)))
        text = ''.join(latin(x) for x in text if not is_mark(x))
    return text


def is_wanted(c, to):
    kept = to.isascii() or unicodedata.name(c, '').startswith(SCRIPTS)
    return kept and to not in ('', c) and ' ' not in to and len(to.encode()) <= MAX_BYTES


def quoted(text):
    return '"' + ''.join(chr(b) if 0x20 <= b < 0x7f and b not in b'"\\' else f'\\{b:03o}'
                         for b in text.encode()) + '"'


print(HEAD)
for number in range(0x80, 0x110000):
    if 0xd800 <= number < 0xe000 or is_mark(chr(number)):
        continue
    target = looks_like(chr(number))
    if is_wanted(chr(number), target):
        print(f'{{0x{number:x}, {quoted(target)}}},')
