"""Reading one group of options, so that every trouble names its option."""

from datetime import timedelta
from typing import Any, Final, cast

from oslo_config import cfg

from cube_volpool import exception

DEFAULT: Final = "DEFAULT"

#: A hundred years: what is longer is a mistake, and databases cannot add it.
_LONGEST: Final = timedelta(days=36500)


class Section:
    """One group of a parsed configuration."""

    def __init__(self, conf: cfg.ConfigOpts, group: str = DEFAULT) -> None:
        self._conf = conf
        self.group = group

    def get(self, option: str) -> Any:
        """Return the value of an option.

        oslo.config checks type and bounds only when a value is read.  Raises
        InvalidConfiguration when it does not pass.
        """
        place = self._conf if self.group == DEFAULT else self._conf[self.group]
        try:
            return place[option]
        except (cfg.Error, ValueError) as error:
            raise self.wrong(option, str(error)) from error

    def words(self, option: str) -> str | None:
        """Return a string without blanks around it; None when empty."""
        text = self.get(option)
        return (text.strip() or None) if text is not None else None

    def seconds(self, option: str) -> timedelta:
        """Return a number of seconds as a duration."""
        return self._duration(option, timedelta(seconds=1))

    def days(self, option: str) -> timedelta:
        """Return a number of days as a duration."""
        return self._duration(option, timedelta(days=1))

    def _duration(self, option: str, unit: timedelta) -> timedelta:
        number = self.get(option)
        # NaN passes every bound of oslo.config, but not this one.
        if not 0 <= number <= _LONGEST / unit:
            raise self.wrong(option, f"{number} is no duration")
        return cast(timedelta, number * unit)

    def wrong(
        self, option: str, reason: str
    ) -> exception.InvalidConfiguration:
        """Return the error that names an option of this group."""
        return exception.InvalidConfiguration(
            group=self.group, option=option, reason=reason
        )
