"""The same work with Google's Python SDK, as its documentation writes it: asynchronous, streaming, so many at once."""

import argparse
import asyncio
import json
import logging
import time

from google import genai

PROMPT = "Tell me a story about the tides in 300 words, for children who have never seen the sea."


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--requests", type=int, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    client = genai.Client(api_key="bench", http_options={"base_url": options.base_url, "timeout": 600_000})
    # What it takes to load the SDK is told apart: it is the same for one request and for a million.
    cpu_at_start = time.process_time()
    answers, characters = asyncio.run(run(client, options))
    print(json.dumps({"answers": answers, "characters": characters, "cpu_at_start": cpu_at_start}))


async def run(client, options):
    gate = asyncio.Semaphore(options.concurrency)

    async def ask():
        async with gate:
            pieces, is_finished = [], False
            async for chunk in await client.aio.models.generate_content_stream(model=options.model, contents=PROMPT):
                pieces.append(chunk.text or "")
                is_finished = is_finished or bool(chunk.candidates and chunk.candidates[0].finish_reason)
            if not is_finished:
                raise SystemExit("sdk: an answer without a finish reason")
            return len("".join(pieces))

    lengths = await asyncio.gather(*(ask() for _ in range(options.requests)))
    return len(lengths), sum(lengths)


if __name__ == "__main__":
    main()
