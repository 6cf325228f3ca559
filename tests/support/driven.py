"""A browser that is driven: it clicks, types and reads like somebody in front of it. Knows no page of ours."""
import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from .processes import folder, program
from .unit_of_time import MS, PATIENCE

#: what an element with a text can be
WORDS = 'button, a, summary, option, label, h1, h2, td, th, p, li, span, b, code, small'
AXE = 'axe-core@4.10.2'


class Driven:
    """A window of Chromium.

    Args:
        driver: Drives it.
    """

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, url: str) -> None:
        """Open a page anew, also one that is there already."""
        self.driver.get('about:blank')
        self.driver.get(url)

    def sized(self, width: int, height: int, dark: bool = False) -> None:
        """Give the window a size [px], and the wish for a dark page or a light one."""
        self.driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride',
                                    {'width': width, 'height': height, 'deviceScaleFactor': 1, 'mobile': False})
        scheme = {'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}
        self.driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {'features': [scheme]})

    def all(self, selector: str) -> list[WebElement]:
        """Return the elements of a CSS selector."""
        found: list[WebElement] = self.driver.find_elements(By.CSS_SELECTOR, selector)
        return found

    def one(self, selector: str) -> WebElement:
        """Wait for an element of a CSS selector."""
        element: WebElement = self.until(lambda: next(iter(self.all(selector)), None), f'there is no {selector}')
        return element

    def named(self, name: str, selector: str = WORDS) -> WebElement:
        """Wait for an element that can be seen with this text, or that is called so for those who do not see it."""
        def found() -> WebElement | None:
            return next((element for element in self.all(selector) if element.is_displayed()
                         and name in (element.text.strip(), element.accessible_name)), None)
        element: WebElement = self.until(found, f'there is no {name!r} among {selector}')
        return element

    def field(self, label: str) -> WebElement:
        """Wait for a control with this label."""
        return self.named(label, 'input, select, textarea')

    def fill(self, label: str, value: str) -> None:
        """Write something into a field, or choose it there."""
        element = self.field(label)
        if element.tag_name == 'select':
            element.find_element(By.CSS_SELECTOR, f'option[value="{value}"]').click()
        else:
            element.clear()
            element.send_keys(value)

    def click(self, name: str) -> None:
        """Click on a button, a link or what opens a part of the page."""
        element = self.named(name, 'button, a, summary, input[type=checkbox]')
        self.run('arguments[0].scrollIntoView({block: "center"})', element)
        element.click()

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page, and return what it returns."""
        return self.driver.execute_script(script, *arguments)

    @property
    def text(self) -> str:
        """All that can be read."""
        return str(self.run('return document.body.innerText'))

    def reads(self, text: str) -> None:
        """Wait until a text can be read on the page."""
        self.until(lambda: text in self.text, lambda: f'{text!r} is not on the page:\n{self.text}')

    def until(self, found: Callable[[], Any], otherwise: str | Callable[[], str]) -> Any:
        """Wait until something is found that is true, and return it."""
        end = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(StaleElementReferenceException):
                if value := found():
                    return value
            assert time.monotonic() < end, otherwise if isinstance(otherwise, str) else otherwise()
            time.sleep(20 * MS)

    def complaints(self) -> list[str]:
        """Return what the browser has complained about since the last call."""
        return [entry['message'] for entry in self.driver.get_log('browser')]

    def shot(self, path: Path) -> None:
        """Write a picture of the window."""
        self.driver.save_screenshot(str(path))


@contextlib.contextmanager
def driven_browser() -> Iterator[Driven]:
    """Give a window; raises ``MissingServer`` where there is no Chromium, or nothing that drives it."""
    browser, driver = program('chromium', 'chromium-browser', 'google-chrome'), program('chromedriver')
    with folder() as where:
        options = webdriver.ChromeOptions()
        options.binary_location = browser
        for argument in ('--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-dev-shm-usage',
                         f'--user-data-dir={where / "profile"}', '--window-size=1400,1000'):
            options.add_argument(argument)
        options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
        window = webdriver.Chrome(options=options, service=Service(driver))
        window.set_page_load_timeout(PATIENCE)
        try:
            yield Driven(window)
        finally:
            with contextlib.suppress(WebDriverException):
                window.quit()


@contextlib.contextmanager
def axe() -> Iterator[str]:
    """Give the script of axe-core, which finds what keeps people from using a page; raises ``MissingServer`` without npm."""
    npm = program('npm')
    with folder() as where:
        subprocess.run([npm, 'install', '--silent', '--no-audit', '--no-fund', AXE], cwd=where, check=True, timeout=120,
                       stdin=subprocess.DEVNULL, capture_output=True)
        yield (where / 'node_modules' / 'axe-core' / 'axe.min.js').read_text('utf-8')
