"""The Guru Meditation Report: what a daemon is doing, on SIGUSR2.

oslo.reports tells threads, processes and the configuration; pools and claims
are ours.  All of it is masked: a report goes to standard error, and from there
to the journal.
"""

from collections.abc import Callable, Mapping
from importlib import metadata
from typing import Any, Final

from oslo_config import cfg
from oslo_reports import guru_meditation_report as guru
from oslo_reports.generators import conf as conf_generator
from oslo_reports.models import with_default_views as models
from oslo_reports.views.text import header

from cube_volpool import exception, secrecy

#: A part of the report: what stands over it, and what it tells.
Parts = Mapping[str, Callable[[], Mapping[str, Any]]]


class _Package:
    """What oslo.reports asks for, as pbr's own version object has it."""

    def vendor_string(self) -> str:
        return "OpenStack"

    def product_string(self) -> str:
        return "cube-volpool"

    def version_string_with_package(self) -> str:
        return metadata.version("cube-volpool")


_PACKAGE: Final = _Package()


def text(conf: cfg.ConfigOpts, parts: Parts) -> str:
    """Return the report."""
    report = guru.TextGuruMeditation(_PACKAGE)
    for title, tell in parts.items():
        report.add_section(header.TitledView(title), _telling(tell))
    # Its own configuration is that of the global registry, which is empty.
    report.add_section(
        header.TitledView("Configuration of the daemon"),
        conf_generator.ConfigReportGenerator(conf),
    )
    report.start_section_index = len(report.sections)
    return secrecy.masked(str(report.run()))


def _telling(
    tell: Callable[[], Mapping[str, Any]],
) -> Callable[[], models.ModelWithDefaultViews]:
    def model() -> models.ModelWithDefaultViews:
        try:
            return models.ModelWithDefaultViews(data=dict(tell()))
        except exception.VolpoolError as error:
            # A report is worth having most when something is away.
            return models.ModelWithDefaultViews(data={"error": str(error)})

    return model
