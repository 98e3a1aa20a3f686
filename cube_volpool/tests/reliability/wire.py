"""The daemon's end of the wire without a broker.

Everything of oslo.messaging runs for real, the envelope, the context, the
dispatcher, the access policy and the answer's own JSON; only AMQP is missing.
"""

import itertools
import json
from dataclasses import dataclass
from typing import Any

from oslo_config import cfg
from oslo_messaging._drivers import amqp
from oslo_messaging._drivers import common as rpc_common
from oslo_serialization import jsonutils

from cube_volpool.rpc import api, server

_numbers = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What went back; ``text`` is all of it, as it would be on the wire."""

    text: str
    result: Any = None
    #: The dictionary of a remote error: class, module, message, args,
    #: kwargs and tb.
    error: dict[str, Any] | None = None

    @property
    def kind(self) -> str:
        """The name of the error's class, ``ok`` for none."""
        return "ok" if self.error is None else self.error["class"]


class _Incoming:
    """One message as the driver hands it over."""

    client_timeout = None

    def __init__(self, ctxt: Any, message: Any) -> None:
        self.ctxt = ctxt
        self.message = message
        self.msg_id = f"msg-{next(_numbers)}"
        self.replies: list[Reply] = []

    def acknowledge(self) -> None:
        """Say that it will be worked on."""

    def reply(self, reply: Any = None, failure: Any = None) -> None:
        """Send the answer, as ``AMQPIncomingMessage.reply`` does."""
        if failure is None:
            text = jsonutils.dumps(reply)
            self.replies.append(Reply(text=text, result=json.loads(text)))
            return
        text = rpc_common.serialize_remote_exception(failure)
        self.replies.append(Reply(text=text, error=json.loads(text)))


class Wire:
    """Sends messages to endpoints and keeps the answers."""

    def __init__(self, *endpoints: object) -> None:
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[], default_config_dirs=[])
        self._server = server.make_server(
            api.make_transport(conf, url="fake:/"), *endpoints, host="here"
        )

    def call(
        self,
        ctxt: dict[str, Any],
        method: Any,
        arguments: Any,
        **envelope: Any,
    ) -> Reply:
        """Send a call; ``envelope`` changes keys of the message."""
        message = {
            "method": method,
            "args": arguments,
            "version": api.VERSION,
            "namespace": None,
            **envelope,
        }
        amqp.pack_context(message, ctxt)
        return self.send(rpc_common.serialize_msg(message))

    def send(self, envelope: Any) -> Reply:
        """Send what may be anything.

        An answer is owed to every message that reaches the server; what no
        driver would take is ``rejected``.
        """
        # What JSON cannot carry does not get here.
        raw = json.loads(json.dumps(envelope))
        try:
            message = rpc_common.deserialize_msg(raw)
            ctxt = amqp.unpack_context(message)
        except Exception as error:
            # The driver's own: it logs, and rejects the message.
            return Reply(text="", error={"class": "rejected", "why": error})
        incoming = _Incoming(ctxt.to_dict(), message)
        self._server._process_incoming([incoming])
        (reply,) = incoming.replies
        return reply
