"""The examples that tell ``vaurien explore`` of the tests of other languages: a listener of JUnit 5, and a wrapper of go test."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.explore_corpus.shop import shop
from tests.support.unit_of_time import PATIENCE

from .test_explore import ALL_CASES, LIMIT, WEAK, explore

RUNNERS = Path(__file__).parents[2] / 'docs' / 'examples' / 'runners'
#: the launcher of JUnit 5: where the environment says, or as the package junit5 of Debian has it
CONSOLE = os.environ.get('JUNIT_CONSOLE', '/usr/share/java/junit-platform-console-standalone.jar')
JAVA = pytest.mark.skipif(shutil.which('javac') is None or not os.path.exists(CONSOLE), reason='needs javac and JUnit 5, as '
                          'default-jdk-headless and junit5 of Debian have them; JUNIT_CONSOLE says where its launcher is')
GO = pytest.mark.skipif(shutil.which('go') is None, reason='needs go, as golang-go of Debian has it')

SHOP_TEST = """
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShopTest {
    static int ask(String method, String path, BodyPublisher body) throws Exception {
        URI address = URI.create(System.getenv("SHOP_URL") + path);
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        return client.send(HttpRequest.newBuilder(address).method(method, body).build(), BodyHandlers.ofString()).statusCode();
    }

    @Test
    void anOrderIsPaid() throws Exception {
        for (int attempt = 0; ; attempt++) {
            try {
                ask("POST", "/payments", BodyPublishers.ofString("{}"));
                return;
            } catch (IOException error) {
                if (attempt == 2) throw error;
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "[]"})
    void isOrdered(String what) throws Exception {
        try {
            ask("POST", "/gifts", BodyPublishers.ofString(what));
        } catch (IOException error) {
            throw new IllegalStateException("who knows why");
        }
    }

    @Disabled("later")
    @Test
    void skipped() {
    }
}
"""
PAY_TEST = """
package pay

import (
	"net/http"
	"os"
	"strings"
	"testing"
)

func TestPay(t *testing.T) {
	var err error
	for attempt := 0; attempt < 3; attempt++ {
		var response *http.Response
		response, err = http.Post(os.Getenv("SHOP_URL")+"/payments", "text/plain", strings.NewReader("{}"))
		if err == nil {
			response.Body.Close()
			return
		}
	}
	t.Fatal(err)
}
"""
WEATHER_TEST = """
package shop

import (
	"net/http"
	"os"
	"testing"
)

func TestWeather(t *testing.T) {
	response, err := http.Get(os.Getenv("SHOP_URL") + "/weather")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
}
"""


#: a runner of nobody's, with two tests, that says what the page has
OWN = """
import json, os, socket, jobs

sock = socket.socket(socket.AF_UNIX)
sock.connect(os.environ['VAURIEN_EXPLORE'])
answers = sock.makefile()
path = os.environ.get('VAURIEN_EXPLORE_TESTS')
wanted = json.load(open(path)) if path else None


def say(**line):
    sock.sendall(json.dumps(line).encode() + b'\\n')
    answers.readline()


for name, call in (('puts', jobs.put), ('does nothing', int)):
    if wanted is None or name in wanted:
        say(do='begin', test=name)
        try:
            call()
            say(do='end', test=name, outcome={outcome!r})
        except Exception:
            say(do='end', test=name, outcome='failed')
"""


def explored(folder, *arguments, **variables):
    """Explore tests in a folder that ask the shop, at the failures of class C, and return the report."""
    with shop() as server:
        done = explore(folder, '--through', 'SHOP_URL', '--limit', LIMIT, '--json', 'report.json', '--classes', 'C', *arguments,
                       SHOP_URL=f'http://127.0.0.1:{server.server_address[1]}', **variables)
    assert (folder / 'report.json').exists(), f'{done.stdout}\n{done.stderr}'
    report = json.loads((folder / 'report.json').read_text())
    assert 'Traceback' not in done.stderr, done.stderr
    assert report['baseline'] is not None, f'{done.stdout}\n{done.stderr}'
    return report


def compiled(folder):
    """Compile the listener and its application into a folder, and return what starts the tests."""
    (folder / 'ShopTest.java').write_text(SHOP_TEST)
    subprocess.run(['javac', '-d', 'classes', '-cp', CONSOLE, 'ShopTest.java', RUNNERS / 'junit' / 'VaurienListener.java'],
                   cwd=folder, check=True, timeout=9 * PATIENCE)
    shutil.copytree(RUNNERS / 'junit' / 'META-INF', folder / 'classes' / 'META-INF')
    return ['java', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-jar', CONSOLE, '--class-path', 'classes',
            '--scan-class-path', '--details', 'none']


@JAVA
@ALL_CASES
def test_tests_of_junit_5_tell_of_themselves(tmp_path):
    report = explored(tmp_path, '--', *compiled(tmp_path))
    assert report['baseline']['tests'] == 3
    assert report['baseline']['left_out'] == {'ShopTest.skipped()': 'skipped'}
    found = {(one['verdict'], one['level'], one['tests'][0].partition('[')[0]) for one in report['findings']}
    assert found == {('double-effect', 'FAIL', 'ShopTest.anOrderIsPaid()'), ('wrong-error', 'FAIL', 'ShopTest.isOrdered(String)')}
    assert report['findings'][0]['again'].startswith('vaurien explore --through SHOP_URL')


@JAVA
def test_tests_of_junit_5_that_run_at_once_are_refused_in_one_line(tmp_path):
    together = ['--config', 'junit.jupiter.execution.parallel.enabled=true', '--config',
                'junit.jupiter.execution.parallel.mode.default=concurrent', '--config',
                'junit.jupiter.execution.parallel.config.strategy=fixed', '--config',
                'junit.jupiter.execution.parallel.config.fixed.parallelism=2']
    with shop() as server:
        done = explore(tmp_path, '--through', 'SHOP_URL', '--', *compiled(tmp_path), *together,
                       SHOP_URL=f'http://127.0.0.1:{server.server_address[1]}')
    assert done.returncode == 1
    assert 'tests that run at once are not told apart' in done.stderr
    assert len(done.stderr.splitlines()) == 1


@GO
def test_tests_of_go_are_compiled_once_and_told_apart_by_package_and_name(tmp_path):
    (tmp_path / 'go.mod').write_text('module example.org/shop\n\ngo 1.19\n')
    (tmp_path / 'pay').mkdir()
    (tmp_path / 'pay' / 'pay_test.go').write_text(PAY_TEST)
    (tmp_path / 'weather_test.go').write_text(WEATHER_TEST)
    shutil.copy(RUNNERS / 'go' / 'tests.sh', tmp_path)
    cache = {'GOCACHE': os.environ.get('GOCACHE', str(tmp_path / 'cache')), 'GOFLAGS': '-mod=mod', 'GOPROXY': 'off'}
    report = explored(tmp_path, '--tests', 'sh tests.sh list', '--each', 'sh tests.sh run {test}', **cache)
    assert report['baseline']['tests'] == 2
    assert [(one['verdict'], one['tests']) for one in report['findings']] == [('double-effect', ['example.org/shop/pay TestPay'])]


@GO
def test_what_does_not_compile_is_one_line(tmp_path):
    (tmp_path / 'go.mod').write_text('module example.org/shop\n\ngo 1.19\n')
    (tmp_path / 'shop_test.go').write_text('package shop\n\nfunc TestIt(t *testing.T) {}\n')
    shutil.copy(RUNNERS / 'go' / 'tests.sh', tmp_path)
    done = explore(tmp_path, '--through', 'A=127.0.0.1:9:http', '--tests', 'sh tests.sh list', '--each', 'sh tests.sh run {test}',
                   GOCACHE=os.environ.get('GOCACHE', str(tmp_path / 'cache')), GOPROXY='off')
    assert done.returncode == 1
    assert 'undefined: testing' in done.stderr
    assert len(done.stderr.splitlines()) == 1


def told(folder, server, outcome):
    """Explore the tests of a runner that tells of them, at failures of class C."""
    (folder / 'jobs.py').write_text(WEAK)
    (folder / 'own.py').write_text(OWN.replace('{outcome!r}', repr(outcome)))
    return explore(folder, '--through', 'QUEUE_URL', '--limit', LIMIT, '--json', 'report.json', '--classes', 'C', '--',
                   sys.executable, 'own.py', QUEUE_URL=f'redis://127.0.0.1:{server.port}/0')


def test_a_runner_of_ones_own_tells_of_its_tests(redis_server, tmp_path):
    done = told(tmp_path, redis_server, 'passed')
    assert (done.returncode, done.stderr) == (1, '')
    report = json.loads((tmp_path / 'report.json').read_text())
    assert report['baseline']['tests'] == 2
    assert [(one['verdict'], one['tests']) for one in report['findings']] == [('double-effect', ['puts'])]


def test_what_makes_no_sense_is_said_in_one_line(redis_server, tmp_path):
    done = told(tmp_path, redis_server, 'fine')
    assert done.returncode == 1
    assert done.stderr == ('vaurien explore: what tells of tests has said {"do": "end", "test": "puts", "outcome": "fine"}: '
                           'ValueError fine is none of passed, failed, skipped\n')
