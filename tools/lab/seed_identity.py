"""Makes the lab's projects, users, roles and catalogue. May be run again.

Usage: seed_identity.py CINDER_PORT GLANCE_PORT
"""

import sys

import cloud


def one(manager, name, **create):
    """What the manager has by that name, made if need be."""
    for found in manager.list():
        if found.name == name:
            return found
    return manager.create(name=name, **create)


def seed_accounts(keystone) -> None:
    roles = {role.name: role for role in keystone.roles.list()}
    projects = {name: one(keystone.projects, name, domain='default')
                for name in cloud.PROJECTS}
    users = {}
    for user, project, role in cloud.GRANTS:
        if user not in users:
            users[user] = one(keystone.users, user, domain='default',
                              password=cloud.PASSWORD,
                              default_project=projects[project])
        keystone.roles.grant(
            roles[role], user=users[user], project=projects[project])


def seed_catalogue(keystone, name: str, kind: str, url: str) -> None:
    service = one(keystone.services, name, type=kind)
    have = {entry.interface
            for entry in keystone.endpoints.list(service=service)}
    for interface in {'public', 'internal', 'admin'} - have:
        keystone.endpoints.create(
            service, url, interface=interface, region=cloud.REGION)


if __name__ == '__main__':
    client = cloud.identity()
    seed_accounts(client)
    seed_catalogue(client, 'cinderv3', 'volumev3',
                   f'http://127.0.0.1:{sys.argv[1]}/v3')
    seed_catalogue(client, 'glance', 'image',
                   f'http://127.0.0.1:{sys.argv[2]}')
