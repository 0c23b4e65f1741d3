"""The same work with aiohttp and `json.loads`: about the least that Python can do it with."""

import argparse
import asyncio
import json
import os
import ssl
import time

import aiohttp

PROMPT = "Tell me a story about the tides in 300 words, for children who have never seen the sea."


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--requests", type=int, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    options = parser.parse_args()
    cpu_at_start = time.process_time()
    answers, characters = asyncio.run(run(options))
    print(json.dumps({"answers": answers, "characters": characters, "cpu_at_start": cpu_at_start}))


async def run(options):
    url = f"{options.base_url}/v1beta/models/{options.model}:streamGenerateContent?alt=sse"
    body = json.dumps({"contents": [{"role": "user", "parts": [{"text": PROMPT}]}]}).encode()
    headers = {"Content-Type": "application/json", "x-goog-api-key": "bench"}
    gate = asyncio.Semaphore(options.concurrency)
    trust = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE"))
    connector = aiohttp.TCPConnector(limit=0, ssl=trust)
    timeout = aiohttp.ClientTimeout(total=600)

    async def ask(session):
        async with gate, session.post(url, data=body, headers=headers) as response:
            response.raise_for_status()
            pieces, is_finished = [], False
            async for line in response.content:
                if not line.startswith(b"data: "):
                    continue
                candidate = json.loads(line[6:])["candidates"][0]
                pieces.extend(part.get("text", "") for part in candidate["content"]["parts"])
                is_finished = is_finished or "finishReason" in candidate
            if not is_finished:
                raise SystemExit("aiohttp: an answer without a finish reason")
            return len("".join(pieces))

    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        lengths = await asyncio.gather(*(ask(session) for _ in range(options.requests)))
    return len(lengths), sum(lengths)


if __name__ == "__main__":
    main()
