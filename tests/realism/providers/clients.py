"""The official libraries, and how each asks the API that it is for. They try nothing again, where they can be told so."""
import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.support.processes import HOST
from tests.support.unit_of_time import MS, PATIENCE

SHORT = 300 * MS    #: [s] that a client waits that is to find out that nothing comes
TEXT: list[Any] = [{'role': 'user', 'content': 'count'}]


class Client(NamedTuple):
    """A library.

    Args:
        name: As its users know it.
        provider: What the names of the kinds begin with that it is for.
        ask: Asks, given a port and the kind, and returns what came of it.
        code: Returns what an error says beside its class.
    """

    name: str
    provider: str
    ask: Callable[[int, str], object]
    code: Callable[[Any], object]


def streams(kind: str) -> bool:
    """Return whether a kind is about streams."""
    return 'stream' in kind or kind.endswith(('-stall', '-bad-chunk'))


def openai(port: int, kind: str) -> object:
    """Ask for a completion."""
    import openai
    with openai.OpenAI(api_key='any', base_url=f'http://{HOST}:{port}/v1', max_retries=0,
                       timeout=SHORT if kind.endswith('stall') else PATIENCE) as client:
        if not streams(kind):
            return client.chat.completions.create(model='m', messages=TEXT).choices[0].message.content
        chunks = list(client.chat.completions.create(model='m', messages=TEXT, stream=True))
        return f'{"".join(chunk.choices[0].delta.content or "" for chunk in chunks)!r}, {chunks[-1].choices[0].finish_reason}'


def anthropic(port: int, kind: str) -> object:
    """Ask for a completion."""
    import anthropic
    with anthropic.Anthropic(api_key='any', base_url=f'http://{HOST}:{port}', max_retries=0,
                             timeout=SHORT if kind.endswith('stall') else PATIENCE) as client:
        if not streams(kind):
            return client.messages.create(model='m', max_tokens=9, messages=TEXT).content[0]
        with client.messages.stream(model='m', max_tokens=9, messages=TEXT) as stream:
            said = ''.join(stream.text_stream)
            return f'{said!r}, {stream.get_final_message().stop_reason}'


#: what is asked of each service
SERVICES: dict[str, Callable[[Any], object]] = {
    's3': lambda client: client.get_object(Bucket='b', Key='k')['Body'].read(),
    'dynamodb': lambda client: client.put_item(TableName='t', Item={'id': {'S': '1'}}),
    'sqs': lambda client: client.send_message(QueueUrl='http://q/1/q', MessageBody='m'),
    'lambda': lambda client: client.invoke(FunctionName='f'),
    'kinesis': lambda client: client.put_record(StreamName='s', Data=b'd', PartitionKey='p'),
    'secretsmanager': lambda client: client.get_secret_value(SecretId='s'),
    'ssm': lambda client: client.get_parameter(Name='n'),
    'sts': lambda client: client.get_caller_identity(),
    'sns': lambda client: client.publish(TopicArn='arn:aws:sns:us-east-1:1:t', Message='m'),
    'ec2': lambda client: client.describe_instances(),
    'bedrock': lambda client: client.invoke_model(modelId='m', body=b'{}'),
}


def boto3(port: int, kind: str) -> object:
    """Ask a service."""
    import boto3
    from botocore.config import Config
    service = kind.split('-')[1]
    config = Config(retries={'total_max_attempts': 1, 'mode': 'standard'}, read_timeout=PATIENCE, s3={'addressing_style': 'path'})
    client = boto3.client('bedrock-runtime' if service == 'bedrock' else service, region_name='us-east-1', config=config,
                          aws_access_key_id='any', aws_secret_access_key='any', endpoint_url=f'http://{HOST}:{port}')
    if kind == 'aws-s3-error-in-200':
        return client.copy_object(Bucket='b', Key='k', CopySource='b/other')
    return SERVICES[service](client)


def stripe(port: int, kind: str) -> object:
    """Ask for a customer."""
    import stripe
    client = stripe.StripeClient('sk_test_any', base_addresses={'api': f'http://{HOST}:{port}'}, max_network_retries=0,
                                 http_client=stripe.RequestsClient(timeout=PATIENCE))
    return client.v1.customers.retrieve('cus_vaurien')


def pygithub(port: int, kind: str) -> object:
    """Ask for a repository."""
    import github
    client = github.Github(auth=github.Auth.Token('any'), base_url=f'http://{HOST}:{port}', retry=None, timeout=int(PATIENCE),
                           seconds_between_requests=0, seconds_between_writes=0)
    with contextlib.closing(client):
        return client.get_repo('a/b').full_name


def kubernetes(port: int, kind: str) -> object:
    """Ask for pods, or watch them."""
    from kubernetes import client, watch
    with client.ApiClient(client.Configuration(host=f'http://{HOST}:{port}', retries=0)) as api:
        pods = client.CoreV1Api(api)
        if 'watch' in kind:
            return [event['type'] for event in watch.Watch().stream(pods.list_namespaced_pod, 'default', resource_version='1')]
        return pods.list_namespaced_pod('default', _request_timeout=PATIENCE)


def elasticsearch(port: int, kind: str) -> object:
    """Ask for a document, or write some at once."""
    import elasticsearch
    from elasticsearch.helpers import bulk
    with elasticsearch.Elasticsearch(f'http://{HOST}:{port}', max_retries=0, retry_on_timeout=False,
                                     request_timeout=PATIENCE) as client:
        if 'bulk' in kind:
            return bulk(client, [{'_index': 'vaurien', '_id': '1', '_source': {}}])
        return client.get(index='vaurien', id='1')


def google(port: int, kind: str) -> object:
    """Ask for anything."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud._http import JSONConnection
    from google.cloud.client import ClientWithProject

    class Connection(JSONConnection):   # type: ignore[misc, unused-ignore]
        API_BASE_URL, API_VERSION = f'http://{HOST}:{port}', 'v1'
        API_URL_TEMPLATE = '{api_base_url}/{api_version}{path}'

    client = ClientWithProject(project='vaurien', credentials=AnonymousCredentials())
    with contextlib.closing(client._http):
        return Connection(client).api_request('GET', '/anything')


def grpcio(port: int, kind: str) -> object:
    """Ask for a key, as a client of etcd does."""
    os.environ.setdefault('GRPC_VERBOSITY', 'NONE')
    import grpc
    with grpc.insecure_channel(f'{HOST}:{port}') as channel:
        return channel.unary_unary('/etcdserverpb.KV/Range')(b'\x0a\x01k', timeout=PATIENCE)


def first(*names: str) -> Callable[[Any], object]:
    """Return what gives the attributes that an error has, of these."""
    def code(error: Any) -> object:
        return ' '.join(str(value) for name in names if (value := getattr(error, name, None)) not in (None, ''))
    return code


def of_boto3(error: Any) -> object:
    """Return the code and the status of an error of AWS."""
    response = getattr(error, 'response', None) or {}
    return f'{response.get("Error", {}).get("Code", "")} {response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")}'


def of_grpc(error: Any) -> object:
    """Return the status of a call, and what is said with it."""
    return f'{error.code().name} {error.details()}'


CLIENTS = (
    Client('openai', 'openai', openai, first('status_code', 'code')),
    Client('anthropic', 'anthropic', anthropic, first('status_code', 'type')),
    Client('boto3', 'aws', boto3, of_boto3),
    Client('stripe', 'stripe', stripe, first('http_status', 'code')),
    Client('PyGithub', 'github', pygithub, first('status')),
    Client('kubernetes', 'k8s', kubernetes, first('status', 'reason')),
    Client('elasticsearch', 'elasticsearch', elasticsearch, first('status_code', 'error')),
    Client('google-cloud-core', 'google', google, first('code', 'reason')),
    Client('grpcio', 'etcd', grpcio, of_grpc),
)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Let libraries take no proxy from the environment."""
    before = {name: os.environ.pop(name) for name in list(os.environ) if name.lower() in ('http_proxy', 'all_proxy')}
    try:
        yield
    finally:
        os.environ.update(before)
