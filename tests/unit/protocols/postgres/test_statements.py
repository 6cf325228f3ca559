"""What a statement is, and what a server of release 15 calls it where it refuses to write: its own words, by the statement."""
import pytest

from vaurien.protocols.postgres.statements import COMMIT, CONTROL, READ, WRITE, Statement, read

REFUSED = {
    "insert into t values (99, 'x')": 'INSERT',
    'update t set b = 1 where a = 1': 'UPDATE',
    'delete from t where a = 99': 'DELETE',
    'merge into t using s on t.a = s.a when matched then delete': 'MERGE',
    'truncate t': 'TRUNCATE TABLE',
    'truncate table t': 'TRUNCATE TABLE',
    'CREATE TEMPORARY TABLE IF NOT EXISTS x (a int)': 'CREATE TABLE',
    'create unlogged table x(a int generated always as (b * 2) stored)': 'CREATE TABLE',
    'create table x as select 1': 'CREATE TABLE AS',
    'create temp table x as select 1': 'CREATE TABLE AS',
    'select * into x from t': 'SELECT INTO',
    'create materialized view v as select 1': 'CREATE MATERIALIZED VIEW',
    'create unique index concurrently i on t(b)': 'CREATE INDEX',
    'create or replace view v as select 1': 'CREATE VIEW',
    'create recursive view v(n) as select 1': 'CREATE VIEW',
    'create temp sequence s': 'CREATE SEQUENCE',
    "create or replace procedure f() language sql as 'select 1'": 'CREATE PROCEDURE',
    'create constraint trigger x after insert on t for each row execute function f()': 'CREATE TRIGGER',
    'create user r': 'CREATE ROLE',
    'create foreign table f(a int) server s': 'CREATE FOREIGN TABLE',
    'create foreign data wrapper f': 'CREATE FOREIGN DATA WRAPPER',
    'create user mapping for postgres server s': 'CREATE USER MAPPING',
    'create or replace trusted procedural language l handler x': 'CREATE LANGUAGE',
    'create text search configuration c (copy=english)': 'CREATE TEXT SEARCH CONFIGURATION',
    'create access method m type table handler h': 'CREATE ACCESS METHOD',
    "create default conversion c for 'UTF8' to 'LATIN1' from f": 'CREATE CONVERSION',
    'create operator ### (procedure=int4pl, leftarg=int, rightarg=int)': 'CREATE OPERATOR',
    'create operator class c for type int using btree as storage int': 'CREATE OPERATOR CLASS',
    'alter table t rename to tt': 'ALTER TABLE',
    "alter user postgres with password 'x'": 'ALTER ROLE',
    'alter default privileges grant select on tables to public': 'ALTER DEFAULT PRIVILEGES',
    'alter event trigger e disable': 'ALTER EVENT TRIGGER',
    'alter materialized view v rename to w': 'ALTER MATERIALIZED VIEW',
    'drop table if exists nope': 'DROP TABLE',
    'drop owned by postgres': 'DROP OWNED',
    'drop group r': 'DROP ROLE',
    'drop user mapping for postgres server s': 'DROP USER MAPPING',
    'reassign owned by postgres to postgres': 'REASSIGN OWNED',
    'grant select on t to public': 'GRANT',
    'grant postgres to postgres': 'GRANT ROLE',
    'revoke select on t from public': 'REVOKE',
    "comment on table t is 'x'": 'COMMENT',
    "security label on table t is 'x'": 'SECURITY LABEL',
    'refresh materialized view v': 'REFRESH MATERIALIZED VIEW',
    'copy t from stdin': 'COPY FROM',
    'copy t (a, b) from stdin': 'COPY FROM',
    'select * from t for update': 'SELECT FOR UPDATE',
    'select * from t for no key update': 'SELECT FOR NO KEY UPDATE',
    'select * from t for share skip locked': 'SELECT FOR SHARE',
    'select * from t for key share': 'SELECT FOR KEY SHARE',
    '(select * from t) for update': 'SELECT FOR UPDATE',
    'with x as (select 1) insert into t select 88, 1 from x': 'INSERT',
    'with recursive x as (select 1) delete from t': 'DELETE',
}
ALLOWED = (
    'select 1', '(select 1)', 'values (1)', 'table t', 'copy t to stdout', 'copy (select * from t) to stdout', 'vacuum t',
    'analyze t', "alter system set work_mem = '1MB'", 'explain insert into t values (1, 1)', 'execute p', 'fetch c',
    'with x as (select 1) select * from x', "select 'insert into t' as \"delete\" -- update", 'select $x$ into t $x$',
    'select extract(day from d) from t', 'do $$begin insert into t values (1); end$$',
    'with x', 'create', 'copy t',     # no SQL at all
)
OTHERS = {
    CONTROL: (
        '', ' ; ', '-- nothing', 'begin', 'BEGIN ISOLATION LEVEL SERIALIZABLE;', 'start transaction read only', 'rollback',
        'rollback to savepoint s', 'abort', 'savepoint s', 'release s', "set work_mem = '1MB'", 'reset all', 'show work_mem',
        'discard all', 'prepare p as insert into t values (1)', 'deallocate p', 'listen a', 'unlisten a', 'notify a',
        "commit prepared 'x'", "rollback prepared 'x'", 'checkpoint'),
    COMMIT: ('commit', '/* sqlcommenter */ COMMIT', 'commit and chain', 'end', 'END WORK;', "prepare transaction 'x'"),
}


@pytest.mark.parametrize('text', REFUSED)
def test_what_writes_has_the_name_that_the_server_refuses_it_by(text):
    assert read(text) == Statement(WRITE, REFUSED[text])


@pytest.mark.parametrize('text', ALLOWED)
def test_what_a_read_only_transaction_allows_does_not_write(text):
    assert read(text) == Statement(READ)


@pytest.mark.parametrize('nature, text', [(nature, text) for nature, texts in OTHERS.items() for text in texts])
def test_what_controls_transactions_is_known(nature, text):
    assert read(text) == Statement(nature)


@pytest.mark.parametrize('before', ['  \n', '-- a comment; really\n', '/* a; b */', '/* over\nlines */ ( '])
def test_comments_and_parentheses_before_a_statement_do_not_count(before):
    assert read(before + 'INSERT INTO t VALUES (1)') == Statement(WRITE, 'INSERT')


@pytest.mark.parametrize('text, found', [
    ('begin; insert into t values (1)', Statement(WRITE, 'INSERT', 'begin;')),
    ("BEGIN /* ; */ READ WRITE ;select ';'", Statement(READ, '', 'BEGIN /* ; */ READ WRITE ;')),
    ('begin; start transaction; commit', Statement(COMMIT, '', 'begin; start transaction;')),
    ('begin; ', Statement(CONTROL)),
    ('insert into t values (1); begin', Statement(WRITE, 'INSERT')),
])
def test_of_several_statements_the_first_after_a_begin_counts(text, found):
    assert read(text) == found


@pytest.mark.parametrize('text', ["insert into t values ('cut; off", 'insert into t values ("cut', 'insert into t values ($a$ x',
                                  'insert into t /* cut', 'insert into t values (((', 'insert into t )))'])
def test_a_text_that_was_cut_off_is_told_by_its_beginning(text):
    assert read(text) == Statement(WRITE, 'INSERT')
