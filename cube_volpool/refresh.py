"""The catalogue's refresh: which images there are, what each pool builds."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from oslo_log import log

from cube_volpool import (
    catalogue,
    exception,
    images,
    model,
    origin,
    settings,
    survey,
    volumeapi,
)
from cube_volpool.db.store import Store

LOG = log.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Change:
    """A pool gets another source, or none."""

    pool: model.PoolName
    before: model.SnapshotId | None
    after: model.SnapshotId | None
    #: Why it has none.
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class Synced:
    """What a refresh changed, or would change."""

    changes: tuple[Change, ...]
    findings: tuple[catalogue.Finding, ...] = ()
    #: Pools for which no image is known, changed or not, and why; of a plan.
    without: Mapping[model.PoolName, str] = field(default_factory=dict)

    @property
    def pools(self) -> frozenset[model.PoolName]:
        """The pools that changed."""
        return frozenset(change.pool for change in self.changes)


class Refresher:
    """Reads the images, and tells the pools what to build."""

    def __init__(
        self,
        store: Store,
        api: volumeapi.VolumeAPI,
        settings: settings.Settings,
        *,
        source: images.Images,
    ) -> None:
        self._store = store
        self._settings = settings
        self._survey = survey.Survey(store, api, settings, source=source)
        self._told: frozenset[catalogue.Finding] = frozenset()

    def turn(self) -> Synced:
        """Do what is due by itself: a sync, or what does without Cinder.

        Where images are only read when asked, the pools still follow what
        was rejected meanwhile; and the first time somebody has to read them,
        for all pools or for one.
        """
        if self._settings.catalogue.automatic or not self._store.images.list():
            return self.sync()
        self._ensure()
        records = self._store.pools.list()
        begun = self._begin(
            [
                spec
                for spec in self._settings.pools
                if _is_beginner(spec, records[spec.name])
            ]
        )
        later = self._reconsider()
        return Synced(
            changes=(*begun.changes, *later.changes), findings=begun.findings
        )

    def plan(self) -> Synced:
        """Say what a sync would change; changes nothing.  Raises as sync."""
        view = self._survey.look()
        changes = []
        without = {}
        for spec in self._settings.pools:
            known = view.records.get(spec.name)
            choice = view.choose(spec)
            change = _change(spec, choice, known)
            if change is not None:
                changes.append(change)
            if choice.error is not None:
                without[spec.name] = choice.error
        return Synced(
            changes=tuple(changes), findings=view.findings, without=without
        )

    def sync(self) -> Synced:
        """Refresh the catalogue and every pool's source.

        A pool whose type or OS is unknown builds nothing and keeps what it
        has, until they appear.  Raises what the volume API raises, and
        ImagesUnavailable.
        """
        self._ensure()
        view = self._survey.look()
        self._tell(view.findings)
        changes = self._follow(view, self._settings.pools)
        self._catalogue(view.entries)
        return Synced(changes=changes, findings=view.findings)

    def _begin(self, specs: Sequence[settings.PoolSpec]) -> Synced:
        """Let these pools alone begin: nobody has asked for the others.

        What is catalogued of their OS and type comes first: others may be
        built from it.
        """
        if not specs:
            return Synced(changes=())
        view = self._survey.look()
        known = [
            entry
            for entry in self._store.images.list()
            if entry.rejected is None and view.has(entry)
        ]
        changes: list[Change] = []
        for spec in specs:
            mine = [entry for entry in known if catalogue.fits(spec, entry)]
            if spec.snapshot_id is None and not mine:
                mine = [e for e in view.entries if catalogue.fits(spec, e)]
                self._store.images.add(
                    catalogue.assign(
                        mine,
                        current=(),
                        sources=(),
                        keep=self._settings.catalogue.keep,
                    )
                )
            seen = dataclasses.replace(view, entries=tuple(mine))
            changes += self._follow(seen, [spec])
        return Synced(changes=tuple(changes), findings=view.findings)

    def _follow(
        self, view: survey.View, specs: Iterable[settings.PoolSpec]
    ) -> tuple[Change, ...]:
        """Let pools have the source that a view chooses for them."""
        changes = []
        for spec in specs:
            choice = view.choose(spec)
            known = view.records[spec.name]
            change = self._record(
                spec,
                choice,
                known,
                type_id=view.types.get(spec.volume_type),
            )
            if change is not None:
                changes.append(change)
            self._abandon(known, choice, view)
        return tuple(changes)

    def reconsider(self) -> Synced:
        """Choose again among what is catalogued; Cinder is not asked."""
        self._ensure()
        return self._reconsider()

    def _reconsider(self) -> Synced:
        records = self._store.pools.list()
        form = self._settings.catalogue.version_format
        entries = self._store.images.list()
        changes = []
        for spec in self._settings.pools:
            known = records[spec.name]
            if spec.snapshot_id or not known.volume_type_id:
                continue
            choice = catalogue.choose(
                spec,
                entries,
                (spec.volume_type,),
                form=form,
                current=known.current_snapshot_id,
            )
            change = self._record(
                spec, choice, known, type_id=known.volume_type_id
            )
            if change is not None:
                changes.append(change)
        return Synced(changes=tuple(changes))

    def rollback(self, os_name: str, volume_type: str) -> Synced:
        """Let pools of an OS and type go back to the image before.

        During a change that is the current one.  Raises NoImage when there
        is none to go back to.
        """
        pools = [
            spec
            for spec in self._settings.pools
            if spec.os_name == os_name
            and spec.is_type(volume_type, None)
            and spec.snapshot_id is None
        ]
        records = self._store.pools.list()
        given = (
            records[spec.name].source_snapshot_id
            for spec in pools
            if spec.name in records
        )
        sources = {ident for ident in given if ident is not None}
        left = [
            entry
            for entry in self._store.images.list()
            if any(catalogue.fits(spec, entry) for spec in pools)
            and entry.rejected is None
            and entry.snapshot_id not in sources
        ]
        if not sources or not left:
            raise exception.NoImage(
                image=f"OS {os_name}, type {volume_type},",
                reason="has no earlier image to go back to, or no pool that "
                "is not pinned",
            )
        for snapshot_id in sources:
            self._store.images.reject(
                snapshot_id, reason="rolled back by an operator"
            )
        return self.reconsider()

    def allow(self, snapshot_id: model.SnapshotId) -> Synced:
        """Take the rejection of a snapshot back.

        Raises NoImage when it is not in the catalogue, or not rejected.
        """
        if not self._store.images.allow(snapshot_id):
            raise exception.NoImage(
                image=f"snapshot {snapshot_id}",
                reason="is not in the catalogue, or nobody rejected it",
            )
        return self.reconsider()

    def _ensure(self) -> None:
        """Let every pool have its record: an operator may be the first."""
        self._store.pools.ensure([spec.name for spec in self._settings.pools])

    def _record(
        self,
        spec: settings.PoolSpec,
        choice: catalogue.Choice,
        known: model.PoolRecord,
        *,
        type_id: str | None,
    ) -> Change | None:
        if choice.error is not None:
            if self._store.pools.note_error(spec.name, choice.error):
                LOG.error(
                    "Pool %s builds nothing: %s", spec.name, choice.error
                )
        elif known.source_snapshot_id is None:
            self._store.pools.note_error(spec.name, None)
        change = _change(spec, choice, known)
        size_gib = choice.size_gib and (spec.size_gib or choice.size_gib)
        recorded = known.volume_type_id, known.source_size_gib, known.os_name
        if change is None and recorded == (type_id, size_gib, spec.os_name):
            return None
        self._store.pools.set_source(
            spec.name,
            snapshot_id=choice.snapshot_id,
            size_gib=size_gib,
            volume_type_id=type_id,
            os_name=spec.os_name,
        )
        if change is not None:
            LOG.info(
                "Pool %s: the source snapshot is now %s, it was %s",
                spec.name,
                change.after,
                change.before,
            )
        return change

    def _abandon(
        self,
        known: model.PoolRecord,
        choice: catalogue.Choice,
        view: survey.View,
    ) -> None:
        """Do not send claims by OS name to a snapshot that is no more.

        While a new one is built, each would be a create that Cinder refuses,
        for as long as the builds take or fail.
        """
        current, source = known.current_snapshot_id, choice.snapshot_id
        if current is None or source is None or current == source:
            return
        if origin.kind(current) is not origin.Kind.SNAPSHOT:
            # Nobody has looked whether it is there.
            return
        snapshot = view.snapshots.get(current)
        if snapshot is not None and catalogue.is_usable(snapshot):
            return
        if self._store.pools.abandon(
            known.name, current=current, source=source
        ):
            LOG.warning(
                "Pool %s: claims by OS name get snapshot %s now: nothing is "
                "left of %s, which is not in Cinder any more",
                known.name,
                source,
                current,
            )

    def _catalogue(self, entries: Sequence[model.CatalogueEntry]) -> None:
        """Keep the entries, each in the role that the pools give it now."""
        known = self._store.pools.list()
        # Others are nobody's any more, whatever they gave once.
        records = [
            known[spec.name]
            for spec in self._settings.pools
            if spec.name in known
        ]
        self._store.images.replace(
            catalogue.assign(
                entries,
                current=[r.current_snapshot_id for r in records],
                sources=[r.source_snapshot_id for r in records],
                keep=self._settings.catalogue.keep,
            )
        )

    def _tell(self, findings: Sequence[catalogue.Finding]) -> None:
        """Log what is odd, once."""
        for finding in findings:
            if finding not in self._told:
                level = log.WARNING if finding.is_trouble else log.INFO
                LOG.log(level, "Images: %s", finding)
        self._told = frozenset(findings)


def _change(
    spec: settings.PoolSpec,
    choice: catalogue.Choice,
    known: model.PoolRecord | None,
) -> Change | None:
    before = None if known is None else known.source_snapshot_id
    if before == choice.snapshot_id:
        return None
    return Change(
        pool=spec.name,
        before=before,
        after=choice.snapshot_id,
        error=choice.error,
    )


def _is_beginner(
    spec: settings.PoolSpec, known: model.PoolRecord
) -> bool:
    """Has nobody told this pool yet what its configuration asks for?"""
    if known.os_name not in (None, spec.os_name):
        return True
    if spec.snapshot_id is None:
        return known.volume_type_id is None
    is_sized = spec.size_gib in (None, known.source_size_gib)
    return known.source_snapshot_id != spec.snapshot_id or not is_sized
