"""The lab's accounts, and clients that act as one of them."""

import os

from cinderclient import client as cinder
from keystoneauth1 import session
from keystoneauth1.identity import v3
from keystoneclient.v3 import client as keystone

PASSWORD = os.environ['OS_PASSWORD']
REGION = os.environ['OS_REGION_NAME']

PROJECTS = ('admin', 'service', 'volpool', 'skyline-a', 'skyline-b')
TENANTS = ('skyline-a', 'skyline-b')

#: (user, project, role). The first project is the user's own.
GRANTS = (
    ('admin', 'admin', 'admin'),
    # An administrator may scope to any tenant's project.
    ('admin', 'skyline-a', 'admin'),
    ('admin', 'skyline-b', 'admin'),
    ('cinder', 'service', 'admin'),
    ('cinder', 'service', 'service'),
    ('glance', 'service', 'admin'),
    # The pool's account is a plain member of the one project that owns the
    # golden volumes and the stock; the role service, in another project,
    # only makes its token there a service token.
    ('volpool', 'volpool', 'member'),
    ('volpool', 'service', 'service'),
    # Acts in the tenants' projects and, being admin there, also sees the
    # pool's snapshots, which a create after a miss needs.
    ('skyline', 'skyline-a', 'admin'),
    ('skyline', 'skyline-b', 'admin'),
    # Acts there too and may only accept: it does not see those snapshots.
    ('carrier', 'skyline-a', 'member'),
    ('carrier', 'skyline-b', 'member'),
    ('alice', 'skyline-a', 'member'),
    ('bob', 'skyline-b', 'member'),
)


def session_of(user: str, project: str) -> session.Session:
    """A session scoped to the project."""
    return session.Session(auth=v3.Password(
        auth_url=os.environ['OS_AUTH_URL'],
        username=user, password=PASSWORD, project_name=project,
        user_domain_name='Default', project_domain_name='Default'))


def identity() -> keystone.Client:
    """Keystone, as the administrator."""
    return keystone.Client(
        session=session_of('admin', 'admin'), interface='public')


def volumes(user: str, project: str):
    """Cinder, as the user in the project."""
    return cinder.Client(os.environ['OS_VOLUME_API_VERSION'],
                         session=session_of(user, project),
                         region_name=REGION)
