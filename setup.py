"""Installs vaurien. Knows the package by its folder only: nothing of it is imported here."""
import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
PROJECT = 'https://github.com/community-libs/vaurien'
#: where a page that is not in a checkout finds its pictures
FILES = 'https://raw.githubusercontent.com/community-libs/vaurien/main'

REQUIRES = (
    'gevent>=24.10.2',          # the first with wheels for Python 3.13
    'greenlet>=3.1.1',          # the first that gevent 24.10 runs on
    'falcon>=4.0',
    'msgspec>=0.19',            # the first with wheels for Python 3.13
    'prometheus-client>=0.20',
    'statsd>=4.0',
)
TLS = ('cryptography>=42.0',)       # certificates of an authority of its own; the first that has times with their zone
TUI = ('textual>=1.0',)     # the full screen of vaurienctl top
OTEL = ('opentelemetry-sdk>=1.27', 'opentelemetry-exporter-otlp-proto-http>=1.27')      # spans; 1.27: its first with Python 3.13
CHAOSTOOLKIT = ('chaostoolkit-lib>=1.44',)      # vaurien.chaostoolkit, which chaos runs
TESTCONTAINERS = ('testcontainers>=4.10',)      # vaurien.testcontainers
TEST = (
    *TLS, *TUI, *OTEL, *CHAOSTOOLKIT, *TESTCONTAINERS, 'chaostoolkit>=1.19',
    'pytest>=8.3', 'pytest-timeout>=2.3', 'pytest-xdist>=3.6', 'pytest-random-order>=1.1', 'coverage>=7.10', 'hypothesis>=6.100',
    'redis>=5.0', 'pymemcache>=4.0', 'PyMySQL>=1.1', 'psycopg[binary]>=3.2.2',
    'requests>=2.31', 'httpx[http2]>=0.27', 'h2>=4.1', 'hpack>=4.0', 'aiohttp>=3.9', 'httpx-sse>=0.4', 'grpcio>=1.60',
    'aiosmtpd>=1.4.6',
    'websockets>=13.0', 'schemathesis>=4.0',
    'SQLAlchemy>=2.0', 'dj-database-url>=2.0', 'kombu>=5.4',        # which read addresses, for vaurien run
    'Django>=4.2', 'fastapi>=0.115', 'celery>=5.4',     # small applications of the docs
    'toxiproxy-python>=0.1.1', 'chaostoolkit-toxiproxy>=0.3.1',
    'future>=1.0',      # of toxiproxy-python; the first that Python 3.12 takes
    'trustme>=1.2',     # certificates of the tests
    'aiohttp>=3.9', 'boto3>=1.34', 'openai>=1.40', 'anthropic>=0.40', 'stripe>=10.0', 'PyGithub>=2.3', 'kubernetes>=29.0',
    'elasticsearch>=8.13', 'google-cloud-core>=2.4',      # clients of third-party APIs
    'grpcio>=1.60',     # which insists on ALPN
    'hypercorn>=0.16', 'granian>=1.6', 'uvicorn>=0.30',     # servers of HTTP/2 and WebSocket
    'kubernetes-validate>=1.31',      # with the schemas of Kubernetes, for packaging/
    'check-jsonschema>=0.34',         # with the schemas of compose files and of templates for CI
    'PyYAML>=6.0', 'setuptools>=70.1',      # for the examples of the docs, one of which is a package
    'selenium>=4.20',       # drives a browser before the page
    'readme-renderer>=43',      # what an index of packages makes of README.rst
)
BENCH = ('matplotlib>=3.8', 'pproxy>=2.7', 'sloww>=0.1')
LINT = (*TLS, *TUI, *OTEL, 'ruff>=0.8', 'mypy>=1.13', 'types-gevent', 'types-greenlet')
DOCS = (*TESTCONTAINERS, 'sphinx>=7.4', 'furo>=2024.8.6', 'sphinx-copybutton>=0.5.2',
        'pytest>=8.3')      # the page of its plugin reads it
DIST = ('build>=1.2', 'twine>=6.0', 'check-wheel-contents>=0.6')


def version():
    """Read the version from the package's first file."""
    text = (HERE / 'vaurien' / '__init__.py').read_text(encoding='utf-8')
    return re.search(r'''^__version__ = ['"]([^'"]+)['"]''', text, re.MULTILINE)[1]


def description():
    """Read the page about the package; its pictures and files are named as they are found from elsewhere."""
    text = (HERE / 'README.rst').read_text(encoding='utf-8')
    return re.sub(r'^(\.\. image:: )(?!https?:)', rf'\g<1>{FILES}/', text, flags=re.MULTILINE)


setup(
    name='vaurien',
    version=version(),
    description='A chaos TCP proxy that speaks the protocols it proxies',
    long_description=description(),
    long_description_content_type='text/x-rst',
    url=PROJECT,
    project_urls={
        'Source': PROJECT, 'Issues': f'{PROJECT}/issues', 'Changes': f'{PROJECT}/blob/main/CHANGES.rst',
        'Documentation': f'{PROJECT}/blob/main/docs/index.rst',
    },
    license='Apache-2.0',
    keywords='chaos proxy tcp http redis memcache mysql postgres smtp testing fault injection',
    classifiers=[
        'Development Status :: 4 - Beta',
        'Environment :: Console',
        'Framework :: Pytest',
        'Intended Audience :: Developers',
        'Operating System :: MacOS',
        'Operating System :: POSIX :: Linux',
        'Programming Language :: Python :: 3 :: Only',
        *(f'Programming Language :: Python :: 3.{minor}' for minor in range(11, 16)),
        'Topic :: Software Development :: Testing',
        'Topic :: System :: Networking',
        'Typing :: Typed',
    ],
    packages=find_packages(include=['vaurien', 'vaurien.*']),
    package_data={'vaurien': ['py.typed', 'protocols/http/providers/tables/*.toml'], 'vaurien.control.page': ['files/*']},
    python_requires='>=3.11',
    install_requires=REQUIRES,
    extras_require={'tls': TLS, 'tui': TUI, 'otel': OTEL, 'chaostoolkit': CHAOSTOOLKIT,
                    'testcontainers': TESTCONTAINERS, 'test': TEST, 'lint': LINT, 'docs': DOCS, 'bench': BENCH,
                    'dist': DIST},
    entry_points={
        'console_scripts': ['vaurien = vaurien.cli:main', 'vaurienctl = vaurien.ctl:main'],
        'pytest11': ['vaurien = vaurien.pytest_plugin'],
    },
    zip_safe=False,
)
