"""Which servers libpq's parameters name, one address at a time.

libpq tries several hosts, and the several addresses of one name, by itself. But it looks names up
with a blocking call, and it leaves it to whoever polls to give up on an address that does not
answer, with no way to say "go on with the next". So libpq is given one address at a time.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterator, Mapping

import psycopg2

Parameters = Mapping[str, str]


def servers(parameters: Parameters) -> Iterator[Parameters]:
    """The parameters once for each server that they name, in order."""
    lists = {
        name: parameters[name].split(",")
        for name in ("host", "hostaddr", "port")
        if name in parameters
    }
    count = max(map(len, lists.values()), default=1)
    if any(len(values) not in (1, count) for values in lists.values()):
        # libpq has the words for this.
        yield parameters
    elif count == 1 or _concern_all_hosts(parameters):
        yield parameters
    else:
        for index in range(count):
            one = {name: values[index % len(values)] for name, values in lists.items()}
            yield {**parameters, **one}


def _concern_all_hosts(parameters: Parameters) -> bool:
    """A service names its hosts to libpq only; the others weigh one host against another."""
    return (
        "service" in parameters
        or "load_balance_hosts" in parameters
        or parameters.get("target_session_attrs") == "prefer-standby"
    )


async def addresses(server: Parameters) -> list[Parameters]:
    """The server's parameters once for each address that its name has."""
    host = server.get("host", "")
    if server.get("hostaddr") or not _is_name(host):
        return [server]
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise psycopg2.OperationalError(f"no address found: {error}") from error
    return [{**server, "hostaddr": str(address[0])} for *_, address in found]


def describe(server: Parameters) -> str:
    names = [server[key] for key in ("host", "hostaddr") if server.get(key)]
    place = " at ".join(names) or "the default host"
    return f"{place}, port {server['port']}" if server.get("port") else place


def _is_name(host: str) -> bool:
    if not host or host.startswith(("/", "@")) or "," in host:
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return True
    return False
