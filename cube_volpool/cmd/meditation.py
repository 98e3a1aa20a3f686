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

from cube_volpool import secrecy

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
    report = _Guarded(_PACKAGE)
    for title, tell in parts.items():
        report.add_section(header.TitledView(title), _telling(tell))
    # Its own configuration is that of the global registry, which is empty.
    report.add_section(
        header.TitledView("Configuration of the daemon"),
        conf_generator.ConfigReportGenerator(conf),
    )
    report.start_section_index = len(report.sections)
    return secrecy.masked(str(report.run()))


class _Guarded(guru.TextGuruMeditation):
    """A report of which each section may fail by itself.

    The worse things are, the more it is needed; and the unit hides what the
    section on processes looks for in /proc.
    """

    def _readd_sections(self) -> None:
        super()._readd_sections()
        for section in self.sections:
            section.generator = _guarded(section.generator)


def _guarded(tell: Callable[[], Any]) -> Callable[[], Any]:
    def model() -> Any:
        try:
            # Whatever it would stumble over, it does so here.
            told = tell()
            str(told)
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            return models.ModelWithDefaultViews(data={"not told": text})
        return told

    return model


def _telling(
    tell: Callable[[], Mapping[str, Any]],
) -> Callable[[], models.ModelWithDefaultViews]:
    return lambda: models.ModelWithDefaultViews(data=dict(tell()))
