-- The tables, version 2. No constraints and no indexes: they cost more bytes and time than they save at a million
-- articles, and what must be unique is kept unique by anti-joins inside one transaction (store.py).
-- All TIMESTAMPs are UTC. Ids are the first 8 bytes of BLAKE2b.

CREATE TABLE meta (key VARCHAR, value VARCHAR);
INSERT INTO meta VALUES ('schema', '2');

-- One row for each feed ever read; `listed` says whether the present list has it.
CREATE TABLE feeds (
    feed_id UBIGINT, url VARCHAR, name VARCHAR, outlet VARCHAR, country VARCHAR, language VARCHAR, kind VARCHAR,
    focus VARCHAR, enabled BOOLEAN, terms VARCHAR, terms_note VARCHAR, sample BOOLEAN, listed BOOLEAN
);

-- What the last cycles left behind for each feed. `checked` is the last try, `reached` the last answer.
CREATE TABLE feed_state (
    feed_id UBIGINT, etag VARCHAR, last_modified VARCHAR, body_hash UBIGINT, failures INTEGER,
    checked TIMESTAMP, reached TIMESTAMP, error VARCHAR
);

-- One row for each article. `feed_id` is the feed that brought it first: only that feed's edits change it. The
-- lists repeat what `mentions` holds, because every filter of the page asks them.
CREATE TABLE articles (
    article_id UBIGINT, feed_id UBIGINT, link VARCHAR, title VARCHAR, summary VARCHAR, language VARCHAR,
    published TIMESTAMP, dated BOOLEAN, first_seen TIMESTAMP, changed TIMESTAMP, content UBIGINT,
    relevant BOOLEAN, reason VARCHAR, tagger VARCHAR,
    states VARCHAR[], actors VARCHAR[], weapons VARCHAR[], systems VARCHAR[], events VARCHAR[]
);

-- Which feeds carried each article.
CREATE TABLE carried (article_id UBIGINT, feed_id UBIGINT, guid VARCHAR, first_seen TIMESTAMP);

-- Every tag with the words that caused it: code-point offsets into the article's title or summary (`text`).
CREATE TABLE mentions (
    article_id UBIGINT, kind VARCHAR, code VARCHAR, name VARCHAR, type VARCHAR, via VARCHAR,
    field VARCHAR, start INTEGER, "end" INTEGER, surface VARCHAR, row VARCHAR, because VARCHAR,
    status VARCHAR, tagger VARCHAR
);

-- What each cycle did, feed by feed.
CREATE TABLE runs (
    started TIMESTAMP, finished TIMESTAMP, feed_id UBIGINT, status VARCHAR, entries INTEGER, new INTEGER,
    updated INTEGER, unchanged INTEGER, error VARCHAR, seconds DOUBLE
);
