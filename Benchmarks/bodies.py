"""Bodies of answers as the Gemini API streams them: events with text, or one with an image."""

import base64
import functools
import json
import random

IMAGE_BYTES = 2 * 1024 * 1024
WORDS = """
    the a moon sea water wave sand child shore pull twice day slowly comes goes and then under over far near high low small
    great ship gull shell foot step night light told asked why because moves away back again rock pool crab
    """.split()


@functools.cache
def image():
    """Bytes that no compression helps with, the same in every run."""
    return random.Random(1).randbytes(IMAGE_BYTES)


def body(name):
    """The body of a name: `10x400` is ten events of 400 bytes each, `image` one event with an image in it."""
    if name == "image":
        data = base64.b64encode(image()).decode()
        return event(name, {"inlineData": {"mimeType": "image/png", "data": data}}, 1, is_last=True)
    count, size = map(int, name.split("x"))
    return b"".join(text_event(name, index, count, size) for index in range(count))


def text_event(name, index, count, size):
    """One event of about so many bytes."""
    is_last = index == count - 1
    room = size - len(event(name, {"text": ""}, index + 1, is_last))
    return event(name, {"text": prose(index, room)}, index + 1, is_last)


def prose(seed, length):
    """Words in no order: genbatch cuts answers that repeat themselves."""
    words = random.Random(seed).choices(WORDS, k=length // 2 + 1)
    return " ".join(words)[: length - 1] + " "


def event(name, part, number, is_last):
    """One `data:` event with its empty line; the last one carries the finish reason."""
    candidate = {"content": {"parts": [part], "role": "model"}, "index": 0}
    if is_last:
        candidate["finishReason"] = "STOP"
    document = {
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": 11,
            "candidatesTokenCount": 40 * number,
            "totalTokenCount": 11 + 40 * number,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 11}],
        },
        "modelVersion": f"bench-{name}",
        "responseId": "mAitaLmkHPPlz7IPvtfUuQ4",
    }
    return b"data: " + json.dumps(document, separators=(",", ":")).encode() + b"\r\n\r\n"
