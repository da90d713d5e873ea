"""The composition root: the only file that knows every other. Builds, wires, prepares."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from ami_dialer.adapters.asterisk.agi_socket import AgiSocketServer
from ami_dialer.adapters.asterisk.fastagi import FastAgiServer
from ami_dialer.adapters.asterisk.telephony import AmiTelephony
from ami_dialer.adapters.clock import SystemClock, machine_zone
from ami_dialer.adapters.mqtt import MqttEvents
from ami_dialer.adapters.speech import TtsSpeech
from ami_dialer.adapters.web.list_api import WebListSource
from ami_dialer.config.schema import Config
from ami_dialer.engine.announcer import Announcer
from ami_dialer.engine.floor import Floor, build_desks
from ami_dialer.engine.lifecycle import Engine, LegServer, OnAgent, OnLeg
from ami_dialer.journey.intake import Intake, IntakeError, import_list
from ami_dialer.journey.scrub import import_dnc_file
from ami_dialer.ports import Clock, ListSource, Telephony
from ami_dialer.sources.problems import SourceError
from ami_dialer.store import dnc_lists, lists
from ami_dialer.store.database import Database
from ami_dialer.store.imports import ImportTakenOverError
from ami_dialer.store.opened import opened_database
from ami_dialer.store.writer import Writer

log = structlog.get_logger(__name__)


async def import_lists(config: Config, database: Database, clock: Clock) -> list[Intake]:
    """Import every list of the configuration whose file has changed.

    A file that cannot be read is fatal only where the list was never imported: else it keeps the contacts it has.
    """
    stored = await lists.load_lists(database)
    done = []
    for name in config.lists:
        try:
            intake = await import_list(database, name, clock)
        except IntakeError as error:
            if stored[name].imported_at is None:
                raise
            log.error("the list keeps the contacts it has", list=name, why=str(error))
            continue
        except ImportTakenOverError as error:
            log.info("the list is being imported beside the dialer", list=name, why=str(error))
            continue
        _say(intake)
        done.append(intake)
    return done


def _say(intake: Intake) -> None:
    if not intake.read:
        log.debug("list unchanged", list=intake.list_name)
        return
    log.info(
        "list imported",
        action="list_imported",
        list=intake.list_name,
        source=intake.source,
        read_as=intake.described,
        resumed=intake.resumed,
        **intake.counts,
        rejects_file=str(intake.rejects_file) if intake.rejects_file else None,
    )


async def import_dnc_lists(config: Config, database: Database, clock: Clock) -> None:
    """Import every do-not-call file of the configuration that has changed.

    One that cannot be read is fatal where it was never imported: nobody is called without it.
    """
    stored = await dnc_lists.load_lists(database, clock.now())
    imported = {each.name for each in stored if each.file_digest is not None}
    for name, settings in config.dnc_lists.items():
        if settings.file is None:
            continue
        try:
            done = await import_dnc_file(database, name, settings.file, settings.region, clock.now(), again=False)
        except SourceError as error:
            if name not in imported:
                raise
            log.error("the do-not-call list keeps the entries it has", list=name, why=str(error))
            continue
        if done.read:
            log.info(
                "do-not-call list imported",
                action="dnc_imported",
                list=name,
                added=done.added,
                known=done.known,
                rejected=done.rejections,
                warnings=done.warnings,
                rejects_file=str(done.rejects_file) if done.rejects_file else None,
            )


def list_source(config: Config, clock: Clock) -> ListSource:
    """What fetches lists from web APIs."""
    return WebListSource(config.fetching, clock)


@asynccontextmanager
async def engine(config: Config) -> AsyncIterator[Engine]:
    """A dialer that is ready to start: database locked and migrated, lists imported. Raises DialerError."""
    clock = SystemClock()
    async with opened_database(config, clock.now()) as database:
        await database.lock_engine()
        imported = [intake for intake in await import_lists(config, database, clock) if intake.read]
        await import_dnc_lists(config, database, clock)
        telephony: dict[str, Telephony] = {
            name: AmiTelephony(
                name,
                server,
                clock,
                originate_timeout=config.engine.originate_timeout,
                agent_context=config.agent_lines.context,
            )
            for name, server in config.servers.items()
        }
        servers, trunks = build_desks(config, telephony)
        speech = TtsSpeech(config.speech)
        trimmed = await asyncio.to_thread(speech.trim)
        if trimmed:
            log.info("spoken texts that were not used for long are deleted", files=trimmed)
        floor = Floor(
            config=config,
            clock=clock,
            database=database,
            writer=Writer(database, config.database.commit_interval),
            speech=speech,
            servers=servers,
            trunks=trunks,
            zone=machine_zone(),
            announcer=Announcer(None if config.mqtt is None else MqttEvents(config.mqtt, clock)),
        )
        for intake in imported:
            floor.announcer.imported(intake.list_name, intake.counts, clock.now())

        def leg_servers(on_call: OnLeg, on_agent: OnAgent) -> list[LegServer]:
            made: list[LegServer] = [FastAgiServer(config.fastagi, on_call, on_agent)]
            if config.fastagi.socket is not None:
                made.append(AgiSocketServer(config.fastagi, on_call))
            return made

        yield Engine(floor, leg_servers, list_source(config, clock))
