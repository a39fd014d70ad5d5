"""The programs that talk in the network tests; each runs as a process of its own, in a namespace."""

import errno
import json
import select
import socket
import struct
import sys
import time


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def listening(address, port, backlog=128):
    server = socket.socket(family(address))
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((address, port))
    server.listen(backlog)
    return server


def echo(*addresses):
    """Gives back what it gets, on port 8080."""
    servers = [listening(address, 8080) for address in addresses]
    print("ready", flush=True)
    poller = select.epoll()
    connections = {}
    for server in servers:
        connections[server.fileno()] = server
        poller.register(server, select.EPOLLIN)
    while True:
        for descriptor, _ in poller.poll():
            if connections[descriptor] in servers:
                connection, _ = connections[descriptor].accept()
                connections[connection.fileno()] = connection
                poller.register(connection, select.EPOLLIN)
                continue
            connection = connections[descriptor]
            try:
                data = connection.recv(65536)
                if data:
                    connection.sendall(data)
                    continue
            except OSError:
                pass
            poller.unregister(descriptor)
            del connections[descriptor]
            connection.close()


def ask(address, count, size):
    """Connects, sends so many bytes and gets them back; tells how long each connect took."""
    count, size, took = int(count), int(size), []
    for _ in range(count):
        with socket.socket(family(address)) as client:
            begun = time.monotonic()
            client.connect((address, 8080))
            took.append(time.monotonic() - begun)
            client.sendall(b"x" * size)
            received = 0
            while received < size:
                received += len(client.recv(65536))
    print(json.dumps({"connects": took}), flush=True)


def fail(*attempts):
    """Connects as told, ADDRESS,PORT,HOW,COUNT, and tells with which errors that failed."""
    errors = {}
    for attempt in attempts:
        address, port, how, count = attempt.split(",")
        for _ in range(int(count)):
            with socket.socket(family(address)) as client:
                try:
                    if how == "give-up":
                        client.setblocking(False)
                        client.connect_ex((address, int(port)))
                        time.sleep(0.05)
                        raise OSError(0, "given up")
                    client.connect((address, int(port)))
                    name = "connected"
                except OSError as error:
                    name = errno.errorcode.get(error.errno, "GIVEN_UP")
            errors[name] = errors.get(name, 0) + 1
    print(json.dumps(errors), flush=True)


def many(address, first, count):
    """Connects once to each of many ports."""
    connected = 0
    for port in range(int(first), int(first) + int(count)):
        with socket.create_connection((address, port)):
            connected += 1
    print(json.dumps({"connected": connected}), flush=True)


def listen(address, first, count):
    """Accepts on many ports, and does nothing else."""
    servers = [listening(address, int(first) + number) for number in range(int(count))]
    print("ready", flush=True)
    while True:
        for server in select.select(servers, [], [])[0]:
            server.accept()[0].close()


def shut(address, port, seconds):
    """Accepts a connection, lets it wait, reads all of it, and ends it with a reset."""
    server = listening(address, int(port))
    # Inherited, and small: so that the window is soon shut.
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    print("ready", flush=True)
    connection, _ = server.accept()
    time.sleep(float(seconds))
    received = 0
    while received < SHUT_BYTES:
        received += len(connection.recv(65536))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


SHUT_BYTES = 200_000


def push(address, port):
    """Sends as much as `shut` reads, and tells how it ended."""
    with socket.create_connection((address, int(port))) as client:
        client.sendall(b"y" * SHUT_BYTES)
        try:
            client.recv(1)
            end = "closed"
        except ConnectionResetError:
            end = "reset"
    print(json.dumps({"end": end}), flush=True)


def idle(address, port, backlog):
    """Listens and never accepts."""
    server = listening(address, int(port), int(backlog))
    print("ready", flush=True)
    time.sleep(3600)
    server.close()


def crowd(address, port, count):
    """Wants more connections than fit into the queue; waits for those that come about."""
    clients = []
    for _ in range(int(count)):
        client = socket.socket(family(address))
        client.setblocking(False)
        client.connect_ex((address, int(port)))
        clients.append(client)
    time.sleep(2.5)
    print(json.dumps({}), flush=True)


def hostile(*addresses):
    """A DNS server that also sends what is no answer: too short, of another query, garbage."""
    server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.bind(("::", 53))
    print("ready", flush=True)
    while True:
        data, peer = server.recvfrom(4096)
        if b"lost" in data:
            continue
        if b"garbage" in data:
            for junk in (b"", b"\x00", data[:2], data[:11], b"\xff" * 12, b"\xff" * 500):
                server.sendto(junk, peer)
            other = bytes([data[0] ^ 0xFF, data[1]])
            server.sendto(other + b"\x81\x83" + data[4:], peer)
        code = next((code for word, code in CODES.items() if word in data), 0)
        server.sendto(data[:2] + struct.pack(">H", 0x8180 | code) + data[4:], peer)


CODES = {b"missing": 3, b"broken": 2, b"refused": 5}


def resolve(address, *names):
    """Asks for each name over a connected socket; tells the codes and how long answers took."""
    took, codes = [], {}
    for number, name in enumerate(names):
        labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
        query = struct.pack(">HHHHHH", 1000 + number, 0x0100, 1, 0, 0, 0)
        query += labels + b"\0" + struct.pack(">HH", 1, 1)
        with socket.socket(family(address), socket.SOCK_DGRAM) as client:
            client.connect((address, 53))
            client.settimeout(2)
            begun = time.monotonic()
            client.send(query)
            try:
                while True:
                    answer = client.recv(4096)
                    if len(answer) >= 12 and answer[:2] == query[:2]:
                        break
                took.append(time.monotonic() - begun)
                code = str(answer[3] & 15)
            except TimeoutError:
                code = "timeout"
        codes[code] = codes.get(code, 0) + 1
    print(json.dumps({"took": took, "codes": codes}), flush=True)


if __name__ == "__main__":
    try:
        globals()[sys.argv[1]](*sys.argv[2:])
    except KeyboardInterrupt:
        pass
