"""The report for programs is what the schema in the docs says."""
import json
from pathlib import Path

from vaurien.explore.report.document import schema

SCHEMA = Path(__file__).parents[4] / 'docs' / 'reference' / 'explore-report.schema.json'


def test_the_schema_of_the_docs_is_that_of_the_report():
    assert json.loads(SCHEMA.read_text('utf-8')) == json.loads(json.dumps(schema())), 'write schema() into it, indented by 1'
