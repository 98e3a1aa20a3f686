"""A simulated Keystone v3 and Cinder v3, speaking their real HTTP.

In a test, without a socket and with time in the test's hand::

    from cube_volpool.tests import simulator
    from cube_volpool.tests.simulator import faults

    clock = simulator.SimClock()
    cloud = simulator.Cloud.lab(clock)          # seeded like the real lab
    auth = v3.Password(cloud.auth_url, username="volpool",
                       password="labadmin", project_name="volpool",
                       user_domain_id="default", project_domain_id="default")
    ks = session.Session(auth, session=simulator.mount(cloud))
    cinder = client.Client("3.70", session=ks, region_name="RegionOne")
    volume = cinder.volumes.create(1, snapshot_id=cloud.snapshot_id(
        "debian-12_ssd_20261120"), volume_type="ssd")
    clock.advance(10)                           # built: 0.4 s + 2.5 s/GiB
    cloud.fault("POST", "/volume-transfers/*/accept",
                faults.lose("timeout"), times=1)
    assert not [r for r in cloud.requests if r.method == "DELETE"]

``simulator.serve(cloud)`` is the same on a loopback socket (``.url``,
``.auth_url``), ``python -m cube_volpool.tests.simulator`` a process.

* State: ``cloud.volume(id_or_name)``, ``volumes_of(project)``,
  ``transfers``, ``snapshots``, ``quota``; seed with ``add_project``,
  ``add_user``, ``add_type``, ``add_volume``, ``add_snapshot``,
  ``set_quota``.
* Backend: ``cloud.backend.plan("create", "error", times=3)``,
  ``plan("delete", "busy")``, ``plan("create", "stuck")``,
  ``plan("cast", "error")``; ``backend.stop()`` and ``start()`` are the
  death and restart of cinder-volume.
* Faults: ``cloud.fault(method, route glob, act, nth=, since=, times=,
  probability=, project=, user=, when=)`` with the acts of ``faults``:
  ``refuse``, ``throttle``, ``drop``, ``hang``, ``lose``, ``late`` (then
  ``cloud.run_late()``), ``slow``, ``slow_drip``, ``half_body``,
  ``wrong_json``, ``hook``.
* Routes are ``/volumes/<id>``, ``/volume-transfers/<id>/accept``,
  ``/identity/auth/tokens``: no host, version or project.
* Journal: ``cloud.requests``, entries of ``journal.Seen``.
* Time: a ``SimClock`` stands still; ``advance`` lets everything due
  happen. Slow answers move it too, and block nobody.
"""
from cube_volpool.tests.simulator.adapter import mount
from cube_volpool.tests.simulator.backend import Outcome
from cube_volpool.tests.simulator.clock import RealClock, SimClock
from cube_volpool.tests.simulator.cloud import Cloud
from cube_volpool.tests.simulator.faults import Fault, Faults
from cube_volpool.tests.simulator.server import Server, serve

__all__ = ["Cloud", "Fault", "Faults", "Outcome", "RealClock", "Server",
           "SimClock", "mount", "serve"]
