"""Puts the lab's one image into Glance. May be run again.

Usage: seed_images.py GLANCE_URL
"""

import os
import sys

import cloud

#: The id that the tests and their simulator know.
IDENT = '00000000-0000-4000-8000-000000000012'
IMAGE = {
    'id': IDENT,
    'name': 'debian-12',
    'visibility': 'public',
    'container_format': 'bare',
    'disk_format': 'raw',
    'min_disk': 1,
}
#: Random, so that it does not come out sparse.
SIZE = 4 << 20


def main(url: str) -> None:
    admin = cloud.session_of('admin', 'admin')

    def call(method: str, path: str, **options):
        return admin.request(f'{url}/v2/images{path}', method,
                             raise_exc=False, **options)

    found = call('GET', f'/{IDENT}')
    if found.status_code == 404:
        found = call('POST', '', json=IMAGE)
    if found.json()['status'] == 'queued':
        call('PUT', f'/{IDENT}/file', data=os.urandom(SIZE),
             headers={'Content-Type': 'application/octet-stream'})
        found = call('GET', f'/{IDENT}')
    if found.json()['status'] != 'active':
        raise RuntimeError(f'the image is not there: {found.text}')


if __name__ == '__main__':
    main(sys.argv[1])
