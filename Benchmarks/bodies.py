"""Bodies of answers as the Gemini API streams them: so many events, each of about 400 bytes."""

import json

EVENT_BYTES = 400


def event(index, count):
    """One `data:` event with its empty line; the last one carries the finish reason."""
    candidate = {"content": {"parts": [{"text": ""}], "role": "model"}, "index": 0}
    if index == count - 1:
        candidate["finishReason"] = "STOP"
    document = {
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": 11,
            "candidatesTokenCount": 40 * (index + 1),
            "totalTokenCount": 11 + 40 * (index + 1),
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 11}],
        },
        "modelVersion": f"bench-{count}",
        "responseId": "mAitaLmkHPPlz7IPvtfUuQ4",
    }
    words = "the tide comes in and the tide goes out, "
    room = EVENT_BYTES - len(encode(document))
    candidate["content"]["parts"][0]["text"] = (words * (room // len(words) + 1))[: max(1, room)]
    return encode(document)


def encode(document):
    return b"data: " + json.dumps(document, separators=(",", ":")).encode() + b"\r\n\r\n"


def body(count):
    return b"".join(event(index, count) for index in range(count))
