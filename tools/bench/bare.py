"""The floor: the same calls to Cinder, with nothing of ours around them."""

import time
from concurrent import futures
from dataclasses import dataclass
from typing import Any

from cube_volpool.tests.integration import installation, lab


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A volume of the pool project that the tenant may accept."""

    volume_id: str
    transfer_id: str
    key: str


class BareClient:
    """Plain requests with tokens that are at hand, from both accounts."""

    def __init__(self, site: installation.Installation, body: dict[str, Any],
                 project: str) -> None:
        self._tag = site.tag
        self._body = body
        self.pool = site.lab.account('volpool', 'volpool')
        self.tenant = site.lab.account('skyline', project)
        self._threads = futures.ThreadPoolExecutor(3)

    def make(self, name: str) -> str:
        """The id of a new volume in the pool project, available."""
        body = {**self._body, 'name': f'{self._tag}-{name}'}
        return self.pool.create(body)

    def accept_only(self, volume_id: str) -> float:
        """Seconds of one accept; look-up, rename and offer come before."""
        offer = self._prepare(volume_id)
        began = time.perf_counter()
        self._accept(offer)
        return time.perf_counter() - began

    def four_calls(self, volume_id: str) -> float:
        """Seconds of look-up, rename and offer side by side, then accept."""
        began = time.perf_counter()
        self._accept(self._prepare(volume_id))
        return time.perf_counter() - began

    def _prepare(self, volume_id: str) -> Offer:
        name = f'{self._tag}-bare-{volume_id}'
        asked = self._threads.submit(self.tenant.volumes, name=name)
        renamed = self._threads.submit(
            self.pool.call, 'PUT', f'/volumes/{volume_id}',
            {'volume': {'name': name, 'metadata': {'bench': self._tag}}})
        offered = self.pool.call('POST', '/volume-transfers', {'transfer': {
            'volume_id': volume_id, 'name': name, 'no_snapshots': True}})
        if asked.result() or not renamed.result():
            raise RuntimeError(f'{name} is there already')
        transfer = offered['transfer']
        return Offer(volume_id=volume_id, transfer_id=transfer['id'],
                     key=transfer['auth_key'])

    def _accept(self, offer: Offer) -> None:
        self.tenant.call(
            'POST', f'/volume-transfers/{offer.transfer_id}/accept',
            {'accept': {'auth_key': offer.key}})


def remove(account: lab.Account, volume_id: str) -> None:
    """Delete a volume and wait until it is gone."""
    while not account.delete(volume_id):
        time.sleep(0.1)
