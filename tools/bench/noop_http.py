"""A server that answers each call of a claim with what never changes.

Prints its address.  One write for each answer, and no Nagle: with delayed
acknowledgements that alone would cost 44 ms.
"""

import http.server
import json

VOLUME = '11111111-1111-4111-8111-111111111111'
TRANSFER = '22222222-2222-4222-8222-222222222222'
_VOLUME = {'volume': {'id': VOLUME, 'name': 'bench', 'metadata': {}}}
_TRANSFER = {'transfer': {'id': TRANSFER, 'volume_id': VOLUME,
                          'name': 'bench', 'auth_key': 'key'}}
_ANSWERS = {
    'GET': (200, {'volumes': []}),
    'PUT': (200, _VOLUME),
    'POST': (202, _TRANSFER),
}


class _Connection(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        self.rfile.read(int(self.headers.get('Content-Length') or 0))
        status, body = _ANSWERS[self.command]
        content = json.dumps(body).encode()
        self.wfile.write(
            f'HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\n'
            f'Content-Length: {len(content)}\r\n\r\n'.encode() + content)

    do_GET = do_PUT = do_POST = _serve

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


if __name__ == '__main__':
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), _Connection)
    print(f'http://127.0.0.1:{server.server_port}', flush=True)
    server.serve_forever()
