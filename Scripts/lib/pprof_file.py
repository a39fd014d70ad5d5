"""Reads a pprof file: the samples with their stacks, values and labels."""

import collections
import gzip

Sample = collections.namedtuple("Sample", "stack values labels")
Profile = collections.namedtuple("Profile", "types samples")


def fields(data):
    """The fields of a protobuf message: (number, value), where a value is an integer or bytes."""
    place = 0

    def varint():
        nonlocal place
        value = shift = 0
        while True:
            byte = data[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        elif key & 7 == 2:
            length = varint()
            yield key >> 3, data[place : place + length]
            place += length
        else:
            raise ValueError(f"wire type {key & 7}")


def numbers(value):
    """A repeated integer, packed or not."""
    if isinstance(value, int):
        return [value]
    found, number, shift = [], 0, 0
    for byte in value:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            found.append(number)
            number = shift = 0
    return found


def read(path):
    """The profile in a file; stacks are tuples of names, leaf first."""
    with gzip.open(path) as file:
        message = list(fields(file.read()))
    strings = [value.decode() for number, value in message if number == 6]
    functions, locations = {}, {}
    for number, value in message:
        if number == 5:
            function = dict(fields(value))
            functions[function[1]] = strings[function.get(2, 0)]
        elif number == 4:
            location = list(fields(value))
            lines = [dict(fields(part)) for kind, part in location if kind == 4]
            locations[dict(location)[1]] = [line.get(1, 0) for line in lines]
    types, samples = [], []
    for number, value in message:
        if number == 1:
            kind = dict(fields(value))
            types.append((strings[kind[1]], strings[kind[2]]))
        elif number == 2:
            stack, values, labels = [], [], {}
            for field, part in fields(value):
                if field == 1:
                    for location in numbers(part):
                        stack += [functions[line] for line in locations[location]]
                elif field == 2:
                    values += numbers(part)
                elif field == 3:
                    label = dict(fields(part))
                    labels[strings[label[1]]] = strings[label[2]] if 2 in label else label.get(3, 0)
            samples.append(Sample(tuple(stack), tuple(values), labels))
    return Profile(types, samples)
