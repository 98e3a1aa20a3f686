"""Prints what a test must know of the lab, as JSON.

Usage: describe.py DATABASE_URL AMQP_URL CINDER_URL
"""

import json
import os
import sys

import cloud


def describe(database: str, amqp: str, cinder: str) -> dict:
    """Addresses, accounts and the ids of what was seeded, by name."""
    keystone = cloud.identity()
    pool = cloud.volumes('volpool', 'volpool')
    return {
        'auth_url': os.environ['OS_AUTH_URL'],
        'cinder_url': cinder,
        'region': cloud.REGION,
        'db_url': database,
        'amqp_url': amqp,
        'ceph_conf': os.environ['CEPH_CONF'],
        'users': {user: cloud.PASSWORD for user, _, _ in cloud.GRANTS},
        'projects': {project.name: project.id
                     for project in keystone.projects.list()
                     if project.name in cloud.PROJECTS},
        'volume_types': {kind.name: kind.id
                         for kind in pool.volume_types.list()},
        'snapshots': {found.name: found.id
                      for found in pool.volume_snapshots.list()},
        'sources': {found.name: found.id for found in pool.volumes.list()
                    if found.name.startswith('src-')},
    }


if __name__ == '__main__':
    json.dump(describe(*sys.argv[1:]), sys.stdout, indent=2, sort_keys=True)
    print()
