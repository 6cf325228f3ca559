"""Clients of HTTPS as programs use them, told nothing: each asks two servers, and says what came in a line of JSON.

Run as a program below ``vaurien run``; knows nothing of it. Its arguments are the servers' names, and names of clients.
"""
import asyncio
import importlib.util
import json
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

NODE = """
const axios = require('axios');
(async () => {
  for (const url of process.argv.slice(1))
    await axios.get(url).then(answer => console.log(answer.status), error => console.log(error.code, error.response?.status));
})();
"""
JAVA = """
import java.net.*;
public class Asks {
  public static void main(String[] urls) throws Exception {
    for (String url : urls) System.out.println(((HttpURLConnection) new URL(url).openConnection()).getResponseCode());
  }
}
"""


def requests(url: str) -> Any:
    import requests
    try:
        found = requests.get(url)
        found.raise_for_status()
        return found.status_code
    except requests.RequestException as error:
        return f'{type(error).__name__}: {error}'


def httpx(url: str) -> Any:
    import httpx
    return httpx.get(url).status_code


def urllib_(url: str) -> Any:
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return f'HTTPError: {error.code}'


def aiohttp(url: str) -> Any:
    import aiohttp

    async def ask() -> int:
        async with aiohttp.ClientSession(trust_env=True) as session, session.get(url) as answer:
            return answer.status
    return asyncio.run(ask())


def boto3(url: str) -> Any:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError
    server, _, key = url.rpartition('/')
    s3 = boto3.client('s3', endpoint_url=server, aws_access_key_id='id', aws_secret_access_key='secret', region_name='us-east-1',
                      config=Config(s3={'addressing_style': 'path'}, retries={'max_attempts': 0}))
    try:
        return s3.get_object(Bucket='bucket', Key=key)['ResponseMetadata']['HTTPStatusCode']
    except ClientError as error:
        return f"ClientError: {error.response['ResponseMetadata']['HTTPStatusCode']}"


def openai(url: str) -> Any:
    import openai
    try:
        return openai.OpenAI(api_key='key', base_url=url, max_retries=0).models.list().model_dump()['host'] and 200
    except openai.APIError as error:
        return f'{type(error).__name__}: {error}'


def curl(url: str) -> Any:
    done = subprocess.run(['curl', '-sS', '--fail', '-o', '/dev/null', '-w', '%{http_code}', url], capture_output=True, text=True,
                          check=False)
    return int(done.stdout) if not done.returncode else f'{done.returncode} {done.stderr.strip()}'


def curl_socks(url: str) -> Any:
    """Ask by SOCKS5, at the very address that is told as a proxy of HTTP."""
    import os
    proxy = os.environ['HTTPS_PROXY'].replace('http://', 'socks5h://')
    done = subprocess.run(['curl', '-sS', '--proxy', proxy, '-o', '/dev/null', '-w', '%{http_code}', url], capture_output=True,
                          text=True, check=False)
    return int(done.stdout) if not done.returncode else f'{done.returncode} {done.stderr.strip()}'


def git(url: str) -> Any:
    server, _, path = url.rpartition('/')
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(['git', 'clone', '-q', f'{server}/git/{path}/../project.git' if path == 'ok' else url, folder],
                              capture_output=True, text=True, check=False)
        return len(list(Path(folder).iterdir())) and 200 if not done.returncode else f'{done.returncode} {done.stderr.strip()}'


def node(url: str) -> Any:
    done = subprocess.run(['node', '-e', NODE, url], capture_output=True, text=True, check=False)
    return int(done.stdout) if done.stdout.strip().isdigit() else done.stdout.strip() or done.stderr


def java(url: str) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / 'Asks.java').write_text(JAVA)
        done = subprocess.run(['java', f'{folder}/Asks.java', url], capture_output=True, text=True, check=False)
        return int(done.stdout) if done.stdout.strip().isdigit() else done.stderr


CLIENTS: dict[str, Callable[[str], Any]] = {
    'requests': requests, 'httpx': httpx, 'urllib': urllib_, 'aiohttp': aiohttp, 'boto3': boto3, 'openai': openai, 'curl': curl,
    'curl by SOCKS5': curl_socks, 'git': git, 'axios': node, 'java': java,
}
PACKAGES = {'requests', 'httpx', 'aiohttp', 'boto3', 'openai'}


def main(*paths: str) -> None:
    """Let each client that is here ask for all paths."""
    *urls, names = paths
    for name in json.loads(names):
        if name in PACKAGES and importlib.util.find_spec(name) is None:
            continue
        for url in urls:
            try:
                found = CLIENTS[name](url)
            except Exception as error:  # noqa: BLE001 - it is what came
                found = f'{type(error).__module__}.{type(error).__name__}: {error}'
            print(json.dumps([name, url.rpartition('/')[2], found]), flush=True)


if __name__ == '__main__':
    main(*sys.argv[1:])
