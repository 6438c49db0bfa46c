#!/usr/bin/env python3
"""Makes the pictures of this folder, with libjpeg (Pillow, cjpeg) and qrencode: run by no build.

usage: make.py         writes beside itself; what src/image/*_test.c expects is written there
"""
import io
import os
import subprocess

from PIL import Image, JpegImagePlugin  # noqa: F401 (Pillow's JPEG options)

HERE = os.path.dirname(os.path.abspath(__file__))
WIDTH, HEIGHT = 77, 53


def grey(x, y):
    """A slope with squares on it: image_test.c has the same formula."""
    return 40 + x + y + (60 if (x // 16 + y // 16) % 2 else 0)


def picture():
    image = Image.new('L', (WIDTH, HEIGHT))
    image.putdata([grey(x, y) for y in range(HEIGHT) for x in range(WIDTH)])
    return image


def jpegs():
    rgb = picture().convert('RGB')
    for name, image, options in [
            ('grey', picture(), {}),
            ('444', rgb, {'subsampling': 0}),
            ('422', rgb, {'subsampling': 1}),
            ('420', rgb, {'subsampling': 2}),
            ('optimised', rgb, {'optimize': True}),
            ('progressive', rgb, {'progressive': True, 'subsampling': 0}),
            ('progressive-420', rgb, {'progressive': True, 'subsampling': 2}),
            ('progressive-grey', picture(), {'progressive': True}),
            ('cmyk', rgb.convert('CMYK'), {})]:
        image.save(os.path.join(HERE, name + '.jpg'), quality=95, **options)
    large = Image.new('L', (2050, 2001))
    large.putdata([60 + 120 * ((x // 64 + y // 64) % 2) for y in range(2001) for x in range(2050)])
    large.save(os.path.join(HERE, 'large.jpg'), quality=40, optimize=True, progressive=True)
    ppm = io.BytesIO()
    rgb.save(ppm, 'ppm')
    for name, options in [('rgb', ['-rgb']), ('restart', ['-restart', '3B']),
                          ('progressive-restart', ['-progressive', '-restart', '7B']),
                          ('odd-sampling', ['-sample', '1x2,2x1,1x1']),
                          ('arithmetic', ['-arithmetic'])]:
        with open(os.path.join(HERE, name + '.jpg'), 'wb') as out:
            subprocess.run(['cjpeg', '-quality', '95'] + options, input=ppm.getvalue(),
                           stdout=out, check=True)


def codes():
    """Sheets of versions 1 to 40 of level L, 1 to 20 of the others, one pixel a module, margin 4."""
    for level, rows, size in [('L', 5, 185), ('M', 3, 105), ('Q', 3, 105), ('H', 3, 105)]:
        sheet = Image.new('1', (8 * size, rows * size), 1)
        for version in range(1, 41 if level == 'L' else 21):
            text = f'V{version}{level}'
            png = subprocess.run(['qrencode', '-o', '-', '-s', '1', '-m', '4', '-l', level, '-v',
                                  str(version), text], check=True, capture_output=True).stdout
            tile = Image.open(io.BytesIO(png)).convert('1')
            sheet.paste(tile, ((version - 1) % 8 * size, (version - 1) // 8 * size))
        sheet.save(os.path.join(HERE, f'versions-{level}.png'), optimize=True)


if __name__ == '__main__':
    jpegs()
    codes()
